import {lstatSync, readdirSync, realpathSync, type Stats} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {parseSnapshotRecord, type SnapshotRecord} from '../core/snapshot-record.js';
import {textOfRegular} from './copy-search.js';
import {stateDirectoryPath} from './state-directory.js';

/** A snapshot of the image provider, on this machine. */
export type FoundSnapshot = {
	/** Its directory, absolute and without links. */
	readonly path: string;
	readonly record: SnapshotRecord;
};

const recordFile = 'snapshot.json';
const mostRecordBytes = 1024 * 1024;

/**
 * Finds a snapshot by its id (in quiesce's state directory) or by its path (the directory, or the `snapshot.json` in it).
 * @throws Failure: 2 where there is none of that name, or one of a newer quiesce, 5 where its record is damaged.
 */
export function findSnapshot(idOrPath: string): FoundSnapshot {
	const known = join(stateDirectoryPath(), 'snapshots');
	const byId = /^[\w:-][\w.:-]*$/.test(idOrPath) ? join(known, idOrPath) : null;
	const named = byId !== null && lookAt(byId) !== undefined ? byId : resolve(idOrPath);
	const facts = lookAt(named);
	const directory = facts?.isFile() === true && basename(named) === recordFile ? dirname(named) : named;
	if (facts === undefined || (directory === named && !facts.isDirectory() && !facts.isSymbolicLink())) {
		throw new Failure(`There is no snapshot "${idOrPath}".`, {exitCode: exitCodes.usage, remedy: suggestions(known)});
	}

	const path = realPath(directory);
	if (path === null) throw new Failure(`There is no snapshot "${idOrPath}": it is a symbolic link that leads nowhere.`, {exitCode: exitCodes.usage, remedy: suggestions(known)});
	const file = join(path, recordFile);
	const text = textOfRegular(file, mostRecordBytes);
	if (text === null) {
		throw new Failure(`${path} is no complete snapshot: ${lookAt(file) === undefined ? `there is no ${recordFile} in it` : `its ${recordFile} is not a regular file that can be read`}.`, {exitCode: exitCodes.usage, remedy: suggestions(known)});
	}

	const record = parseSnapshotRecord(text);
	if (typeof record === 'number') {
		throw new Failure(`The snapshot ${path} cannot be verified by this quiesce: its ${recordFile} has version ${record}, and this one knows version 1.`, {
			exitCode: exitCodes.usage,
			remedy: 'Verify it with the quiesce that took it, or a newer one.',
		});
	}

	if (typeof record === 'string') {
		throw new Failure(`The snapshot ${path} does not restore: its ${recordFile} cannot be used, because ${record}.`, {
			exitCode: exitCodes.failed,
			remedy: 'Verify another snapshot, and take a new one: quiesce cycle --snapshot image',
		});
	}

	return {path, record};
}

function realPath(path: string): string | null {
	try {
		return realpathSync.native(path);
	} catch {
		return null;
	}
}

function lookAt(path: string): Stats | undefined {
	try {
		return lstatSync(path, {throwIfNoEntry: false});
	} catch {
		return undefined;
	}
}

function suggestions(known: string): readonly string[] {
	let names: readonly string[] = [];
	try {
		names = readdirSync(known).filter(name => !name.startsWith('.') && lookAt(join(known, name, recordFile))?.isFile() === true).toSorted().toReversed();
	} catch {
		// None was ever taken.
	}

	if (names.length === 0) return [`There are no snapshots in ${known}. Take one: quiesce cycle --snapshot image`];
	return [...names.slice(0, 5).map(name => `quiesce verify ${name}`), ...(names.length > 5 ? [`and ${names.length - 5} more in ${known}`] : [])];
}
