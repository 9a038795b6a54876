import {closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {watchFile, type ChangeWatch} from './change-watch.js';

/** Who takes what a growing file brings. */
export type FollowerSink = {
	bytes(chunk: Uint8Array): void;
	/** What comes next is another file in its place, or the file from its beginning. */
	newFile(why: 'appeared' | 'rotated' | 'truncated'): void;
	/** Everything there is has been handed over. `there`: false while there is no such file. */
	idle(there: boolean): void;
};

export type Follower = {
	/** Resolves when everything that is there now has been handed over. */
	readonly caughtUp: Promise<void>;
	/** Looks at once, without waiting for the kernel to say that something has changed. */
	look(): Promise<void>;
	close(): void;
};

const chunkBytes = 256 * 1024;
/** So many bytes before the place where reading goes on are compared, to notice a file that was emptied and filled again. */
const fingerprintBytes = 64;

/**
 * Follows a file that others append to: rotation by renaming, truncation, a file that appears later or is away for a while. Never writes, never locks.
 * `from`: the offset in the file that is there now. Throws a Failure where the path is something else than a regular file.
 */
export function followFile(path: string, from: number, sink: FollowerSink): Follower {
	let open: {readonly descriptor: number; readonly device: number; readonly inode: number} | null = openFile(path);
	let offset = open === null ? 0 : from;
	let fingerprint: Buffer = Buffer.alloc(0);
	let closed = false;
	let running: Promise<void> | null = null;
	let again = false;
	const buffer = Buffer.allocUnsafe(chunkBytes);

	const remember = (): void => {
		if (open === null) return;
		const length = Math.min(offset, fingerprintBytes);
		fingerprint = Buffer.alloc(length);
		if (length > 0) readSync(open.descriptor, fingerprint, 0, length, offset - length);
	};
	const isSameText = (): boolean => {
		if (open === null || fingerprint.length === 0) return true;
		const now = Buffer.alloc(fingerprint.length);
		return readSync(open.descriptor, now, 0, now.length, offset - now.length) === now.length && now.equals(fingerprint);
	};
	const drain = async (): Promise<void> => {
		if (open === null) return;
		if (fstatSync(open.descriptor).size < offset || !isSameText()) {
			offset = 0;
			fingerprint = Buffer.alloc(0);
			sink.newFile('truncated');
		}
		for (;;) {
			const count = readSync(open.descriptor, buffer, 0, buffer.length, offset);
			if (count === 0) break;
			offset += count;
			sink.bytes(buffer.subarray(0, count));
			remember();
			if (count === buffer.length) await new Promise(resolve => setImmediate(resolve));
			if (closed || open === null) return;
		}
	};
	const lookOnce = async (): Promise<void> => {
		if (closed) return;
		await drain();
		if (closed) return;
		const there = identityOf(path);
		if (there !== null && (open === null || open.device !== there.device || open.inode !== there.inode)) {
			const next = openIfReadable(path);
			if (next !== null) {
				// What was still written to the old one, under its new name.
				await drain();
				const why = open === null ? 'appeared' : 'rotated';
				if (open !== null) closeSync(open.descriptor);
				open = next;
				offset = 0;
				fingerprint = Buffer.alloc(0);
				sink.newFile(why);
				await drain();
			}
		}
		if (!closed) sink.idle(there !== null);
	};
	const lookUntilStill = async (): Promise<void> => {
		try {
			do {
				again = false;
				await lookOnce();
			} while (again);
		} finally {
			running = null;
		}
	};
	const look = async (): Promise<void> => {
		again = true;
		running ??= lookUntilStill();
		return running;
	};

	remember();
	let watching: ChangeWatch | null = watchFile(path, () => {
		look().catch((error: unknown) => {
			// A disk that does not answer for a moment (EIO, ESTALE) ends nothing: the next change is another chance.
			if (!(error instanceof Error && 'syscall' in error)) throw error;
		});
	});
	return {
		caughtUp: look(),
		look,
		close: () => {
			closed = true;
			watching?.close();
			watching = null;
			if (open !== null) closeSync(open.descriptor);
			open = null;
		},
	};
}

/** Reads a file from an offset to its end, in pieces. Answers false where there is none. */
export function readFrom(path: string, from: number, bytes: (chunk: Uint8Array) => void): boolean {
	const open = openFile(path);
	if (open === null) return false;
	try {
		const buffer = Buffer.allocUnsafe(chunkBytes);
		for (let offset = from; ;) {
			const count = readSync(open.descriptor, buffer, 0, buffer.length, offset);
			if (count === 0) return true;
			offset += count;
			bytes(buffer.subarray(0, count));
		}
	} finally {
		closeSync(open.descriptor);
	}
}

/** Where to begin reading. */
export type TailStart = {
	readonly offset: number;
	/** The text that was looked for stands behind the offset. */
	readonly found: boolean;
};

/**
 * Finds where in a large file to begin, without reading it whole: at least `wanted` bytes before its end, and further back (up to `most`) where the text
 * that must be in it is not there. `before`: so many bytes before the text belong to it. Null where there is no such file.
 */
export function findTail(path: string, text: string, sizes: {readonly wanted: number; readonly most: number; readonly before: number}): TailStart | null {
	const open = openFile(path);
	if (open === null) return null;
	try {
		const {size} = fstatSync(open.descriptor);
		const needle = Buffer.from(text);
		const buffer = Buffer.allocUnsafe(1024 * 1024 + needle.length);
		for (let end = size; end > 0 && size - end < sizes.most;) {
			const begin = Math.max(0, end - 1024 * 1024);
			// A little beyond the end: the text may lie across two pieces.
			const length = readSync(open.descriptor, buffer, 0, Math.min(buffer.length, size - begin), begin);
			const at = buffer.subarray(0, length).lastIndexOf(needle);
			if (at !== -1) return {offset: Math.max(0, Math.min(begin + at - sizes.before, size - sizes.wanted)), found: true};
			end = begin;
		}
		return {offset: Math.max(0, size - sizes.wanted), found: false};
	} finally {
		closeSync(open.descriptor);
	}
}

/** The file that stood at this path before the last rotation, where it lies beside it uncompressed (`NAME.1`, `NAME-20261123`); null where there is none. */
export function rotatedBefore(path: string): string | null {
	const name = basename(path);
	try {
		const siblings = readdirSync(dirname(path))
			.filter(other => other.startsWith(`${name}.`) || other.startsWith(`${name}-`))
			.filter(other => /^[.-][\d.-]+$/.test(other.slice(name.length)))
			.map(other => ({path: join(dirname(path), other), at: statSync(join(dirname(path), other)).mtimeMs}));
		return siblings.toSorted((a, b) => b.at - a.at)[0]?.path ?? null;
	} catch {
		return null;
	}
}

function openFile(path: string): {readonly descriptor: number; readonly device: number; readonly inode: number} | null {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch (error) {
		const code = error instanceof Error && 'code' in error ? error.code : undefined;
		if (code === 'ENOENT' || code === 'ENOTDIR') return null;
		throw new Failure(`The log ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
			remedy: code === 'EACCES' ? 'Run quiesce as root, or as a user who may read it.' : 'Name another file: --log FILE', exitCode: exitCodes.usage, cause: error,
		});
	}
	const facts = fstatSync(descriptor);
	if (facts.isFile()) return {descriptor, device: facts.dev, inode: facts.ino};
	closeSync(descriptor);
	throw new Failure(`${path} is no log: it is ${facts.isDirectory() ? 'a directory' : 'not a regular file'}.`, {remedy: 'Name the file itself: --log DIRECTORY/extension.log', exitCode: exitCodes.usage});
}

/** A file that has just come may get its rights only in a moment: then it is tried again with the next change. */
function openIfReadable(path: string): ReturnType<typeof openFile> {
	try {
		return openFile(path);
	} catch {
		return null;
	}
}

function identityOf(path: string): {readonly device: number; readonly inode: number} | null {
	try {
		const facts = statSync(path);
		return facts.isFile() ? {device: facts.dev, inode: facts.ino} : null;
	} catch {
		return null;
	}
}
