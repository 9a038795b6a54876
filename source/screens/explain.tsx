import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {backBindings} from '../components/bindings.js';
import {ChoiceList, type ChoiceListState} from '../components/choice-list.js';
import {wrapText} from '../components/columns.js';
import {Frame} from '../components/frame.js';
import {ScrollView, useScroll, type Scroll} from '../components/scroll.js';
import {useRoom} from '../components/size.js';
import {TextField, type TextFieldHandle} from '../components/text-field.js';
import {useTheme, type Tone} from '../components/theme.js';
import type {ErrorEntry} from '../core/errors/entry.js';

/** An error's name with its code. */
export function errorTitle({name, code}: Pick<ErrorEntry, 'name' | 'code'>): string {
	return code === null ? name : `${name} (${code})`;
}

/** The list, with what narrows it down. */
export function ErrorSearch({field, list}: {readonly field: TextFieldHandle; readonly list: ChoiceListState<ErrorEntry>}): ReactNode {
	const theme = useTheme();
	const {rows, columns} = useRoom();
	const count = list.choices.length;
	const happened = list.current === undefined ? [] : wrapText(list.current.value.happened, columns - 2).slice(0, 2);
	// The sentence below has its two lines from the start, so that nothing jumps.
	const below = rows >= 12 ? 3 : 0;
	return (
		<Box flexDirection="column">
			<TextField
				field={field}
				label="Search"
				placeholder="a code, a name, or words"
				validation={{tone: count === 0 ? 'warning' : 'dim', text: count === 0 ? 'No error has all of these words.' : `${count} ${count === 1 ? 'error' : 'errors'}`}}
			/>
			<ChoiceList list={list} height={Math.max(1, rows - 3 - below)} />
			{below === 0 ? null : (
				<Box flexDirection="column" marginTop={1}>
					{[happened[0] ?? ' ', happened[1] ?? ' '].map((line, index) => <Text key={index} wrap="truncate" {...theme.style('dim')}>{`  ${line}`}</Text>)}
				</Box>
			)}
		</Box>
	);
}

type Line = {readonly text: string; readonly tone: Tone};

/** What `?` says about these screens. */
export const explanation = [
	'All errors that the backup extension and quiesce know, offline. Type a code, a part of a name, or words of what happened.',
	'Enter opens an error: what happened, what it does to the backup, and what to try, in the order of trying.',
];

/** One error on a screen of its own. `all`: to the list of all. */
export function ErrorFrame({entry, back, all, leave}: {readonly entry: ErrorEntry; readonly back: () => void; readonly all?: () => void; readonly leave: () => void}): ReactNode {
	const scroll = useScroll();
	return (
		<Frame
			where={['explain', errorTitle(entry)]}
			explanation={explanation}
			bindings={[...scroll.bindings, ...(all === undefined ? [] : [{keys: ['/'], label: 'other errors', run: all}]), ...backBindings(back, {more: ['left', 'enter']}), {keys: ['ctrl-c'], label: 'leave', hidden: true, run: leave}]}
		>
			<ErrorArticle entry={entry} scroll={scroll} />
		</Frame>
	);
}

/** What happened, what it does to the backup, what to try. */
function ErrorArticle({entry, scroll}: {readonly entry: ErrorEntry; readonly scroll: Scroll}): ReactNode {
	const theme = useTheme();
	const {rows, columns} = useRoom();
	const lines = articleLines(entry, Math.min(columns, 88));
	return (
		<ScrollView
			scroll={scroll}
			count={lines.length}
			height={rows}
			renderRow={index => <Text wrap="truncate" {...theme.style(lines[index]?.tone ?? 'plain')}>{lines[index]?.text ?? ''}</Text>}
		/>
	);
}

function articleLines(entry: ErrorEntry, width: number): readonly Line[] {
	const text = (words: string, tone: Tone = 'plain', indent = ''): readonly Line[] => wrapText(words, width - indent.length).map(line => ({text: indent + line, tone}));
	const blank: Line = {text: ' ', tone: 'plain'};
	return [
		...text(errorTitle(entry), 'strong'), blank,
		...text(entry.happened), blank,
		...text(entry.effect), blank,
		{text: 'What to try', tone: 'strong'},
		...entry.remedies.flatMap((remedy, index) => wrapText(remedy, width - 5).map((line, row): Line => ({text: row === 0 ? `  ${index + 1}. ${line}` : `     ${line}`, tone: 'plain'}))),
		...(entry.aliases.length === 0 ? [] : [blank, ...text(`In the extension's log: ${entry.aliases[0]!}`, 'dim')]),
	];
}
