import type {ReactNode} from 'react';
import {Box, Text, useInput, usePaste} from 'ink';
import {useCell} from './cell.js';
import {columnsOf, cutTo} from './columns.js';
import {covered} from './covered.js';
import {keysOf} from './keys.js';
import {makeSegmenter} from './simple-text.js';
import {useRoom} from './size.js';
import {pastedText, stepTextField, textFieldState, valueOf, visiblePart, type LeftOut, type TextFieldEvent, type TextFieldState} from './text-field-state.js';
import {useTheme, type Tone} from './theme.js';

export type TextFieldOptions = {
	readonly initial?: string;
	/** Enter, or a line end in what was typed or pasted. */
	readonly onSubmit: (value: string) => void;
	readonly onChange?: (value: string) => void;
	/** Tab: longer texts for what stands before the cursor, best first; the common beginning is typed at once. */
	readonly complete?: (value: string) => readonly string[];
	readonly isActive?: boolean;
	/** Characters that are no text while the field is empty: there they are keys of the screen. */
	readonly reserved?: readonly string[];
};

export type TextFieldHandle = {
	readonly state: TextFieldState;
	readonly value: string;
	/** What Tab offered last; empty after any other key. */
	readonly offered: readonly string[];
	/** What of the last paste was left out; null after any other key. */
	readonly leftOut: LeftOut | null;
	readonly set: (value: string) => void;
};

type Held = {readonly state: TextFieldState; readonly offered: readonly string[]; readonly leftOut: LeftOut | null};

/**
 * A line of text: its state and its keys. The Frame around it needs `typing`, so that letters are not taken for commands; Enter belongs to the field.
 * Esc, ctrl-c and the rest stay with the Frame's bindings.
 */
export function useTextField(options: TextFieldOptions): TextFieldHandle {
	const [held, cell] = useCell<Held>(() => ({state: textFieldState(options.initial ?? ''), offered: [], leftOut: null}));
	const isActive = options.isActive ?? true;

	const take = (event: TextFieldEvent, leftOut: LeftOut | null = null): void => {
		const before = valueOf(cell.read().state);
		const {state, submitted} = stepTextField(cell.read().state, event);
		cell.set({state, offered: [], leftOut});
		const value = valueOf(state);
		if (value !== before) options.onChange?.(value);
		if (submitted) options.onSubmit(value);
	};
	const complete = (): void => {
		const found = options.complete?.(valueOf(cell.read().state)) ?? [];
		const beginning = commonBeginning(found);
		if (beginning.length > valueOf(cell.read().state).length) take({type: 'set', value: beginning});
		cell.set({state: cell.read().state, offered: found.length > 1 ? found : [], leftOut: null});
	};

	const reserves = (text: string): boolean => options.reserved?.includes(text) === true && valueOf(cell.read().state) === '';
	useInput((input, key) => {
		if (covered.read() || reserves(input)) return;
		if (input.length > 1 && key.ctrl !== true && key.meta !== true) {
			take({type: 'text', text: input});
			return;
		}
		for (const name of keysOf(input, key)) {
			if (name === 'tab') complete();
			else if (name !== 'esc' && name !== 'ctrl-c' && name !== 'ctrl-g') take(name.length === 1 || [...name].length === 1 ? {type: 'text', text: name} : {type: 'key', key: name});
		}
	}, {isActive});
	usePaste(text => {
		if (covered.read()) return;
		const {typed, leftOut} = pastedText(text);
		take({type: 'text', text: typed}, leftOut);
	}, {isActive});

	return {
		state: held.state,
		value: valueOf(held.state),
		offered: held.offered,
		leftOut: held.leftOut,
		set: value => take({type: 'set', value}),
	};
}

function commonBeginning(texts: readonly string[]): string {
	const [first = ''] = texts;
	let length = first.length;
	for (const text of texts) {
		while (!text.startsWith(first.slice(0, length))) length--;
	}
	return first.slice(0, length);
}

export type TextFieldProps = {
	readonly field: TextFieldHandle;
	/** Before the field, in the same line. */
	readonly label?: string;
	/** What may be typed, shown while nothing is. */
	readonly placeholder?: string;
	/** Below: what the check of the value says, in lines that fit. The first one has its place from the start. */
	readonly validation?: {readonly tone: Tone; readonly text: string};
	readonly isActive?: boolean;
	/** Shown as dots. */
	readonly secret?: boolean;
	readonly width?: number;
};

/** The part of a text that fits into `width` columns: before the cursor, under it (a blank behind the last character), after it; and whether more is hidden. */
export function aroundCursor(state: TextFieldState, width: number): {readonly before: string; readonly under: string; readonly after: string; readonly cutLeft: boolean; readonly cutRight: boolean} {
	const {text, column, cutLeft, cutRight} = visiblePart(state, width, columnsOf);
	const before = cutTo(text, column, '');
	const rest = text.slice(before.length);
	const under = [...makeSegmenter().segment(rest)][0]?.segment;
	return {before, under: under ?? ' ', after: rest.slice(under?.length ?? 0), cutLeft, cutRight};
}

/** Draws a text field: one line that scrolls sideways where it is narrow, the line of its check, and what Tab offers. */
export function TextField({field, label = '', placeholder = '', validation, isActive = true, secret = false, width}: TextFieldProps): ReactNode {
	const theme = useTheme();
	const room = useRoom();
	const columns = width ?? room.columns;
	const front = `${theme.symbols.pointer} ${label === '' ? '' : `${label}  `}`;
	const space = Math.max(8, columns - columnsOf(front) - 1);
	const state = secret ? {...field.state, characters: field.state.characters.map(() => (theme.unicode ? '•' : '*'))} : field.state;
	const {before, under, after, cutLeft, cutRight} = aroundCursor(state, space - 2);
	return (
		<Box flexDirection="column" flexShrink={0}>
			<Text wrap="truncate">
				<Text {...theme.style('accent')}>{front}</Text>
				<Text {...theme.style('dim')}>{cutLeft ? theme.symbols.ellipsis.slice(0, 1) : ''}</Text>
				{before}
				{isActive ? <Text inverse>{under}</Text> : under}
				{after}
				{field.value === '' && placeholder !== '' ? <Text {...theme.style('dim')}>{` ${cutTo(placeholder, space - 2, theme.symbols.ellipsis)}`}</Text> : null}
				<Text {...theme.style('dim')}>{cutRight ? theme.symbols.ellipsis.slice(0, 1) : ''}</Text>
			</Text>
			{(validation?.text ?? '').split('\n').map((line, index) => <Text key={`check ${index}`} wrap="truncate" {...theme.style(validation?.tone ?? 'dim')}>{line === '' ? ' ' : `  ${line}`}</Text>)}
			{field.offered.slice(0, 5).map(offer => <Text key={offer} wrap="truncate-start" {...theme.style('dim')}>{`  ${offer}`}</Text>)}
			{field.offered.length > 5 ? <Text {...theme.style('dim')}>{`  ${theme.symbols.ellipsis} ${field.offered.length - 5} more`}</Text> : null}
		</Box>
	);
}
