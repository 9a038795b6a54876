import {closeSync, constants, openSync} from 'node:fs';
import {exitCodes, Failure} from '../core/failure.js';
import type {SettledMount} from '../core/settlement.js';
import {isHidden} from '../core/mount-facts.js';
import {readMounts, resolveDirectories} from './mounts.js';
import type {Native} from './native.js';
import {thawOpened} from './guard/settle-cycle.js';

/** Mount points of those that were named, without links. Throws a Failure (exit 2) for one that is none: thawing a part of a filesystem would thaw all of it. */
export function namedMounts(directories: readonly string[]): readonly string[] {
	const mounts = readMounts();
	return [...new Set(resolveDirectories(directories))].map(directory => {
		const mount = mounts.findLast(one => one.mount === directory && !isHidden(one, mounts));
		if (mount === undefined) throw new Failure(`${directory} is not a mount point.`, {remedy: 'Name a mount point, as findmnt lists them.', exitCode: exitCodes.usage});
		return directory;
	});
}

/** Thaws one filesystem, whoever froze it. */
export async function thawMount(mount: string, native: Native): Promise<SettledMount> {
	let descriptor: number;
	try {
		descriptor = openSync(mount, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	} catch {
		return {mount, state: 'gone'};
	}
	try {
		return await thawOpened(mount, descriptor, native);
	} finally {
		closeSync(descriptor);
	}
}
