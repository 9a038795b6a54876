import {usualFreezeLimitMs, type HistoryEntry} from './history.js';
import {duration} from './durations.js';
import {isNearLimit} from './limits.js';

/** What of a cycle is followed over time. */
export type Series = {
	readonly name: 'freeze-window' | 'quiesce-window' | 'pre-script' | 'post-script';
	readonly title: string;
	/** Oldest first; milliseconds. Only cycles in which the thing happened. */
	readonly values: readonly number[];
	/** Null where nothing ends it. */
	readonly limitMs: number | null;
};

const mostValues = 60;

/** The series of some cycles, given newest first, as the history answers them. */
export function seriesOf(entries: readonly HistoryEntry[]): readonly Series[] {
	const oldestFirst = entries.slice(0, mostValues).toReversed();
	const values = (read: (entry: HistoryEntry) => number | null): readonly number[] => oldestFirst.flatMap(entry => {
		const value = read(entry);
		return value === null || value <= 0 ? [] : [value];
	});
	const scriptLimitMs = entries.find(entry => entry.scriptLimitMs !== null)?.scriptLimitMs ?? null;
	const frozen = entries.find(({freezeWindowMs}) => freezeWindowMs > 0);
	return [
		{name: 'freeze-window', title: 'frozen', values: values(entry => entry.freezeWindowMs), limitMs: frozen?.freezeLimitMs ?? usualFreezeLimitMs},
		{name: 'quiesce-window', title: 'application held', values: values(entry => entry.quiesceWindowMs), limitMs: null},
		{name: 'pre-script', title: 'pre-script', values: values(entry => entry.preScriptMs), limitMs: scriptLimitMs},
		{name: 'post-script', title: 'post-script', values: values(entry => entry.postScriptMs), limitMs: scriptLimitMs},
	];
}

/** A warning before a limit is reached. */
export type LimitWarning = {readonly series: Series['name']; readonly source: HistoryEntry['source']; readonly message: string; readonly remedy: string};

const subjects: Readonly<Record<Series['name'], string>> = {
	'freeze-window': 'The filesystems were frozen for',
	'quiesce-window': 'The application was held for',
	'pre-script': 'The pre-script took',
	'post-script': 'The post-script took',
};

const remedies: Readonly<Record<Series['name'], string>> = {
	'freeze-window': 'Back up when there is less to write, or raise timeout in the section [SnapshotThread] of /etc/azure/vmbackup.conf.',
	'quiesce-window': 'Let the scripts do less between the freeze and the thaw.',
	'pre-script': 'Raise timeoutInSeconds (quiesce setup), or make the script faster.',
	'post-script': 'Raise timeoutInSeconds (quiesce setup), or make the script faster.',
};

/** How far ahead is looked, in cycles, and how many are needed to see a direction. */
const foresight = 14;
const fewest = 6;

/** Which windows and run times are near their limits, or on the way there. Newest first. Azure's cycles and quiesce's own are looked at apart. */
export function limitWarnings(entries: readonly HistoryEntry[]): readonly LimitWarning[] {
	return (['azure', 'quiesce'] as const).flatMap(source => seriesOf(entries.filter(entry => entry.source === source)).flatMap(series => {
		const latest = series.values.at(-1);
		const {limitMs, name} = series;
		if (latest === undefined || limitMs === null) return [];
		const whose = source === 'azure' ? "Azure's last backup" : 'the last cycle';
		if (isNearLimit(latest, limitMs)) {
			return [{series: name, source, message: `${subjects[name]} ${duration(latest)} in ${whose}; ${duration(limitMs)} is the limit.`, remedy: remedies[name]}];
		}
		const left = cyclesUntil(series.values, limitMs);
		if (left === null || left > foresight) return [];
		return [{series: name, source, message: `${subjects[name]} ${duration(latest)} in ${whose}, and grows: at this pace the limit of ${duration(limitMs)} is reached in about ${left} ${left === 1 ? 'cycle' : 'cycles'}.`, remedy: remedies[name]}];
	}));
}

/** After how many more cycles a growing series reaches its limit; null where it does not grow, or too little is known. */
export function cyclesUntil(values: readonly number[], limitMs: number): number | null {
	if (values.length < fewest) return null;
	const recent = values.slice(-20);
	// The middle one of all slopes between two cycles (Theil and Sen): one slow night moves it little.
	const slopes = recent.flatMap((to, end) => recent.slice(0, end).map((from, begin) => (to - from) / (end - begin))).toSorted((a, b) => a - b);
	const slope = slopes[Math.floor(slopes.length / 2)]!;
	const middle = recent.slice(-3).toSorted((a, b) => a - b)[1]!;
	// Less than a hundredth of the limit a cycle is no growth that anybody would act on.
	if (slope < limitMs / 100) return null;
	return Math.max(1, Math.ceil((limitMs - middle) / slope));
}

/**
 * A series in one line of signs, lowest to highest; the longest values of each column count where there are more than `width`. Three times the middle value
 * is as high as it goes, unless there are higher ones: what hardly changes looks calm.
 */
export function sparkline(values: readonly number[], width: number, levels: readonly string[]): string {
	const step = Math.max(1, Math.ceil(values.length / Math.max(1, width)));
	const columns = Array.from({length: Math.ceil(values.length / step)}, (_, index) => Math.max(...values.slice(index * step, (index + 1) * step)));
	const most = Math.max(...columns, 3 * (measures(columns)?.median ?? 0), 1);
	return columns.map(value => levels[Math.min(levels.length - 1, Math.max(0, Math.ceil(value / most * levels.length) - 1))]!).join('');
}

/** The middle value, and the highest. */
export function measures(values: readonly number[]): {readonly median: number; readonly most: number; readonly latest: number} | null {
	if (values.length === 0) return null;
	const sorted = values.toSorted((a, b) => a - b);
	return {median: sorted[Math.floor((sorted.length - 1) / 2)]!, most: sorted.at(-1)!, latest: values.at(-1)!};
}
