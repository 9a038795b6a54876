import {constants, realpathSync} from 'node:fs';
import {copyFile, lstat, mkdir, open, readdir, rename, rm, stat, statfs, type FileHandle} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {loadNative, type Native} from './native.js';

/** One image file to copy. `bytes`: its length, holes included. */
export type ImageCopy = {readonly name: string; readonly source: string; readonly bytes: number; readonly reflink: boolean};

export type ImageStoreOrder = {
	/** Where the complete snapshot will be. It is filled under another name beside it, so that it is complete or not there at all. */
	readonly directory: string;
	readonly copies: readonly {readonly name: string; readonly source: string}[];
	/** A copy that needs longer than this (estimated) is refused. */
	readonly withinMs: number;
};

export type ImageStore = {
	readonly copies: readonly ImageCopy[];
	copy(signal: AbortSignal): Promise<void>;
	/** Writes a last file, makes everything durable, and gives the snapshot its name. */
	complete(file: string, text: string): Promise<void>;
	remove(): Promise<void>;
};

const partialPrefix = '.partial-';
const chunkBytes = 1024 * 1024;
/** How many images are copied at a time. Where the disk hangs each holds a thread of the pool, which has four, and the output of a cycle needs one too. */
const lanes = 3;
/** How much is written to learn how fast the destination is. */
const sampleBytes = 32 * 1024 * 1024;

/** Where snapshots are kept, without links: it may be a mount of its own, or lead to one. */
export function snapshotDirectory(stateDirectory: string): string {
	const directory = join(stateDirectory, 'snapshots');
	try {
		return realpathSync.native(directory);
	} catch {
		return directory;
	}
}

/**
 * Makes room for copies of image files, tries whether they can be made by reflink (at once, whatever the size), and refuses where there is no space or
 * where copying would take too long. Left-overs of cycles that were killed are removed: the caller holds the lock of all cycles.
 */
export async function makeImageStore({directory, copies: wanted, withinMs}: ImageStoreOrder): Promise<ImageStore> {
	const native = loadNative();
	const parent = dirname(directory);
	await mkdir(parent, {recursive: true, mode: 0o700});
	if (await lstat(directory).then(() => true, () => false)) {
		throw new Failure(`There is a snapshot ${directory} already.`, {exitCode: exitCodes.failed, remedy: 'Run the cycle again: its snapshot gets another name.'});
	}

	for (const name of await readdir(parent)) {
		if (name.startsWith(partialPrefix)) await rm(join(parent, name), {recursive: true, force: true});
	}

	const partial = join(parent, partialPrefix + basename(directory));
	await mkdir(partial, {mode: 0o700});
	const remove = async (): Promise<void> => rm(partial, {recursive: true, force: true});
	try {
		const copies = await Promise.all(wanted.map(async ({name, source}): Promise<ImageCopy> => {
			const {size} = await stat(source).catch(error => {
				throw new Failure(`The image file ${source} cannot be read: ${(error as Error).message}.`, {exitCode: exitCodes.usage, cause: error});
			});
			return {name, source, bytes: size, reflink: await canReflink(source, join(partial, name))};
		}));
		await refuseTooLittleSpace(partial, copies);
		await refuseTooSlow(partial, copies, withinMs);
		return {
			copies,
			async copy(signal) {
				const waiting = [...copies];
				await Promise.all(Array.from({length: lanes}, async () => {
					for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
						signal.throwIfAborted();
						const destination = join(partial, next.name);
						if (next.reflink) await copyFile(next.source, destination, constants.COPYFILE_FICLONE_FORCE);
						else await copySparse(next.source, destination, native, signal);
					}
				})).catch((error: unknown) => {
					throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? new Failure(`there is no space left in ${parent}`, {exitCode: exitCodes.failed, cause: error}) : error;
				});
				signal.throwIfAborted();
			},
			async complete(file, text) {
				for (const {name} of copies) await makeDurable(join(partial, name));
				const handle = await open(join(partial, file), 'wx', 0o600);
				try {
					await handle.writeFile(text);
					await handle.sync();
				} finally {
					await handle.close();
				}

				await syncDirectory(partial);
				await rename(partial, directory);
				await syncDirectory(parent);
			},
			remove,
		};
	} catch (error) {
		await remove();
		throw error;
	}
}

/** The only sure way to know is to do it once. */
async function canReflink(source: string, destination: string): Promise<boolean> {
	try {
		await copyFile(source, destination, constants.COPYFILE_FICLONE_FORCE);
		return true;
	} catch {
		return false;
	} finally {
		await rm(destination, {force: true});
	}
}

/** What the copies without reflink take on the disk: holes are not copied. */
async function bytesToCopy(copies: readonly ImageCopy[]): Promise<number> {
	const sizes = await Promise.all(copies.filter(({reflink}) => !reflink).map(async ({source}) => (await stat(source)).blocks * 512));
	return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

async function refuseTooLittleSpace(directory: string, copies: readonly ImageCopy[]): Promise<void> {
	const needed = await bytesToCopy(copies);
	const {bavail, bsize} = await statfs(directory);
	if (needed <= bavail * bsize) return;
	throw new Failure(`The snapshot needs ${megabytes(needed)}, and ${dirname(directory)} has ${megabytes(bavail * bsize)} free.`, {
		exitCode: exitCodes.usage,
		remedy: 'Make room there, or keep snapshots elsewhere: set QUIESCE_STATE_DIR to a directory with more space.',
	});
}

/** Writes a sample, to know before the freeze how long the copy will take. */
async function refuseTooSlow(directory: string, copies: readonly ImageCopy[], withinMs: number): Promise<void> {
	const total = await bytesToCopy(copies);
	if (total === 0) return;
	const path = join(directory, '.sample');
	const written = Math.min(sampleBytes, total);
	const began = performance.now();
	const handle = await open(path, 'wx', 0o600);
	try {
		const chunk = Buffer.alloc(chunkBytes, 1);
		for (let done = 0; done < written; done += chunk.length) await handle.write(chunk, 0, Math.min(chunk.length, written - done));
		await handle.datasync();
	} finally {
		await handle.close();
		await rm(path, {force: true});
	}

	// Reading costs about as much as writing.
	const estimateMs = (performance.now() - began) * 2 * (total / written);
	if (estimateMs <= withinMs) return;
	throw new Failure(`Copying ${megabytes(total)} would take about ${Math.ceil(estimateMs / 1000)} s, and everything waits for at most ${withinMs * 2 / 1000} s for it.`, {
		exitCode: exitCodes.usage,
		remedy: 'Keep snapshots on the filesystem that holds the images, where that can share blocks (xfs, btrfs): set QUIESCE_STATE_DIR. Or leave out --snapshot image.',
	});
}

/** Copies what is not a hole, so that an image of a terabyte with a few megabytes in it costs a few megabytes. */
async function copySparse(source: string, destination: string, native: Native, signal: AbortSignal): Promise<void> {
	const from = await open(source, 'r');
	let to: FileHandle | undefined;
	try {
		to = await open(destination, 'wx', 0o600);
		await to.truncate((await from.stat()).size);
		const chunk = Buffer.allocUnsafe(chunkBytes);
		for (let data = native.nextData(from.fd, 0); data !== null; data = native.nextData(from.fd, data.end)) {
			for (let at = data.start; at < data.end;) {
				signal.throwIfAborted();
				const {bytesRead} = await from.read(chunk, 0, Math.min(chunkBytes, data.end - at), at);
				if (bytesRead === 0) return;
				for (let done = 0; done < bytesRead;) done += (await to.write(chunk, done, bytesRead - done, at + done)).bytesWritten;
				at += bytesRead;
			}
		}
	} finally {
		await from.close();
		await to?.close();
	}
}

async function makeDurable(path: string): Promise<void> {
	const handle = await open(path, 'r+');
	try {
		await handle.chmod(0o600);
		await handle.sync();
	} finally {
		await handle.close();
	}
}

async function syncDirectory(path: string): Promise<void> {
	const handle = await open(path, 'r');
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}

function megabytes(bytes: number): string {
	return `${Math.ceil(bytes / 1_000_000).toLocaleString('en')} MB`;
}
