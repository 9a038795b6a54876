import type {CycleResult, CycleWarning, MountState} from '../cycle-events.js';
import type {StatusReport} from '../extension-status/report.js';
import {transitionalCode} from '../extension-status/report.js';
import {withoutReport} from '../history.js';
import {gatherFacts, type CycleFacts, type Mark} from './facts.js';
import type {Marker} from './markers.js';
import {resultOf} from './outcome.js';
import {tellPhases} from './story.js';
import type {Phases} from './phases.js';
import {tellConsistency, tellDisagreement, tellWarnings} from './warnings.js';

/** What one filesystem did, and when. */
export type MountStory = {readonly mount: string; readonly state: MountState['state']; readonly at: number; readonly detail?: string; readonly rank: number};

/** All that is known of one cycle. */
export type CycleStory = {
	/** Tells the cycles of one reader apart. */
	readonly number: number;
	/** Its name in the history. It may change while not all names are known yet. */
	readonly id: string;
	readonly beganAt: number;
	/** The time of the last line that told something. */
	readonly lastAt: number;
	readonly facts: CycleFacts;
	readonly phases: Phases;
	readonly mounts: readonly MountStory[];
	readonly warnings: readonly {readonly at: number; readonly warning: CycleWarning}[];
	/** Log and status file have come to rest: what they say of its end is their last word, as far as can be known. */
	readonly atRest: boolean;
	/** Null while it runs. */
	readonly end: {readonly at: number; readonly result: CycleResult} | null;
	/** No line of the log tells of it: all that is known is the status file's word. */
	readonly unseen: boolean;
	/** Since when the log is silent because the extension keeps its lines in memory; null where it is not. */
	readonly silentSince: number | null;
};

/** Gathers the marks of one cycle, in whatever order and however often they come. */
export type CycleRecord = {
	add(mark: Mark): void;
	/** Its name in the history. */
	readonly id: string;
	readonly beganAt: number;
	/** No line of the log has told of it: only the status file has. */
	readonly unseen: boolean;
	readonly status: StatusReport | null;
	takeStatus(status: StatusReport): void;
	/** Nothing will come any more: another cycle has begun, or the end of the log has been reached and its own end was there. */
	close(): void;
	readonly closed: boolean;
	/** Log and status file have come to rest. */
	rest(): void;
	tell(): CycleStory;
};

/** A cycle has some seventy marks; only what repeats without end (retries, ends of children) can bring more. */
const mostOfAKind = 64;

export function createCycleRecord(number: number, beganAt: number, known: {readonly task: string | null; readonly sequence: number | null}): CycleRecord {
	const marks: Mark[] = [];
	const keys = new Set<string>();
	const counts = new Map<Marker['kind'], number>();
	let sorted = true;
	let status: StatusReport | null = null;
	let closed = false;
	let atRest = false;
	let told: CycleStory | null = null;
	const gather = (): CycleFacts => {
		if (!sorted) marks.sort((a, b) => a.at - b.at);
		sorted = true;
		const facts = gatherFacts(marks);
		return {
			...facts,
			beganAt,
			lastAt: Math.max(beganAt, facts.lastAt),
			task: facts.task ?? known.task ?? status?.task ?? null,
			sequence: facts.sequence ?? known.sequence ?? status?.sequence ?? null,
			askedAt: facts.askedAt ?? status?.askedAt ?? null,
		};
	};
	return {
		beganAt,
		get id() {
			return nameOf(gather());
		},
		get unseen() {
			return marks.length === 0;
		},
		get status() {
			return status;
		},
		get closed() {
			return closed;
		},
		add: mark => {
			const key = `${mark.at} ${JSON.stringify(mark.marker)}`;
			const count = counts.get(mark.marker.kind) ?? 0;
			if (keys.has(key) || count >= mostOfAKind) return;
			keys.add(key);
			counts.set(mark.marker.kind, count + 1);
			const last = marks.at(-1);
			if (last !== undefined && mark.at < last.at) sorted = false;
			marks.push(mark);
			told = null;
		},
		takeStatus: report => {
			status = report;
			told = null;
		},
		close: () => {
			closed = true;
			told = null;
		},
		rest: () => {
			atRest = true;
			told = null;
		},
		tell: () => told ??= {...tellCycle(number, gather(), status, closed, marks.length === 0), atRest: atRest || closed},
	};
}

/** By the time at which Azure asked, and the task: both are in the log and in the status file. */
export function nameOf({task, askedAt, beganAt}: Pick<CycleFacts, 'task' | 'askedAt' | 'beganAt'>): string {
	const time = new Date(askedAt ?? beganAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
	return `azure-${time}Z${task === null ? '' : `-${task.slice(0, 8)}`}`;
}

function tellCycle(number: number, facts: CycleFacts, status: StatusReport | null, closed: boolean, unseen: boolean): Omit<CycleStory, 'atRest'> {
	const statusEnds = status !== null && status.code !== transitionalCode;
	// Phases end only by the log's own word: where its end is missing, the status file tells what the backup came to, and nothing of its phases.
	const complete = closed || facts.reported;
	const phases = tellPhases(facts, complete);
	const end = complete || (statusEnds && facts.report === null) ? {at: facts.report?.at ?? Math.max(status?.at ?? 0, facts.lastAt), result: resultOf(facts, phases, status)} : null;
	const endAt = end?.at ?? facts.lastAt;
	const warnings = [
		// The status file is written a moment after the log's last word: only when both have come to rest they can disagree.
		...tellDisagreement(facts, status, closed),
		...(end === null ? [] : tellConsistency(facts, end.result, phases)),
		...tellWarnings(facts, phases, status, end !== null),
		...(end !== null && facts.report === null && !statusEnds ? [unreported] : []),
	];
	const freeze = facts.freezes.at(-1);
	const silent = freeze?.silentAt ?? null;
	return {
		number,
		id: nameOf(facts),
		beganAt: facts.beganAt,
		lastAt: facts.lastAt,
		facts,
		phases,
		mounts: tellMounts(facts),
		warnings: warnings.map(warning => ({at: endAt, warning})),
		end,
		unseen,
		silentSince: end === null && silent !== null && silent >= facts.lastAt ? silent : null,
	};
}

const unreported: CycleWarning = {
	event: 'warning',
	id: 'ended-without-report',
	message: withoutReport.long,
	remedy: 'Look whether the application takes writes, and whether anything is still frozen: quiesce doctor.',
};

function tellMounts(facts: CycleFacts): readonly MountStory[] {
	return facts.freezes.flatMap(({mounts, frozenAt, thawedAt, failedAt, refused, notThawed}) => [
		...(frozenAt === null ? [] : mounts.map(mount => ({mount, state: 'frozen' as const, at: frozenAt, rank: 25}))),
		...(failedAt === null ? [] : refused.map(({mount, message}) => ({mount, state: 'refused' as const, at: failedAt, detail: message, rank: 25}))),
		...(frozenAt === null || thawedAt === null ? [] : mounts.toReversed()
			.filter(mount => !notThawed.some(stuck => stuck.mount === mount))
			.map(mount => ({mount, state: 'thawed' as const, at: thawedAt, rank: 45}))),
	]);
}
