import {closeSync, constants, existsSync, fdatasyncSync, fstatSync, fsyncSync, lstatSync, openSync, readdirSync, readFileSync, rmSync, unlinkSync, writeSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {PlannedTarget} from '../core/freeze-plan.js';
import {Failure} from '../core/failure.js';
import type {ProcessMark} from './processes.js';
import type {NotedCommand} from './noted-command.js';
import type {FamilyHandle} from './script-types.js';

/** One thing that a cycle is about to do, or has seen. `…-starting` is on disk before the thing happens. */
export type JournalStep =
	| {readonly step: 'begun'; readonly cycle: string; readonly bootId: string; readonly main: ProcessMark}
	| {readonly step: 'guard'; readonly guard: ProcessMark}
	| {readonly step: 'mounts'; readonly waves: readonly (readonly PlannedTarget[])[]}
	/** The post-script that is owed from now on, with all that its run needs. */
	| {readonly step: 'pre-starting'; readonly post: NotedCommand | null; readonly limitMs: number; readonly retries: number}
	| {readonly step: 'pre-started'; readonly family: FamilyHandle}
	| {readonly step: 'pre-ended'; readonly exitCode: number | null}
	/** `hastened`: the kernel's grace periods are hurried until everything is frozen. */
	| {readonly step: 'freezing'; readonly hastened?: true}
	/** `stuck`: but for these mount points, which could not be thawed. */
	| {readonly step: 'thawed'; readonly stuck?: readonly string[]}
	| {readonly step: 'post-starting'; readonly attempt: number; readonly by: Finisher}
	| {readonly step: 'post-started'; readonly family: FamilyHandle}
	| {readonly step: 'post-ended'; readonly exitCode: number | null; readonly willRetry: boolean}
	| {readonly step: 'finished'; readonly by: Finisher};

/** What is noted after a thaw. */
export function thawedStep(stuck: readonly string[]): JournalStep {
	return {step: 'thawed', ...(stuck.length === 0 ? {} : {stuck})};
}

/** Who brings a cycle to its end: the main process, the guard (or what the third line starts) in its place, or a later quiesce. */
export type Finisher = 'cycle' | 'guard' | 'thaw';

export type JournalEntry = JournalStep & {readonly at: string};

export type Journal = {
	readonly path: string;
	/**
	 * When it returns, whoever comes after this process can read all of them, and those that matter after a power cut are on the disk. Throws where they
	 * could not be written. Never to be called while the journal's filesystem may be frozen.
	 */
	append(...steps: readonly JournalStep[]): void;
	/**
	 * Makes a file that says that a script has not begun, to be given to `startScript` as `ranMark`; the script's own process empties it. Undefined where it
	 * could not be made: then nobody knows better than the steps do.
	 */
	armMark(script: 'pre' | 'post'): string | undefined;
	/** Writes `finished`, then removes the file. Throws where it could not be removed. */
	finish(by: Finisher): void;
	/** Closes without an end: somebody else goes on with it. */
	close(): void;
};

/** Room that a new journal takes on the disk at once, so that its later lines need no free space. Bytes. */
const reserved = 64 * 1024;

/**
 * What only those ask for who come while the machine still runs: after a restart none of these processes is there and nothing is frozen. What is finished
 * is on the disk as soon as the journal is off it.
 */
const forThisBoot: ReadonlySet<JournalStep['step']> = new Set(['guard', 'mounts', 'pre-ended', 'thawed', 'finished']);

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
				const entry = JSON.parse(line) as JournalEntry;
				return isEntry(entry) ? [entry] : [];
			} catch {
				return [];
			}
		});
	} finally {
		closeSync(descriptor);
	}
}

/** Whether a line that is JSON has what its step needs: a damaged disk may leave anything. */
function isEntry(value: unknown): value is JournalEntry {
	const has = (holder: unknown, ...keys: readonly string[]): boolean => typeof holder === 'object' && holder !== null && keys.every(key => Object.hasOwn(holder, key));
	if (!has(value, 'step', 'at')) return false;
	const entry = value as Readonly<Record<string, unknown>>;
	switch (entry['step']) {
		case 'begun':
			return typeof entry['cycle'] === 'string' && typeof entry['bootId'] === 'string' && has(entry['main'], 'pid', 'start');
		case 'guard':
			return has(entry['guard'], 'pid', 'start');
		case 'mounts':
			return Array.isArray(entry['waves']) && entry['waves'].every(wave => Array.isArray(wave) && wave.every(target => has(target, 'mount', 'device')));
		case 'pre-starting':
			return (entry['post'] === null || has(entry['post'], 'path', 'parameters', 'directory', 'environment')) && typeof entry['limitMs'] === 'number' && typeof entry['retries'] === 'number';
		case 'thawed':
			return entry['stuck'] === undefined || Array.isArray(entry['stuck']);
		case 'pre-started':
		case 'post-started':
			return has(entry['family'], 'cgroup', 'leader', 'leaderStart');
		default:
			return typeof entry['step'] === 'string';
	}
}

/** One that is younger may be about to get its beginning. */
const abandonedAfterMs = 60_000;

/** Removes what those left behind who died at the very end of a cycle, or at its very beginning: finished journals, empty ones, marks without a journal. */
export function removeRemains(stateDirectory: string): void {
	for (const name of readdirSync(stateDirectory)) {
		const [, cycle, kind] = /^(cycle-[\w-]+)\.(journal|pre|post)$/.exec(name) ?? [];
		const path = join(stateDirectory, name);
		if (kind === undefined) continue;
		if (kind === 'journal') {
			const entries = readJournal(path);
			if (entries === null) continue;
			const over = entries.some(({step}) => step === 'finished') || (entries.length === 0 && (lstatSync(path, {throwIfNoEntry: false})?.mtimeMs ?? 0) < Date.now() - abandonedAfterMs);
			if (over) rmSync(path, {force: true});
		} else if (!existsSync(join(stateDirectory, `${cycle}.journal`))) {
			rmSync(path, {force: true});
		}
	}
}

/** The id of this start of the machine. */
export function readBootId(): string {
	return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Whether a script has really begun, by the file that its own process empties: null where that cannot be told. True and false hold only until the machine restarts. */
export function hasRun(journalFile: string, script: 'pre' | 'post'): boolean | null {
	try {
		return lstatSync(markPath(journalFile, script)).size === 0;
	} catch {
		return null;
	}
}

function markPath(journalFile: string, script: 'pre' | 'post'): string {
	return `${journalFile.replace(/\.journal$/, '')}.${script}`;
}

function journalOn(path: string, descriptor: number, offset: number): Journal {
	let next = offset;
	const append = (...steps: readonly JournalStep[]): void => {
		// The line feed stands first, so that a line which a crash tore in two does not spoil the next one.
		const lines = Buffer.from(steps.map(step => `\n${JSON.stringify({...step, at: new Date().toISOString()})}`).join(''));
		try {
			writeAll(descriptor, lines, next);
			if (!steps.every(({step}) => forThisBoot.has(step))) fdatasyncSync(descriptor);
		} catch (error) {
			throw unwritable(path, error);
		}
		next += lines.length;
	};
	return {
		path,
		append,
		armMark: script => {
			const mark = markPath(path, script);
			try {
				rmSync(mark, {force: true});
				const descriptor = openSync(mark, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
				try {
					writeAll(descriptor, Buffer.from('not yet\n'), 0);
				} finally {
					closeSync(descriptor);
				}
				return mark;
			} catch {
				// An empty one would say that it has run.
				rmSync(mark, {force: true});
				return undefined;
			}
		},
		finish: by => {
			try {
				append({step: 'finished', by});
			} catch {
				// Its removal says the same.
			}
			closeSync(descriptor);
			rmSync(path, {force: true});
			for (const script of ['pre', 'post'] as const) rmSync(markPath(path, script), {force: true});
			syncDirectory(dirname(path));
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
