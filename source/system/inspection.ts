import {Buffer} from 'node:buffer';
import {closeSync, constants, fstatSync, lstatSync, opendirSync, openSync, readFileSync, readlinkSync, readSync, statSync, type Stats} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import type {OpenPlace} from '../core/checks/facts.js';
import type {FileFacts} from '../core/extension/types.js';
import {distance} from '../core/spelling-distance.js';

let users: {readonly stamp: string; readonly names: ReadonlyMap<number, string>} | null = null;

/** A user's name from /etc/passwd, the first that stands there for the uid, as getpwuid(3) answers it; null where the uid has none there. */
export function userName(uid: number): string | null {
	const {mtimeMs = 0, ino = 0} = statSync('/etc/passwd', {throwIfNoEntry: false}) ?? {};
	const stamp = `${ino} ${mtimeMs}`;
	if (users?.stamp !== stamp) users = {stamp, names: readUserNames()};
	return users.names.get(uid) ?? null;
}

function readUserNames(): ReadonlyMap<number, string> {
	const names = new Map<number, string>();
	let text = 'root:x:0:';
	try {
		text = readFileSync('/etc/passwd', 'utf8');
	} catch {
		// Without the file nobody but root has a name that matters.
	}

	for (const line of text.split('\n')) {
		const [name, , id] = line.split(':');
		if (name !== undefined && id !== undefined && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
	}

	return names;
}

export type Reading = {
	readonly facts: FileFacts;
	/** In bytes; 0 where it is no regular file. */
	readonly size: number;
};

/**
 * Looks at a path and reads up to `limit` bytes of it, where it is a regular file (after links). Never waits: a pipe or a device is opened
 * without blocking and not read; at most `limit` bytes of a file without end are read. Never throws.
 */
export function readPath(path: string, limit: number): Reading {
	const missing: Reading = {facts: {path, kind: 'missing', mode: 0, owner: null, content: null}, size: 0};
	if (path === '' || path.includes('\0')) return missing;
	let facts: Stats;
	try {
		facts = statSync(path);
	} catch {
		return missing;
	}

	const known = {path, mode: facts.mode & 0o7777, owner: userName(facts.uid)};
	if (!facts.isFile()) return {facts: {...known, kind: facts.isDirectory() ? 'directory' : 'other', content: null}, size: 0};
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch {
		return {facts: {...known, kind: 'file', content: null}, size: facts.size};
	}

	try {
		const now = fstatSync(descriptor);
		if (!now.isFile()) return {facts: {...known, kind: 'other', content: null}, size: 0};
		// A file of /proc says that it is empty and is not: a little is tried in any case.
		const buffer = Buffer.alloc(Math.min(limit, Math.max(now.size, 4096)));
		let length = 0;
		while (length < buffer.length) {
			const read = readSync(descriptor, buffer, length, buffer.length - length, null);
			if (read === 0) break;
			length += read;
		}

		return {facts: {...known, kind: 'file', content: new Uint8Array(buffer.subarray(0, length))}, size: now.size};
	} catch {
		return {facts: {...known, kind: 'file', content: null}, size: facts.size};
	} finally {
		closeSync(descriptor);
	}
}

/** A regular file that may be started or read; false for everything else. */
export function isRegularFile(path: string): boolean {
	try {
		return statSync(path).isFile();
	} catch {
		return false;
	}
}

/**
 * Where, on the way to a file, somebody else than root can put something else in its place: a directory that belongs to another user, or that group
 * or everybody may write (a sticky one only where the entry in it is not root's). The links on the way count, with the places where they lie. Outermost first.
 */
export function openPlaces(path: string): OpenPlace[] {
	const found = new Map<string, OpenPlace>();
	for (const {directory, entry} of stepsTo(path)) {
		const place = openDirectory(directory, entry);
		if (place !== null) found.set(directory, place);
	}

	return [...found.values()].toSorted((a, b) => a.path.length - b.path.length);
}

/** More links than the kernel follows. */
const mostLinks = 40;

/** Every directory in which a name is looked up on the way to a file, as the kernel goes: through each link, and from where that lies. */
function stepsTo(path: string): ReadonlyArray<{readonly directory: string; readonly entry: string}> {
	const steps: {directory: string; entry: string}[] = [];
	const names = path.split('/').toReversed();
	let directory = path.startsWith('/') ? '/' : process.cwd();
	for (let links = 0; names.length > 0;) {
		const name = names.pop()!;
		if (name === '' || name === '.') continue;
		if (name === '..') {
			directory = dirname(directory);
			continue;
		}

		const entry = join(directory, name);
		steps.push({directory, entry});
		const target = linkTarget(entry);
		if (target === null || links++ > mostLinks) {
			directory = entry;
			continue;
		}

		names.push(...target.split('/').toReversed());
		if (target.startsWith('/')) directory = '/';
	}

	return steps;
}

function linkTarget(path: string): string | null {
	try {
		return readlinkSync(path);
	} catch {
		// No link, or not there.
		return null;
	}
}

function openDirectory(directory: string, entry: string): OpenPlace | null {
	let facts: Stats;
	try {
		facts = statSync(directory);
	} catch {
		return null;
	}

	const mode = facts.mode & 0o7777;
	const place = {path: directory, mode, owner: userName(facts.uid) ?? String(facts.uid)};
	if (facts.uid !== 0) return {...place, because: 'owner'};
	const because = (mode & 0o002) !== 0 ? 'everybody' as const : (mode & 0o020) !== 0 && facts.gid !== 0 ? 'group' as const : null;
	if (because === null) return null;
	if ((mode & 0o1000) !== 0) {
		try {
			// In a sticky directory root's entries stay root's.
			if (lstatSync(entry).uid === 0) return null;
		} catch {
			// Not there: anybody can make it.
		}
	}

	return {...place, because};
}

/** Paths beside a missing one that it may have been meant to be: without the spaces around it, in other letters, or nearly so. */
export function similarPaths(path: string): string[] {
	const found: string[] = [];
	const trimmed = path.trim();
	if (trimmed !== path && trimmed !== '' && isRegularFile(trimmed)) found.push(trimmed);
	const name = basename(trimmed).toLowerCase();
	if (!trimmed.startsWith('/') || name.length < 3 || name.length > 100) return found;
	try {
		const directory = opendirSync(dirname(trimmed));
		try {
			for (let seen = 0; seen < 2000 && found.length < 5; seen++) {
				const entry = directory.readSync();
				if (entry === null) break;
				const candidate = join(dirname(trimmed), entry.name);
				if (found.includes(candidate) || candidate === path || !(entry.isFile() || entry.isSymbolicLink())) continue;
				if (distance(entry.name.toLowerCase(), name, 2) <= 2 && isRegularFile(candidate)) found.push(candidate);
			}
		} finally {
			directory.closeSync();
		}
	} catch {
		// No such directory: nothing beside it either.
	}

	return found;
}
