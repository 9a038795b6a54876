import {useMemo, useState, type ReactNode} from 'react';
import {Box, Text} from 'ink';
import type {Binding} from './bindings.js';
import {useCell} from './cell.js';
import {columnsOf, cutTo} from './columns.js';
import {moreText, windowStart} from './scroll.js';
import {useRoom} from './size.js';
import {useTheme, type Mark, type Tone} from './theme.js';

export type Choice<Value> = {
	readonly value: Value;
	/** A sign before the label: how it went, or stands. */
	readonly mark?: {readonly mark: Mark; readonly tone: Tone};
	readonly label: string;
	/** What distinguishes it, in a short clause; goes where there is no room. */
	readonly detail?: string;
	/** At the right: `recommended`, `2 warnings`. */
	readonly note?: string;
	readonly noteTone?: Tone;
	/** A letter that chooses it at once. */
	readonly key?: string;
};

export type ChoiceListState<Value> = {
	readonly choices: readonly Choice<Value>[];
	readonly index: number;
	readonly current: Choice<Value> | undefined;
	/** For the Frame: ↑↓ and Enter, home, end and pages, and the choices' letters. */
	readonly bindings: readonly Binding[];
	readonly select: (index: number) => void;
	/** The drawing part tells how many rows fit. */
	readonly window: (height: number) => number;
};

export type ChoiceListOptions<Value> = {
	readonly choices: readonly Choice<Value>[];
	readonly onChoose: (value: Value) => void;
	/** Where the pointer stands first. */
	readonly initial?: number;
	readonly onMove?: (value: Value) => void;
	/** What Enter does, for the key help. Default: `choose`. */
	readonly enterLabel?: string;
	/** What ↑↓ do. Default: `move`. */
	readonly moveLabel?: string;
};

/** Which part of the list is shown: it moves no more than it must. */
class View {
	height = 1;
	start = 0;

	show(index: number, count: number, height: number): number {
		this.height = Math.max(1, height);
		this.start = windowStart(index, count, height, this.start);
		return this.start;
	}
}

/** The state and the keys of a list of which one is chosen: hand the bindings to the Frame, the state to ChoiceList. */
export function useChoiceList<Value>(options: ChoiceListOptions<Value>): ChoiceListState<Value> {
	const {choices, onChoose, onMove} = options;
	const [wanted, pointer] = useCell(() => options.initial ?? 0);
	const [view] = useState(() => new View());
	const last = Math.max(0, choices.length - 1);
	const bound = (index: number): number => Math.min(Math.max(0, index), last);
	const index = bound(wanted);
	const at = (): number => bound(pointer.read());
	const select = (to: number): void => {
		pointer.set(bound(to));
		const choice = choices[at()];
		if (choice !== undefined) onMove?.(choice.value);
	};
	// Of ten thousand choices nothing is worked out anew for a key.
	const letters = useMemo(() => choices.flatMap(({key}, position) => (key === undefined ? [] : [{key, position}])), [choices]);
	return {
		choices,
		index,
		current: choices[index],
		select,
		window: height => view.show(index, choices.length, height),
		bindings: [
			{keys: ['up', 'down'], label: options.moveLabel ?? 'move', run: key => select(key === 'up' ? (at() === 0 ? last : at() - 1) : (at() === last ? 0 : at() + 1))},
			{
				keys: ['enter'], label: options.enterLabel ?? 'choose', run: () => {
					const choice = choices[at()];
					if (choice !== undefined) onChoose(choice.value);
				},
			},
			{keys: ['pageup', 'pagedown'], label: 'a page', hidden: true, run: key => select(at() + (key === 'pageup' ? -view.height : view.height))},
			{keys: ['home', 'end'], label: 'first or last', hidden: true, run: key => select(key === 'home' ? 0 : last)},
			...letters.map(({key, position}): Binding => ({
				keys: [key], label: choices[position]!.label, hidden: true, run: () => {
					select(position);
					onChoose(choices[position]!.value);
				},
			})),
		],
	};
}

export type ChoiceListProps<Value> = {
	readonly list: ChoiceListState<Value>;
	/** Rows that there are for it. Default: all that the body has. */
	readonly height?: number;
	/** Columns. Default: all that the body has. */
	readonly width?: number;
	/** Which part of the columns labels may take, with details beside them. Default: 0.6. */
	readonly labelShare?: number;
};

/** Draws a choice list: only the rows that fit, the current one with a pointer. */
export function ChoiceList<Value>({list, height, width, labelShare = 0.6}: ChoiceListProps<Value>): ReactNode {
	const theme = useTheme();
	const room = useRoom();
	const columns = width ?? room.columns;
	const rows = Math.max(1, height ?? room.rows);
	const fits = list.choices.length <= rows;
	const shown = fits ? list.choices.length : Math.max(1, rows - 1);
	const start = list.window(shown);
	const widest = useMemo(() => list.choices.reduce((most, {label}) => Math.max(most, columnsOf(label)), 0), [list.choices]);
	const labels = Math.min(widest, Math.max(10, Math.floor(columns * labelShare)));
	return (
		<Box flexDirection="column" flexShrink={0}>
			{list.choices.slice(start, start + shown).map((choice, row) => (
				<ChoiceRow key={start + row} choice={choice} selected={start + row === list.index} labels={labels} columns={columns} />
			))}
			{fits ? null : <Text {...theme.style('dim')}>  {moreText(start, shown, list.choices.length, theme.symbols.up, theme.symbols.down)}</Text>}
		</Box>
	);
}

type ChoiceRowProps = {readonly choice: Choice<unknown>; readonly selected: boolean; readonly labels: number; readonly columns: number};

function ChoiceRow({choice, selected, labels, columns}: ChoiceRowProps): ReactNode {
	const theme = useTheme();
	const {ellipsis, pointer} = theme.symbols;
	const letter = choice.key === undefined ? '' : `${choice.key}  `;
	const sign = choice.mark === undefined ? '' : theme.symbols[choice.mark.mark].padEnd(theme.markWidth + 1);
	const front = 2 + letter.length + columnsOf(sign);
	const note = choice.note === undefined || columns - front - labels - 3 < columnsOf(choice.note) ? '' : choice.note;
	const label = cutTo(choice.label, Math.max(1, columns - front - (note === '' ? 0 : columnsOf(note) + 2)), ellipsis);
	const padded = label + ' '.repeat(Math.max(0, labels - columnsOf(label)));
	const left = columns - front - columnsOf(padded) - (note === '' ? 0 : columnsOf(note) + 2) - 3;
	// A detail of which only a word or two would be left says nothing.
	const least = Math.min(columns < 60 ? Number.POSITIVE_INFINITY : 12, columnsOf(choice.detail ?? ''));
	const detail = choice.detail === undefined || left < least ? '' : cutTo(choice.detail, left, ellipsis);
	const gap = Math.max(0, columns - front - columnsOf(padded) - (detail === '' ? 0 : 3 + columnsOf(detail)) - columnsOf(note));
	return (
		<Text wrap="truncate">
			<Text {...theme.style('selected')}>{selected ? `${pointer} ` : '  '}</Text>
			<Text {...theme.style('accent')}>{letter}</Text>
			{choice.mark === undefined ? null : <Text {...theme.style(choice.mark.tone)}>{sign}</Text>}
			<Text {...theme.style(selected ? 'selected' : 'plain')}>{padded}</Text>
			{detail === '' ? null : <Text {...theme.style(selected ? 'plain' : 'dim')}>{`   ${detail}`}</Text>}
			{note === '' ? null : <Text {...theme.style(choice.noteTone ?? 'dim')}>{' '.repeat(gap) + note}</Text>}
		</Text>
	);
}
