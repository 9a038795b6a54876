import {realpathSync, statfsSync, statSync, watch, type FSWatcher} from 'node:fs';
import {dirname} from 'node:path';

/** How often is looked where the kernel cannot tell of changes. */
const fallbackMs = 1000;

/** Filesystems whose changes by other machines the kernel does not see: NFS, CIFS, SMB2, 9p, FUSE (statfs(2)). */
const remoteTypes: ReadonlySet<number> = new Set([0x6969, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546]);

export type ChangeWatch = {close(): void};

/**
 * Calls `changed` whenever something in a directory may have changed, also when the directory itself comes, goes, or is replaced. Watches with inotify;
 * looks once a second where that is impossible. May call too often, never too seldom; never calls before it has returned.
 */
export function watchDirectory(path: string, changed: () => void): ChangeWatch {
	let watcher: FSWatcher | null = null;
	let timer: NodeJS.Timeout | null = null;
	let armed: {readonly directory: string; readonly inode: number} | null = null;
	let closed = false;
	let pending = false;

	const notify = (): void => {
		if (closed || pending) return;
		// Several events of one moment are one.
		pending = true;
		setImmediate(() => {
			pending = false;
			if (closed) return;
			arm();
			changed();
		});
	};
	const disarm = (): void => {
		watcher?.close();
		watcher = null;
		armed = null;
	};
	const lookNowAndThen = (): void => {
		timer ??= setInterval(notify, fallbackMs);
	};
	const arm = (): void => {
		const found = nearestDirectory(path);
		if (armed !== null && armed.directory === found.directory && armed.inode === found.inode) return;
		disarm();
		if (isRemote(found.directory)) return lookNowAndThen();
		try {
			watcher = watch(found.directory, {persistent: true}, notify);
			watcher.on('error', () => {
				disarm();
				lookNowAndThen();
			});
			armed = found;
			if (found.directory === path && timer !== null) {
				clearInterval(timer);
				timer = null;
			}
		} catch {
			// No more watches to be had (fs.inotify.max_user_watches), or no right to it.
			lookNowAndThen();
		}
	};
	arm();
	return {
		close: () => {
			closed = true;
			disarm();
			if (timer !== null) clearInterval(timer);
		},
	};
}

/** The directory, or the nearest one above it that is there. */
function nearestDirectory(path: string): {readonly directory: string; readonly inode: number} {
	for (let directory = path; ; directory = dirname(directory)) {
		try {
			const facts = statSync(directory);
			if (facts.isDirectory()) return {directory, inode: facts.ino};
		} catch {
			// Not there: the one above.
		}
		if (dirname(directory) === directory) return {directory, inode: 0};
	}
}

function isRemote(directory: string): boolean {
	try {
		return remoteTypes.has(statfsSync(directory).type >>> 0);
	} catch {
		return false;
	}
}

/** Watches the directory of a file, and where the file is a link, that of its target. */
export function watchFile(path: string, changed: () => void): ChangeWatch {
	const watches = [watchDirectory(dirname(path), changed)];
	try {
		const target = dirname(realpathSync.native(path));
		if (target !== dirname(path)) watches.push(watchDirectory(target, changed));
	} catch {
		// It will appear.
	}
	return {close: () => watches.forEach(one => one.close())};
}
