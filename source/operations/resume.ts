import {exitCodes, Failure} from '../core/failure.js';
import type {SettledCycle, SettledMount} from '../core/settlement.js';
import {settleCycle, thawLeftovers} from '../system/guard/settle-cycle.js';
import {extensionLockFile, lockFileIsThere, lookAtLock, takeLock} from '../system/lock.js';
import {loadNative} from '../system/native.js';
import {isAlive} from '../system/processes.js';
import {existingStateDirectory} from '../system/state-directory.js';
import {readUnfinished, type UnfinishedCycle} from '../system/unfinished-cycles.js';

/** What earlier cycles had left, and what was done about it. */
export type Resumed = {
	readonly cycles: readonly SettledCycle[];
	/** Something is left, but whoever holds the lock is at it, or at a cycle of its own: nothing was done. */
	readonly busy: boolean;
};

export type ResumeOptions = {
	/** Default: where quiesce keeps its state. */
	readonly stateDirectory?: string;
	/** Before the first thing is done about a cycle. */
	readonly onCycle?: (cycle: UnfinishedCycle) => void;
	/** What a post-script writes that is made up for. */
	readonly onOutput?: (stream: 'stdout' | 'stderr', line: string) => void;
};

/**
 * Settles what cycles left behind that did not come to their end: thaws, ends a pre-script that still runs, runs the post-script that is owed. Looks into one
 * directory, and takes the lock, only where there is something. For the start of a cycle and of the app, and for `quiesce thaw`.
 */
export async function resume(options: ResumeOptions = {}): Promise<Resumed> {
	if (abandoned(options.stateDirectory).length === 0) return {cycles: [], busy: false};
	try {
		return {cycles: await settleAbandoned(options), busy: false};
	} catch (error) {
		if (error instanceof Failure && error.exitCode === exitCodes.locked) return {cycles: [], busy: true};
		throw error;
	}
}

/** The same, but throws a Failure (exit 7) where somebody else holds the lock; nothing has been done then. */
async function settleAbandoned(options: ResumeOptions): Promise<readonly SettledCycle[]> {
	const mounts = new Map<string, readonly SettledMount[]>();
	// Without the file nobody holds the lock, and making it could wait for a frozen filesystem.
	if (!lockFileIsThere(extensionLockFile)) {
		for (const cycle of abandoned(options.stateDirectory)) mounts.set(cycle.path, await thawLeftovers(cycle));
	}
	const lock = await takeLock(loadNative(), extensionLockFile, 0);
	try {
		const settled: SettledCycle[] = [];
		for (const cycle of abandoned(options.stateDirectory)) {
			options.onCycle?.(cycle);
			const leftovers = mounts.get(cycle.path) ?? await thawLeftovers(cycle);
			settled.push(await settleCycle(cycle, leftovers, {by: 'thaw', ...(options.onOutput === undefined ? {} : {onOutput: options.onOutput})}));
		}
		return settled;
	} finally {
		lock.release();
	}
}

/** Cycles without an end whose main process is gone, or has left them. One that lives is waiting for the lock, or about to end. */
function abandoned(stateDirectory: string | undefined): readonly UnfinishedCycle[] {
	const directory = existingStateDirectory(stateDirectory);
	return directory === null ? [] : readUnfinished(directory).filter(({sameBoot, main, stuck}) => !sameBoot || main === null || stuck || !isAlive(main));
}

/** Who is at work now, as a Failure (exit 7); null where nobody is. */
export function whoIsAtWork(): Failure | null {
	const holder = lookAtLock(loadNative(), extensionLockFile);
	if (holder === null) return null;
	const who = holder.pid === null ? 'another process' : `process ${holder.pid}${holder.command === null ? '' : ` (${holder.command})`}`;
	return new Failure(`A cycle, or a backup by Azure, is under way: ${who} holds the lock ${extensionLockFile}. It thaws by itself, at the latest at its deadline.`, {
		remedy: ['Wait until it has finished.', ...(holder.pid === null ? [] : [`Where it hangs, end it; its guard then thaws and runs the post-script: kill ${holder.pid}`])],
		exitCode: exitCodes.locked,
	});
}
