import {exitCodeOf} from '../core/cycle/exit-code.js';
import type {CycleEvent} from '../core/cycle-events.js';
import type {CycleStory} from '../core/extension-log/cycle.js';
import {exitCodes, Failure} from '../core/failure.js';
import {follow, readLatest, type FollowOrder, type FollowView} from '../operations/follow.js';
import {jsonLine} from '../output/json-lines.js';
import {plainWatch, standing, timeWords} from '../output/plain-watch.js';
import {endProcess} from '../system/ending.js';
import {openOutput, type Output} from '../system/streams.js';
import type {Command, Flags, Mode} from './invocation.js';

const drainWithinMs = 2000;
const signalCodes = {SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: exitCodes.hungUp} as const;

/** `quiesce watch`: shows Azure's own backups, from the extension's log and status files. */
export const run: Command = async invocation => {
	const {flags, mode} = invocation;
	if (mode === 'interactive' && flags.once !== true) {
		const {openApp} = await import('../app/app.js');
		return openApp({view: 'watch'}, invocation);
	}
	const output = openOutput(1);
	const code = flags.once === true ? once(flags, mode, output) : await following(flags, mode, output);
	return await output.drain(drainWithinMs) ? code : endProcess(code);
};

function orderOf({log, status}: Flags): FollowOrder {
	return {...(log === undefined ? {} : {log}), ...(status === undefined ? {} : {statusDirectory: status})};
}

function printer(mode: Mode, output: Output): (events: readonly CycleEvent[], story: CycleStory) => void {
	const plain = plainWatch();
	return (events, story) => output.write(events.map(event => mode === 'json' ? jsonLine(event) : plain(event, story).map(line => `${line}\n`).join('')).join(''));
}

/** The latest cycle, and the exit code that it would have had; 0 while it runs, and where the log holds none yet. */
function once(flags: Flags, mode: Mode, output: Output): number {
	const now = Date.now();
	const {places, logThere, latest, events} = readLatest(orderOf(flags), now);
	if (latest === null) {
		if (!logThere) throw noLog(places.log);
		process.stderr.write(`There is no backup in ${places.log} yet.\n`);
		return exitCodes.done;
	}
	printer(mode, output)(events, latest);
	if (latest.end !== null) return exitCodeOf(latest.end.result);
	if (mode !== 'json') output.write(`${standing(latest, now)}\n`);
	return exitCodes.done;
}

async function following(flags: Flags, mode: Mode, output: Output): Promise<number> {
	const print = printer(mode, output);
	const say = mode === 'json' ? (): void => {} : (text: string): void => output.write(`${text}\n`);
	let waiting: boolean | null = null;
	const ended = Promise.withResolvers<number>();
	for (const [signal, code] of Object.entries(signalCodes)) process.on(signal, () => ended.resolve(code));
	const following = await follow(orderOf(flags), {
		events: (events, story) => {
			print(events, story);
			if (story.end === null) waiting = null;
		},
		changed: view => {
			const runs = view.latest !== null && view.latest.end === null;
			if (runs || waiting === view.logThere) return;
			waiting = view.logThere;
			say(waitingWords(view));
		},
	});
	const code = await ended.promise;
	following.close();
	return code;
}

function waitingWords({places, logThere, latest}: FollowView): string {
	if (!logThere) return `Waiting for the log of Azure's extension: ${places.log} is not there yet.`;
	return `Waiting for the next backup (${places.log}).${latest === null ? '' : ` The last one began ${timeWords(latest.beganAt)}.`}`;
}

function noLog(path: string): Failure {
	return new Failure(`There is no log of Azure's backup extension: ${path} does not exist.`, {
		exitCode: exitCodes.usage,
		remedy: ['Where it lies elsewhere: quiesce watch --log FILE', 'Azure installs the extension with the first backup of this VM. To wait for it: quiesce watch'],
	});
}
