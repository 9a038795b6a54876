/** One line of the extension's log, its beginning understood. */
export type LogRecord = {
	/** Milliseconds since 1970 UTC, cut, not rounded. */
	readonly at: number;
	/** The message, or what of it stands in this line. */
	readonly text: string;
	/** When safefreeze said what is quoted here, in whole seconds; the record itself is as young as the quoting. */
	readonly saidAt?: number;
};

/** Turns a wall clock's reading, given as if it were UTC (milliseconds since 1970), into the real time. Python 2 wrote local times. */
export type LocalTime = (asIfUtc: number) => number;

/** `2026-11-23 11:09:20.587983 [name-1.0]Message`, UTC. No fraction where it is zero. */
const plainPattern = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,6}))? \[[^\]]*-[\d.]*\](.*)$/;
/** `2026/11/23 11:09:29.678176  Info  Message `, UTC: kept in memory while frozen, and written afterwards. */
const bufferedPattern = /^(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d)\.(\d{1,6})  [A-Za-z]+  (.*)$/;
/** `2016/12/10 01:11:00 [name-1.0]Message`, local time, before every line of a message: Python 2, and releases before 2020. */
const oldPattern = /^(\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d) (.*)$/;
const oldNamePattern = /^\[[^\]]*-[\d.]*\](.*)$/;
/** Python 2's lines kept while frozen, behind the time at which they were written: UTC again. */
const oldBufferedPattern = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,6}))?  [A-Za-z]+  (.*)$/;
/** What safefreeze said, quoted: its own time (local, whole seconds) stands before it. */
const helperPattern = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.*)$/;

/** Understands one line; null for one that continues the message before it, or is none of the extension's. */
export function readRecord(line: string, localTime: LocalTime): LogRecord | null {
	// Both forms begin with a year of this century: the cheapest way past stack traces and listings.
	if (line.charCodeAt(0) !== 0x32 || line.length < 20) return null;
	const plain = plainPattern.exec(line);
	if (plain !== null) return recordAt(timeOf(plain[1]!, plain[2]), plain[3]!, localTime);
	const buffered = bufferedPattern.exec(line);
	if (buffered !== null) return recordAt(timeOf(buffered[1]!, buffered[2]), buffered[3]!, localTime);
	const old = oldPattern.exec(line);
	if (old === null) return null;
	const rest = old[2]!;
	const inner = oldBufferedPattern.exec(rest);
	if (inner !== null) return recordAt(timeOf(inner[1]!, inner[2]), inner[3]!, localTime);
	const named = oldNamePattern.exec(rest);
	return recordAt(localTime(timeOf(old[1]!, undefined)), named === null ? rest : named[1]!, localTime);
}

function recordAt(at: number, text: string, localTime: LocalTime): LogRecord | null {
	if (Number.isNaN(at)) return null;
	const trimmed = text.trimEnd();
	const quoted = helperPattern.exec(trimmed);
	if (quoted === null) return {at, text: trimmed};
	const saidAt = localTime(timeOf(quoted[1]!, undefined));
	return Number.isNaN(saidAt) ? {at, text: trimmed} : {at, text: quoted[2]!.trimEnd(), saidAt};
}

/** `2026-11-23 11:09:20` or with slashes, and a fraction of up to six digits. NaN for a 30th of February's hour 25. */
function timeOf(words: string, fraction: string | undefined): number {
	const number = (from: number, to: number): number => Number(words.slice(from, to));
	const [month, day, hour, minute, second] = [number(5, 7), number(8, 10), number(11, 13), number(14, 16), number(17, 19)];
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return Number.NaN;
	return Date.UTC(number(0, 4), month - 1, day, hour, minute, second) + (fraction === undefined ? 0 : Math.floor(Number(fraction.padEnd(6, '0')) / 1000));
}
