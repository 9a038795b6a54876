import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';
import {resolve} from 'node:path';
import {sha256} from './cryptography.js';
import {openPlaces} from './inspection.js';

/** What tells one script from another, and from a later version of itself. Plain data, for the journal and the guard. */
export type ScriptIdentity = {
	readonly device: string;
	readonly inode: string;
	readonly bytes: number;
	/** The last change of its content, owner, mode or names, in nanoseconds. */
	readonly changed: string;
	/** Its owner's uid, and its permissions. */
	readonly owner: number;
	readonly mode: number;
	/** SHA-256 of its content, up to the first 16 MiB. */
	readonly hash: string;
};

/** More than any script: beyond it size and time of change decide. Bytes. */
const mostHashed = 16 * 1024 * 1024;

/** Looks at the script that `sh path` would read in this directory, through one descriptor. Throws where there is none, or no regular file. */
export function identifyScript(script: {readonly path: string; readonly directory: string}): ScriptIdentity {
	return throughOneDescriptor(script, identityOf);
}

/** Larger ones are not kept. Bytes. */
const mostKept = 1024 * 1024;

export type CheckedScript = {
	readonly identity: ScriptIdentity;
	/** What was checked, to be run where it is changed; null where it is too large. */
	readonly content: Uint8Array | null;
};

/** The same, with what it is now. */
export function readScript(script: {readonly path: string; readonly directory: string}): CheckedScript {
	return throughOneDescriptor(script, descriptor => {
		const identity = identityOf(descriptor);
		const kept = Buffer.alloc(Math.min(identity.bytes, mostKept) + 1);
		const content = kept.subarray(0, readSync(descriptor, kept, 0, kept.length, 0));
		return {identity, content: sha256(content) === identity.hash ? content : null};
	});
}

function throughOneDescriptor<Seen>(script: {readonly path: string; readonly directory: string}, look: (descriptor: number) => Seen): Seen {
	const descriptor = openScript(script);
	try {
		return look(descriptor);
	} finally {
		closeSync(descriptor);
	}
}

/** Opens it, without waiting for a writer where it is a pipe. */
export function openScript({path, directory}: {readonly path: string; readonly directory: string}): number {
	return openSync(resolve(directory, path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
}

/** True where the opened file is the one that was checked, whatever its content is now. */
export function isSameFile(descriptor: number, checked: ScriptIdentity): boolean {
	const {dev, ino} = fstatSync(descriptor, {bigint: true});
	return String(dev) === checked.device && String(ino) === checked.inode;
}

function identityOf(descriptor: number): ScriptIdentity {
	const facts = fstatSync(descriptor, {bigint: true});
	if (!facts.isFile()) throw new Error('it is not a regular file');
	return {device: String(facts.dev), inode: String(facts.ino), bytes: Number(facts.size), changed: String(facts.ctimeNs), owner: Number(facts.uid), mode: Number(facts.mode) & 0o7777, hash: hashOf(descriptor)};
}

/** What has become of a script since it was checked. */
export type ScriptChange = {
	/** A sentence. */
	readonly what: string;
	/** Where nobody but root can have put there what would run now: whether that is the content that was checked, or another one. Null where somebody else could have. */
	readonly byRoot: 'same' | 'other' | null;
};

/**
 * Looks again at a script in the moment before its start; null where it is what was checked. `opened`: the descriptor through which it will be read, where others
 * than root can put another one in its place; else it will be read by its path, and where others can do so by now it is not what was checked.
 */
export function changeOf(script: {readonly path: string; readonly directory: string}, checked: ScriptIdentity, opened: number | null): ScriptChange | null {
	// First the way, then what lies at its end: on a way that is root's alone, nobody else can change that any more.
	const [open] = openPlaces(resolve(script.directory, script.path));
	const byPath = whatChanged(script, checked);
	if (opened !== null) {
		const what = byPath ?? whatChanged(script, checked, opened);
		return what === null ? null : {what, byRoot: ranByRoot(identityOf(opened), checked)};
	}
	if (open !== undefined) return {what: byPath ?? `Others than root can put another file in the place of ${script.path}, through ${open.path}, which they could not when it was checked.`, byRoot: null};
	return byPath === null ? null : {what: byPath, byRoot: madeByRoot(script, checked)};
}

/** Of an opened one: whatever lies at its path, the file that was checked was root's alone then, and only root can have written to it since. */
function ranByRoot(opened: ScriptIdentity, checked: ScriptIdentity): ScriptChange['byRoot'] {
	if (opened.device !== checked.device || opened.inode !== checked.inode || !isRootsAlone(opened)) return null;
	return sameContent(opened, checked);
}

function sameContent(found: ScriptIdentity, checked: ScriptIdentity): 'same' | 'other' {
	return found.hash === checked.hash && found.bytes === checked.bytes ? 'same' : 'other';
}

function isRootsAlone({owner, mode}: ScriptIdentity): boolean {
	return owner === 0 && (mode & 0o022) === 0;
}

/** Null where it is no regular file of root's that nobody else may write to. */
function madeByRoot(script: {readonly path: string; readonly directory: string}, checked: ScriptIdentity): ScriptChange['byRoot'] {
	try {
		const found = identifyScript(script);
		return isRootsAlone(found) ? sameContent(found, checked) : null;
	} catch {
		return null;
	}
}

/** As a sentence; null where it is the same. `opened`: to look at instead of what lies at the path. */
function whatChanged(script: {readonly path: string; readonly directory: string}, checked: ScriptIdentity, opened?: number): string | null {
	let found: ScriptIdentity;
	try {
		found = opened === undefined ? identifyScript(script) : identityOf(opened);
	} catch (error) {
		return `${script.path} was there when it was checked, and cannot be read any more: ${error instanceof Error ? error.message : String(error)}.`;
	}
	if (sameContent(found, checked) === 'other') return `${script.path} has another content than when it was checked.`;
	if (found.device !== checked.device || found.inode !== checked.inode) return `${script.path} is another file than when it was checked.`;
	return found.changed === checked.changed ? null : `${script.path} was changed (written to, or its owner or mode) after it was checked.`;
}

function hashOf(descriptor: number): string {
	// Not imported: the guard would load it for nothing, and while the main process waits for it.
	const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
	const buffer = Buffer.alloc(64 * 1024);
	for (let at = 0; at < mostHashed;) {
		const count = readSync(descriptor, buffer, 0, buffer.length, at);
		if (count === 0) break;
		hash.update(buffer.subarray(0, count));
		at += count;
	}
	return hash.digest('hex');
}
