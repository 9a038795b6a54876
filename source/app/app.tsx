import {render, type Instance} from 'ink';
import type {Invocation} from '../commands/invocation.js';
import {Cell} from '../components/cell.js';
import {setPace} from '../components/pace.js';
import type {Size} from '../components/size.js';
import {exitCodes} from '../core/failure.js';
import {eraseScreen, TerminalOutput} from '../system/terminal.js';
import {KeyInput} from './shell/key-input.js';
import {Navigation} from './shell/navigation.js';
import {Shell} from './shell/shell.js';
import {currentWork, type WorkSignal} from './current-work.js';
import type {Leaving, Route} from './view.js';

/** How long what was written is waited for at the end: a terminal that takes nothing must not keep quiesce running. */
const drainWithinMs = 2000;

const signalCodes: Readonly<Record<WorkSignal, number>> = {SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: exitCodes.hungUp};

/**
 * Opens the app at a view and answers its exit code. Draws on the terminal's alternate screen; what the last view leaves behind is printed after it, where it stays.
 * A cycle or a verification that is running is brought to its end before this returns, whatever became of the screen. Rejects with what a view threw.
 */
export async function openApp(route: Route, invocation: Invocation): Promise<number> {
	// What could only fail at the end is refused before the first question.
	if (invocation.flags.snapshot !== undefined) (await import('../providers/index.js')).findProvider(invocation.flags.snapshot);
	const output = new TerminalOutput();
	const input = new KeyInput(process.stdin);
	const navigation = new Navigation(() => input.hold());
	// What is drawn first is the view itself, not an empty screen before it.
	await navigation.show(route);
	const size = new Cell<Size>(output.size());
	const {instance, close} = draw({navigation, size, output, input, invocation});
	// Where the process ends in a way that nobody foresaw the terminal must be usable again.
	const restore = (): void => output.restore();
	process.once('exit', restore);
	const forgetSignals = listenForSignals(navigation, input);
	const speakAgain = silenceWarnings();
	// A fault in drawing must not end a cycle in its middle: it comes to its end first, and then the fault is reported.
	process.on('uncaughtException', navigation.fail);
	const leaving = await whenLeft(navigation, instance);
	close();
	await instance.waitUntilExit().catch(() => {});
	forgetSignals();
	speakAgain();
	process.off('uncaughtException', navigation.fail);
	input.close();
	await output.drain(drainWithinMs);
	process.off('exit', restore);
	if (leaving.summary !== undefined && leaving.summary !== '') output.write(`${leaving.summary}\n`);
	await output.drain(drainWithinMs);
	output.close();
	if (leaving.error !== undefined) throw leaving.error;
	return leaving.exitCode;
}

/** How the app is left. Where a view has thrown while something was running, that is waited for, and what came of it is told all the same. */
async function whenLeft(navigation: Navigation, instance: Instance): Promise<Leaving> {
	const leaving = await Promise.race([navigation.left, instance.waitUntilExit().then((): Leaving => ({exitCode: 0}))]).catch((error: unknown): Leaving => ({exitCode: exitCodes.bug, error}));
	const work = currentWork();
	if (work === null) return leaving;
	const summary = await work.ended.catch(() => null);
	return summary === null ? leaving : {summary, ...leaving};
}

/** Node's own warnings would be written across the screen. Answers what lets them through again. */
function silenceWarnings(): () => void {
	const listeners = process.listeners('warning');
	process.removeAllListeners('warning');
	return () => {
		for (const listener of listeners) process.on('warning', listener);
	};
}

type Drawing = {readonly navigation: Navigation; readonly size: Cell<Size>; readonly output: TerminalOutput; readonly input: KeyInput; readonly invocation: Invocation};

function draw({navigation, size, output, input, invocation}: Drawing): {readonly instance: Instance; readonly close: () => void} {
	const instance = render(<Shell navigation={navigation} size={size} invocation={invocation} />, {
		stdout: output as unknown as NodeJS.WriteStream,
		stdin: input as unknown as NodeJS.ReadStream,
		alternateScreen: true,
		incrementalRendering: true,
		interactive: true,
		exitOnCtrlC: false,
		patchConsole: false,
		maxFps: 30,
	});
	// What is on the screen was laid out for another width, and the terminal has broken its lines anew: first everything is laid out for the new size, then
	// the screen is erased, then drawn.
	const resized = (): void => {
		size.set(output.size());
		setImmediate(() => {
			instance.clear();
			output.write(eraseScreen);
			output.apply();
		});
	};
	const slow = (): void => setPace(true);
	const quick = (): void => setPace(false);
	output.on('resized', resized);
	output.on('slow', slow);
	output.on('quick', quick);
	return {
		instance,
		close() {
			output.off('resized', resized);
			output.off('slow', slow);
			output.off('quick', quick);
			instance.unmount();
		},
	};
}

/** A signal, or a terminal that is gone, ends the app; a cycle that is running is aborted first, which thaws and runs the post-script, and so is a verification, which removes its copies. Answers what ends the listening. */
function listenForSignals(navigation: Navigation, input: KeyInput): () => void {
	const signal = (name: WorkSignal): void => {
		const work = currentWork();
		if (work === null) {
			navigation.leave({exitCode: signalCodes[name]});
			return;
		}
		work.abort(name);
		void work.ended.then(summary => navigation.leave({exitCode: signalCodes[name], summary}), error => navigation.fail(error));
	};
	const gone = (): void => signal('SIGHUP');
	const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
	const stops = ['SIGTSTP', 'SIGTTIN', 'SIGTTOU'] as const;
	// Not a stop while something may be frozen or held: the cycle would stand still, and the filesystems with it.
	const nothing = (): void => {};
	for (const name of names) process.on(name, signal);
	for (const stop of stops) process.on(stop, nothing);
	input.on('gone', gone);
	return () => {
		for (const name of names) process.off(name, signal);
		for (const stop of stops) process.off(stop, nothing);
		input.off('gone', gone);
	};
}
