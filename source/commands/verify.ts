import {exitCodes, Failure} from '../core/failure.js';
import {speaksUnicode} from '../core/unicode.js';
import {proofExitCodes, signalExitCodes} from '../core/verification-exit.js';
import {verifySnapshot} from '../operations/verify.js';
import {asciiSymbols, plainSymbols, plainVerifyResult, plainVerifyStep, type VerifySymbols} from '../output/plain-verify.js';
import type {Command} from './invocation.js';

/** `quiesce verify SNAPSHOT`: proves, on a copy, that a snapshot restores. */
export const run: Command = async ({mode, operands: [snapshot]}) => {
	if (snapshot === undefined) {
		throw new Failure('Which snapshot? verify needs its id or its directory.', {exitCode: exitCodes.usage, remedy: 'quiesce verify SNAPSHOT, as quiesce history lists them'});
	}

	const abort = new AbortController();
	let interrupted: keyof typeof signalExitCodes | null = null;
	const handlers = (Object.keys(signalExitCodes) as (keyof typeof signalExitCodes)[]).map(name => {
		const handler = (): void => {
			interrupted ??= name;
			abort.abort();
		};
		process.on(name, handler);
		return [name, handler] as const;
	});
	const write = (text: string): void => void process.stdout.write(`${text}\n`);
	try {
		const result = await verifySnapshot(snapshot, {signal: abort.signal}, step => {
			const line = mode === 'json' ? null : plainVerifyStep(step);
			if (line !== null) write(line);
		});
		if (mode === 'json') write(JSON.stringify(result));
		else plainVerifyResult(result, proofSymbols()).forEach(write);
		return proofExitCodes[result.result];
	} catch (error) {
		if (interrupted === null) throw error;
		throw new Failure(`The verification was interrupted (${interrupted}). The copies have been removed; the snapshot is as it was.`, {exitCode: signalExitCodes[interrupted], cause: error});
	} finally {
		for (const [name, handler] of handlers) process.off(name, handler);
	}
};

/** The symbols that this terminal can show. */
export function proofSymbols(): VerifySymbols {
	return speaksUnicode(process.env) ? plainSymbols : asciiSymbols;
}
