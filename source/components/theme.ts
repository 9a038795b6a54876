import {createContext, createElement, useContext, type ReactNode} from 'react';
import {inAscii, speaksUnicode} from '../core/unicode.js';

/** The states that have a sign of their own; colour never carries the meaning alone. */
export type Mark = 'done' | 'failed' | 'warning' | 'running' | 'pending' | 'skipped' | 'frozen' | 'pointer' | 'information';

/** What a piece of text is, for its style. `inverse` is for what must not be overlooked. */
export type Tone = 'plain' | 'accent' | 'good' | 'warning' | 'bad' | 'dim' | 'strong' | 'frozen' | 'selected';

/** Properties for Ink's Text: spread them. Absent where the terminal or the reader wants none. */
export type TextStyle = {
	readonly color?: string;
	readonly backgroundColor?: string;
	readonly bold?: boolean;
	readonly dimColor?: boolean;
	readonly inverse?: boolean;
};

export type Symbols = Readonly<Record<Mark, string>> & {
	/** One after another, for what is running. */
	readonly spinner: readonly string[];
	readonly barFull: string;
	readonly barEmpty: string;
	/** Between two short facts. */
	readonly dot: string;
	/** Before a remedy, between before and after. */
	readonly arrow: string;
	/** Before lines of somebody else's output. */
	readonly gutter: string;
	readonly ellipsis: string;
	readonly up: string;
	readonly down: string;
	readonly left: string;
	readonly right: string;
	readonly enter: string;
	/** Lowest to highest, for a trend in one line. */
	readonly levels: readonly string[];
};

export type Theme = {
	readonly unicode: boolean;
	readonly colour: boolean;
	readonly symbols: Symbols;
	/** The widest of the common marks, in columns, so that what follows lines up. `frozen` may be wider. */
	readonly markWidth: number;
	readonly style: (tone: Tone) => TextStyle;
	/** A sentence or a note from elsewhere as this terminal can show it: before it is laid out. */
	readonly words: (text: string) => string;
};

const unicodeSymbols: Symbols = {
	done: '✔', failed: '✖', warning: '▲', running: '⠹', pending: '○', skipped: '–', frozen: '❄', pointer: '❯', information: '·',
	spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
	barFull: '█', barEmpty: '░', dot: '·', arrow: '→', gutter: '│', ellipsis: '…',
	up: '↑', down: '↓', left: '←', right: '→', enter: '⏎',
	levels: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
};

const asciiSymbols: Symbols = {
	done: 'ok', failed: 'x', warning: '!', running: '*', pending: '.', skipped: '-', frozen: 'FROZEN', pointer: '>', information: '-',
	spinner: ['|', '/', '-', '\\'],
	barFull: '#', barEmpty: '-', dot: '-', arrow: '->', gutter: '|', ellipsis: '...',
	up: 'up', down: 'down', left: 'left', right: 'right', enter: 'enter',
	levels: ['_', '.', ':', '-', '=', '+', '*', '#'],
};

/** Sixteen colours only, by name, so that the terminal's own palette decides how they look. */
const coloured: Readonly<Record<Tone, TextStyle>> = {
	plain: {},
	accent: {color: 'cyan'},
	good: {color: 'green'},
	warning: {color: 'yellow'},
	bad: {color: 'red'},
	dim: {dimColor: true},
	strong: {bold: true},
	frozen: {color: 'cyan', bold: true, inverse: true},
	selected: {color: 'cyan', bold: true},
};

/** Without colour the weight and the inversion stay. */
const colourless: Readonly<Record<Tone, TextStyle>> = {
	plain: {},
	accent: {},
	good: {},
	warning: {},
	bad: {bold: true},
	dim: {dimColor: true},
	strong: {bold: true},
	frozen: {bold: true, inverse: true},
	selected: {bold: true},
};

export type Environment = Readonly<Record<string, string | undefined>>;

/** The theme that fits a process's environment: NO_COLOR (any text in it), TERM and the locale decide. */
export function makeTheme(environment: Environment): Theme {
	const unicode = speaksUnicode(environment);
	const wish = environment['NO_COLOR'];
	const colour = (wish === undefined || wish === '') && environment['TERM'] !== 'dumb';
	const styles = colour ? coloured : colourless;
	return {
		unicode,
		colour,
		symbols: unicode ? unicodeSymbols : asciiSymbols,
		markWidth: unicode ? 1 : 2,
		style: tone => styles[tone],
		words: unicode ? text => text : inAscii,
	};
}

const ThemeContext = createContext<Theme | null>(null);
let ofTheProcess: Theme | undefined;

/** The theme in force: the nearest ThemeProvider's, else the one that fits this process. */
export function useTheme(): Theme {
	return useContext(ThemeContext) ?? (ofTheProcess ??= makeTheme(process.env));
}

export function ThemeProvider({theme, children}: {readonly theme: Theme; readonly children?: ReactNode}): ReactNode {
	return createElement(ThemeContext, {value: theme}, children);
}
