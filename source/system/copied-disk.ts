import {randomBytes} from 'node:crypto';
import {unlinkSync} from 'node:fs';
import {open} from 'node:fs/promises';
import {btrfsSuperblock, withAnotherId} from '../core/btrfs-id.js';
import type {ProofCheck} from '../core/verification.js';
import type {Superblock} from '../core/superblock.js';
import {checkFilesystem} from './filesystem-check.js';
import type {ImageClone} from './image-clone.js';
import {attachLoop, type LoopDevice} from './loop-device.js';
import {findCommand} from './shell.js';
import type {Workshop} from './workshop.js';

/** A copied image as a block device, whose file has already no name any more: it is gone as soon as nobody uses it. */
export type CopiedDisk = {
	readonly device: string;
	readonly type: Superblock['type'];
	/** Mounts it in the workshop. A string says, in a clause, why the kernel refused. */
	mount(at: string): Promise<{readonly durationMs: number} | string>;
	unmount(at: string): Promise<void>;
	check(deadlineMs: number): Promise<readonly ProofCheck[]>;
	release(): void;
};

const mountDeadlineMs = 10 * 60_000;
const idDeadlineMs = 30 * 60_000;

/**
 * `errors=remount-ro`: an image may ask for a panic of the whole machine at its first damage, and the mount must overrule that.
 * `nouuid`: xfs refuses a second filesystem with the same id beside the original.
 */
const optionsOf: Readonly<Record<Superblock['type'], string>> = {
	ext: 'rw,nosuid,nodev,noexec,errors=remount-ro',
	xfs: 'rw,nosuid,nodev,noexec,nouuid',
	btrfs: 'rw,nosuid,nodev,noexec',
};

/** Makes a disk of a copy. A string says, in a clause, why that is not possible here. @throws Failure where there are no loop devices. */
export async function openCopiedDisk(clone: ImageClone, {type, needsRecovery}: Superblock, workshop: Workshop): Promise<CopiedDisk | string> {
	if (type === 'btrfs') {
		const problem = needsRecovery === true ? await giveIdBesideLog(clone.path) : await giveNewId(clone.path, workshop);
		if (problem !== null) return problem;
	}

	const loop: LoopDevice = await attachLoop(clone.path, clone.part, workshop);
	unlinkSync(clone.path);
	return {
		device: loop.device,
		type,
		async mount(at) {
			const run = await workshop.run({program: 'mount', parameters: ['-t', type === 'ext' ? 'ext4' : type, '-o', optionsOf[type], '--', loop.device, at], deadlineMs: mountDeadlineMs});
			if (run.exitCode === 0) return {durationMs: run.durationMs};
			return run.late ? 'the kernel did not mount it within 10 min' : ['the kernel refuses to mount it', reasonOf(run.stderr, at)].filter(words => words !== '').join(': ');
		},
		async unmount(at) {
			const unmounted = async (): Promise<boolean> => (await workshop.run({program: 'umount', parameters: ['--', at]})).exitCode === 0;
			if (await unmounted()) return;
			await workshop.clear();
			// Whatever still holds it ends with the workshop at the latest.
			if (!await unmounted()) await workshop.run({program: 'umount', parameters: ['--lazy', '--', at]});
		},
		check: async deadlineMs => checkFilesystem(type, loop.device, workshop, deadlineMs),
		release: () => loop.release(),
	};
}

/** Two btrfs with one id must never be seen by one kernel: the copy gets another before it is attached. */
async function giveNewId(file: string, workshop: Workshop): Promise<string | null> {
	if (findCommand('btrfstune') === null) return 'it cannot be mounted beside its original: btrfstune is not installed here (package btrfs-progs)';
	// The light way first: it writes only the superblock. Older tools know only the other, which rewrites all metadata.
	for (const option of ['-m', '-u']) {
		const run = await workshop.run({program: 'btrfstune', parameters: ['-f', option, file], deadlineMs: idDeadlineMs});
		if (run.exitCode === 0) return null;
	}

	return `btrfstune could not give the copy an id of its own: ${spoilt}`;
}

const spoilt = 'its first blocks are damaged';

/** As giveNewId, for one with a log tree, which was not frozen: btrfstune would write over that. */
async function giveIdBesideLog(path: string): Promise<string | null> {
	const file = await open(path, 'r+');
	try {
		const {buffer, bytesRead} = await file.read(new Uint8Array(btrfsSuperblock.bytes), 0, btrfsSuperblock.bytes, btrfsSuperblock.at);
		const changed = withAnotherId(buffer.subarray(0, bytesRead), randomBytes(16));
		if (changed === null) return 'it cannot be mounted beside its original: it was not frozen, and quiesce cannot give an id of its own to a btrfs with this kind of checksums';
		if (changed === 'damaged') return spoilt;
		await file.write(changed, 0, changed.length, btrfsSuperblock.at);
		return null;
	} finally {
		await file.close();
	}
}

/** `mount: /path: why` without the path, in one line; empty where mount only lists what it could be, whatever it is. */
function reasonOf(words: string, at: string): string {
	const line = words.split('\n').find(one => one.trim() !== '')?.trim() ?? '';
	if (line.includes(': wrong fs type, bad option, bad superblock')) return '';
	return line.replace(/^mount: /, '').replace(`${at}: `, '').replace('mount(2) system call failed: ', '').replaceAll(/\/dev\/loop\d+/g, 'the copy').replace(/\.$/, '').slice(0, 200);
}
