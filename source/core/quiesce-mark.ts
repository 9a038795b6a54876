import type {SnapshotRecord} from './snapshot-record.js';

/** The file in an application's data directory that its pre-script writes while, or just before, it holds the application. */
export const markFile = '.quiesce-mark';

/** The mark as it stands in the file. Keys that are missing are empty. */
export type QuiesceMark = {
	readonly application: string;
	readonly id: string;
	/** ISO 8601 UTC, as the script wrote it. */
	readonly at: string;
	/** LSN, GTID, binary log and offset …: as the application counts. */
	readonly position: string;
	/** All keys, also those that only one application writes. */
	readonly all: ReadonlyMap<string, string>;
};

/** Understands lines `key=value`; null where there is no application and no id in it. */
export function parseMark(text: string): QuiesceMark | null {
	const all = new Map<string, string>();
	for (const line of text.split('\n').slice(0, 200)) {
		const match = /^\s*([A-Za-z][\w-]*)\s*=(.*)$/.exec(line);
		if (match !== null) all.set(match[1]!, clean(match[2]!));
	}

	const [application = '', id = ''] = [all.get('application'), all.get('id')];
	if (application === '' || id === '') return null;
	return {application, id, at: all.get('at') ?? '', position: all.get('position') ?? '', all};
}

/** Why a mark is not of the snapshot's own cycle, in a sentence; null where it is. */
export function whyStale(mark: QuiesceMark, snapshot: SnapshotRecord): string | null {
	const written = Date.parse(mark.at);
	if (Number.isNaN(written)) return `the mark says "${mark.at}" for when it was written, which is no time`;
	if (!snapshot.preScriptSucceeded) return `the pre-script did not succeed in this cycle, so the mark of ${mark.at} is of an earlier one`;
	const taken = snapshot.at === null ? Number.NaN : Date.parse(snapshot.at);
	if (!Number.isNaN(taken) && written > taken + clockSlackMs) return `the mark was written at ${mark.at}, after the snapshot was taken`;
	const begun = snapshot.begun ?? (Number.isNaN(taken) ? null : taken - longestCycleMs);
	if (begun !== null && written < begun - clockSlackMs) return `the mark is of an earlier cycle: it was written at ${mark.at}`;
	return null;
}

/** Marks count in whole seconds. */
const clockSlackMs = 2000;
/** Both scripts at the longest that the extension lets them run. */
const longestCycleMs = 60 * 60_000;

function clean(text: string): string {
	return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '').trim().slice(0, 400);
}
