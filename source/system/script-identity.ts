import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs';
import {resolve} from 'node:path';

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
export function identifyScript({path, directory}: {readonly path: string; readonly directory: string}): ScriptIdentity {
	const descriptor = openScript({path, directory});
	try {
		return identityOf(descriptor);
	} finally {
		closeSync(descriptor);
	}
}

/** Opens it, without waiting for a writer where it is a pipe. */
export function openScript({path, directory}: {readonly path: string; readonly directory: string}): number {
	return openSync(resolve(directory, path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
}

function identityOf(descriptor: number): ScriptIdentity {
	const facts = fstatSync(descriptor, {bigint: true});
	if (!facts.isFile()) throw new Error('it is not a regular file');
	return {device: String(facts.dev), inode: String(facts.ino), bytes: Number(facts.size), changed: String(facts.ctimeNs), owner: Number(facts.uid), mode: Number(facts.mode) & 0o7777, hash: hashOf(descriptor)};
}

/** What has become of a script since it was checked, as a sentence; null where it is the same. `opened`: the descriptor through which it will be read, if not by its path. */
export function whatChanged(script: {readonly path: string; readonly directory: string}, checked: ScriptIdentity, opened: number | null = null): string | null {
	let found: ScriptIdentity;
	try {
		found = opened === null ? identifyScript(script) : identityOf(opened);
	} catch (error) {
		return `${script.path} was there when it was checked, and cannot be read any more: ${error instanceof Error ? error.message : String(error)}.`;
	}
	if (found.hash !== checked.hash || found.bytes !== checked.bytes) return `${script.path} has another content than when it was checked.`;
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
