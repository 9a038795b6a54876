import {isPrintable} from './keys.js';
import {makeSegmenter} from './simple-text.js';

/** A line of text being typed. Positions count characters as people do (grapheme clusters), so that a cursor never stands inside one. */
export type TextFieldState = {
	readonly characters: readonly string[];
	/** 0 … characters.length. */
	readonly cursor: number;
};

export type TextFieldEvent =
	/** What arrived from the terminal, however much at once. */
	| {readonly type: 'text'; readonly text: string}
	| {readonly type: 'key'; readonly key: string}
	| {readonly type: 'set'; readonly value: string};

/** What one event comes to: the new state, and whether an Enter was in it. */
export type TextFieldStep = {
	readonly state: TextFieldState;
	readonly submitted: boolean;
};

const segmenter = makeSegmenter(undefined, {granularity: 'grapheme'});

/** A value as the characters that people see, without control characters. */
function split(text: string): readonly string[] {
	return [...segmenter.segment(clean(text))].map(({segment}) => segment);
}

/** Drops control characters (a carriage return must never get into a configuration), tabs, and what is invisible or turns the direction of writing. */
function clean(text: string): string {
	return [...text].filter(character => isPrintable(character) || character === '\u200D').join('');
}

export function textFieldState(value: string): TextFieldState {
	const characters = split(value);
	return {characters, cursor: characters.length};
}

export function valueOf(state: TextFieldState): string {
	return state.characters.join('');
}

/** One event. A chunk such as "vm-1\r" is typed up to the line end, and submitted there; what stands behind it was not meant for this field. */
export function stepTextField(state: TextFieldState, event: TextFieldEvent): TextFieldStep {
	switch (event.type) {
		case 'set':
			return stay(textFieldState(event.value));
		case 'text': {
			const end = event.text.search(/[\r\n]/);
			if (end === -1) return stay(insert(state, event.text));
			return {state: insert(state, event.text.slice(0, end)), submitted: true};
		}
		case 'key':
			return event.key === 'enter' ? {state, submitted: true} : stay(move(state, event.key));
	}
}

/** What a paste leaves out: the lines behind the first, or characters that no field takes. */
export type LeftOut = 'lines' | 'characters';

/** What of a pasted text is typed: its first line. What is pasted is looked at first, so a line end at its end sends nothing and is no loss. */
export function pastedText(text: string): {readonly typed: string; readonly leftOut: LeftOut | null} {
	const typed = text.replace(/[\r\n][^]*$/, '');
	if (/[^\r\n]/.test(text.slice(typed.length))) return {typed, leftOut: 'lines'};
	return {typed, leftOut: clean(typed) === typed ? null : 'characters'};
}

function stay(state: TextFieldState): TextFieldStep {
	return {state, submitted: false};
}

/** Types a text at the cursor. A backspace byte inside a chunk is the key that somebody pressed. */
function insert(state: TextFieldState, text: string): TextFieldState {
	let next = state;
	for (const part of text.split(/([\u007F\b])/)) {
		if (part === '\u007F' || part === '\b') {
			next = move(next, 'backspace');
			continue;
		}
		const typed = clean(part);
		if (typed === '') continue;
		const before = split(next.characters.slice(0, next.cursor).join('') + typed);
		next = {characters: [...before, ...next.characters.slice(next.cursor)], cursor: before.length};
	}
	return next;
}

function move(state: TextFieldState, key: string): TextFieldState {
	const {characters, cursor} = state;
	const cut = (from: number, to: number): TextFieldState => ({characters: characters.toSpliced(from, to - from), cursor: from});
	switch (key) {
		case 'left':
			return {characters, cursor: Math.max(0, cursor - 1)};
		case 'right':
			return {characters, cursor: Math.min(characters.length, cursor + 1)};
		case 'home':
		case 'ctrl-a':
			return {characters, cursor: 0};
		case 'end':
		case 'ctrl-e':
			return {characters, cursor: characters.length};
		case 'backspace':
			return cursor === 0 ? state : cut(cursor - 1, cursor);
		case 'delete':
		case 'ctrl-d':
			return cursor === characters.length ? state : {characters: characters.toSpliced(cursor, 1), cursor};
		case 'ctrl-u':
			return cut(0, cursor);
		case 'ctrl-k':
			return {characters: characters.slice(0, cursor), cursor};
		case 'ctrl-w':
			return cut(wordStart(characters, cursor), cursor);
		case 'space':
			return insert(state, ' ');
		default:
			return state;
	}
}

/** Where the word, or the part of a path, before the cursor begins. */
function wordStart(characters: readonly string[], cursor: number): number {
	let at = cursor;
	while (at > 0 && /[\s/]/.test(characters[at - 1]!)) at--;
	while (at > 0 && !/[\s/]/.test(characters[at - 1]!)) at--;
	return at;
}

/** The part of a text that is shown in `width` columns so that the cursor (which may stand behind the last character) is inside, and the cursor's column in it. */
export function visiblePart(state: TextFieldState, width: number, columnsOf: (text: string) => number): {readonly text: string; readonly column: number; readonly cutLeft: boolean; readonly cutRight: boolean} {
	const widths = state.characters.map(columnsOf);
	const room = Math.max(1, width - 1);
	let from = 0;
	let before = sum(widths, 0, state.cursor);
	while (before > room && from < state.cursor) before -= widths[from++]!;
	let to = state.cursor;
	let used = before;
	while (to < widths.length && used + widths[to]! <= (to === widths.length - 1 ? width : room)) used += widths[to++]!;
	// What fits to the left is shown as well, where the end of the text is near.
	while (from > 0 && used + widths[from - 1]! <= room) {
		used += widths[--from]!;
		before += widths[from]!;
	}
	return {text: state.characters.slice(from, to).join(''), column: before, cutLeft: from > 0, cutRight: to < widths.length};
}

function sum(values: readonly number[], from: number, to: number): number {
	return values.slice(from, to).reduce((total, value) => total + value, 0);
}
