import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';
import {mountOf, type MountFact} from '../core/mount-facts.js';
import {linkOf, seesAlike} from './server-processes.js';
import {entriesOf, textOf} from './pseudo-files.js';
import {processIds} from './processes.js';

const longestMs = 500;
const most = 20;
/** Files that programs of the system keep for themselves, those that belong to a database, and those that a list with one a line cannot name. */
const nobodys = /^\/(?:proc|sys|dev|run|usr|var\/cache)\/|-(?:wal|shm|journal)$|[\0-\x1F\x7F]/;
/** A network's filesystem may not answer for ever. */
const local = /^(?:ext[234]|xfs|btrfs|zfs|f2fs|tmpfs|overlay)$/;

/**
 * The SQLite databases that processes have open for writing at this moment: absolute paths, at most so many, without those of containers. Programs that open
 * theirs only now and then are not found. Stops after half a second.
 */
export function openDatabases(mounts: readonly MountFact[]): readonly string[] {
	const until = performance.now() + longestMs;
	const looked = new Set<string>();
	const found: string[] = [];
	for (const pid of processIds()) {
		if (pid === process.pid) continue;
		for (const descriptor of entriesOf(`/proc/${pid}/fd`)) {
			if (found.length >= most || performance.now() > until) return found.toSorted();
			const path = linkOf(`/proc/${pid}/fd/${descriptor}`);
			if (path === null || !path.startsWith('/') || nobodys.test(path) || looked.has(path)) continue;
			// Octal; the last two bits say reading (0), writing (1), both (2).
			const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(textOf(`/proc/${pid}/fdinfo/${descriptor}`) ?? '')?.[1] ?? '0', 8);
			if ((flags & 3) === 0) continue;
			looked.add(path);
			if (local.test(mountOf(path, mounts)?.type ?? '') && seesAlike(pid, path) && isDatabase(path)) found.push(path);
		}
	}

	return found.toSorted();
}

/** By its first bytes (the file format's section 1.3). */
function isDatabase(path: string): boolean {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW);
	} catch {
		return false;
	}

	try {
		const head = new Uint8Array(16);
		return fstatSync(descriptor).isFile() && readSync(descriptor, head, 0, 16, 0) === 16 && new TextDecoder().decode(head) === 'SQLite format 3\0';
	} catch {
		return false;
	} finally {
		closeSync(descriptor);
	}
}
