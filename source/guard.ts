import {readFileSync, writeFileSync} from 'node:fs';
import {Socket} from 'node:net';
import {exitCodes, Failure} from './core/failure.js';
import type {Fence} from './core/fence.js';
import {makeFreezer, type Freezer} from './system/guard/freezer.js';
import {openTargets} from './system/guard/places.js';
import {lineReader, type GuardNews, type GuardWord} from './system/guard/protocol.js';
import {settleScripts} from './system/guard/aftermath.js';
import {startThirdLine, type ThirdLine} from './system/guard/third-line.js';
import type {GuardOrder, HeldScripts} from './system/guard.js';
import {takeLock, type HeldLock} from './system/lock.js';
import {loadNative} from './system/native.js';
import {readFence} from './system/mounts.js';
import {isAlive, readProcess, type ProcessMark} from './system/processes.js';

/*
 * The guard: the process that freezes and thaws, outside the main process. Its input is the dead-man's switch. It loads everything before it says
 * `ready`, and between the first freeze and the last thaw it writes to no file, starts nothing and loads nothing; it reports over its output only.
 */

type Work = {
	readonly order: GuardOrder;
	readonly main: ProcessMark;
	readonly lock: HeldLock;
	readonly freezer: Freezer;
	readonly thirdLine: ThirdLine;
	readonly flush: () => Promise<void>;
};

const defaultHungAfterMs = 10_000;
const output = new Socket({fd: 1, readable: false, writable: true});
const input = new Socket({fd: 0, readable: true, writable: false});
let work: Work | undefined;
let scripts: HeldScripts | null = null;
let ending = false;
/** The kernel's score of this process before it was protected. */
let memoryShortage: string | undefined;

/** Goes to the kernel at once where there is room; waits in memory, without blocking, where the main process does not read. */
function tell(news: GuardNews): void {
	if (!output.destroyed) output.write(`${JSON.stringify(news)}\n`);
}

output.on('error', () => {});
input.on('error', () => void mainGone());
input.on('end', () => void mainGone());
input.setEncoding('utf8').on('data', lineReader<GuardWord>(word => void hear(word).catch(crashed)) as (chunk: string | Buffer) => void);

// A signal to the guard (a shutdown, an administrator) thaws. It stays and keeps the lock, because the post-script may be owed.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGXCPU'] as const) {
	process.on(signal as NodeJS.Signals, () => {
		if (work === undefined) endNow();
		else if (work.freezer.holds()) void work.freezer.thaw('signal');
	});
}
// Without this Node would open its inspector.
process.on('SIGUSR1', () => {});
process.on('uncaughtException', crashed);
process.on('unhandledRejection', crashed);

async function hear(word: GuardWord): Promise<void> {
	switch (word.say) {
		case 'order':
			return prepare(word);
		case 'hold':
			scripts = word.scripts;
			tell({is: 'held'});
			return;
		case 'flush':
			await work?.flush();
			tell({is: 'flushed'});
			return;
		case 'freeze':
			if (work !== undefined) tell({is: 'freeze-ended', report: await work.freezer.freeze()});
			return;
		case 'thaw':
			tell({is: 'thaw-begun'});
			if (work !== undefined) tell({is: 'thaw-ended', report: await work.freezer.thaw('asked'), cause: 'asked'});
			return;
		case 'close':
			ending = true;
			await work?.freezer.thaw('closing');
			await work?.thirdLine.end();
			work?.lock.release();
			tell({is: 'closed'});
			output.end(() => endNow());
	}
}

async function prepare({order, fence, main}: Extract<GuardWord, {say: 'order'}>): Promise<void> {
	try {
		protectFromMemoryShortage();
		const native = loadNative();
		// Both processes read the fence; what either forbids is forbidden.
		const targets = openTargets(order.waves, narrower(fence, readFence()));
		const lock = await takeLock(native, order.lockFile, order.lockWaitMs);
		const thirdLine = startThirdLine(targets.flat().map(({target}) => target.mount), {PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C'});
		// Starts every thread of the pool, and shows that errors come through, before anything depends on it.
		const trial = await Promise.all(Array.from({length: targets.flat().length + 1}, async () => native.thaw(-1)));
		if (trial.some(errno => errno !== 'EBADF')) throw new Error(`system calls do not answer as they should: ${trial.join(', ')}`);
		// The main process holds the first byte from now on, and this one the rest: whichever dies, the other keeps everybody out.
		const errno = native.unlock(lock.descriptor, 0, 1);
		if (errno !== null) throw new Error(`the lock cannot be shared: ${errno}`);
		const freezer = makeFreezer({
			native,
			waves: targets,
			deadlineMs: order.deadlineMs,
			hungAfterMs: order.hungAfterMs ?? defaultHungAfterMs,
			thirdLine,
			mainGone: () => native.hungUp(0),
			onMount: (index, state, durationMs, atMs, reason) => tell({is: 'mount', index, state, durationMs, atMs, ...(reason === undefined ? {} : {errno: reason})}),
			onUnaskedThaw: (report, cause) => {
				tell({is: 'thaw-ended', report, cause});
				if (cause === 'deadline') wake(main);
			},
		});
		work = {
			order, main, lock, thirdLine, freezer,
			flush: async () => {
				await Promise.all(targets.flat().map(async ({descriptor}) => native.syncFilesystem(descriptor)));
			},
		};
		tell({is: 'ready'});
	} catch (error) {
		const failure = error instanceof Failure ? error : new Failure(`The guard could not be made ready: ${error instanceof Error ? error.message : String(error)}.`, {exitCode: exitCodes.bug});
		ending = true;
		tell({is: 'impossible', message: failure.message, remedies: failure.remedies, exitCode: failure.exitCode});
		output.end(() => endNow());
	}
}

/** The main process died without an orderly end: thaw at once, then do what it owed. */
async function mainGone(): Promise<void> {
	if (ending) return;
	ending = true;
	if (work === undefined) return endNow();
	await work.freezer.thaw('main-gone');
	await work.thirdLine.end();
	unprotect();
	await settleScripts(scripts, work.order.journalFile);
	work.lock.release();
	endNow();
}

/** A stopped main process at the deadline is woken, so that it notices. */
function wake(main: ProcessMark): void {
	if (isAlive(main) && readProcess(main.pid)?.state === 'T') process.kill(main.pid, 'SIGCONT');
}

/** The kernel's killer for lack of memory shall choose somebody else. */
function protectFromMemoryShortage(): void {
	try {
		memoryShortage = readFileSync('/proc/self/oom_score_adj', 'utf8').trim();
		writeFileSync('/proc/self/oom_score_adj', '-1000');
	} catch {
		// Not allowed in some containers.
	}
}

/** Scripts that the guard starts are not protected from it. */
function unprotect(): void {
	if (memoryShortage !== undefined) writeFileSync('/proc/self/oom_score_adj', memoryShortage);
}

function narrower(one: Fence, other: Fence): Fence {
	if (one === null || other === null) return one ?? other;
	return one.filter(directory => other.includes(directory));
}

/** A bug must not leave anything frozen; the main process sees the end and takes over. */
function crashed(): void {
	if (work === undefined) endNow();
	else void work.freezer.thaw('signal').finally(() => mainGone());
}

/** By a signal, because an ordinary end would wait for threads that may be waiting in the kernel. */
function endNow(): never {
	process.kill(process.pid, 'SIGKILL');
	throw new Error('unreachable');
}
