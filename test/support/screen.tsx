import type {ReactElement} from 'react';
import {render, renderToString} from 'ink';
import {EventEmitter} from 'node:events';
import {stripVTControlCharacters} from 'node:util';
import {SizeProvider, type Size} from '../../source/components/size.js';
import {makeTheme, ThemeProvider, type Environment} from '../../source/components/theme.js';

export const utf8: Environment = {LANG: 'C.UTF-8', TERM: 'xterm-256color'};
export const ascii: Environment = {LANG: 'C', TERM: 'linux'};

export type DrawOptions = {readonly rows?: number; readonly environment?: Environment};

/** One frame as text without styles, its lines without trailing blanks: at a width, without a terminal. */
export function draw(tree: ReactElement, columns = 80, {rows = 24, environment = utf8}: DrawOptions = {}): string {
	return plain(renderToString(placed(tree, {columns, rows}, environment), {columns}));
}

/** One frame with its styles. */
export function drawStyled(tree: ReactElement, columns = 80, {rows = 24, environment = utf8}: DrawOptions = {}): string {
	return renderToString(placed(tree, {columns, rows}, environment), {columns});
}

function placed(tree: ReactElement, size: Size, environment: Environment): ReactElement {
	return <ThemeProvider theme={makeTheme(environment)}><SizeProvider size={size}>{tree}</SizeProvider></ThemeProvider>;
}

function plain(text: string): string {
	return stripVTControlCharacters(text).split('\n').map(line => line.trimEnd()).join('\n');
}

/** A terminal of which the test is both sides. */
export type FakeTerminal = {
	/** Writes each text to the program as one chunk, and waits until it is dealt with. */
	readonly send: (...chunks: readonly string[]) => Promise<void>;
	/** The latest frame, without styles. */
	readonly frame: () => string;
	readonly end: () => void;
};

class FakeInput extends EventEmitter {
	readonly isTTY = true;
	#waiting: string | null = null;
	setEncoding(): void {}
	setRawMode(): void {}
	ref(): void {}
	unref(): void {}
	read(): string | null {
		const data = this.#waiting;
		this.#waiting = null;
		return data;
	}

	push(data: string): void {
		this.#waiting = data;
		this.emit('readable');
		this.emit('data', data);
	}
}

class FakeOutput extends EventEmitter {
	readonly isTTY = true;
	frame = '';

	constructor(readonly columns: number, readonly rows: number) {
		super();
	}

	write(text: string): boolean {
		// Modes that are switched (the cursor, pasting) come by themselves and are no frame.
		if (stripVTControlCharacters(text) !== '') this.frame = text;
		return true;
	}
}

/** Keys as a terminal sends them. */
export const bytes = {up: '\u001B[A', down: '\u001B[B', right: '\u001B[C', left: '\u001B[D', enter: '\r', tab: '\t', backspace: '\u007F', home: '\u001B[H', end: '\u001B[F', pageDown: '\u001B[6~', ctrlC: '\u0003'} as const;

/** Runs a tree on a fake terminal: keys in, frames out. */
export function open(tree: ReactElement, columns = 80, {rows = 24, environment = utf8}: DrawOptions = {}): FakeTerminal {
	const input = new FakeInput();
	const output = new FakeOutput(columns, rows);
	const app = render(placed(tree, {columns, rows}, environment), {
		stdin: input as unknown as NodeJS.ReadStream,
		stdout: output as unknown as NodeJS.WriteStream,
		debug: true,
		exitOnCtrlC: false,
		patchConsole: false,
		interactive: true,
	});
	return {
		send: async (...chunks) => {
			for (const chunk of chunks) {
				input.push(chunk);
				// Effects of a commit, and what they draw, come in later turns of the loop.
				for (let turn = 0; turn < 4; turn++) await new Promise(resolve => setImmediate(resolve));
			}
		},
		frame: () => plain(output.frame),
		end: () => app.unmount(),
	};
}
