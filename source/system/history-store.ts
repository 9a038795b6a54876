import {accessSync, closeSync, constants, fstatSync, ftruncateSync, openSync, readdirSync, readSync, renameSync, statSync, unlinkSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {Failure} from '../core/failure.js';
import {foldHistory, parseHistoryLine, type HistoryEntry, type VerificationNote, type VerifiedAs} from '../core/history.js';
import {openStateDirectory} from './state-directory.js';

const fileName = 'history.jsonl';
/** A full file is put aside under the time at which that was done; the names sort like the times. */
const segmentPattern = /^history-[\dTZ.-]+\.jsonl$/;
/** Where a new file is begun, and how much older ones may hold together, in bytes; a thousand cycles are half a megabyte. */
const segmentBytes = 1024 * 1024;
const olderBytes = 8 * segmentBytes;
/** Of a single file no more is read: it was not written by quiesce. */
const mostBytes = 32 * segmentBytes;
const mostMounts = 200;

/**
 * Adds a cycle to the history: one line, 0600, at the end of `history.jsonl` in the state directory, which is made where missing. Several processes may
 * do so at once. Never to be called while the state directory's filesystem may be frozen. Throws a Failure where it cannot be written; nothing is half
 * written then.
 */
export function appendHistory(stateDirectory: string, entry: HistoryEntry): void {
	appendLine(stateDirectory, {...entry, mounts: entry.mounts.slice(0, mostMounts)});
}

/** Notes what `quiesce verify` found; the entry whose snapshot it is shows it from then on. Throws a Failure where it cannot be written. */
export function markVerified(stateDirectory: string, snapshotId: string, verified: VerifiedAs): void {
	appendLine(stateDirectory, {version: 1, snapshot: snapshotId, verified, at: new Date().toISOString()});
}

/** The cycles of the history, newest first, `limit` of them at most. Lines that are torn or not understood are left out; no history is an empty one. */
export function readHistory(stateDirectory: string, {limit = Number.POSITIVE_INFINITY}: {readonly limit?: number} = {}): readonly HistoryEntry[] {
	let entries: readonly HistoryEntry[] = [];
	const files: (readonly (HistoryEntry | VerificationNote)[])[] = [];
	// The youngest file first: most who ask for a few need no other.
	for (const name of [fileName, ...segmentsOf(stateDirectory).toReversed()]) {
		if (entries.length >= limit) break;
		files.unshift(readLines(join(stateDirectory, name)));
		entries = foldHistory(files.flat());
	}
	return entries.slice(0, limit);
}

/** False where there is a history that this user may not read; one that is not there yet can be read, and is empty. */
export function isHistoryReadable(stateDirectory: string): boolean {
	try {
		accessSync(stateDirectory, constants.R_OK | constants.X_OK);
		return true;
	} catch (error) {
		return !(error instanceof Error && 'code' in error && error.code === 'EACCES');
	}
}

function appendLine(stateDirectory: string, value: HistoryEntry | VerificationNote): void {
	const path = join(openStateDirectory(stateDirectory), fileName);
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
	} catch (error) {
		throw unwritable(path, error);
	}
	try {
		const facts = fstatSync(descriptor);
		if (!facts.isFile()) throw new Error('it is not a regular file');
		// A line that a crash tore in two must not spoil this one.
		const torn = facts.size > 0 && lastByte(descriptor, facts.size) !== 0x0a;
		const bytes = Buffer.from(`${torn ? '\n' : ''}${JSON.stringify(value)}\n`);
		const written = writeSync(descriptor, bytes);
		if (written < bytes.length) {
			// The disk is full. Taken back only where nobody has written behind it meanwhile.
			if (fstatSync(descriptor).size === facts.size + written) ftruncateSync(descriptor, facts.size);
			throw new Error('there is no space left');
		}
		if (facts.size + written > segmentBytes) putAside(stateDirectory, path, facts.ino);
	} catch (error) {
		throw unwritable(path, error);
	} finally {
		closeSync(descriptor);
	}
}

/** Begins a new file, and removes the oldest ones. Another process that still has the old one open writes its line there, where it is read as well. */
function putAside(stateDirectory: string, path: string, inode: number): void {
	if (statSync(path).ino !== inode) return;
	renameSync(path, join(stateDirectory, `history-${new Date().toISOString().replaceAll(':', '-')}.jsonl`));
	let kept = 0;
	for (const name of segmentsOf(stateDirectory).toReversed()) {
		const segment = join(stateDirectory, name);
		kept += statSync(segment).size;
		if (kept > olderBytes) unlinkSync(segment);
	}
}

/** Oldest first. */
function segmentsOf(stateDirectory: string): readonly string[] {
	try {
		return readdirSync(stateDirectory).filter(name => segmentPattern.test(name)).toSorted();
	} catch {
		return [];
	}
}

function readLines(path: string): readonly (HistoryEntry | VerificationNote)[] {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch {
		return [];
	}
	try {
		const facts = fstatSync(descriptor);
		if (!facts.isFile()) return [];
		const buffer = Buffer.alloc(Math.min(facts.size, mostBytes));
		const length = readSync(descriptor, buffer, 0, buffer.length, Math.max(0, facts.size - buffer.length));
		return buffer.toString('utf8', 0, length).split('\n').flatMap(line => parseHistoryLine(line) ?? []);
	} finally {
		closeSync(descriptor);
	}
}

function lastByte(descriptor: number, size: number): number {
	const byte = Buffer.alloc(1);
	readSync(descriptor, byte, 0, 1, size - 1);
	return byte[0]!;
}

function unwritable(path: string, cause: unknown): Failure {
	return new Failure(`The history ${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`, {
		remedy: 'Make room there, or give another place in QUIESCE_STATE_DIR. The cycle itself is not touched by this.',
		cause,
	});
}
