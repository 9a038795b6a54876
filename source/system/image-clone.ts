import {constants} from 'node:fs';
import {copyFile, open, rm, statfs, truncate} from 'node:fs/promises';
import {join} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import type {ImagePart} from '../core/mount-facts.js';
import {superblockBytes} from '../core/superblock.js';
import type {Workshop} from './workshop.js';

/** The copy of an image, or of a part of it, made to be written to and thrown away. */
export type ImageClone = {
	readonly path: string;
	/** Where in the copy the filesystem lies; null where it has all of it. */
	readonly part: ImagePart | null;
	readonly method: 'reflink' | 'copied';
	/** The image's length. */
	readonly bytes: number;
	readonly durationMs: number;
};

/** An image as it lies there. */
export type ImageFacts = {
	/** Its length, holes included. */
	readonly bytes: number;
	/** What of it takes space. */
	readonly allocated: number;
	/** The first bytes of its filesystem, as many as a superblock needs. */
	readonly head: Uint8Array;
};

/** Replaying a journal and recovering a database write to a copy: so much of it, and at least so much, must be free. */
const changedShare = 0.05;
const leastFree = 64 * 1024 * 1024;
const fullBelow = 4 * 1024 * 1024;

/** An image of which a copy is wanted. */
export type CloneOrder = {
	readonly source: string;
	/** The copy's own name. */
	readonly name: string;
	readonly part: ImagePart | null;
	/** What of it takes space, bytes. */
	readonly allocated: number;
};

/** Looks at an image without changing it; a string says, in a clause, why it cannot be used. */
export async function readImage(path: string, from = 0): Promise<ImageFacts | string> {
	let handle;
	try {
		handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		// The kernel opens no sockets.
		return code === 'ENXIO' ? 'the image is not a regular file' : code === 'ENOENT' ? 'the image is missing' : code === 'ELOOP' ? 'the image is a symbolic link' : `the image cannot be opened (${code ?? 'unknown'})`;
	}

	try {
		const facts = await handle.stat();
		if (!facts.isFile()) return 'the image is not a regular file';
		const head = new Uint8Array(superblockBytes);
		const {bytesRead} = await handle.read(head, 0, head.length, from);
		return {bytes: facts.size, allocated: facts.blocks * 512, head: head.subarray(0, bytesRead)};
	} catch (error) {
		return `the image cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`;
	} finally {
		await handle.close();
	}
}

/** Copies by reflink into the first of the places where that works (no time, no space, whatever the size); null where it works in none. */
export async function cloneByReflink({source, name, part, allocated}: CloneOrder, places: readonly string[]): Promise<ImageClone | null> {
	const began = performance.now();
	for (const place of places) {
		const path = join(place, name);
		try {
			await copyFile(source, path, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
			await refuseTooLittleSpace(place, 0, Math.max(leastFree, allocated * changedShare));
			return {path, part, method: 'reflink', bytes: await lengthOf(path), durationMs: performance.now() - began};
		} catch (error) {
			await rm(path, {force: true});
			if (error instanceof Failure) throw error;
		}
	}

	return null;
}

/** Copies what of an image, or of the part that is asked for, is not empty. Ends with the workshop. */
export async function cloneByCopying({source, name, part}: CloneOrder, place: string, workshop: Workshop): Promise<ImageClone> {
	const path = join(place, name);
	const command = part === null
		? {program: 'cp', parameters: ['--reflink=never', '--sparse=always', '--', source, path]}
		: {program: 'dd', parameters: [`if=${source}`, `of=${path}`, 'bs=1M', 'iflag=skip_bytes,count_bytes,fullblock', `skip=${part.offset}`, `count=${part.bytes}`, 'conv=sparse,excl', 'status=none']};
	const run = await workshop.run({...command, deadlineMs: longestCopyMs});
	if (run.exitCode !== 0) {
		await rm(path, {force: true});
		throw new Failure(`The image ${source} cannot be copied to ${place}: ${run.late ? 'it takes longer than two hours' : run.stderr.trim().split('\n')[0] ?? ''}.`, {exitCode: exitCodes.usage});
	}

	// Empty blocks at the end are not written.
	if (part !== null) await truncate(path, part.bytes);
	return {path, part: null, method: 'copied', bytes: await lengthOf(path), durationMs: run.durationMs};
}

const longestCopyMs = 2 * 60 * 60_000;

/** @throws Failure where copies of so many bytes, and what is written to them, do not fit. */
export async function refuseTooLittleSpace(place: string, copied: number, least = Math.max(leastFree, copied * changedShare)): Promise<void> {
	const needed = copied + least;
	const {bavail, bsize} = await statfs(place);
	if (needed <= bavail * bsize) return;
	throw new Failure(`A copy of the snapshot needs ${megabytes(needed)}, and ${place} has ${megabytes(bavail * bsize)} free.`, {
		exitCode: exitCodes.usage,
		remedy: [
			'Make room there, or have the copy made elsewhere: set QUIESCE_STATE_DIR to a directory with more space.',
			'Where snapshots lie on a filesystem that can share blocks (xfs, btrfs), a copy takes next to no space.',
		],
	});
}

/** @throws Failure where a filesystem has become full: what was found on copies there says nothing about the snapshot. */
export async function refuseFullDisk(place: string): Promise<void> {
	const {bavail, bsize} = await statfs(place);
	if (bavail * bsize >= fullBelow) return;
	throw new Failure(`The copies needed more space than ${place} had, so that nothing can be said about the snapshot.`, {
		exitCode: exitCodes.usage,
		remedy: 'Make room there, or have the copy made elsewhere: set QUIESCE_STATE_DIR to a directory with more space.',
	});
}

async function lengthOf(path: string): Promise<number> {
	const handle = await open(path, 'r');
	try {
		return (await handle.stat()).size;
	} finally {
		await handle.close();
	}
}

function megabytes(bytes: number): string {
	return `${Math.ceil(bytes / 1_000_000).toLocaleString('en')} MB`;
}
