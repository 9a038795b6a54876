import {closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync, statSync, type Dirent, type Stats} from 'node:fs';
import {join} from 'node:path';
import {markFile} from '../core/quiesce-mark.js';
import type {Owner, Room} from './room.js';

/** What was found in the copies. Paths are the room's. */
export type CopyFindings = {
	readonly marks: readonly {readonly directory: string; readonly text: string; readonly owner: Owner}[];
	/** Directories that look like an application's data. */
	readonly data: readonly {readonly application: 'postgresql' | 'mariadb' | 'mysql' | 'redis'; readonly directory: string; readonly owner: Owner}[];
	/** SQLite databases. */
	readonly sqlite: readonly {readonly path: string; readonly owner: Owner}[];
	/** False where there was more than is looked at. */
	readonly complete: boolean;
};

const mostEntries = 300_000;
const deepest = 12;
const longestMs = 60_000;
const mostDatabases = 100;
const mostMarkBytes = 64 * 1024;

/**
 * Walks through the copies, looking for marks and for what servers leave in their data directories. Follows no links, opens nothing but regular files, and
 * stops at a bound: the content of an image is not trusted. To be called while nothing runs in the room.
 */
export function searchCopies(room: Room): CopyFindings {
	const marks: {directory: string; text: string; owner: Owner}[] = [];
	const data: {application: CopyFindings['data'][number]['application']; directory: string; owner: Owner}[] = [];
	const sqlite: {path: string; owner: Owner}[] = [];
	const until = performance.now() + longestMs;
	let entries = 0;
	let complete = true;
	// Breadth first, so that a flood in one corner does not hide what lies near the top.
	const queue = room.copies.map(directory => ({directory, depth: 0}));
	for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
		const {directory, depth} = next;
		const found = listing(room.outside(directory));
		entries += found.length;
		if (entries > mostEntries || performance.now() > until) {
			complete = false;
			break;
		}

		const names = new Set(found.map(({name}) => name));
		const owner = ownerOf(room.outside(directory));
		if (owner === null) continue;
		if (names.has(markFile)) {
			const text = textOfRegular(room.outside(join(directory, markFile)), mostMarkBytes);
			if (text !== null) marks.push({directory, text, owner});
		}

		const application = applicationOf(names, found, name => startOf(room.outside(join(directory, name)), 16));
		if (application !== null) data.push({application, directory, owner});
		for (const entry of found) {
			const path = join(directory, entry.name);
			if (entry.isDirectory()) {
				// A server's own subdirectories hold nothing of other applications.
				if (depth < deepest && application !== 'postgresql') queue.push({directory: path, depth: depth + 1});
			} else if (entry.isFile() && (names.has(markFile) || mayBeSqlite.test(entry.name)) && sqlite.length < mostDatabases && startOf(room.outside(path), 16) === 'SQLite format 3\0') {
				sqlite.push({path, owner: ownerOf(room.outside(path)) ?? owner});
			}
		}
	}

	return {marks, data, sqlite, complete};
}

/** Names that people give to SQLite databases; others are looked for only beside a mark. */
const mayBeSqlite = /\.(?:db|db3|sqlite|sqlite3|s3db)$/i;

function applicationOf(names: ReadonlySet<string>, entries: readonly Dirent[], start: (name: string) => string): CopyFindings['data'][number]['application'] | null {
	if (names.has('PG_VERSION') && (names.has('global') || names.has('pg_wal') || names.has('postgresql.auto.conf'))) return 'postgresql';
	if (names.has('aria_log_control') || (names.has('ibdata1') && !names.has('mysql.ibd') && !names.has('#innodb_redo'))) return 'mariadb';
	if (names.has('ibdata1') || names.has('mysql.ibd')) return 'mysql';
	if (entries.some(entry => (entry.name === 'appendonlydir' && entry.isDirectory())
		|| (entry.isFile() && entry.name.endsWith('.aof') && !entry.name.includes('.base.') && !entry.name.includes('.incr.'))
		|| (entry.isFile() && entry.name.endsWith('.rdb') && !entry.name.includes('.base.') && start(entry.name).startsWith('REDIS')))) return 'redis';
	return null;
}

/**
 * To whom everything in a data directory should belong where it belongs to several, two levels deep: to the directory's owner, or to the first who is not
 * root. Null where it belongs to one.
 */
export function ownerOfAll(room: Room, directory: string, owner: Owner): Owner | null {
	const others: Owner[] = [];
	for (const name of entriesIn(room.outside(directory))) {
		const path = join(directory, name);
		for (const one of [path, ...entriesIn(room.outside(path)).slice(0, 1000).map(inner => join(path, inner))]) {
			const facts = look(room.outside(one));
			if (facts !== undefined && facts.uid !== owner.uid) others.push({uid: facts.uid, gid: facts.gid});
		}
	}

	if (others.length === 0) return null;
	return owner.uid !== 0 ? owner : others[0]!;
}

/** The names in a directory of a copy; none where it is no directory, or only a link to one. */
export function entriesIn(directory: string): readonly string[] {
	return look(directory)?.isDirectory() === true ? listing(directory).map(({name}) => name).toSorted() : [];
}

/** The length of a regular file; null for anything else. */
export function sizeOf(path: string): number | null {
	const facts = look(path);
	return facts?.isFile() === true ? facts.size : null;
}

/** When a regular file was written to, milliseconds since 1970; null for anything else. */
export function modifiedOf(path: string): number | null {
	const facts = look(path);
	return facts?.isFile() === true ? facts.mtimeMs : null;
}

function look(path: string): Stats | undefined {
	try {
		return lstatSync(path, {throwIfNoEntry: false});
	} catch {
		// A damaged filesystem answers with an error of its own.
		return undefined;
	}
}

function listing(directory: string): readonly Dirent[] {
	try {
		return readdirSync(directory, {withFileTypes: true});
	} catch {
		return [];
	}
}

function ownerOf(path: string): Owner | null {
	try {
		const {uid, gid} = statSync(path);
		return {uid, gid};
	} catch {
		return null;
	}
}

/** The first bytes of a regular file; null for anything else. */
export function bytesOfRegular(path: string, most: number): Uint8Array | null {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch {
		return null;
	}

	try {
		if (!fstatSync(descriptor).isFile()) return null;
		const bytes = new Uint8Array(most);
		return bytes.subarray(0, readSync(descriptor, bytes, 0, most, 0));
	} catch {
		// A damaged filesystem answers with an error of its own.
		return null;
	} finally {
		closeSync(descriptor);
	}
}

/** The text of a regular file, at most so much of it; null for anything else. */
export function textOfRegular(path: string, most: number): string | null {
	const bytes = bytesOfRegular(path, most);
	return bytes === null ? null : new TextDecoder().decode(bytes);
}

function startOf(path: string, bytes: number): string {
	return textOfRegular(path, bytes) ?? '';
}
