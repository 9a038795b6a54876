import {exitCodeOf} from '../core/cycle/exit-code.js';
import type {CycleEvent, Interruption} from '../core/cycle-events.js';
import {exitCodes, Failure} from '../core/failure.js';
import {showable} from '../core/unicode.js';
import {startCycle} from '../operations/run-cycle.js';
import {jsonLine} from '../output/json-lines.js';
import {plainCycle} from '../output/plain-cycle.js';
import {endProcess} from '../system/ending.js';
import {openOutput, type Output} from '../system/streams.js';
import {defaultConfiguration, type Command} from './invocation.js';

/** How long what was written is waited for after everything is done: a reader that has stopped must not keep quiesce running. */
const drainWithinMs = 2000;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly Interruption[];

/** `quiesce cycle`: a live cycle now. Ends the process itself, with the exit code of its outcome. */
export const run: Command = async invocation => {
	const {flags, mode} = invocation;
	if (flags.verify === true && (flags.snapshot ?? 'rehearsal') === 'rehearsal') {
		throw new Failure('A rehearsal keeps nothing that could be verified.', {exitCode: exitCodes.usage, remedy: 'Take a snapshot: quiesce cycle --snapshot image --verify'});
	}

	const output = openOutput(1);
	const words = openOutput(2);
	const print = mode === 'json' ? jsonLine : plainPrinter();
	// Not a stop (Ctrl-Z) while something may be frozen or held: the cycle would stand still and the filesystems with it.
	for (const stop of ['SIGTSTP', 'SIGTTOU', 'SIGTTIN'] as const) process.on(stop, () => {});
	let last = '';
	const interruption = new AbortController();
	let abort = (signal: Interruption): void => interruption.abort(signal);
	for (const signal of signals) process.on(signal, () => abort(signal));
	const cycle = await startCycle({
		configuration: flags.config ?? defaultConfiguration,
		mounts: flags.mount ?? [],
		provider: flags.snapshot ?? 'rehearsal',
		holdMs: (flags.hold ?? 0) * 1000,
		lockWaitMs: (flags.wait ?? 0) * 1000,
	}, event => {
		holdBack(output, event);
		// In JSON the result is the last line, whatever comes before it.
		if (event.event === 'result' && flags.verify === true && mode === 'json') last = print(event);
		else output.write(print(event));
	}, {
		begun: invocation.guard,
		signal: interruption.signal,
		onWaiting: holder => words.write(`quiesce: Another cycle, or a backup by Azure, is under way: ${holder} holds the lock. Waiting for it for at most ${flags.wait ?? 0} s.\n`),
	});
	const result = await cycle.ended;
	let exitCode = exitCodeOf(result);
	if (flags.verify === true && result.interrupted === undefined) {
		const stop = new AbortController();
		abort = signal => stop.abort(signal);
		// One that came when the cycle was over already, before anybody knew.
		if (interruption.signal.aborted) stop.abort(interruption.signal.reason);
		const {verifyCycle} = await import('./cycle-verification.js');
		exitCode = await verifyCycle(result, exitCode, mode, stop.signal, text => output.write(text));
	}

	output.write(last);
	await output.drain(drainWithinMs);
	return endProcess(exitCode);
};

/** A file's filesystem may be one of those that are frozen: nothing is written to it meanwhile. */
function holdBack(output: Output, event: CycleEvent): void {
	if (event.event !== 'phase') return;
	if (event.phase === 'freeze' && event.state === 'started') output.hold();
	if (event.phase === 'thaw' && event.state !== 'started') output.release();
}

function plainPrinter(): (event: CycleEvent) => string {
	const print = plainCycle();
	return event => showable(print(event).map(line => `${line}\n`).join(''), process.env);
}
