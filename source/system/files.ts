import {
	closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmdirSync, unlinkSync,
} from 'node:fs';
import {basename, dirname} from 'node:path';
import {Failure} from '../core/failure.js';
import type {SeenFile} from '../core/config/plan.js';
import {lookAt, lookAtDescriptor, sameFile, type Look} from './file-look.js';
import {createFile, keepBackup} from './fresh-file.js';
import {openSafeDirectory, refusal, type SafeDirectory, wordsOf} from './safe-directory.js';
import {nameBeside, removeWriteRemains} from './write-remains.js';

/** One change of a file. `expect`: what it was when the change was planned; where it is something else by now, nothing is changed. */
export type FileChange =
	| {readonly kind: 'directory'; readonly path: string; readonly mode: number}
	| {readonly kind: 'write'; readonly path: string; readonly bytes: Uint8Array; readonly mode: number; readonly owner?: number; readonly backup?: string; readonly expect?: SeenFile}
	| {readonly kind: 'access'; readonly path: string; readonly mode?: number; readonly owner?: number; readonly expect?: SeenFile}
	/** Another name in the same directory, one that is not taken. */
	| {readonly kind: 'rename'; readonly path: string; readonly to: string; readonly expect?: SeenFile};

export type WriteOptions = {
	/** Permissions of the new file, whatever those of the present one are. */
	readonly mode: number;
	/** Numeric; its group becomes the one of the same number. Default: root. */
	readonly owner?: number;
	/** Under this path, in the same directory, the present file is kept (600); where the name is taken, a number is added. */
	readonly backup?: string;
	readonly expect?: SeenFile;
};

/** The name under which the present file is kept: `PATH.2026-11-23T14-02-11Z`. */
export function backupPath(path: string, at: Date): string {
	return `${path}.${at.toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
}

/**
 * Puts a new file in the place of one, or where there was none: written beside it with its final owner and permissions, synced, renamed, and the
 * directory synced, so that there is the old one or the new one at any moment. Answers where the old one is kept.
 * @throws Failure (3) for links, hard links, what is no regular file, directories that others may write to, a full disk; nothing is changed then.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array, options: WriteOptions): Promise<{readonly backup: string | null}> {
	const [backup] = changeFiles([{kind: 'write', path, bytes, ...options}]);
	return {backup: backup ?? null};
}

/** One change under way. */
type Step = {
	/** Looks once more, and makes the change. */
	readonly commit: () => void;
	/** Takes back what was made so far, be it all or nothing. */
	readonly undo: () => void;
	/** Removes what is left over, whether the change was made or not. */
	readonly end: () => void;
	readonly backup?: string;
};

/**
 * Makes all changes or none: everything that can fail for want of space or rights is done beside the files first, and what was already changed
 * when a later change fails is taken back. Answers the paths of the backups, in the order of the changes.
 * @throws Failure (3); nothing is changed then.
 */
export function changeFiles(changes: readonly FileChange[]): readonly string[] {
	const steps: Step[] = [];
	try {
		for (const change of changes) steps.push(attempt(change, () => prepare(change)));
		for (const [index, step] of steps.entries()) attempt(changes[index]!, step.commit);
	} catch (error) {
		for (const step of steps.toReversed()) {
			step.undo();
			step.end();
		}

		throw error;
	}

	for (const step of steps) step.end();
	return steps.flatMap(({backup}) => backup ?? []);
}

function attempt<Result>(change: FileChange, work: () => Result): Result {
	try {
		return work();
	} catch (error) {
		if (error instanceof Failure || (error as NodeJS.ErrnoException).code === undefined) throw error;
		const what = {directory: 'made', write: 'written', access: 'changed', rename: 'renamed'}[change.kind];
		throw refusal(`${change.path} cannot be ${what}: ${wordsOf(error)}. Nothing has been changed.`, remedyFor(error, change.path), error);
	}
}

function remedyFor(error: unknown, path: string): string {
	switch ((error as NodeJS.ErrnoException).code) {
		case 'ENOSPC':
		case 'EDQUOT':
			return `Make room there (df -h ${dirname(path)}), and try again.`;
		case 'EPERM':
			return `See which of them it is (lsattr ${path}; lsattr -d ${dirname(path)}), take it away (chattr -i), and try again.`;
		case 'EROFS':
			return `Find out why it is read-only (findmnt -T ${dirname(path)}, dmesg), and try again once it can be written.`;
		default:
			return `Look at it (ls -la ${dirname(path)}), and try again.`;
	}
}

function prepare(change: FileChange): Step {
	switch (change.kind) {
		case 'directory':
			return prepareDirectory(change);
		case 'write':
			return prepareWrite(change);
		case 'access':
			return prepareAccess(change);
		case 'rename':
			return prepareRename(change);
	}
}

/** Made at once, because what is prepared next may lie in it. */
function prepareDirectory({path, mode}: FileChange & {kind: 'directory'}): Step {
	const parent = openSafeDirectory(dirname(path));
	const place = parent.at(basename(path));
	let made = false;
	try {
		mkdirSync(place, {mode: 0o700});
		made = true;
		const descriptor = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
		try {
			fchownSync(descriptor, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
			fchmodSync(descriptor, mode);
			fsyncSync(descriptor);
		} finally {
			closeSync(descriptor);
		}
	} catch (error) {
		if (made) rmdirSync(place);
		parent.close();
		// Somebody else has made it meanwhile: it is checked when something is written into it.
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		return {commit: () => {}, undo: () => {}, end: () => {}};
	}

	return {
		commit: () => parent.sync(),
		undo: () => quietly(() => rmdirSync(place)),
		end: () => parent.close(),
	};
}

function prepareWrite(change: FileChange & {kind: 'write'}): Step {
	const {path, bytes, mode, owner = 0, expect} = change;
	const directory = openToChange(path);
	const name = basename(path);
	const leftovers: string[] = [];
	const beside = (kind: 'new' | 'old'): string => {
		const place = directory.at(nameBeside(name, kind));
		leftovers.push(place);
		return place;
	};
	const end = (): void => {
		for (const place of leftovers) quietly(() => unlinkSync(place));
		directory.close();
	};

	try {
		const before = mustBe(path, lookAt(directory.at(name)), expect);
		if (before.kind === 'file' && before.content === null) throw refusal(`${path} is too large, or cannot be read, so that no backup of it can be kept.`, 'Move it away, and try again.');
		const fresh = beside('new');
		createFile(fresh, bytes, mode, owner);
		let backup: string | undefined;
		if (before.kind === 'file' && change.backup !== undefined) backup = keepBackup(directory, basename(change.backup), before.content!, beside('new'));
		const old = before.kind === 'file' ? beside('old') : null;
		let made = false;
		return {
			...(backup === undefined ? {} : {backup}),
			commit: () => {
				mustBe(path, lookAt(directory.at(name)), before);
				if (old === null) {
					// A link, unlike a rename, takes no other file's place.
					linkSync(fresh, directory.at(name));
				} else {
					linkSync(directory.at(name), old);
					renameSync(fresh, directory.at(name));
				}

				made = true;
				directory.sync();
			},
			undo: () => quietly(() => {
				if (made && old === null) unlinkSync(directory.at(name));
				else if (made && old !== null) renameSync(old, directory.at(name));
				if (backup !== undefined) unlinkSync(directory.at(basename(backup)));
			}),
			end,
		};
	} catch (error) {
		end();
		throw error;
	}
}

function prepareAccess({path, mode, owner, expect}: FileChange & {kind: 'access'}): Step {
	const directory = openToChange(path, basename(path));
	let descriptor: number;
	try {
		mustBe(path, lookAt(directory.at(basename(path)), 0), expect);
		descriptor = openSync(directory.at(basename(path)), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
	} finally {
		directory.close();
	}

	const before = fstatSync(descriptor);
	let made = false;
	return {
		commit: () => {
			mustBe(path, lookAtDescriptor(path, descriptor, 0), expect);
			made = true;
			// The owner first: a change of it takes permissions away.
			if (owner !== undefined) fchownSync(descriptor, owner, owner);
			if (mode !== undefined) fchmodSync(descriptor, mode);
			fsyncSync(descriptor);
		},
		undo: () => quietly(() => {
			if (!made) return;
			fchownSync(descriptor, before.uid, before.gid);
			fchmodSync(descriptor, before.mode & 0o7777);
		}),
		end: () => closeSync(descriptor),
	};
}

function prepareRename({path, to, expect}: FileChange & {kind: 'rename'}): Step {
	const directory = openToChange(path);
	const [from, place] = [directory.at(basename(path)), directory.at(basename(to))];
	let made = false;
	return {
		commit: () => {
			mustBe(path, lookAt(from), expect);
			// A link, unlike a rename, takes no other file's place.
			linkSync(from, place);
			made = true;
			unlinkSync(from);
			directory.sync();
		},
		undo: () => quietly(() => {
			if (!made) return;
			renameSync(place, from);
		}),
		end: () => directory.close(),
	};
}

/** A missing or a regular file with one name, and the one that was expected. */
function mustBe(path: string, now: Look, expect: SeenFile | undefined): Look {
	if (expect !== undefined && !sameFile(now, expect)) {
		throw refusal(`${path} has been changed by somebody else since quiesce looked at it. Nothing has been changed.`, 'Try again: quiesce then starts from what is there now.');
	}

	const away = 'Move it away, and try again.';
	if (now.kind === 'link') throw refusal(`${path} is a symbolic link, and quiesce does not write through links.`, 'Name the real file, or remove the link.');
	if (now.kind === 'directory') throw refusal(`${path} is a directory, not a file.`, away);
	if (now.kind === 'other') throw refusal(`${path} is not a regular file (a pipe, a device, a socket).`, away);
	if (now.links > 1) throw refusal(`${path} is a hard link: the same file has ${now.links} names, and quiesce does not change a file that has others.`, `See where they are: find / -xdev -samefile ${path}`);
	return now;
}

/** Opens the directory of a file, without what a write that was cut short has left there. */
function openToChange(path: string, entry?: string): SafeDirectory {
	const directory = openSafeDirectory(dirname(path), entry);
	removeWriteRemains(directory.at(''));
	return directory;
}

function quietly(work: () => void): void {
	try {
		work();
	} catch {
		// Cleaning up: what went wrong before is what is told.
	}
}
