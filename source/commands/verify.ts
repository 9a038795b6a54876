import {exitCodes, Failure, type ExitCode} from '../core/failure.js';
import type {Proof} from '../core/verification.js';
import {verifySnapshot} from '../operations/verify.js';
import {asciiSymbols, plainSymbols, plainVerifyResult, plainVerifyStep} from '../output/plain-verify.js';
import type {Command} from './invocation.js';

const exitCodeOf: Readonly<Record<Proof, ExitCode>> = {
	restores: exitCodes.done,
	'restores-without-the-mark': exitCodes.lessConsistent,
	'does-not-restore': exitCodes.failed,
	// Something that is needed is not here: nothing is known of the snapshot.
	'not-proven': exitCodes.usage,
};

const signals = {SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: exitCodes.hungUp} as const;

/** `quiesce verify SNAPSHOT`: proves, on a copy, that a snapshot restores. */
export const run: Command = async ({mode, operands: [snapshot]}) => {
	if (snapshot === undefined) {
		throw new Failure('Which snapshot? verify needs its id or its directory.', {exitCode: exitCodes.usage, remedy: 'quiesce verify SNAPSHOT, as quiesce history lists them'});
	}

	const abort = new AbortController();
	let interrupted: keyof typeof signals | null = null;
	const handlers = (Object.keys(signals) as (keyof typeof signals)[]).map(name => {
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
		else plainVerifyResult(result, symbols()).forEach(write);
		return exitCodeOf[result.result];
	} catch (error) {
		if (interrupted === null) throw error;
		throw new Failure(`The verification was interrupted (${interrupted}). The copies have been removed; the snapshot is as it was.`, {exitCode: signals[interrupted], cause: error});
	} finally {
		for (const [name, handler] of handlers) process.off(name, handler);
	}
};

function symbols(): typeof plainSymbols {
	const locale = process.env['LC_ALL'] || process.env['LC_CTYPE'] || process.env['LANG'] || '';
	const dumb = process.env['TERM'] === 'dumb' || process.env['TERM'] === 'linux';
	return /utf-?8/i.test(locale) && !dumb ? plainSymbols : asciiSymbols;
}
