import {closeSync, constants, openSync} from 'node:fs';
import {exitCodes, Failure} from '../core/failure.js';
import type {SettledMount} from '../core/settlement.js';
import {isHidden} from '../core/mount-facts.js';
import {readMounts, resolveDirectories} from './mounts.js';
import {settledMount} from './guard/settle-cycle.js';
import {thawApart} from './guard/thaw-process.js';

/** Mount points of those that were named, without links. Throws a Failure (exit 2) for one that is none: thawing a part of a filesystem would thaw all of it. */
export function namedMounts(directories: readonly string[]): readonly string[] {
	const mounts = readMounts();
	return [...new Set(resolveDirectories(directories))].map(directory => {
		const mount = mounts.findLast(one => one.mount === directory && !isHidden(one, mounts));
		if (mount === undefined) throw new Failure(`${directory} is not a mount point.`, {remedy: 'Name a mount point, as findmnt lists them.', exitCode: exitCodes.usage});
		return directory;
	});
}

/** Thaws filesystems, whoever froze them. */
export async function thawMounts(mounts: readonly string[]): Promise<readonly SettledMount[]> {
	const found = mounts.map(mount => ({mount, descriptor: openDirectory(mount)}));
	const open = found.flatMap(({descriptor}) => descriptor ?? []);
	try {
		const answers = await thawApart(open);
		return found.map(({mount, descriptor}) => (descriptor === null ? {mount, state: 'gone'} : settledMount(mount, answers[open.indexOf(descriptor)])));
	} finally {
		for (const descriptor of open) closeSync(descriptor);
	}
}

function openDirectory(mount: string): number | null {
	try {
		return openSync(mount, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	} catch {
		return null;
	}
}
