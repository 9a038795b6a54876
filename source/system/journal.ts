import {closeSync, constants, fdatasyncSync, fstatSync, fsyncSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {PlannedTarget} from '../core/freeze-plan.js';
import {Failure} from '../core/failure.js';
import type {ProcessMark} from './processes.js';
import type {FamilyHandle, ScriptCommand} from './scripts.js';

/** One thing that a cycle is about to do, or has seen. `…-starting` is on disk before the thing happens. */
export type JournalStep =
	| {readonly step: 'begun'; readonly cycle: string; readonly bootId: string; readonly main: ProcessMark}
	| {readonly step: 'guard'; readonly guard: ProcessMark}
	| {readonly step: 'mounts'; readonly waves: readonly (readonly PlannedTarget[])[]}
	/** The post-script that is owed from now on, with all that its run needs. Parameters may be secrets: they stand here and nowhere else. */
	| {readonly step: 'pre-starting'; readonly post: ScriptCommand | null; readonly limitMs: number; readonly retries: number}
	| {readonly step: 'pre-started'; readonly family: FamilyHandle}
	| {readonly step: 'pre-ended'; readonly exitCode: number | null}
	| {readonly step: 'freezing'}
	| {readonly step: 'thawed'}
	| {readonly step: 'post-starting'; readonly attempt: number; readonly by: 'cycle' | 'guard' | 'thaw'}
	| {readonly step: 'post-started'; readonly family: FamilyHandle}
	| {readonly step: 'post-ended'; readonly exitCode: number | null; readonly willRetry: boolean}
	| {readonly step: 'finished'; readonly by: 'cycle' | 'guard' | 'thaw'};

export type JournalEntry = JournalStep & {readonly at: string};

export type Journal = {
	readonly path: string;
	/** Is on the disk when it returns. Throws where it could not be written. Never to be called while the journal's filesystem may be frozen. */
	append(step: JournalStep): void;
	/** Writes `finished`, then removes the file, and the secrets with it. */
	finish(by: 'cycle' | 'guard' | 'thaw'): void;
	/** Closes without an end: somebody else goes on with it. */
	close(): void;
};

/** A cycle whose journal has no end. */
export type UnfinishedCycle = {
	readonly path: string;
	readonly cycle: string;
	readonly bootId: string;
	/** False after a restart of the machine: then nothing is frozen and no process of it runs. */
	readonly sameBoot: boolean;
	readonly main: ProcessMark | null;
	readonly guard: ProcessMark | null;
	readonly waves: readonly (readonly PlannedTarget[])[];
	/** Some of the mounts may be frozen, unless the machine has been restarted. */
	readonly mayBeFrozen: boolean;
	readonly pre: FamilyHandle | null;
	readonly preStarted: boolean;
	readonly preEnded: boolean;
	readonly post: ScriptCommand | null;
	readonly limitMs: number;
	readonly retries: number;
	/** `owed`: not started. `unknown`: about to start, or started, without an end. `ended`: it ran to its end (or nothing was owed). */
	readonly postState: 'owed' | 'unknown' | 'ended';
	readonly postFamily: FamilyHandle | null;
};

/** Room that a new journal takes on the disk at once, so that its later lines need no free space. Bytes. */
const reserved = 64 * 1024;
const namePattern = /^cycle-[\w-]+\.journal$/;

/** Begins the journal of a cycle in the state directory (0600). `cycle`: letters, digits, dashes. */
export function openJournal(stateDirectory: string, cycle: string): Journal {
	const path = join(stateDirectory, `cycle-${cycle}.journal`);
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
	} catch (error) {
		throw unwritable(path, error);
	}
	try {
		writeAll(descriptor, Buffer.alloc(reserved, '\n'), 0);
		fsyncSync(descriptor);
		syncDirectory(stateDirectory);
	} catch (error) {
		closeSync(descriptor);
		unlinkSync(path);
		throw unwritable(path, error);
	}
	return journalOn(path, descriptor, 0);
}

/** Goes on with the journal of a cycle that somebody else began. */
export function continueJournal(path: string): Journal {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch (error) {
		throw unwritable(path, error);
	}
	const fault = faultOf(descriptor);
	if (fault !== null) {
		closeSync(descriptor);
		throw unwritable(path, new Error(fault));
	}
	return journalOn(path, descriptor, readFileSync(descriptor).toString('latin1').trimEnd().length);
}

/** All cycles in the state directory that did not come to their end, oldest first. A journal that another user may have written is not read. */
export function readUnfinished(stateDirectory: string): readonly UnfinishedCycle[] {
	let names: readonly string[];
	try {
		names = readdirSync(stateDirectory);
	} catch {
		return [];
	}
	const cycles = names.filter(name => namePattern.test(name)).flatMap(name => {
		const path = join(stateDirectory, name);
		const entries = readJournal(path);
		const cycle = entries === null ? null : fold(path, entries);
		return cycle === null ? [] : [{cycle, at: entries?.[0]?.at ?? ''}];
	});
	return cycles.toSorted((a, b) => a.at.localeCompare(b.at)).map(({cycle}) => cycle);
}

/** The entries of one journal; null where it is not there or not ours. */
export function readJournal(path: string): readonly JournalEntry[] | null {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	} catch {
		return null;
	}
	try {
		if (faultOf(descriptor) !== null) return null;
		return readFileSync(descriptor, 'utf8').split('\n').flatMap(line => {
			if (line.trim() === '') return [];
			try {
				return [JSON.parse(line) as JournalEntry];
			} catch {
				return [];
			}
		});
	} finally {
		closeSync(descriptor);
	}
}

/** The id of this start of the machine. */
export function readBootId(): string {
	return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function fold(path: string, entries: readonly JournalEntry[]): UnfinishedCycle | null {
	const first = entries.find(entry => entry.step === 'begun');
	if (first === undefined || entries.some(entry => entry.step === 'finished')) return null;
	const at: {-readonly [Key in keyof UnfinishedCycle]: UnfinishedCycle[Key]} = {
		path, cycle: first.cycle, bootId: first.bootId, sameBoot: first.bootId === readBootId(), main: first.main, guard: null, waves: [], mayBeFrozen: false,
		pre: null, preStarted: false, preEnded: false, post: null, limitMs: 0, retries: 0, postState: 'ended', postFamily: null,
	};
	for (const entry of entries) {
		switch (entry.step) {
			case 'begun':
			case 'finished':
				break;
			case 'guard':
				at.guard = entry.guard;
				break;
			case 'mounts':
				at.waves = entry.waves;
				break;
			case 'pre-starting':
				at.preStarted = true;
				at.post = entry.post;
				at.limitMs = entry.limitMs;
				at.retries = entry.retries;
				at.postState = entry.post === null ? 'ended' : 'owed';
				break;
			case 'pre-started':
				at.pre = entry.family;
				break;
			case 'pre-ended':
				at.preEnded = true;
				break;
			case 'freezing':
				at.mayBeFrozen = at.sameBoot;
				break;
			case 'thawed':
				at.mayBeFrozen = false;
				break;
			case 'post-starting':
				at.postState = 'unknown';
				at.postFamily = null;
				break;
			case 'post-started':
				at.postFamily = entry.family;
				break;
			case 'post-ended':
				at.postState = entry.willRetry ? 'owed' : 'ended';
				if (entry.willRetry) at.retries = Math.max(0, at.retries - 1);
				break;
		}
	}
	return at;
}

function journalOn(path: string, descriptor: number, offset: number): Journal {
	let next = offset;
	const append = (step: JournalStep): void => {
		// The line feed stands first, so that a line which a crash tore in two does not spoil the next one.
		const line = Buffer.from(`\n${JSON.stringify({...step, at: new Date().toISOString()})}`);
		try {
			writeAll(descriptor, line, next);
			fdatasyncSync(descriptor);
		} catch (error) {
			throw unwritable(path, error);
		}
		next += line.length;
	};
	return {
		path,
		append,
		finish: by => {
			append({step: 'finished', by});
			unlinkSync(path);
			syncDirectory(dirname(path));
			closeSync(descriptor);
		},
		close: () => closeSync(descriptor),
	};
}

/** What is wrong with an opened journal, or null: it must be a regular file, ours, with one name, closed to others. */
function faultOf(descriptor: number): string | null {
	const facts = fstatSync(descriptor);
	if (!facts.isFile()) return 'it is not a regular file';
	if (facts.uid !== (process.geteuid?.() ?? 0)) return `it belongs to another user (uid ${facts.uid})`;
	if (facts.nlink !== 1) return 'it has a second name (hard link)';
	if ((facts.mode & 0o077) !== 0) return 'others may read or write it';
	return null;
}

function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
	for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
}

function syncDirectory(directory: string): void {
	const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
	try {
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
}

function unwritable(path: string, cause: unknown): Failure {
	return new Failure(`The journal ${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}.`, {
		remedy: 'quiesce must note what it does before it does it, so that a crash leaves nothing held. Make room there, or give another place in QUIESCE_STATE_DIR.',
		cause,
	});
}
