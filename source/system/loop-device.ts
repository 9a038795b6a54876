import {closeSync, openSync} from 'node:fs';
import {dirname} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import type {ImagePart} from '../core/mount-facts.js';
import {entriesOf, textOf} from './pseudo-files.js';
import {runShortly} from './shell.js';
import type {Workshop} from './workshop.js';

/** An image file as a block device. */
export type LoopDevice = {
	/** `/dev/loopN`. */
	readonly device: string;
	/** Lets go of it; the kernel detaches it when nothing in it is mounted or open any more. */
	release(): void;
};

/**
 * Attaches an image file, or a part of it, writable. The kernel is told at once to detach it by itself: only this process's descriptor, and what is mounted,
 * keeps it, so that nothing stays attached when this process dies; before that the workshop's end does it, as long as the file is in one of its places. The
 * file may be removed afterwards.
 * @throws Failure where there is no loop device to be had.
 */
export async function attachLoop(file: string, part: ImagePart | null, workshop: Workshop): Promise<LoopDevice> {
	const range = part === null ? [] : ['--offset', String(part.offset), '--sizelimit', String(part.bytes)];
	const run = await workshop.run({program: 'losetup', parameters: ['--find', '--show', ...range, '--', file], deadlineMs: 30_000});
	const device = run.stdout.trim();
	if (run.exitCode !== 0 || !/^\/dev\/loop\d+$/.test(device)) {
		throw new Failure(`No loop device could be had for the copy: ${run.stderr.trim().split('\n')[0] || 'losetup did not answer'}.`, {
			exitCode: exitCodes.usage,
			remedy: ['Load the driver: modprobe loop', 'In a container, give it the devices: docker run --privileged …'],
		});
	}

	const descriptor = openSync(device, 'r');
	// Detaching a device that is open only marks it: it goes with its last user (loop(4), LO_FLAGS_AUTOCLEAR). Not in the workshop, where an interruption would end it.
	await runShortly('losetup', ['--detach', device], {deadlineMs: 30_000});
	let open = true;
	return {
		device,
		release() {
			if (open) closeSync(descriptor);
			open = false;
		},
	};
}

/** Lets go of the loop devices whose image file lies, or lay, in a directory of which `isLeft` says that nobody uses it any more. */
export async function releaseLeftLoops(isLeft: (directory: string) => boolean): Promise<void> {
	for (const name of entriesOf('/sys/block').filter(one => /^loop\d+$/.test(one))) {
		const file = textOf(`/sys/block/${name}/loop/backing_file`);
		if (file !== null && isLeft(dirname(file))) await runShortly('losetup', ['--detach', `/dev/${name}`], {deadlineMs: 30_000});
	}
}
