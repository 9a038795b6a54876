import type {CycleEvent} from '../cycle-events.js';
import type {StatusReport} from '../extension-status/report.js';
import {transitionalCode} from '../extension-status/report.js';
import {createCycleRecord, type CycleRecord, type CycleStory} from './cycle.js';
import type {Mark} from './facts.js';
import {createLineReader} from './lines.js';
import {readMarker, type Marker} from './markers.js';
import {createNarrator, type Narrator} from './narrator.js';
import {readRecord, type LocalTime} from './records.js';

/** Events of one cycle, and what is known of it now. */
export type CycleNews = {readonly story: CycleStory; readonly events: readonly CycleEvent[]};

/**
 * Reads the extension's log as it grows: bytes in, news of cycles out. Pure, and bounded in memory however long it runs. It does not mind lines that come
 * twice, in another order, or not at all.
 */
export type LogParser = {
	/** Bytes of the log, cut anywhere. */
	push(bytes: Uint8Array): readonly CycleNews[];
	/** A status file. One of another backup than the latest is a cycle of its own where it is younger, and is left alone where it is older. */
	takeStatus(report: StatusReport): readonly CycleNews[];
	/** Log and status files have come to rest: a cycle that has said its last word is over, even where the line that usually follows is missing. Only now its result is told. */
	settle(): readonly CycleNews[];
	/** What comes next is another file (rotated) or the file from its beginning (truncated). */
	newFile(): void;
	/** The latest cycle; null where there was none yet. */
	readonly latest: CycleStory | null;
	/** The lines read so far, for those who want to know whether this is such a log at all. */
	readonly counts: {readonly lines: number; readonly records: number};
};

type Open = {readonly record: CycleRecord; readonly narrator: Narrator; changed: boolean};

/** Marks that belong to no cycle by themselves: they say of the next one what it is about. */
type Preface = {task: string | null; sequence: number | null};

/** How many finished cycles are remembered, to know them again where a log stands twice in a file. */
const mostRemembered = 64;

/** What a cycle without its beginning can begin with. */
const tellingKinds: ReadonlySet<Marker['kind']> = new Set([
	'check-began', 'app-enabled', 'refused', 'script-began', 'script-ended', 'script-decided', 'post-scripts', 'freeze-asked', 'helper-began', 'frozen',
	'snapshot-began', 'snapshot-ended', 'thaw-sent', 'snapshot-result', 'workload', 'exception', 'call-failed',
]);

export function createLogParser(localTime: LocalTime): LogParser {
	const reader = createLineReader();
	const preface: Preface = {task: null, sequence: null};
	/** When past cycles began. */
	const past: number[] = [];
	let current: Open | null = null;
	/** The cycle before the current one. */
	let previous: Open | null = null;
	/** True while lines come that tell of no new cycle: of one that is over, once more, or of the extension's installation. */
	let ignoring = false;
	let counts = {lines: 0, records: 0};

	let cycles = 0;
	const open = (beganAt: number): Open => ({record: createCycleRecord(++cycles, beganAt, {...preface}), narrator: createNarrator({waits: true}), changed: true});
	const news = (of: Open): CycleNews => {
		of.changed = false;
		const story = of.record.tell();
		return {story, events: of.narrator.tell(story)};
	};
	const begin = (at: number): readonly CycleNews[] => {
		const told: CycleNews[] = [];
		const {status} = current?.record ?? {status: null};
		if (current?.record.unseen === true && status?.code === transitionalCode) {
			// The status file has announced it.
			current = open(at);
			current.record.takeStatus(status);
			return told;
		}
		if (current !== null) {
			// The one before has not said its last word: it never will.
			if (current.record.tell().end === null) current.record.close();
			current.record.rest();
			told.push(news(current));
			past.push(current.record.beganAt);
			if (past.length > mostRemembered) past.shift();
			previous = current;
		}
		current = open(at);
		return told;
	};

	const take = (mark: Mark): readonly CycleNews[] => {
		const {at, marker} = mark;
		switch (marker.kind) {
			case 'enable':
				// The agent calls; whether a cycle comes of it is not said yet, and the one that runs is not touched by it.
				if (current === null || current.record.tell().end !== null) Object.assign(preface, {task: null, sequence: null});
				return [];
			case 'task':
				preface.task = marker.id;
				return [];
			case 'sequence':
				preface.sequence = marker.number;
				return [];
			case 'daemon':
				ignoring = past.includes(at);
				if (ignoring || current?.record.beganAt === at) return [];
				return addTo(begin(at), mark);
			case 'install':
				// What the daemon was started for is no backup: it is as if it had not begun.
				if (!ignoring) current = previous;
				ignoring = true;
				return [];
			default:
				break;
		}
		if (ignoring) return [];
		// Announced by the status file: what the agent's call writes before the cycle begins is not its story.
		if (current?.record.unseen === true && !tellingKinds.has(marker.kind)) return [];
		if (marker.kind === 'report' && (marker.code === 4 || marker.code === 3)) return [];
		if (current === null || (isNews(marker) && isPast(current.record, at))) {
			if (!tellingKinds.has(marker.kind) && !(marker.kind === 'report' && marker.code !== 0 && marker.code !== 1)) return [];
			// Its beginning is in another file, or it never got as far as the daemon.
			return addTo(begin(at), mark);
		}
		current.record.add(mark);
		current.changed = true;
		return [];
	};
	const addTo = (told: readonly CycleNews[], mark: Mark): readonly CycleNews[] => {
		current?.record.add(mark);
		return told;
	};
	/** After the end of a cycle only the beginning of another is one: a late line is not. */
	const isNews = (marker: Marker): boolean => ['check-began', 'script-began', 'freeze-asked', 'report', 'call-failed'].includes(marker.kind);

	const isPast = (record: CycleRecord, at: number): boolean => {
		const {end, lastAt} = record.tell();
		return end !== null && at > lastAt;
	};

	const withCurrent = (told: readonly CycleNews[]): readonly CycleNews[] => {
		if (current?.changed !== true) return told.filter(({events}) => events.length > 0);
		return [...told, news(current)].filter(({events}) => events.length > 0);
	};

	return {
		get latest() {
			return current?.record.tell() ?? null;
		},
		get counts() {
			return counts;
		},
		push: bytes => {
			const told: CycleNews[] = [];
			for (const line of reader.push(bytes)) {
				counts = {lines: counts.lines + 1, records: counts.records};
				const record = readRecord(line, localTime);
				if (record === null) continue;
				counts = {lines: counts.lines, records: counts.records + 1};
				const marker = readMarker(record.text);
				if (marker !== null) told.push(...take({at: record.at, marker, ...(record.saidAt === undefined ? {} : {saidAt: record.saidAt})}));
			}
			return withCurrent(told);
		},
		takeStatus: report => {
			const story = current?.record.tell() ?? null;
			if (current !== null && story !== null && isSame(story, report)) {
				current.record.takeStatus(report);
				current.changed = true;
				return withCurrent([]);
			}
			const at = report.askedAt ?? report.at;
			if (at === null || report.code === 3 || (story !== null && at <= story.lastAt)) return [];
			// The log does not know this one: it is silenced, or elsewhere.
			Object.assign(preface, {task: report.task, sequence: report.sequence});
			const told = begin(at);
			current?.record.takeStatus(report);
			return withCurrent(told);
		},
		settle: () => {
			const story = current?.record.tell() ?? null;
			if (current === null || story === null || story.end === null && story.facts.report === null) return [];
			// Where only the status file has an end, lines may still come: its phases stay open.
			if (story.facts.report !== null) current.record.close();
			current.record.rest();
			current.changed = true;
			return withCurrent([]);
		},
		newFile: () => reader.reset(),
	};
}

/** Do the log's cycle and the status file speak of the same backup? */
function isSame(story: CycleStory, report: StatusReport): boolean {
	const {task, sequence, askedAt} = story.facts;
	if (askedAt !== null && report.askedAt !== null && Math.abs(askedAt - report.askedAt) > 1000) return false;
	if (task !== null && report.task !== null && (task !== report.task || askedAt !== null)) return task === report.task;
	if (sequence !== null && report.sequence !== null && sequence !== report.sequence) return false;
	// Without names: a report that was written after the cycle had begun, for a question from before.
	return report.at !== null && report.at >= story.beganAt - 1000 && (report.askedAt === null || report.askedAt <= story.lastAt) && report.code !== transitionalCode;
}
