import {useMemo, type ReactNode} from 'react';
import {Box, Text} from 'ink';
import {ChoiceList, type ChoiceListState} from '../../components/choice-list.js';
import {columnsOf, wrapText} from '../../components/columns.js';
import {ScrollView, type Scroll} from '../../components/scroll.js';
import {useRoom} from '../../components/size.js';
import {useTheme, type Symbols} from '../../components/theme.js';
import {duration} from '../../core/durations.js';
import {findError} from '../../core/errors.js';
import {isWithoutReport, withoutReport, type HistoryEntry} from '../../core/history.js';
import {limitWarnings, measures, seriesOf, sparkline} from '../../core/history-trend.js';
import {outcomeWords} from '../../core/verdict-words.js';
import {SummaryRow, type SummaryLine} from '../cycle-summary.js';
import {outcomeMarks} from '../outcome-marks.js';

/** All cycles, newest first, and below them how their windows go on. */
export function HistoryList({entries, list}: {readonly entries: readonly HistoryEntry[]; readonly list: ChoiceListState<HistoryEntry>}): ReactNode {
	const theme = useTheme();
	const {columns, rows} = useRoom();
	const trend = useMemo(() => trendLines(entries, columns, theme.symbols), [entries, columns, theme.symbols]);
	if (entries.length === 0) {
		return <Box flexDirection="column">{wrapText('There is no cycle in the history yet. A live cycle (c on the home screen) begins it; Azure\'s backups are seen in the extension\'s log.', columns).map(line => <Text key={line}>{line}</Text>)}</Box>;
	}
	// The list has the larger half; the whole of the trend is behind a key.
	const trendRows = rows < 12 ? 0 : Math.min(trend.length, Math.floor((rows - 1) / 2));
	const listRows = Math.max(1, rows - (trendRows === 0 ? 0 : trendRows + 1));
	return (
		<Box flexDirection="column">
			<Box flexDirection="column" height={Math.min(listRows, Math.max(list.choices.length, 1))} flexShrink={0}><ChoiceList list={list} height={listRows} labelShare={0.7} /></Box>
			{trendRows === 0 ? null : <Box flexDirection="column" marginTop={1} flexShrink={0}>{trend.slice(0, trendRows).map((line, index) => <SummaryRow key={index} line={line} />)}</Box>}
		</Box>
	);
}

/** The trend alone, all of it. */
export function HistoryTrend({entries, scroll}: {readonly entries: readonly HistoryEntry[]; readonly scroll: Scroll}): ReactNode {
	const theme = useTheme();
	const {columns, rows} = useRoom();
	const lines = useMemo(() => trendLines(entries, columns, theme.symbols), [entries, columns, theme.symbols]);
	return <ScrollView scroll={scroll} count={lines.length} height={rows} renderRow={index => <SummaryRow line={lines[index] ?? {text: '', tone: 'plain'}} />} />;
}

/** The warnings before a limit first, then each series in one line. */
export function trendLines(entries: readonly HistoryEntry[], columns: number, {levels, arrow}: Symbols): readonly SummaryLine[] {
	const warnings = limitWarnings(entries).flatMap(({message, remedy}) => [
		...wrapText(message, columns - 3).map((text, index): SummaryLine => index === 0 ? {mark: 'warning', text, tone: 'plain'} : {text, tone: 'plain'}),
		...wrapText(`${arrow} ${remedy}`, columns - 3).map((text): SummaryLine => ({text, tone: 'dim'})),
	]);
	const charts = (['azure', 'quiesce'] as const).flatMap((source): readonly SummaryLine[] => {
		const series = seriesOf(entries.filter(entry => entry.source === source)).filter(({values}) => values.length > 1);
		if (series.length === 0) return [];
		return [
			{text: source === 'azure' ? 'Azure\'s backups, oldest first' : 'cycles of quiesce, oldest first', tone: 'dim'},
			...series.map(({name, title, values, limitMs}): SummaryLine => {
				const {median, most} = measures(values)!;
				const limit = limitMs === null || columns < 70 ? '' : ` of ${duration(limitMs)}`;
				const words = columns < 56 ? duration(most) : `mostly ${duration(median)}, at most ${duration(most)}${limit}`;
				const front = columns < 56 ? 12 : 18;
				const room = Math.max(6, Math.min(30, columns - 3 - front - words.length - 2));
				const chart = sparkline(values, room, levels);
				return {
					text: '', tone: 'plain', parts: [
						{text: (columns < 56 && name === 'quiesce-window' ? 'held' : title).padEnd(front), tone: 'plain'}, {text: chart, tone: 'accent'},
						{text: `${' '.repeat(Math.max(0, columns - 3 - front - columnsOf(chart) - words.length))}${words}`, tone: 'dim'},
					],
				};
			}),
		];
	});
	return [...warnings, ...(warnings.length > 0 && charts.length > 0 ? [{text: '', tone: 'plain'} as const] : []), ...charts];
}

/** One cycle, all that is known of it. */
export function HistoryDetail({entry, scroll}: {readonly entry: HistoryEntry; readonly scroll: Scroll}): ReactNode {
	const theme = useTheme();
	const {columns, rows} = useRoom();
	const lines = detailLines(entry, Math.min(columns, 88), theme.symbols);
	return <ScrollView scroll={scroll} count={lines.length} height={rows} renderRow={index => <SummaryRow line={lines[index] ?? {text: '', tone: 'plain'}} />} />;
}

const verifiedWords: Readonly<Record<NonNullable<HistoryEntry['verified']>, string>> = {
	restores: 'restores', 'restores-without-the-mark': 'restores, without the pre-script\'s mark', 'does-not-restore': 'does not restore',
};

export function detailLines(entry: HistoryEntry, columns: number, {arrow}: Symbols): readonly SummaryLine[] {
	const width = columns - 3;
	const narrow = columns < 56;
	const front = narrow ? 13 : 18;
	const row = (name: string, value: string | null): readonly SummaryLine[] => value === null ? [] : wrapText(value, Math.max(10, width - front)).map((text, index) => ({text: `${(index === 0 ? name : '').padEnd(front)}${text}`, tone: 'plain'}));
	const limit = entry.scriptLimitMs === null ? '' : ` of ${duration(entry.scriptLimitMs)}`;
	const ms = (value: number | null, more = ''): string | null => value === null || value <= 0 ? null : `${duration(value)}${more}`;
	const blank: SummaryLine = {text: '', tone: 'plain'};
	return [
		{...outcomeMarks[entry.outcome], text: `${outcomeWords[entry.outcome].replace(/^./, letter => letter.toUpperCase())}${entry.interrupted === undefined ? '' : `, interrupted (${entry.interrupted})`}`},
		blank,
		...row('began', `${entry.at.slice(0, 19).replace('T', ' ')} UTC`),
		...row('took', ms(entry.durationMs)),
		...row('frozen', ms(entry.freezeWindowMs)),
		...row(narrow ? 'held' : 'application held', ms(entry.quiesceWindowMs)),
		...row('pre-script', ms(entry.preScriptMs, limit)),
		...row('post-script', ms(entry.postScriptMs, limit)),
		...row('filesystems', entry.mounts.length === 0 ? null : entry.mounts.join(', ')),
		...row('snapshot', entry.snapshot === null ? null : entry.snapshot.path ?? entry.snapshot.id),
		...row('verified', entry.verified === undefined ? null : verifiedWords[entry.verified]),
		...row(entry.source === 'azure' ? narrow ? 'Azure told' : 'Azure was told' : 'in Azure', entry.azure === null ? null : outcomeWords[entry.azure.outcome]),
		...row('id', entry.id),
		...(isWithoutReport(entry) ? [blank, ...wrapText(withoutReport.long, width).map((text, index): SummaryLine => index === 0 ? {mark: 'failed', text, tone: 'plain'} : {text, tone: 'plain'})] : []),
		...entry.errors.flatMap((error): readonly SummaryLine[] => {
			const known = findError(error.name);
			const title = `${error.name}${error.code === null ? '' : ` (${error.code})`}${known === undefined ? '' : `: ${known.happened}`}`;
			return [
				blank,
				...wrapText(title, width).map((text, index): SummaryLine => index === 0 ? {mark: 'failed', text, tone: 'plain'} : {text, tone: 'plain'}),
				...(known?.remedies ?? []).flatMap(remedy => wrapText(remedy, width - 2).map((text, index): SummaryLine => ({text: `${index === 0 ? `${arrow} ` : ' '.repeat(arrow.length + 1)}${text}`, tone: 'plain'}))),
			];
		}),
	];
}
