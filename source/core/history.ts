import type {CycleEvent, SnapshotReference} from './cycle-events.js';
import type {ErrorReference, Outcome, Verdict} from './outcome.js';
import {outcomes} from './outcome.js';

/** What `quiesce verify` said about a snapshot. */
export type VerifiedAs = 'restores' | 'restores-without-the-mark' | 'does-not-restore';
/** How long safefreeze keeps filesystems frozen at most, where vmbackup.conf says nothing else; quiesce's own deadline is the same. */
export const usualFreezeLimitMs = 60_000;

export const verifiedWords: readonly VerifiedAs[] = ['restores', 'restores-without-the-mark', 'does-not-restore'];

/** One cycle that is over. Times are ISO 8601 UTC, durations milliseconds; null where the thing did not run, or nobody measured it. */
export type HistoryEntry = {
	readonly version: 1;
	readonly id: string;
	/** Who ran it: quiesce itself, or Azure's extension (seen in its log and status files). */
	readonly source: 'quiesce' | 'azure';
	/** When it began. */
	readonly at: string;
	readonly durationMs: number;
	readonly outcome: Outcome;
	readonly errors: readonly ErrorReference[];
	readonly freezeWindowMs: number;
	readonly quiesceWindowMs: number;
	readonly preScriptMs: number | null;
	readonly postScriptMs: number | null;
	/** How long one script may run at most. */
	readonly scriptLimitMs: number | null;
	/** After how long filesystems are thawed whatever happens; absent where it is the usual minute, or nothing was to be frozen. */
	readonly freezeLimitMs?: number;
	readonly mounts: readonly string[];
	readonly snapshot: SnapshotReference | null;
	/** What the extension would have made of it, or did make of it. */
	readonly azure: Verdict | null;
	readonly interrupted?: 'SIGINT' | 'SIGTERM' | 'SIGHUP';
	readonly verified?: VerifiedAs;
};

/** A later note about an entry: its snapshot has been verified. */
export type VerificationNote = {readonly version: 1; readonly snapshot: string; readonly verified: VerifiedAs; readonly at: string};

/** Gathers one cycle's events into its entry. */
export type HistoryFold = {
	take(event: CycleEvent): void;
	/** Null until the result has been taken. */
	entry(): HistoryEntry | null;
};

type ScriptTimes = {from: number | null; ms: number | null};

/** `id`: the cycle's own name, unique in the history. Bounded: keeps no events. */
export function historyFold(id: string, source: HistoryEntry['source']): HistoryFold {
	let began: string | null = null;
	let limit: number | null = null;
	let freezeLimit: number | null = null;
	let result: (CycleEvent & {event: 'result'}) | null = null;
	const scripts: Record<'pre-script' | 'post-script', ScriptTimes> = {'pre-script': {from: null, ms: null}, 'post-script': {from: null, ms: null}};
	return {
		take: event => {
			began ??= event.at;
			if (event.event === 'result') result = event;
			if (event.event === 'phase' && event.phase === 'freeze' && event.state === 'started' && event.thawsAfterMs !== undefined) freezeLimit = event.thawsAfterMs;
			if (event.event !== 'phase' || (event.phase !== 'pre-script' && event.phase !== 'post-script')) return;
			const script = scripts[event.phase];
			if (event.state === 'started') {
				script.from ??= Date.parse(event.at);
				if (event.limitMs !== undefined) limit = event.limitMs;
			} else if (event.state !== 'skipped') {
				// Over all attempts, where there were several.
				script.ms = script.from === null ? event.durationMs ?? null : Math.max(0, Date.parse(event.at) - script.from);
			}
		},
		entry: () => result === null || began === null ? null : {
			version: 1,
			id,
			source,
			at: began,
			durationMs: Math.max(0, Date.parse(result.at) - Date.parse(began)),
			outcome: result.outcome,
			errors: result.errors,
			freezeWindowMs: result.freezeWindowMs,
			quiesceWindowMs: result.quiesceWindowMs,
			preScriptMs: scripts['pre-script'].ms,
			postScriptMs: scripts['post-script'].ms,
			scriptLimitMs: limit,
			...freezeLimitOf(freezeLimit),
			mounts: result.mounts,
			snapshot: result.snapshot,
			azure: result.azure,
			...(result.interrupted === undefined ? {} : {interrupted: result.interrupted}),
		},
	};
}

/** The entry's word of a limit of the freeze, which leaves the usual one unsaid. */
export function freezeLimitOf(limitMs: number | null): Pick<HistoryEntry, 'freezeLimitMs'> {
	return limitMs === null || limitMs === usualFreezeLimitMs ? {} : {freezeLimitMs: limitMs};
}

/** One line of the history's file; null for what is none (torn by a crash, of a later version). */
export function parseHistoryLine(line: string): HistoryEntry | VerificationNote | null {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch {
		return null;
	}
	if (!isRecord(value) || value['version'] !== 1 || !isTime(value['at'])) return null;
	if (typeof value['snapshot'] === 'string' && isVerified(value['verified'])) return {version: 1, snapshot: value['snapshot'], verified: value['verified'], at: value['at']};
	return isEntry(value) ? value : null;
}

/** Entries and notes, oldest first, into entries, newest first; of two with the same id the later line counts. */
export function foldHistory(lines: readonly (HistoryEntry | VerificationNote)[]): readonly HistoryEntry[] {
	const entries = new Map<string, HistoryEntry>();
	const notes = new Map<string, VerifiedAs>();
	for (const line of lines) {
		if ('id' in line) entries.set(`${line.source} ${line.id}`, line);
		else notes.set(line.snapshot, line.verified);
	}
	return newestFirst([...entries.values()].map(entry => {
		const verified = entry.snapshot === null ? undefined : notes.get(entry.snapshot.id);
		return verified === undefined ? entry : withVerified(entry, verified);
	}));
}

function withVerified(entry: HistoryEntry, verified: VerifiedAs): HistoryEntry {
	return {...entry, verified};
}

/** A backup of Azure that failed, and nothing says why. */
export function isWithoutReport({source, outcome, errors}: HistoryEntry): boolean {
	return source === 'azure' && outcome === 'failed' && errors.length === 0;
}

export const withoutReport = {short: 'ended without a report', long: 'The extension ended without a report: it was killed, or the VM was restarted.'} as const;

export function newestFirst(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
	return entries.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is string {
	return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}

function isVerified(value: unknown): value is VerifiedAs {
	return verifiedWords.some(word => word === value);
}

function isErrors(value: unknown): boolean {
	return Array.isArray(value) && value.every(one => isRecord(one) && typeof one['name'] === 'string' && (one['code'] === null || typeof one['code'] === 'number'));
}

function isVerdict(value: unknown): boolean {
	return isRecord(value) && outcomes.some(word => word === value['outcome']) && isErrors(value['errors']);
}

function isEntry(value: Record<string, unknown>): value is HistoryEntry & Record<string, unknown> {
	const number = (key: string): boolean => typeof value[key] === 'number';
	const numberOrNull = (key: string): boolean => value[key] === null || number(key);
	const snapshot = value['snapshot'];
	return typeof value['id'] === 'string'
		&& (value['source'] === 'quiesce' || value['source'] === 'azure')
		&& isVerdict(value)
		&& ['durationMs', 'freezeWindowMs', 'quiesceWindowMs'].every(number)
		&& ['preScriptMs', 'postScriptMs', 'scriptLimitMs'].every(numberOrNull)
		&& (value['freezeLimitMs'] === undefined || number('freezeLimitMs'))
		&& Array.isArray(value['mounts']) && value['mounts'].every(mount => typeof mount === 'string')
		&& (snapshot === null || (isRecord(snapshot) && typeof snapshot['provider'] === 'string' && typeof snapshot['id'] === 'string'))
		&& (value['azure'] === null || isVerdict(value['azure']))
		&& (value['verified'] === undefined || isVerified(value['verified']));
}
