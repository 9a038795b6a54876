import type {CycleEvent} from '../core/cycle-events.js';
import type {CycleStory} from '../core/extension-log/cycle.js';
import {entryOf} from '../core/extension-log/entry.js';
import {narrate} from '../core/extension-log/narrator.js';
import {createOutsideNarrator, isInTheDark, type Sight} from '../core/extension-log/outside.js';
import {createLogParser, type CycleNews, type LogParser} from '../core/extension-log/parser.js';
import {transitionalCode, type StatusReport} from '../core/extension-status/report.js';
import {watchDirectory, type ChangeWatch} from '../system/change-watch.js';
import {findExtensionPlaces} from '../system/extension-places.js';
import {lookAtExtension} from '../system/extension-sight.js';
import {appendHistory, readHistory} from '../system/history-store.js';
import {findTail, followFile, readFrom, rotatedBefore, type Follower} from '../system/log-follower.js';
import {stateDirectoryPath} from '../system/state-directory.js';
import {readStatusFiles} from '../system/status-files.js';
import {dirname} from 'node:path';

/** Which log and which status files. */
export type FollowOrder = {
	/** Default: the extension's own, which goes into the history then. */
	readonly log?: string;
	/** Default: the extension's own; with `log`, the log's directory. */
	readonly statusDirectory?: string;
};

export type FollowPlaces = {readonly log: string; readonly statusDirectory: string | null; readonly isOwn: boolean};

/** What is known at one moment. */
export type FollowView = {
	readonly places: FollowPlaces;
	readonly logThere: boolean;
	/** The cycle that runs, or ran last. */
	readonly latest: CycleStory | null;
	/** Those before it, newest first, as far as the end of the log goes back. */
	readonly past: readonly CycleStory[];
	/** What is seen from outside while the log is silent; null while nobody looks. */
	readonly sight: Sight | null;
	/** What was told of the latest cycle from outside since the log fell silent. */
	readonly outside: readonly CycleEvent[];
	/** How far the log's clock is behind this machine's, in milliseconds, by the lines that came in just now; 0 where the two agree. */
	readonly lagMs: number;
};

export type FollowSink = {
	/** New events of a cycle. */
	events(events: readonly CycleEvent[], story: CycleStory): void;
	/** Something may look different now. */
	changed(view: FollowView): void;
};

export type Following = {
	readonly view: FollowView;
	close(): void;
};

/** The text with which every cycle begins, and how much of the log is read at the start. Bytes. */
const beginning = 'starting daemon initially';
const tail = {wanted: 512 * 1024, most: 64 * 1024 * 1024, before: 64 * 1024};
const mostPast = 50;
/** How long after its last line a log counts as come to rest. */
const settleMs = 1500;
/** Lines come a few seconds after what they tell, and after a freeze some minutes. A larger difference is one of clocks or time zones. */
const mostLagMs = 10 * 60_000;
/** How often is looked at the extension from outside while its log is silent: the kernel tells nobody that a process freezes. */
const lookMs = 250;

export function placesOf(order: FollowOrder): FollowPlaces {
	const found = findExtensionPlaces();
	if (order.log === undefined) return {log: found.log, statusDirectory: order.statusDirectory ?? found.statusDirectory, isOwn: true};
	return {log: order.log, statusDirectory: order.statusDirectory ?? dirname(order.log), isOwn: false};
}

/** Python 2 wrote the machine's local time. */
function localTime(asIfUtc: number): number {
	const at = new Date(asIfUtc);
	return new Date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()).getTime();
}

/** Reads the end of a log, without following it. Answers where in it reading stopped to begin, or null where there is no log. */
function readEnd(places: FollowPlaces, parser: LogParser, take: (news: readonly CycleNews[]) => void, wanted = tail.wanted): number | null {
	const start = findTail(places.log, beginning, {...tail, wanted});
	if (start?.found !== true) {
		// Rotated a short while ago: the latest cycle, or its beginning, is in the file before.
		const before = rotatedBefore(places.log);
		const older = before === null ? null : findTail(before, beginning, tail);
		if (before !== null && older?.found === true) {
			readFrom(before, older.offset, bytes => take(parser.push(bytes)));
			parser.newFile();
		}
	}
	return start?.offset ?? null;
}

export type Snapshot = FollowView & {
	/** All events of the latest cycle, up to now. */
	readonly events: readonly CycleEvent[];
};

/** What the log and the status files say now: the latest cycle, and those before it, as far as the last `wanted` bytes go. Throws a Failure where the log cannot be read. */
export function readLatest(order: FollowOrder, now: number, wanted?: number): Snapshot {
	const places = placesOf(order);
	const parser = createLogParser(localTime);
	const cycles = new Map<number, CycleStory>();
	const take = (news: readonly CycleNews[]): void => {
		for (const {story} of news) cycles.set(story.number, story);
	};
	const offset = readEnd(places, parser, take, wanted);
	const logThere = offset !== null && readFrom(places.log, offset, bytes => take(parser.push(bytes)));
	const reports = places.statusDirectory === null ? [] : readStatusFiles(places.statusDirectory);
	for (const report of reports.toReversed()) take(parser.takeStatus(report));
	take(parser.settle());
	const {latest} = parser;
	const dark = latest !== null && isInTheDark(latest);
	const sight = dark ? lookAtExtension(latest.facts.freezes.at(-1)?.command[0] ?? null) : null;
	const outside = latest !== null && sight !== null ? createOutsideNarrator().tell(sight, latest, now) : [];
	const events = latest === null ? [] : [...narrate(latest), ...outside];
	const past = [...cycles.values()].filter(({number}) => number !== latest?.number).toReversed();
	return {places, logThere, latest, past, sight, outside, lagMs: 0, events};
}

/** Follows the extension's log and status files until closed. Answers once what is there already has been told: the latest cycle's events, whether it runs or is over. */
export async function follow(order: FollowOrder, sink: FollowSink): Promise<Following> {
	const places = placesOf(order);
	const parser = createLogParser(localTime);
	let outsideNarrator = createOutsideNarrator();
	const past: CycleStory[] = [];
	const seenReports = new Set<string>();
	let logThere = false;
	let lagMs = 0;
	let sight: Sight | null = null;
	let outside: CycleEvent[] = [];
	let settling: NodeJS.Timeout | null = null;
	let looking: NodeJS.Timeout | null = null;
	/** The history's entries by their ids, once they have been read. */
	let known: Map<string, string> | null = null;
	/** Backups that are not in the history yet. */
	const owed: CycleStory[] = [];
	let closed = false;
	let before: CycleStory | null = null;
	/** Until the end of what is there already is reached, nothing is told but of the latest cycle. */
	let early = true;

	const view = (): FollowView => ({places, logThere, latest: parser.latest, past, sight, outside, lagMs});
	const keepPast = (story: CycleStory): void => {
		const at = past.findIndex(({number}) => number === story.number);
		if (at !== -1) past.splice(at, 1);
		past.unshift(story);
		if (past.length > mostPast) past.pop();
	};
	const remember = (stories: readonly CycleStory[]): void => {
		if (!places.isOwn || process.geteuid?.() !== 0) return;
		owed.push(...stories);
		// While a backup runs filesystems may be frozen: what is written then waits for the thaw, and everything here with it.
		if (parser.latest?.end === null) return;
		try {
			known ??= new Map(readHistory(stateDirectoryPath()).filter(({source}) => source === 'azure').map(entry => [entry.id, JSON.stringify(entry)]));
			for (const entry of owed.splice(0).flatMap(story => entryOf(story) ?? [])) {
				if (known.get(entry.id) === JSON.stringify(entry)) continue;
				known.set(entry.id, JSON.stringify(entry));
				appendHistory(stateDirectoryPath(), entry);
			}
		} catch {
			// It can be gathered from the log again; watching goes on without it.
		}
	};
	const tell = (news: readonly CycleNews[]): void => {
		const latest = parser.latest?.number;
		// One that turned out to be no backup is gone.
		if (before !== null && latest !== undefined && before.number < latest) keepPast(before);
		before = parser.latest;
		for (const {story, events} of news) {
			if (story.number !== latest) keepPast(story);
			if (early) continue;
			sink.events(events, story);
			if (story.atRest && story.end !== null) remember([story]);
		}
	};
	const takeReports = (which: (report: StatusReport) => boolean): void => {
		if (places.statusDirectory === null) return;
		for (const report of readStatusFiles(places.statusDirectory, 3).toReversed()) {
			const key = JSON.stringify(report);
			if (seenReports.has(key) || !which(report)) continue;
			if (seenReports.size > 1000) seenReports.clear();
			seenReports.add(key);
			tell(parser.takeStatus(report));
		}
	};
	const settle = (): void => {
		settling = null;
		takeReports(() => true);
		tell(parser.settle());
		lookWhileDark();
		sink.changed(view());
	};
	/** A report that ends a cycle counts when the log has come to rest: it is written a moment before the log's last lines. */
	const settleSoon = (): void => {
		if (settling !== null) clearTimeout(settling);
		settling = setTimeout(settle, settleMs);
	};
	const look = (): void => {
		const {latest} = parser;
		if (latest === null || !isInTheDark(latest)) return;
		sight = lookAtExtension(latest.facts.freezes.at(-1)?.command[0] ?? null);
		const events = outsideNarrator.tell(sight, latest, Date.now());
		outside = [...outside, ...events].slice(-1000);
		if (events.length > 0) sink.events(events, latest);
		sink.changed(view());
	};
	const lookWhileDark = (): void => {
		const dark = parser.latest !== null && isInTheDark(parser.latest) && !closed;
		if (dark && looking === null) {
			looking = setInterval(look, lookMs);
			look();
		} else if (!dark && looking !== null) {
			clearInterval(looking);
			looking = null;
			sight = null;
			outside = [];
			outsideNarrator = createOutsideNarrator();
		}
	};

	const offset = readEnd(places, parser, tell);
	const follower: Follower = followFile(places.log, offset ?? 0, {
		bytes: chunk => {
			tell(parser.push(chunk));
			if (!early) {
				const lag = Date.now() - (parser.latest?.lastAt ?? Date.now());
				lagMs = Math.abs(lag) < mostLagMs ? 0 : lag;
				lookWhileDark();
				settleSoon();
			}
		},
		newFile: () => parser.newFile(),
		idle: there => {
			const changed = logThere !== there;
			logThere = there;
			if (!early && (changed || settling !== null)) sink.changed(view());
		},
	});
	const statusWatch: ChangeWatch | null = places.statusDirectory === null ? null : watchDirectory(places.statusDirectory, () => {
		takeReports(({code}) => code === transitionalCode);
		lookWhileDark();
		settleSoon();
	});
	const close = (): void => {
		closed = true;
		follower.close();
		statusWatch?.close();
		if (settling !== null) clearTimeout(settling);
		if (looking !== null) clearInterval(looking);
		looking = null;
	};
	try {
		await follower.caughtUp;
	} catch (error) {
		close();
		throw error;
	}
	takeReports(() => true);
	tell(parser.settle());
	early = false;
	const {latest} = parser;
	if (latest !== null) {
		sink.events(narrate(latest), latest);
		remember([...past.toReversed(), latest]);
	}
	lookWhileDark();
	sink.changed(view());
	return {
		get view() {
			return view();
		},
		close,
	};
}
