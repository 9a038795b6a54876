import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {planFreeze} from '../../source/core/freeze-plan.js';
import type {FreezeReport, GuardOrder, HeldScripts, ThawReport} from '../../source/system/guard/types.js';
import {readMountFacts} from '../../source/system/mounts.js';
import {isRunning, processIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {makeLoopDisks, type LoopDiskOrder, type LoopDisks} from '../support/loop-disk.js';

/** What the main process of a test said last. */
type Said = {
	readonly ready?: true;
	readonly pid?: number;
	readonly readyMs?: number;
	readonly frozen?: FreezeReport;
	readonly thawed?: ThawReport;
	readonly lost?: string;
	readonly failed?: string;
	readonly exitCode?: number;
	readonly mount?: string;
	readonly state?: string;
	readonly detail?: string;
	readonly held?: true;
	readonly closed?: true;
};

/** A main process with its guard, under way. */
export type Main = {
	readonly pid: number;
	readonly child: ChildProcess;
	readonly said: readonly Said[];
	readonly tell: (word: 'freeze' | 'thaw' | 'hold' | 'close' | `write ${string}`) => void;
	/** The first thing said, now or later, for which `matches` answers true; throws after 15 s, with all that was said. */
	readonly until: (matches: (said: Said) => boolean) => Promise<Said>;
	readonly freeze: () => Promise<FreezeReport>;
	readonly thaw: () => Promise<ThawReport>;
	/** The guard's process id. Throws where it did not become ready: no number may stand for none, because a signal to -1 goes to every process there is. */
	readonly guard: number;
	readonly thirdLine: () => number;
};

/** Disks of one test, a directory for it, and main processes on them. */
export type Lab = {
	readonly disks: LoopDisks;
	readonly directory: string;
	readonly order: GuardOrder;
	readonly start: (changes?: Partial<GuardOrder>, scripts?: HeldScripts, fence?: string) => Promise<Main>;
	/** A process that writes to a filesystem; `done` resolves with the time (ms) at which the write came to its end. */
	readonly write: (mount: string) => {readonly pid: number; readonly done: Promise<number>};
	readonly end: () => Promise<void>;
};

export async function makeLab(orders: readonly LoopDiskOrder[], named?: readonly string[]): Promise<Lab> {
	const disks = await makeLoopDisks(orders, {thawAfterSeconds: 60});
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-guard-'));
	const mains: ChildProcess[] = [];
	const guards: number[] = [];
	const plan = planFreeze(readMountFacts(), {requested: named ?? disks.mounts, skip: [], fence: disks.mounts});
	const order: GuardOrder = {
		waves: plan.waves, deadlineMs: 20_000, lockFile: join(directory, 'lock/file'), lockWaitMs: 0, journalFile: join(directory, 'cycle-test.journal'), journalDevices: [],
	};
	const start = async (changes: Partial<GuardOrder> = {}, scripts?: HeldScripts, fence = disks.mounts.join(':')): Promise<Main> => {
		const child = spawn(process.execPath, [fileURLToPath(new URL('guard-main.js', import.meta.url)), JSON.stringify({order: {...order, ...changes}, scripts})], {
			stdio: ['pipe', 'pipe', 'inherit'],
			env: {...process.env, QUIESCE_FREEZE_ONLY: fence},
		});
		mains.push(child);
		const said: Said[] = [];
		const watchers = new Set<() => void>();
		let rest = '';
		child.stdin.on('error', () => {});
		child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
			const lines = (rest + chunk).split('\n');
			rest = lines.pop() ?? '';
			for (const line of lines) said.push(JSON.parse(line) as Said);
			for (const watcher of watchers) watcher();
		});
		const until = async (matches: (one: Said) => boolean): Promise<Said> => new Promise((resolve, reject) => {
			const timer = setTimeout(() => finish(), 60_000);
			const finish = (found?: Said): void => {
				clearTimeout(timer);
				watchers.delete(look);
				if (found === undefined) reject(new Error(`not said: ${matches.toString()}; said: ${said.map(one => JSON.stringify(one)).join('\n')}`));
				else resolve(found);
			};
			const look = (): void => {
				const found = said.find(matches);
				if (found !== undefined) finish(found);
			};
			watchers.add(look);
			look();
		});
		const tell = (word: string): void => void child.stdin.write(`${word}\n`);
		const {pid: guard, failed} = await until(one => one.ready === true || one.failed !== undefined);
		if (guard !== undefined) guards.push(guard);
		const readyGuard = (): number => {
			if (guard === undefined || guard <= 1) throw new Error(`no guard: ${failed ?? 'it said no process id'}`);
			return guard;
		};
		if (child.pid === undefined) throw new Error('the main process could not be started');
		return {
			pid: child.pid, child, said, tell, until,
			get guard() {
				return readyGuard();
			},
			freeze: async () => {
				tell('freeze');
				return (await until(one => one.frozen !== undefined)).frozen!;
			},
			thaw: async () => {
				tell('thaw');
				return (await until(one => one.thawed !== undefined)).thawed!;
			},
			thirdLine: () => findProcess('quiesce-third-line', readyGuard()),
		};
	};
	return {
		disks, directory, order, start,
		write: mount => {
			const child = spawn('sh', ['-c', 'echo written > "$1"', 'sh', join(mount, `written-${writes++}`)], {stdio: 'ignore'});
			if (child.pid === undefined) throw new Error('the writer could not be started');
			return {pid: child.pid, done: once(child, 'exit').then(() => performance.now())};
		},
		end: async () => {
			for (const main of mains) main.kill('SIGCONT');
			for (const main of mains) main.kill('SIGKILL');
			for (const guard of guards) if (stateOf(guard) !== null) process.kill(guard, 'SIGCONT');
			// Each ends by itself once its main process is gone.
			await eventually(() => guards.every(guard => stateOf(guard) === null), 'the guards end');
			await disks.end();
			rmSync(directory, {recursive: true, force: true});
		},
	};
}

let writes = 0;

/** The state letter of a process, and null where it is gone (or a zombie). */
export function stateOf(pid: number): string | null {
	const found = readProcess(pid);
	return isRunning(found) ? found.state : null;
}

/** Waits for what has no event: looks every few milliseconds, for at most `limitMs`. */
export async function eventually(holds: () => boolean, what: string, limitMs = 60_000): Promise<void> {
	const until = performance.now() + limitMs;
	while (!holds()) {
		if (performance.now() > until) throw new Error(`did not happen within ${limitMs} ms: ${what}`);
		await new Promise(resolve => {
			setTimeout(resolve, 3);
		});
	}
}

/** Waits until a writer is stalled by a frozen filesystem: in uninterruptible sleep. */
export async function stalled(pid: number): Promise<void> {
	await eventually(() => stateOf(pid) === 'D', `process ${pid} stalls`);
}

function findProcess(word: string, parent: number): number {
	const found = processIds().find(pid => readProcess(pid)?.parent === parent && textOf(`/proc/${pid}/cmdline`)?.includes(word));
	if (found === undefined) throw new Error(`no process ${word} of ${parent}`);
	return found;
}
