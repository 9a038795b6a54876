import {closeSync, openSync} from 'node:fs';
import {Failure} from '../core/failure.js';
import {textOf} from './pseudo-files.js';
import {runShortly} from './shell.js';

/** An image file as a block device. */
export type LoopDevice = {
	/** `/dev/loopN`. */
	readonly device: string;
	/** Lets go of it; the kernel detaches it when nothing in it is mounted or open any more. */
	release(): void;
};

/**
 * Attaches an image file, writable. The kernel is told at once to detach it by itself: only this process's descriptor, and what is mounted, keeps it, so that
 * nothing stays attached when this process dies. The file may be removed afterwards.
 * @throws Failure where there is no loop device to be had.
 */
export async function attachLoop(file: string): Promise<LoopDevice> {
	const run = await runShortly('losetup', ['--find', '--show', '--', file], {deadlineMs: 30_000});
	const device = run?.stdout.trim() ?? '';
	if (run?.exitCode !== 0 || !/^\/dev\/loop\d+$/.test(device)) {
		throw new Failure(`No loop device could be had for the copy: ${run?.stderr.trim().split('\n')[0] ?? 'losetup did not answer'}.`, {
			remedy: ['Load the driver: modprobe loop', 'In a container, give it the devices: docker run --privileged …'],
		});
	}

	const descriptor = openSync(device, 'r');
	// Detaching a device that is open only marks it: it goes with its last user (loop(4), LO_FLAGS_AUTOCLEAR).
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

/** True where a loop device still has a file of this directory behind it. */
export function isAttached(device: string, directory: string): boolean {
	return (textOf(`/sys/block/${device.replace('/dev/', '')}/loop/backing_file`) ?? '').startsWith(`${directory}/`);
}
