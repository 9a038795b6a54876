import {isWithoutReport, withoutReport, type HistoryEntry} from '../core/history.js';
import {limitWarnings, measures, seriesOf, sparkline} from '../core/history-trend.js';
import {duration} from '../core/durations.js';
import type {ErrorReference} from '../core/outcome.js';
import {findError} from '../core/errors.js';
import {errorName} from '../core/cycle-words.js';
import {outcomeWords} from '../core/verdict-words.js';

export type HistoryStyle = {readonly levels: readonly string[]; readonly width: number};

const verifiedWords: Readonly<Record<NonNullable<HistoryEntry['verified']>, string>> = {
	restores: 'restores',
	'restores-without-the-mark': 'restores without the mark',
	'does-not-restore': 'does not restore',
};

const columns = ['', 'when (UTC)', 'by', 'outcome', 'frozen', 'held', ''] as const;
/** These line up at the right. */
const numeric: ReadonlySet<number> = new Set([0, 4, 5]);

/** The list (of the `listed` newest), the trend of all, and what is near a limit: lines without ends. */
export function historyLines(entries: readonly HistoryEntry[], {levels, width}: HistoryStyle, listed = entries.length): readonly string[] {
	if (entries.length === 0) return ['There is no cycle in the history yet. quiesce cycle runs one; Azure\'s backups are seen in the extension\'s log.'];
	const rows = entries.slice(0, listed).map((entry, index) => [
		String(index + 1),
		entry.at.slice(0, 16).replace('T', ' '),
		entry.source === 'azure' ? 'Azure' : 'quiesce',
		outcomeWords[entry.outcome],
		entry.freezeWindowMs > 0 ? duration(entry.freezeWindowMs) : '-',
		entry.quiesceWindowMs > 0 ? duration(entry.quiesceWindowMs) : '-',
		[...(isWithoutReport(entry) ? [withoutReport.short] : entry.errors.map(errorName)), ...(entry.verified === undefined ? [] : [verifiedWords[entry.verified]])].join(', '),
	] as const);
	const widths = columns.map((title, index) => Math.max(title.length, ...rows.map(row => row[index]!.length)));
	const line = (cells: readonly string[]): string => cells.map((cell, index) => numeric.has(index) ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)).join('  ').trimEnd();
	return [line(columns), ...rows.map(line), '', ...trendLines(entries, {levels, width}), '', 'One in detail: quiesce history 1'];
}

/** Each series in one line, and the warnings. */
export function trendLines(entries: readonly HistoryEntry[], {levels, width}: HistoryStyle): readonly string[] {
	const lines = (['azure', 'quiesce'] as const).flatMap(source => {
		const series = seriesOf(entries.filter(entry => entry.source === source)).filter(({values}) => values.length > 1);
		if (series.length === 0) return [];
		const charts = series.map(({title, values, limitMs}) => {
			const {median, most} = measures(values)!;
			const words = `median ${duration(median)}, most ${duration(most)}${limitMs === null ? '' : `, limit ${duration(limitMs)}`}`;
			return `  ${title.padEnd(17)}${sparkline(values, Math.max(8, width - 21 - words.length), levels)}  ${words}`;
		});
		return [source === 'azure' ? "Azure's backups, oldest first" : 'Cycles of quiesce, oldest first', ...charts];
	});
	const warnings = limitWarnings(entries).flatMap(({message, remedy}) => [`Warning: ${message}`, `         → ${remedy}`]);
	return [...lines, ...(lines.length > 0 && warnings.length > 0 ? [''] : []), ...warnings];
}

/** One cycle, all that is known of it. */
export function entryLines(entry: HistoryEntry): readonly string[] {
	const row = (name: string, value: string | null): readonly string[] => value === null ? [] : [`  ${name.padEnd(18)}${value}`];
	const ms = (value: number | null): string | null => value === null ? null : duration(value);
	const limit = entry.scriptLimitMs === null ? '' : ` of ${duration(entry.scriptLimitMs)}`;
	return [
		`${entry.source === 'azure' ? "Azure's backup" : 'Cycle'} of ${entry.at.slice(0, 19).replace('T', ' ')} UTC: ${outcomeWords[entry.outcome]}${entry.interrupted === undefined ? '' : `, interrupted (${entry.interrupted})`}`,
		'',
		...row('id', entry.id),
		...row('took', ms(entry.durationMs)),
		...row('frozen', entry.freezeWindowMs > 0 ? ms(entry.freezeWindowMs) : null),
		...row('application held', entry.quiesceWindowMs > 0 ? ms(entry.quiesceWindowMs) : null),
		...row('pre-script', entry.preScriptMs === null ? null : `${ms(entry.preScriptMs)}${limit}`),
		...row('post-script', entry.postScriptMs === null ? null : `${ms(entry.postScriptMs)}${limit}`),
		...row('filesystems', entry.mounts.length === 0 ? null : entry.mounts.join(', ')),
		...row('snapshot', entry.snapshot === null ? null : entry.snapshot.path ?? `${entry.snapshot.provider} ${entry.snapshot.id}`),
		...row('verified', entry.verified === undefined ? null : verifiedWords[entry.verified]),
		...row(entry.source === 'azure' ? 'Azure was told' : 'in Azure', entry.azure === null ? null : `${outcomeWords[entry.azure.outcome]}${entry.azure.errors.length === 0 ? '' : ` (${entry.azure.errors.map(errorName).join(', ')})`}`),
		...(isWithoutReport(entry) ? ['', withoutReport.long] : []),
		...entry.errors.flatMap(error => ['', ...explained(error)]),
	];
}

function explained(error: ErrorReference): readonly string[] {
	const entry = findError(error.name);
	return entry === undefined ? [errorName(error)] : [`${errorName(error)}: ${entry.happened}`, ...entry.remedies.map(remedy => `  → ${remedy}`)];
}
