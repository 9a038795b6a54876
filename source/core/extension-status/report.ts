/** What one of the extension's status files says about one backup. */
export type StatusReport = {
	/** N of `N.status`; null where it came from elsewhere. */
	readonly sequence: number | null;
	readonly task: string | null;
	/** When it was written, milliseconds since 1970 UTC; null where it does not say. */
	readonly at: number | null;
	/** When Azure asked for the backup, milliseconds since 1970 UTC. */
	readonly askedAt: number | null;
	/** `success` or `error`. The code is what counts: an error code can stand beside `success`. */
	readonly status: string;
	/** 0 application-consistent, 1 file-system consistent, 4 still at work, others: errors. */
	readonly code: number;
	readonly message: string;
	/** The script error of a backup that went on; the code itself where there is none. */
	readonly healthCode: number | null;
	/** The extension says itself that it made a crash-consistent snapshot (its one consistency field that can be trusted). */
	readonly crashConsistent: boolean;
	/** How many disks' snapshots the report lists, and how many of them failed. */
	readonly snapshots: {readonly count: number; readonly failed: number};
};

/** No status file is larger; what is larger is no status file. */
export const mostStatusBytes = 4 * 1024 * 1024;

/** The code with which the extension says that it is still at work. */
export const transitionalCode = 4;

/**
 * Understands a status file. The outer status always claims success: the truth is the JSON text in `substatus[0].name` (facts: the extension's own
 * sources). Null where the text is no such file, not all of one, or not about a backup.
 */
export function readStatus(text: string, fileName: string): StatusReport | null {
	const outer = onlyElement(parse(text));
	const outerStatus = record(outer?.['status']);
	if (outer === null || outerStatus === null) return null;
	const [sub] = list(outerStatus['substatus']);
	const name = record(sub)?.['name'];
	const inner = typeof name === 'string' ? onlyElement(parse(name)) : null;
	// Before there is a substatus, and in reports of other operations, only the outer one is left.
	const status = record(inner?.['status']) ?? outerStatus;
	if (status['operation'] !== undefined && status['operation'] !== 'Enable') return null;
	const code = wholeNumber(status['code']);
	if (code === null) return null;
	const formatted = record(parse(textOf(record(status['formattedMessage'])?.['message'])));
	// The extension's installation is reported as a success like a backup's.
	if (textOf(formatted?.['messageStr']).startsWith('Install Succeeded')) return null;
	const snapshots = list(status['snapshotInfo']).map(record);
	const sequence = /(\d{1,9})[._]status$/.exec(fileName)?.[1];
	return {
		sequence: sequence === undefined ? null : Number(sequence),
		task: textOf(status['taskId']) === '' ? null : textOf(status['taskId']).slice(0, 80),
		at: timeOf(inner?.['timestampUTC']) ?? timeOf(outer['timestampUTC']),
		askedAt: ticksOf(status['commandStartTimeUTCTicks']),
		status: textOf(status['status']),
		code,
		message: textOf(formatted?.['messageStr']).slice(0, 2000).replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, ' '),
		healthCode: wholeNumber(record(status['vmHealthInfo'])?.['vmHealthStatusCode']),
		crashConsistent: wholeNumber(formatted?.['snapshotConsistency']) === 3,
		snapshots: {count: snapshots.length, failed: snapshots.filter(one => one !== null && !/^true$/i.test(String(one['isSuccessful']))).length},
	};
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : null;
}

function list(value: unknown): readonly unknown[] {
	return Array.isArray(value) ? value : [];
}

function onlyElement(value: unknown): Readonly<Record<string, unknown>> | null {
	return record(list(value)[0]);
}

function textOf(value: unknown): string {
	return typeof value === 'string' ? value : '';
}

function wholeNumber(value: unknown): number | null {
	const number = typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value;
	return typeof number === 'number' && Number.isInteger(number) ? number : null;
}

/** `/Date(1795432181607)/` or ISO 8601. */
function timeOf(value: unknown): number | null {
	const text = textOf(value);
	const date = /^\\?\/Date\((\d{1,15})\)\\?\/$/.exec(text)?.[1];
	const time = date === undefined ? Date.parse(text) : Number(date);
	return Number.isNaN(time) ? null : time;
}

/** Ticks of 100 ns since the year 1. */
function ticksOf(value: unknown): number | null {
	const text = typeof value === 'number' ? String(value) : textOf(value);
	if (!/^\d{18}$/.test(text)) return null;
	return Number(BigInt(text) / 10_000n) - 62_135_596_800_000;
}
