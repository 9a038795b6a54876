import {closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, realpathSync, statSync} from 'node:fs';
import {dirname} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {mountOf} from '../core/mount-facts.js';
import {readMounts} from './mounts.js';
import type {Native} from './native.js';
import {commandLineOf} from './processes.js';
import {textOf} from './pseudo-files.js';
import {within} from './time.js';

/** The lock file of Azure's extension, which quiesce takes too, so that the two are never at work at the same time. */
export const extensionLockFile = '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile';

/** A held lock. It is given up when its process ends, when the descriptor closes, and when this process closes ANY descriptor of the same file (POSIX). */
export type HeldLock = {
	readonly descriptor: number;
	release(): void;
};

/**
 * What this process holds. The kernel knows no difference between two holders in one process, and gives up a lock when any descriptor of its file is closed:
 * whoever looks or takes once more must not get that far.
 */
const ours = new Set<string>();

function heldBy(path: string, descriptor: number): HeldLock {
	ours.add(path);
	return {
		descriptor,
		release() {
			ours.delete(path);
			closeSync(descriptor);
		},
	};
}

/** Takes the first byte, which the guard leaves to the main process. Throws a Failure (exit 7) where somebody else has it. */
export function shareLock(native: Native, path: string): HeldLock {
	const descriptor = openLockFile(path);
	const errno = native.lock(descriptor, 0, 1);
	if (errno === null) return heldBy(path, descriptor);
	closeSync(descriptor);
	throw new Failure(`The lock ${path} could not be shared with the guard (${errno}).`, {exitCode: exitCodes.locked});
}

/**
 * Takes the lock: an exclusive POSIX lock on the whole file. A file that nobody holds a lock on is no lock; the file stays. Throws a Failure (exit 7)
 * that names the holder, at once or after `waitMs`; `onWaiting` hears of the holder that is waited for. After a throw for a wait that took too long, one thread of the pool still waits: the
 * process must end itself by a signal.
 */
export async function takeLock(native: Native, path: string, waitMs: number, onWaiting?: (holder: string) => void): Promise<HeldLock> {
	if (ours.has(path)) throw new Failure('This very quiesce is at a cycle, or settles what an earlier one had left.', {remedy: 'Wait until that has finished.', exitCode: exitCodes.locked});
	const until = performance.now() + waitMs;
	for (;;) {
		const descriptor = openLockFile(path);
		try {
			let errno = native.lock(descriptor, 0, 0);
			if ((errno === 'EAGAIN' || errno === 'EACCES') && performance.now() < until) {
				onWaiting?.(describeHolder(native, descriptor, path).who);
				// Undefined where it took too long, null where it is ours now.
				const outcome = await within(native.lockWaiting(descriptor, 0, 0), until - performance.now());
				errno = outcome === undefined ? 'EAGAIN' : outcome;
			}
			if (errno === 'EAGAIN' || errno === 'EACCES') throw heldByAnother(native, descriptor, path);
			if (errno !== null) throw new Failure(`The lock file ${path} could not be locked (${errno}).`, {remedy: 'Its filesystem must support file locks.'});
			// The extension removes the file when it has finished: a lock on a file that is not at its path any more keeps nobody out.
			if (isStillAt(descriptor, path)) return heldBy(path, descriptor);
		} catch (error) {
			closeSync(descriptor);
			throw error;
		}
		closeSync(descriptor);
	}
}

/** Opens the lock file, made where missing, without following a link. */
export function openLockFile(path: string): number {
	const open = (): number => openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY, 0o600);
	try {
		let descriptor: number;
		try {
			descriptor = open();
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
			mkdirSync(dirname(path), {recursive: true, mode: 0o755});
			descriptor = open();
		}
		if (!fstatSync(descriptor).isFile()) {
			closeSync(descriptor);
			throw new Error('it is not a regular file');
		}
		return descriptor;
	} catch (error) {
		throw new Failure(`The lock file ${path} cannot be opened: ${error instanceof Error ? error.message : String(error)}.`, {
			remedy: `It must be a regular file that root can write, in ${dirname(path)}. Without the lock quiesce would not notice a backup under way.`,
			exitCode: exitCodes.failed,
			cause: error,
		});
	}
}

export function lockFileIsThere(path: string): boolean {
	return existsSync(path);
}

/** Who holds the lock; null where nobody does. */
export function lookAtLock(native: Native, path: string): {readonly pid: number | null; readonly command: string | null} | null {
	if (ours.has(path)) return {pid: process.pid, command: commandLineOf(process.pid)};
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch {
		return null;
	}
	try {
		const holder = native.lockHolder(descriptor);
		return holder === null ? null : {pid: holder.pid, command: holder.pid === null ? null : commandLineOf(holder.pid)};
	} finally {
		closeSync(descriptor);
	}
}

/** Who holds a POSIX lock on a file, from /proc/locks: without opening the file, which would give up a lock of one's own. Null: nobody. */
export function readLockHolder(path: string): {readonly pid: number | null; readonly command: string | null} | null {
	let inode: number;
	let real: string;
	try {
		inode = statSync(path).ino;
		real = realpathSync.native(path);
	} catch {
		return null;
	}
	const locks = textOf('/proc/locks') ?? '';
	// `1: POSIX  ADVISORY  WRITE 1234 00:1f:5678 0 EOF`, the device in hexadecimal; a waiter has `->` behind the number.
	const held = [...locks.matchAll(/^\d+: (?:POSIX|OFDLCK)\s+\S+\s+WRITE (-?\d+) ([\da-f]+):([\da-f]+):(\d+) /gm)].filter(match => Number(match[4]) === inode);
	if (held.length === 0) return null;
	// Another filesystem may have a file of the same number. The device is the superblock's, which is not always the one that stat tells (btrfs, overlay).
	const device = mountOf(real, readMounts())?.device;
	const ours = held.find(([, , major = '', minor = '']) => device === undefined || device === `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`);
	if (ours === undefined) return null;
	const pid = Number(ours[1]);
	return pid > 0 ? {pid, command: commandLineOf(pid)} : {pid: null, command: null};
}

function isStillAt(descriptor: number, path: string): boolean {
	try {
		const open = fstatSync(descriptor, {bigint: true});
		const there = statSync(path, {bigint: true});
		return open.dev === there.dev && open.ino === there.ino;
	} catch {
		return false;
	}
}

function describeHolder(native: Native, descriptor: number, path: string): {readonly pid: number | null; readonly who: string} {
	const pid = native.lockHolder(descriptor)?.pid ?? readLockHolder(path)?.pid ?? null;
	const command = pid === null ? null : commandLineOf(pid);
	return {pid, who: pid === null ? 'another process' : `process ${pid}${command === null ? '' : ` (${command.endsWith('/guard.js') ? 'quiesce' : command})`}`};
}

function heldByAnother(native: Native, descriptor: number, path: string): Failure {
	const {pid, who} = describeHolder(native, descriptor, path);
	return new Failure(`Another cycle, or a backup by Azure, is under way: ${who} holds the lock ${path}.`, {
		remedy: ['Wait until it has finished, or let quiesce wait: --wait SECONDS', ...(pid === null ? [] : [`To see what it is: ps -fp ${pid}`])],
		exitCode: exitCodes.locked,
	});
}
