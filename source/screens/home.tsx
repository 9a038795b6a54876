import {basename} from 'node:path';
import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {ChoiceList, type ChoiceListState} from '../components/choice-list.js';
import {columnsOf, cutTo, wrapText} from '../components/columns.js';
import {useRoom} from '../components/size.js';
import {useTheme, type Mark, type Symbols, type Tone} from '../components/theme.js';
import {ago, duration} from '../core/durations.js';
import {isWithoutReport, withoutReport, type HistoryEntry} from '../core/history.js';
import type {Outcome} from '../core/outcome.js';
import type {Overview, Presence} from '../core/overview.js';
import {outcomeWords, verdictInShort, verdictSentence} from '../core/verdict-words.js';

const outcomeMarks: Readonly<Record<Outcome, {readonly mark: Mark; readonly tone: Tone}>> = {
	'application-consistent': {mark: 'done', tone: 'good'},
	'file-system-consistent': {mark: 'warning', tone: 'warning'},
	'crash-consistent': {mark: 'warning', tone: 'warning'},
	failed: {mark: 'failed', tone: 'bad'},
};

type Fact = {readonly label: string; readonly mark: Mark; readonly tone: Tone; readonly text: string; readonly aside?: string};

export type HomeProps<Value> = {
	/** Null while it is being looked at. */
	readonly overview: Overview | null;
	readonly menu: ChoiceListState<Value>;
	readonly now: number;
	/** What was made up for that an earlier cycle had left; goes below the menu. */
	readonly notice?: readonly string[];
};

/** Is it configured, what will come of the next backup, what came of the last ones, and is anything held right now; below it, where to go. */
export function Home<Value>({overview, menu, now, notice}: HomeProps<Value>): ReactNode {
	const theme = useTheme();
	const {rows, columns} = useRoom();
	const narrow = columns < 60;
	const sentence = overview === null ? '' : overview.configured ? (narrow ? verdictInShort : verdictSentence)(overview.verdict) : 'Nothing is configured yet: backups of this VM are at best file-system consistent.';
	const most = narrow ? 3 : 2;
	const room = columns - theme.markWidth - 1;
	const whole = wrapText(sentence, room);
	const lines = whole.length <= most ? whole : [...whole.slice(0, most - 1), cutTo(whole.slice(most - 1).join(' '), room, theme.symbols.ellipsis)];
	const facts = overview === null ? [] : factsOf(overview, now, theme.symbols);
	const {mark, tone} = outcomeMarks[overview?.verdict.outcome ?? 'failed'];
	// The lines for the sentence and four for the facts are there from the start, so that nothing jumps when they are known.
	const roomy = rows >= most + 12;
	// A narrow screen has room below rather than beside.
	const stacked = narrow && rows >= most + 1 + 8 + 1 + menu.choices.length;
	// On a few lines only what is frozen or held goes before the menu.
	const tiny = rows < 11;
	const isUrgent = overview !== null && overview.presence.is !== 'nothing';
	const shown = tiny ? (isUrgent || rows - lines.length - 1 - menu.choices.length >= 1 ? facts.slice(-1) : []) : facts;
	const factRows = tiny ? shown.length : stacked ? 8 : 4;
	return (
		<Box flexDirection="column">
			<Box flexDirection="column" height={roomy ? most : lines.length} flexShrink={0}>
				{overview === null ? <Text {...theme.style('dim')}>Looking at this machine.</Text> : lines.map((line, index) => (
					<Text key={index} wrap="truncate">
						<Text {...theme.style(tone)}>{index === 0 ? theme.symbols[mark].padEnd(theme.markWidth) : ' '.repeat(theme.markWidth)}</Text>
						<Text {...theme.style('strong')}>{` ${line}`}</Text>
					</Text>
				))}
			</Box>
			{factRows === 0 ? null : (
				<Box flexDirection="column" height={factRows} marginTop={roomy ? 1 : 0} flexShrink={0}>
					{shown.map(fact => (stacked ? <StackedFact key={fact.label} fact={fact} /> : <FactRow key={fact.label} fact={fact} />))}
				</Box>
			)}
			<Box marginTop={1} flexShrink={0}>
				<ChoiceList list={menu} height={Math.max(1, Math.min(menu.choices.length, rows - (roomy ? most + 2 + factRows : tiny ? lines.length + factRows + 1 : lines.length + 5)))} />
			</Box>
			<Box flexDirection="column" marginTop={1} flexShrink={0}>
				{(notice ?? []).flatMap(text => wrapText(text, columns - 4).map((line, row) => (row === 0 ? line : `  ${line}`))).map((line, index) => (
					<Text key={index} wrap="truncate" {...theme.style('warning')}>{`  ${line}`}</Text>
				))}
			</Box>
		</Box>
	);
}

function FactRow({fact}: {readonly fact: Fact}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const sign = theme.symbols[fact.mark].padEnd(theme.markWidth);
	const label = columns < 50 ? fact.label.padEnd(10) : `  ${fact.label.padEnd(13)}`;
	const front = label.length + theme.markWidth + 1;
	const room = Math.max(4, columns - front);
	const text = cutTo(partsThatFit(fact.text, room, ` ${theme.symbols.dot} `), room, theme.symbols.ellipsis);
	const aside = fact.aside ?? '';
	const gap = room - columnsOf(text) - columnsOf(aside);
	return (
		<Text wrap="truncate">
			<Text {...theme.style('dim')}>{label}</Text>
			<Text {...theme.style(fact.tone)}>{sign}</Text>
			{` ${text}`}
			<Text {...theme.style('dim')}>{aside === '' || gap < 2 ? '' : ' '.repeat(gap) + aside}</Text>
		</Text>
	);
}

function StackedFact({fact}: {readonly fact: Fact}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const sign = theme.symbols[fact.mark].padEnd(theme.markWidth);
	return (
		<Box flexDirection="column" flexShrink={0}>
			<Text wrap="truncate" {...theme.style('dim')}>{fact.label}</Text>
			<Text wrap="truncate">
				<Text {...theme.style(fact.tone)}>{sign}</Text>
				{` ${cutTo(partsThatFit(fact.text, columns - 3, ` ${theme.symbols.dot} `), columns - 3, theme.symbols.ellipsis)}`}
			</Text>
		</Box>
	);
}

/** As many of the parts of a text as fit, at least the first. */
function partsThatFit(text: string, room: number, separator: string): string {
	const parts = text.split(separator);
	while (parts.length > 1 && columnsOf(parts.join(separator)) > room) parts.pop();
	return parts.join(separator);
}

function factsOf(overview: Overview, now: number, symbols: Symbols): readonly Fact[] {
	const {scripts, filesystems, azure, cycle, trend, verdict, configured, presence} = overview;
	const tonight = outcomeMarks[verdict.outcome];
	const covered = filesystems === null ? '' : filesystems.length === 0 ? 'no filesystem' : `${filesystems.length} ${filesystems.length === 1 ? 'filesystem' : 'filesystems'}`;
	return [
		{label: 'Next backup', ...tonight, text: configured ? outcomeWords[verdict.outcome] : 'not set up', aside: [scripts === null ? '' : basename(scripts.pre), covered].filter(part => part !== '').join(` ${symbols.dot} `)},
		azure === null
			? {label: 'Last backup', mark: 'pending', tone: 'dim', text: 'none seen on this machine yet'}
			: {label: 'Last backup', ...outcomeMarks[azure.outcome], text: `${outcomeWords[azure.outcome]} ${symbols.dot} ${ago(now - Date.parse(azure.at))}`, aside: errorOf(azure)},
		cycle === null
			? {label: 'Last cycle', mark: 'pending', tone: 'dim', text: `none yet ${symbols.dot} a rehearsal takes a few seconds`}
			: {label: 'Last cycle', ...outcomeMarks[cycle.outcome], text: `${ago(now - Date.parse(cycle.at))} ${symbols.dot} frozen ${duration(cycle.freezeWindowMs)} ${symbols.dot} held ${duration(cycle.quiesceWindowMs)}`, aside: errorOf(cycle) || trendLine(trend, symbols.levels)},
		{label: 'Right now', ...presenceWords(presence)},
	];
}

function errorOf(entry: HistoryEntry): string {
	const [error] = entry.errors;
	if (error === undefined) return isWithoutReport(entry) ? withoutReport.short : '';
	return error.code === null ? error.name : `${error.name} (${error.code})`;
}

function presenceWords(presence: Presence): {readonly mark: Mark; readonly tone: Tone; readonly text: string} {
	switch (presence.is) {
		case 'nothing': return {mark: 'done', tone: 'good', text: 'nothing is frozen or held'};
		case 'cycle': return {mark: 'running', tone: 'accent', text: `a cycle of quiesce is running${presence.pid === null ? '' : ` (process ${presence.pid})`}`};
		case 'backup': return {mark: 'running', tone: 'accent', text: `a backup is running${presence.pid === null ? '' : ` (process ${presence.pid})`}: w watches it`};
		case 'unfinished': return {mark: 'failed', tone: 'bad', text: `a cycle came to no end: it is ${presence.mayBeFrozen ? 'thawed and ' : ''}ended now`};
	}
}

/** How the latest windows compare, one character each: `▁▁▂▁█`. Fewer than two say nothing. */
export function trendLine(values: readonly number[], levels: readonly string[]): string {
	if (values.length < 2) return '';
	const highest = Math.max(...values);
	return values.map(value => levels[highest === 0 ? 0 : Math.min(levels.length - 1, Math.floor((value / highest) * (levels.length - 1) + 0.5))] ?? '').join('');
}
