import {readFileSync, writeFileSync} from 'node:fs';
import {Socket} from 'node:net';
import {fileURLToPath} from 'node:url';
import {exitCodes, Failure} from '../../core/failure.js';
import type {Fence} from '../../core/fence.js';
import type {PlannedTarget} from '../../core/freeze-plan.js';
import type {GuardOrder, HeldScripts} from './types.js';
import {takeLock, type HeldLock} from '../lock.js';
import {readFence} from '../mounts.js';
import {loadNative} from '../native.js';
import {isAlive, wakeIfStopped, type ProcessMark} from '../processes.js';
import {within} from '../time.js';
import {settleScripts} from './aftermath.js';
import {makeFreezer, type Freezer} from './freezer.js';
import {gather} from './gathering.js';
import {gracePeriods, prepareHaste} from './haste.js';
import {openTargets} from './places.js';
import {lineReader, type GuardNews, type GuardWord, type ThawCause} from './protocol.js';
import {startThirdLine, type ThirdLine} from './third-line.js';

/*
 * The guard: the process that freezes and thaws, outside the main process. Its input is the dead-man's switch. It loads everything before it says
 * `ready`, and between the first freeze and the last thaw it writes to no file, starts nothing and loads nothing; it reports over its output only.
 */

type Work = {
	readonly order: GuardOrder;
	readonly lock: HeldLock;
	readonly freezer: Freezer;
	readonly thirdLine: ThirdLine;
	readonly flush: () => Promise<void>;
};

const defaultHungAfterMs = 10_000;
/** How long a reader that does not read, and a third line that waits for the kernel, are waited for. */
const farewellMs = 1000;
/** How often the guard looks whether the main process has been stopped, or has died without a word: the kernel tells nobody but its parent. */
const lookEveryMs = 1000;
/** Where `sudo` or a service gives a short PATH, fsfreeze is still found. */
const systemDirectories = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin';

/** Makes this process the guard of the process that started it. */
export function standGuard(): void {
	const output = new Socket({fd: 1, readable: false, writable: true});
	const input = new Socket({fd: 0, readable: true, writable: false});
	let work: Work | undefined;
	let scripts: HeldScripts | null = null;
	let ending = false;
	/** Something could not be thawed when it was time. */
	let incomplete = false;
	/** The kernel's score of this process before it was protected. */
	let memoryShortage: string | undefined;

	/** Goes to the kernel within a turn of the event loop where there is room; waits in memory, without blocking, where the main process does not read. */
	const report = gather(lines => {
		if (output.writable) output.write(lines);
	});
	const tell = (news: GuardNews): void => report.add(JSON.stringify(news));

	/** By a signal, because an ordinary end would wait for threads that may be waiting in the kernel. */
	const endNow = (): void => {
		process.kill(process.pid, 'SIGKILL');
	};

	const hear = async (word: GuardWord): Promise<void> => {
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
				if (work !== undefined) await thawAndLook(work, 'closing');
				await leave({is: 'closed'});
		}
	};

	/** Thaws, and answers what could not be. */
	const thawAndLook = async ({freezer, order}: Work, cause: ThawCause): Promise<readonly PlannedTarget[]> => {
		const {mounts} = await freezer.thaw(cause);
		const stuck = order.waves.flat().filter(({mount}) => mounts.some(report => report.mount === mount && !report.ok));
		incomplete ||= stuck.length > 0;
		return stuck;
	};

	/** Says the last word, then ends, but not before every freeze call has come back from the kernel and what it froze is thawed. */
	const leave = async (last?: GuardNews): Promise<void> => {
		work?.lock.release();
		if (last !== undefined) tell(last);
		report.flush();
		const told = new Promise<void>(resolve => {
			output.end(() => resolve());
		});
		await within(told, farewellMs);
		await work?.freezer.released();
		// Where something was stuck the journal is still there, and the third line, which is told of no end, has it brought to one.
		if (work !== undefined && !incomplete) await within(work.thirdLine.end(), farewellMs);
		endNow();
	};

	const prepare = async ({order, fence, main}: Extract<GuardWord, {say: 'order'}>): Promise<void> => {
		let lock: HeldLock | undefined;
		let thirdLine: ThirdLine | undefined;
		try {
			const native = loadNative();
			// Both processes read the fence; what either forbids is forbidden.
			const targets = openTargets(order.waves, narrower(fence, readFence()));
			const descriptors = targets.flat().map(({descriptor}) => descriptor);
			lock = await takeLock(native, order.lockFile, order.lockWaitMs, holder => tell({is: 'waiting', holder}));
			const switchFile = order.gracePeriods ?? gracePeriods;
			const haste = prepareHaste(switchFile);
			thirdLine = startThirdLine({
				filesystems: descriptors,
				environment: {PATH: `${systemDirectories}:${process.env['PATH'] ?? ''}`, LC_ALL: 'C'},
				settle: [process.execPath, process.argv[1] ?? fileURLToPath(import.meta.url), 'settle', order.journalFile, order.lockFile, String(descriptors.length)],
				journalFile: order.journalFile,
				haste: haste === null ? null : switchFile,
			});
			// Starts every thread of the pool, and shows that errors come through, before anything depends on it.
			const trial = await Promise.all(Array.from({length: descriptors.length + 1}, async () => native.thaw(-1)));
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
				haste,
				mainGone: () => native.hungUp(0),
				onMount: (index, state, durationMs, atMs, reason) => tell({is: 'mount', index, state, durationMs, atMs, ...(reason === undefined ? {} : {errno: reason})}),
				tellNow: report.flush,
				onUnaskedThaw: (report, cause) => {
					tell({is: 'thaw-ended', report, cause});
					if (cause === 'deadline') wakeIfStopped(main);
				},
			});
			work = {
				order, lock, thirdLine, freezer,
				flush: async () => {
					await Promise.all(descriptors.map(async descriptor => native.syncFilesystem(descriptor)));
				},
			};
			watchMain(main, () => !ending && (freezer.holds() || scripts !== null), () => void mainGone());
			tell({is: 'ready', hastens: haste !== null});
		} catch (error) {
			const failure = error instanceof Failure ? error : new Failure(`The guard could not be made ready: ${error instanceof Error ? error.message : String(error)}.`, {exitCode: exitCodes.bug});
			ending = true;
			tell({is: 'impossible', message: failure.message, remedies: failure.remedies, exitCode: failure.exitCode});
			lock?.release();
			if (thirdLine !== undefined) await within(thirdLine.end(), farewellMs);
			await leave();
		}
	};

	/** The main process died without an orderly end: thaw at once, then do what it owed. */
	const mainGone = async (): Promise<void> => {
		if (ending) return;
		ending = true;
		if (work === undefined) return endNow();
		try {
			const stuck = await thawAndLook(work, 'main-gone');
			const {journalFile, journalDevices} = work.order;
			unprotect(memoryShortage);
			await settleScripts(scripts, journalFile, {by: 'guard', stuck: stuck.map(({mount}) => mount), journalStuck: stuck.some(({device}) => journalDevices.includes(device))});
		} finally {
			await leave();
		}
	};

	/** A bug must not leave anything frozen. The rest is left to the main process, which sees the end, or to the third line: nobody does the same twice. */
	const crashed = (): void => {
		if (work === undefined) return endNow();
		void work.freezer.thaw('signal').finally(endNow);
	};

	// All that takes time, while the main process finds out what there is to do; what goes wrong here goes wrong again when it is asked for.
	try {
		memoryShortage = protectFromMemoryShortage();
		void loadNative().thaw(-1);
	} catch {}

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
}

/**
 * A main process that stays stopped while something is frozen or held is woken: nobody who stops it means that. One that was killed while a thread of it waits in
 * the kernel leaves its pipes open, and is seen here.
 */
function watchMain(main: ProcessMark, holds: () => boolean, gone: () => void): void {
	let stoppedBefore = false;
	setInterval(() => {
		if (!isAlive(main)) return gone();
		stoppedBefore = holds() && wakeIfStopped(main, stoppedBefore);
	}, lookEveryMs);
}

/** The kernel's killer for lack of memory shall choose somebody else. Answers the score that was. */
function protectFromMemoryShortage(): string | undefined {
	try {
		const before = readFileSync('/proc/self/oom_score_adj', 'utf8').trim();
		writeFileSync('/proc/self/oom_score_adj', '-1000');
		return before;
	} catch {
		// Not allowed in some containers.
		return undefined;
	}
}

/** Scripts that the guard starts are not protected from it. */
function unprotect(before: string | undefined): void {
	try {
		if (before !== undefined) writeFileSync('/proc/self/oom_score_adj', before);
	} catch {
		// Then they are.
	}
}

function narrower(one: Fence, other: Fence): Fence {
	if (one === null || other === null) return one ?? other;
	return one.filter(directory => other.includes(directory));
}
