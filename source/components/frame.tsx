import {useEffect, useState, type ReactNode} from 'react';
import {Box, Text} from 'ink';
import {keyHelpLines, keyText, reachable, useBindings, type Binding, type KeyHelp} from './bindings.js';
import {columnsOf, cutTo, wrapText} from './columns.js';
import {covered} from './covered.js';
import {ScrollView, useScroll, type Scroll} from './scroll.js';
import {RoomProvider, useSize, widestText, type Size} from './size.js';
import {useTheme} from './theme.js';

export type FrameProps = {
	/** Where one is: `['set up', 'scripts']` is written as `quiesce · set up · scripts`. */
	readonly where: readonly string[];
	/** At the right of the first line: the machine or the state. */
	readonly right?: string;
	/** The keys that work here, all of them; the last line shows those that are not hidden. */
	readonly bindings: readonly Binding[];
	/** What `?` shows: the screen explained, a paragraph each. */
	readonly explanation?: readonly string[];
	/** A text is being typed: letters belong to it, and the explanation is behind ctrl-g. */
	readonly typing?: boolean;
	/** Fills the terminal (the app), or is as high as its content (summaries, pictures). Default: fills. */
	readonly fills?: boolean;
	readonly children?: ReactNode;
};

/** A screen: first line where one is, last line which keys work, between them the body, which asks `useRoom` how much room it has. */
export function Frame({where, right = '', bindings, explanation, typing = false, fills = true, children}: FrameProps): ReactNode {
	const theme = useTheme();
	const size = useSize();
	const [explaining, setExplaining] = useState(false);
	const explain = (is: boolean): void => {
		covered.set(is);
		setExplaining(is);
	};
	useEffect(() => () => covered.set(false), []);
	const width = Math.max(20, Math.min(size.columns, widestText));
	const inner = width - 2;
	const own: readonly Binding[] = explanation === undefined ? [] : [{
		keys: [typing ? 'ctrl-g' : '?'],
		label: 'help',
		run: () => explain(true),
	}];
	const leave = bindings.filter(({keys}) => keys.includes('ctrl-c'));
	const scroll = useScroll();
	const all: readonly Binding[] = explaining
		? [...scroll.bindings, {keys: ['esc', 'enter', '?', 'q', 'ctrl-g'], label: 'back', run: () => explain(false)}, ...leave]
		: [...bindings.filter(binding => !leave.includes(binding)), ...own, ...leave];
	useBindings(all, {typing: typing && !explaining});

	const shown = explaining ? [...scroll.bindings, {keys: ['esc'], label: 'back', run: () => {}}, ...leave] : reachable(all, typing);
	// On a screen of a few lines the keys leave at least half of it to what they are for.
	const help = keyHelpLines(shown, theme.symbols, inner).slice(0, Math.max(1, Math.floor(size.rows / 2) - 2));
	const room = {columns: inner, rows: Math.max(1, size.rows - 3 - Math.max(1, help.length))};
	return (
		<Box flexDirection="column" width={width} paddingX={1} {...(fills ? {height: size.rows} : {})}>
			<TitleLine where={where} right={right} width={inner} />
			<Box flexDirection="column" marginTop={1} overflow="hidden" {...(fills ? {height: room.rows} : {})}>
				<RoomProvider room={room}>
					<Box flexDirection="column" flexShrink={0}>
						{explaining ? <Explanation paragraphs={explanation ?? []} bindings={[...bindings, ...own]} scroll={scroll} room={room} /> : children}
					</Box>
				</RoomProvider>
			</Box>
			<Box flexDirection="column" marginTop={1}>
				{help.map((line, index) => <KeyHelpLine key={index} line={line} />)}
			</Box>
		</Box>
	);
}

function TitleLine({where, right, width}: {readonly where: readonly string[]; readonly right: string; readonly width: number}): ReactNode {
	const theme = useTheme();
	const separator = ` ${theme.symbols.dot} `;
	const state = cutTo(right, Math.max(0, Math.floor(width / 2)), theme.symbols.ellipsis);
	const place = cutTo(where.map(part => separator + part).join(''), Math.max(0, width - columnsOf(state) - 9), theme.symbols.ellipsis);
	const gap = Math.max(1, width - 7 - columnsOf(place) - columnsOf(state));
	return (
		<Text wrap="truncate">
			<Text {...theme.style('selected')}>quiesce</Text>
			<Text>{place}</Text>
			<Text>{' '.repeat(gap)}</Text>
			<Text {...theme.style('dim')}>{state}</Text>
		</Text>
	);
}

function KeyHelpLine({line}: {readonly line: readonly KeyHelp[]}): ReactNode {
	const theme = useTheme();
	return (
		<Text wrap="truncate">
			{line.map(({keys, label}, index) => (
				<Text key={index}>
					{index === 0 ? '' : '   '}
					<Text {...theme.style('accent')}>{keys}</Text>
					<Text {...theme.style('dim')}> {label}</Text>
				</Text>
			))}
		</Text>
	);
}

type ExplanationProps = {readonly paragraphs: readonly string[]; readonly bindings: readonly Binding[]; readonly scroll: Scroll; readonly room: Size};

function Explanation({paragraphs, bindings, scroll, room}: ExplanationProps): ReactNode {
	const theme = useTheme();
	const keys = bindings.map(binding => ({keys: keyText(binding.keys, theme.symbols), label: binding.label}));
	const left = Math.max(...keys.map(({keys}) => columnsOf(keys)), 1) + 3;
	const lines: readonly {readonly front: string; readonly text: string; readonly strong?: boolean}[] = [
		...paragraphs.flatMap(paragraph => [...wrapText(paragraph, Math.min(room.columns, 76)), ' ']).map(text => ({front: '', text})),
		{front: '', text: 'Keys', strong: true},
		...keys.map(({keys, label}) => ({front: keys + ' '.repeat(Math.max(1, left - columnsOf(keys))), text: label})),
	];
	return (
		<ScrollView
			scroll={scroll}
			count={lines.length}
			height={room.rows}
			renderRow={index => (
				<Text wrap="truncate">
					<Text {...theme.style('accent')}>{lines[index]?.front ?? ''}</Text>
					<Text {...theme.style(lines[index]?.strong === true ? 'strong' : 'plain')}>{lines[index]?.text ?? ''}</Text>
				</Text>
			)}
		/>
	);
}
