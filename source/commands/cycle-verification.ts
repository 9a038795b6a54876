import type {CycleResult} from '../core/cycle-events.js';
import {exitCodes, Failure, type ExitCode} from '../core/failure.js';
import {cycleAndProofExitCode, proofExitCodes, signalExitCodes} from '../core/verification-exit.js';
import {verifySnapshot} from '../operations/verify.js';
import {plainVerifyResult, plainVerifyStep} from '../output/plain-verify.js';
import type {Mode} from './invocation.js';
import {proofSymbols} from './verify.js';

/**
 * Verifies the snapshot of a cycle that is over. In JSON one line, `{"event":"verification", …}`, or `{"event":"warning", …}` where it could not be tried.
 * Answers the exit code of both.
 */
export async function verifyCycle(cycle: CycleResult, cycleCode: ExitCode, mode: Mode, signal: AbortSignal, write: (text: string) => void): Promise<ExitCode> {
	const say = (line: string): void => write(`${line}\n`);
	const json = (value: object): void => say(JSON.stringify({...value, at: new Date().toISOString()}));
	const path = cycle.snapshot?.path;
	if (path === undefined) {
		if (mode === 'json') json({event: 'warning', id: 'not-verified', message: 'There is no snapshot to verify.'});
		else say('There is no snapshot to verify.');
		return cycleCode;
	}

	try {
		const result = await verifySnapshot(path, {signal}, step => {
			const line = mode === 'json' ? null : plainVerifyStep(step);
			if (line !== null) say(line);
		});
		if (mode === 'json') json({event: 'verification', ...result});
		else plainVerifyResult(result, proofSymbols()).forEach(say);
		return cycleAndProofExitCode(cycleCode, proofExitCodes[result.result]);
	} catch (error) {
		const interrupted = signal.aborted ? signalExitCodes[signal.reason as keyof typeof signalExitCodes] : null;
		if (interrupted === null && !(error instanceof Failure)) throw error;
		const message = interrupted === null ? (error as Failure).message : 'The verification was interrupted; the snapshot is kept.';
		if (mode === 'json') json({event: 'warning', id: 'not-verified', message});
		else say(message);
		return interrupted ?? cycleAndProofExitCode(cycleCode, (error as Failure).exitCode === exitCodes.failed ? exitCodes.failed : exitCodes.usage);
	}
}
