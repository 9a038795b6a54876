import {constants, existsSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';
import {getSystemErrorName} from 'node:util';
import type Koffi from 'koffi';
import {Failure} from '../core/failure.js';

/** What a system call came to: null for success, else the kernel's word (`EBUSY`). */
export type Errno = string | null;

/** Who holds a lock; `pid` is null where the kernel cannot tell (a holder in another pid namespace, or a lock of an open file description). */
export type LockHolder = {readonly pid: number | null};

/**
 * The system calls that Node does not have. Descriptors are plain numbers.
 *
 * mlockall(2) is left out on purpose: V8 gives pages back with madvise, which the kernel refuses for locked ones, and V8 then ends the process.
 */
export type Native = {
	/** FIFREEZE, on a thread of the pool. Can take as long as the flush takes, and cannot be interrupted. */
	freeze(descriptor: number): Promise<Errno>;
	/** FITHAW, on a thread of the pool. EINVAL: it was not frozen. */
	thaw(descriptor: number): Promise<Errno>;
	/** syncfs(2), on a thread of the pool. */
	syncFilesystem(descriptor: number): Promise<Errno>;
	/** An exclusive POSIX (fcntl) lock on bytes from `start`, `length` of them (0: to the end of the file). EAGAIN or EACCES: held by another process. */
	lock(descriptor: number, start: number, length: number): Errno;
	/** As `lock`, but waits for it on a thread of the pool; nothing but the end of the process stops the waiting. */
	lockWaiting(descriptor: number, start: number, length: number): Promise<Errno>;
	unlock(descriptor: number, start: number, length: number): Errno;
	/** Another process that stands in the way of an exclusive lock on the whole file; null where there is none. */
	lockHolder(descriptor: number): LockHolder | null;
	/** True where the other side of a pipe or socket is closed. Does not block. */
	hungUp(descriptor: number): boolean;
	/** Orphaned descendants become children of this process, not of init; false where the kernel refuses. */
	becomeSubreaper(): boolean;
	/** The next stretch of a file that is not a hole, from an offset on; null where only holes follow. The whole rest where the filesystem knows no holes. */
	nextData(descriptor: number, from: number): {readonly start: number; readonly end: number} | null;
	/** Ends this process, with all its threads, and nothing is done at its end (_exit(2)). */
	exit(code: number): never;
	/** A file in memory that has no name; closed in every process that is started. Throws where there is none to be had. */
	memoryFile(): number;
	/** From now on a pipe runs its writes together again; by its end to write to. `bytes`: it holds so many from now on, where the kernel allows that. */
	endPackets(writer: number, bytes?: number): void;
	/**
	 * A pipe: the end to read from and the end to write to, both closed in every process that is started. `packets`: each read then answers what one
	 * write put in, of larger ones a page. Throws where there is none to be had.
	 */
	pipe(packets?: boolean): readonly [reader: number, writer: number];
};

// <linux/fs.h>: _IOWR('X', 119, int) and _IOWR('X', 120, int); the same on every 64-bit architecture of ours.
const FIFREEZE = 0xC0045877;
const FITHAW = 0xC0045878;
const F_GETFL = 3;
const F_SETFL = 4;
const F_GETLK = 5;
const F_SETLK = 6;
const F_SETPIPE_SZ = 1031;
const F_SETLKW = 7;
const F_WRLCK = 1;
const F_UNLCK = 2;
const POLLERR_POLLHUP_POLLNVAL = 0x8 | 0x10 | 0x20;
const POLLRDHUP = 0x2000;
const PR_SET_CHILD_SUBREAPER = 36;
const MFD_CLOEXEC = 1;
const MFD_NOEXEC_SEAL = 8;

const SEEK_END = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const O_CLOEXEC = 0o2_000_000;

let loaded: Native | undefined;

/** Loads the system calls, once. Throws a Failure where this platform has no build of the library that makes them. */
export function loadNative(): Native {
	loaded ??= load();
	return loaded;
}

/**
 * The library's build for this machine. Its own loader, which is what a compiled tree without a bundle falls back to, finds the same file, and takes ten
 * times as long as the file itself.
 */
function loadLibrary(): typeof Koffi {
	// Beside the bundle's directory, or, where quiesce is a dependency of something else, above it.
	for (const modules of ['../node_modules', '../..']) {
		for (const library of ['linux', 'musl']) {
			const path = fileURLToPath(new URL(`${modules}/@koromix/koffi-linux-${process.arch}/${library}_${process.arch}/koffi.node`, import.meta.url));
			if (!existsSync(path)) continue;
			const loadedModule = {exports: {}};
			try {
				process.dlopen(loadedModule, path);
				return loadedModule.exports as typeof Koffi;
			} catch {
				// It is for the other C library, or damaged: the library's own loader says what is wrong.
			}
		}
	}
	return createRequire(import.meta.url)('koffi') as typeof Koffi;
}

function load(): Native {
	if (process.arch !== 'x64' && process.arch !== 'arm64') throw unsupported(new Error(`no layout of a file lock is known for ${process.arch}`));
	let koffi;
	try {
		koffi = loadLibrary();
	} catch (error) {
		throw unsupported(error);
	}
	// The pool may queue one call a filesystem and more.
	koffi.config({max_async_calls: 4096});
	// The functions that this very process is linked with: no name of a C library, which differs between glibc and musl.
	const library = koffi.load(null);
	const ioctl = library.func('ioctl', 'int', ['int', 'ulong', 'int']);
	const syncfs = library.func('syncfs', 'int', ['int']);
	const fcntl = library.func('fcntl', 'int', ['int', 'int', 'void *']);
	const control = library.func('fcntl', 'int', ['int', 'int', 'long']);
	const poll = library.func('poll', 'int', ['void *', 'ulong', 'int']);
	const pipe2 = library.func('pipe2', 'int', ['void *', 'int']);
	const exit = library.func('_exit', 'void', ['int']);
	const memfdCreate = library.func('memfd_create', 'int', ['str', 'uint']);
	const prctl = library.func('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);

	const lseek = library.func('lseek', 'int64', ['int', 'int64', 'int']);

	const outcome = (result: number): Errno => (result === 0 ? null : getSystemErrorName(-koffi.errno()));
	// errno belongs to a thread. The library notes it on the thread that made the call and shows it in the callback, and only there.
	const asynchronous = async (call: {async: (...words: unknown[]) => void}, ...words: unknown[]): Promise<Errno> => new Promise((resolve, reject) => {
		call.async(...words, (error: unknown, result: number) => {
			if (error) reject(error);
			else resolve(outcome(result));
		});
	});
	const polled = new DataView(new ArrayBuffer(8));
	const polledBytes = new Uint8Array(polled.buffer);

	return {
		freeze: async descriptor => asynchronous(ioctl, descriptor, FIFREEZE, 0),
		thaw: async descriptor => asynchronous(ioctl, descriptor, FITHAW, 0),
		syncFilesystem: async descriptor => asynchronous(syncfs, descriptor),
		lock: (descriptor, start, length) => outcome(fcntl(descriptor, F_SETLK, range(F_WRLCK, start, length))),
		lockWaiting: async (descriptor, start, length) => {
			const words = range(F_WRLCK, start, length);
			const errno = await asynchronous(fcntl, descriptor, F_SETLKW, words);
			// The buffer must live as long as the call: this is its last use.
			return words.length === flockSize ? errno : null;
		},
		unlock: (descriptor, start, length) => outcome(fcntl(descriptor, F_SETLK, range(F_UNLCK, start, length))),
		lockHolder: descriptor => {
			const words = range(F_WRLCK, 0, 0);
			const errno = outcome(fcntl(descriptor, F_GETLK, words));
			if (errno !== null) throw new Error(`F_GETLK: ${errno}`);
			const view = new DataView(words.buffer);
			if (view.getInt16(0, true) === F_UNLCK) return null;
			const pid = view.getInt32(24, true);
			return {pid: pid > 0 ? pid : null};
		},
		hungUp: descriptor => {
			polled.setInt32(0, descriptor, true);
			polled.setInt16(4, POLLRDHUP, true);
			polled.setInt16(6, 0, true);
			return poll(polledBytes, 1, 0) > 0 && (polled.getInt16(6, true) & (POLLERR_POLLHUP_POLLNVAL | POLLRDHUP)) !== 0;
		},
		nextData: (descriptor, from) => {
			const start = Number(lseek(descriptor, from, SEEK_DATA));
			if (start === -1) {
				const errno = getSystemErrorName(-koffi.errno());
				if (errno === 'ENXIO') return null;
				if (errno !== 'EINVAL') throw new Error(`SEEK_DATA: ${errno}`);
				const end = Number(lseek(descriptor, 0, SEEK_END));
				return from < end ? {start: from, end} : null;
			}
			return {start, end: Number(lseek(descriptor, start, SEEK_HOLE))};
		},
		pipe: (packets = false) => {
			const ends = new Int32Array(2);
			const errno = outcome(pipe2(ends, packets ? O_CLOEXEC | constants.O_DIRECT : O_CLOEXEC));
			if (errno !== null) throw new Error(`no pipe: ${errno}`);
			return [ends[0] ?? -1, ends[1] ?? -1];
		},
		memoryFile: () => {
			// Kernels before 6.3 do not know that nothing will be executed from it.
			for (const flags of [MFD_CLOEXEC | MFD_NOEXEC_SEAL, MFD_CLOEXEC]) {
				const descriptor = memfdCreate('quiesce', flags);
				if (descriptor !== -1) return descriptor;
			}
			throw new Error(`no file in memory: ${getSystemErrorName(-koffi.errno())}`);
		},
		endPackets: (writer, bytes) => {
			const flags = control(writer, F_GETFL, 0);
			if (flags !== -1) control(writer, F_SETFL, flags & ~constants.O_DIRECT);
			if (bytes !== undefined) control(writer, F_SETPIPE_SZ, bytes);
		},
		exit: code => {
			exit(code);
			throw new Error('the process did not end');
		},
		becomeSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
	};
}

const flockSize = 32;

/** `struct flock` as 64-bit Linux lays it out (x86_64 and arm64, glibc and musl alike): type, whence, 4 bytes of padding, start, length, pid, 4 of padding. */
function range(type: number, start: number, length: number): Uint8Array<ArrayBuffer> {
	const view = new DataView(new ArrayBuffer(flockSize));
	view.setInt16(0, type, true);
	view.setInt16(2, 0, true);
	view.setBigInt64(8, BigInt(start), true);
	view.setBigInt64(16, BigInt(length), true);
	return new Uint8Array(view.buffer);
}

function unsupported(cause: unknown): Failure {
	return new Failure(`quiesce cannot freeze filesystems on this machine: its library for system calls (koffi) does not work here (${process.arch}, Node ${process.version}).`, {
		remedy: [
			'Install quiesce on this machine itself (npm ci), so that npm chooses the library for its processor and its C library.',
			'x86_64 and arm64 are supported, with glibc and with musl.',
		],
		cause,
	});
}
