import {closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync, statSync, type Stats} from 'node:fs';
import type {SeenFile} from '../core/config/plan.js';
import {sha256} from './cryptography.js';
import {namesOf} from './write-remains.js';

/** A path as it was when it was looked at; links are not followed. */
export type Look = SeenFile & {
	/** In bytes; 0 where it is no regular file. */
	readonly size: number;
	/** How many names the file has, but for what a write that was cut short has left. */
	readonly links: number;
	/** Null where it is no regular file, or larger than the limit. */
	readonly content: Buffer | null;
};

/** No configuration and no script has more. */
export const mostBytes = 16 * 1024 * 1024;

/** Looks at a path without waiting (a FIFO, a device), and reads a regular file of up to `limit` bytes. A link is followed only where that is asked for. Never throws. */
export function lookAt(path: string, limit = mostBytes, links: 'follow' | 'stay' = 'stay'): Look {
	const none: Look = {path, kind: 'missing', mode: 0, uid: 0, digest: null, size: 0, links: 0, content: null};
	let facts: Stats;
	try {
		facts = links === 'follow' ? statSync(path) : lstatSync(path);
	} catch {
		// What cannot be reached counts as missing; where it matters, the directory's own check tells why.
		return none;
	}

	if (!facts.isFile()) return {...none, ...known(facts)};
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | (links === 'follow' ? 0 : constants.O_NOFOLLOW));
	} catch {
		return {...none, ...known(facts), size: facts.size, links: namesOf(path, facts)};
	}

	try {
		return lookAtDescriptor(path, descriptor, limit);
	} finally {
		closeSync(descriptor);
	}
}

function known(facts: Stats): Pick<SeenFile, 'kind' | 'mode' | 'uid'> {
	const kind = facts.isFile() ? 'file' : facts.isDirectory() ? 'directory' : facts.isSymbolicLink() ? 'link' : 'other';
	return {kind, mode: facts.mode & 0o7777, uid: facts.uid};
}

/** As `lookAt`, through an open descriptor. */
export function lookAtDescriptor(path: string, descriptor: number, limit: number): Look {
	const facts = fstatSync(descriptor);
	const content = facts.isFile() && facts.size <= limit ? readAll(descriptor, limit) : null;
	const digest = content === null ? null : sha256(content);
	return {path, ...known(facts), digest, size: facts.isFile() ? facts.size : 0, links: namesOf(path, facts), content};
}

/** Null where there is more than the limit. */
function readAll(descriptor: number, limit: number): Buffer | null {
	const parts: Buffer[] = [];
	let length = 0;
	for (;;) {
		const part = Buffer.alloc(65_536);
		const count = readSync(descriptor, part, 0, part.length, length);
		if (count === 0) return Buffer.concat(parts, length);
		parts.push(part.subarray(0, count));
		length += count;
		if (length > limit) return null;
	}
}

/** The same owner, permissions and content; the content only where both were read. */
export function sameFile(now: SeenFile, before: SeenFile): boolean {
	return now.kind === before.kind && now.mode === before.mode && now.uid === before.uid
		&& (now.digest === before.digest || now.digest === null || before.digest === null);
}

/** A path without links; as it is where it leads nowhere. */
export function realPath(path: string): string {
	try {
		return realpathSync.native(path);
	} catch {
		return path;
	}
}
