import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {ChoiceList, type ChoiceListState} from '../components/choice-list.js';
import {columnsOf, cutTo, wrapSentence, wrapText} from '../components/columns.js';
import {useRoom} from '../components/size.js';
import {useTheme, type Mark, type Symbols, type Tone} from '../components/theme.js';
import type {Overview} from '../core/overview.js';
import {notConfigured, overviewFacts, type OverviewFact} from '../core/overview-words.js';
import {verdictInShort, verdictSentence} from '../core/verdict-words.js';
import {outcomeMarks} from './outcome-marks.js';

const marks: Readonly<Record<OverviewFact['state'], {readonly mark: Mark; readonly tone: Tone}>> = {
	...outcomeMarks,
	none: {mark: 'pending', tone: 'dim'},
	clear: {mark: 'done', tone: 'good'},
	running: {mark: 'running', tone: 'accent'},
	unfinished: {mark: 'failed', tone: 'bad'},
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
	const sentence = overview === null ? '' : overview.configured ? (narrow ? verdictInShort : verdictSentence)(overview.verdict) : notConfigured;
	const most = narrow ? 3 : 2;
	const room = columns - theme.markWidth - 1;
	const whole = wrapSentence(sentence, room);
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
	return overviewFacts(overview, now, symbols.dot).map(({label, state, text, aside}) => ({
		label, text, ...marks[state], aside: label === 'Last cycle' && aside === '' && overview.cycle !== null ? trendLine(overview.trend, symbols.levels) : aside,
	}));
}

/** How the latest windows compare, one character each: `▁▁▂▁█`. Fewer than two say nothing. */
export function trendLine(values: readonly number[], levels: readonly string[]): string {
	if (values.length < 2) return '';
	const highest = Math.max(...values);
	return values.map(value => levels[highest === 0 ? 0 : Math.min(levels.length - 1, Math.floor((value / highest) * (levels.length - 1) + 0.5))] ?? '').join('');
}
