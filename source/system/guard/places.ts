import {closeSync, constants, openSync, readFileSync} from 'node:fs';
import {Failure, exitCodes} from '../../core/failure.js';
import {refusedByFence, type Fence} from '../../core/fence.js';
import type {PlannedTarget} from '../../core/freeze-plan.js';
import type {MountFact} from '../../core/mount-facts.js';
import {readMounts} from '../mounts.js';
import type {OpenTarget} from './freezer.js';

/**
 * Opens one descriptor a filesystem and checks, on the descriptor, that it leads where the plan says, and that the fence allows it: the last gate
 * before a freeze. Throws a Failure; nothing stays open then.
 */
export function openTargets(waves: readonly (readonly PlannedTarget[])[], fence: Fence): readonly (readonly OpenTarget[])[] {
	const open: OpenTarget[] = [];
	try {
		const mounts = readMounts();
		return waves.map(wave => wave.map(target => {
			const descriptor = openTarget(target);
			const one = {target, descriptor};
			open.push(one);
			check(one, mounts, fence);
			return one;
		}));
	} catch (error) {
		closeTargets([open]);
		throw error;
	}
}

/** A filesystem whose mount point cannot be opened as a directory, and the kernel's word for why. */
export type UnopenedTarget = {readonly mount: string; readonly errno: string};

/** What says nothing about the filesystem: this process has too much open, or the path leads elsewhere now, which is a reason not to begin. */
const notItsOwn: readonly string[] = ['EMFILE', 'ENFILE', 'ENOMEM', 'ELOOP', 'ENOENT'];

/** Those that cannot be opened: their storage is gone, mostly, or they are mounted on a file. The extension meets them as error 123. */
export function findUnopened(targets: readonly PlannedTarget[]): readonly UnopenedTarget[] {
	return targets.flatMap(target => {
		try {
			closeSync(openDirectory(target.mount));
			return [];
		} catch (error) {
			const {code = 'EIO'} = error as NodeJS.ErrnoException;
			return notItsOwn.includes(code) ? [] : [{mount: target.mount, errno: code}];
		}
	});
}

function openDirectory(mount: string): number {
	return openSync(mount, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

export function closeTargets(waves: readonly (readonly OpenTarget[])[]): void {
	for (const {descriptor} of waves.flat()) closeSync(descriptor);
}

function openTarget({mount}: PlannedTarget): number {
	try {
		return openDirectory(mount);
	} catch (error) {
		throw new Failure(`The filesystem at ${mount} cannot be opened: ${error instanceof Error ? error.message : String(error)}.`, {
			remedy: 'It must be mounted and readable. A mount whose storage is gone can be left out with MountsToSkip in /etc/azure/vmbackup.conf.',
			exitCode: exitCodes.failed,
			cause: error,
		});
	}
}

function check({target, descriptor}: OpenTarget, mounts: readonly MountFact[], fence: Fence): void {
	const id = Number(/^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]);
	const mount = mounts.find(one => one.id === id);
	if (mount?.device !== target.device || mount.mount !== target.mount) {
		throw new Failure(`${target.mount} is not what it was a moment ago: something has been mounted or unmounted there since the check.`, {
			remedy: 'Run the cycle again, once mounting has come to rest.',
			exitCode: exitCodes.failed,
		});
	}
	const refusal = refusedByFence(mount.mount, mount.device, mounts, fence);
	if (refusal !== null) {
		throw new Failure(`${target.mount} may not be frozen: ${refusal}.`, {remedy: 'Name a mount inside the fence, or change QUIESCE_FREEZE_ONLY.', exitCode: exitCodes.usage});
	}
}
