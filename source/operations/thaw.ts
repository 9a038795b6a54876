import {exitCodes, Failure} from '../core/failure.js';
import type {SettledMount, ThawResult} from '../core/settlement.js';
import {extensionLockFile, lockFileIsThere, takeLock} from '../system/lock.js';
import {loadNative} from '../system/native.js';
import {namedMounts, thawMounts} from '../system/thaw.js';
import {resume, whoIsAtWork, type ResumeOptions} from './resume.js';

export type ThawOrder = Pick<ResumeOptions, 'stateDirectory' | 'onCycle' | 'onOutput'> & {
	/** Filesystems that somebody else may have frozen. */
	readonly directories: readonly string[];
	/** Asked once, for all of them, before anything is done. */
	readonly confirm: (mounts: readonly string[]) => Promise<boolean>;
};

/**
 * Settles what dead cycles left, and thaws what is named. Throws a Failure: exit 7 where a cycle, a guard or the extension is at work, 2 for a directory that
 * is no mount point and where it was not confirmed. Nothing has been done then.
 */
export async function thaw(order: ThawOrder): Promise<ThawResult> {
	const mounts = namedMounts(order.directories);
	const atWork = whoIsAtWork();
	if (atWork !== null) throw atWork;
	if (mounts.length > 0 && !await order.confirm(mounts)) throw new Failure('Nothing was thawed.', {remedy: 'Answer yes, or give --yes.', exitCode: exitCodes.usage});
	let named: readonly SettledMount[] = [];
	// First, because what the cycles need to be settled may lie there.
	if (mounts.length > 0) {
		const lock = lockFileIsThere(extensionLockFile) ? await takeLock(loadNative(), extensionLockFile, 0) : null;
		try {
			named = await thawMounts(mounts);
		} finally {
			lock?.release();
		}
	}
	const {cycles, busy} = await resume(order);
	if (busy) throw whoIsAtWork() ?? new Failure('Another cycle, or a backup by Azure, has just begun.', {remedy: 'Wait until it has finished.', exitCode: exitCodes.locked});
	return {cycles, named};
}
