import {EventEmitter} from 'node:events';
import {closeSync, constants, openSync, writeSync} from 'node:fs';
import {inAsciiSameLength, speaksUnicode} from '../core/unicode.js';
import {openOutput, type Output} from './streams.js';
import {longestTimerMs} from './time.js';

/** How much may wait for a terminal that takes nothing, in characters, before frames are dropped: some hundred screens. */
const mostWaiting = 500_000;

/** What has not gone out after so long goes to a slow terminal, milliseconds; and how long that is believed, the first time. */
const slowAfterMs = 300;
const slowForMs = 30_000;

/** Erases the visible screen, the cursor at its beginning. */
export const eraseScreen = '\u001B[H\u001B[2J';
const leaveAlternateScreen = '\u001B[?2026l\u001B[?2004l\u001B[?1049l\u001B[?25h';

/**
 * Standard output as a terminal to draw on, in the shape that Ink takes for a stream. Nothing that is written here ever blocks: where the terminal takes no more
 * (Ctrl-S, a stalled connection) frames wait, then are dropped, and when it goes on a `resize` asks for everything anew. `slow` and `quick` say
 * whether the terminal takes in time what is drawn. `size` and `resized` are about the real terminal; `columns` and `rows` are those that were last applied with `apply`, so that whoever draws can lay out first.
 */
export class TerminalOutput extends EventEmitter {
	readonly isTTY = true;
	readonly writable = true;
	columns: number;
	rows: number;
	readonly #output: Output;
	readonly #descriptor: number;
	/** What a screen draws has its width by now, so no character may become two. */
	readonly #ascii = !speaksUnicode(process.env);
	#waiting = 0;
	#draining = false;
	#dropped = false;
	#stalls = 0;
	#slow: NodeJS.Timeout | null = null;
	readonly #onResized = (): void => {
		this.emit('resized');
	};

	constructor() {
		super();
		const {descriptor, neverBlocks} = reopened(1);
		this.#descriptor = descriptor;
		this.#output = openOutput(descriptor, {neverBlocks});
		const {columns, rows} = this.size();
		this.columns = columns;
		this.rows = rows;
		process.stdout.on('resize', this.#onResized);
	}

	size(): {readonly columns: number; readonly rows: number} {
		return {columns: process.stdout.columns || 80, rows: process.stdout.rows || 24};
	}

	/** Takes over the real size, and tells whoever draws. */
	apply(): void {
		const {columns, rows} = this.size();
		this.columns = columns;
		this.rows = rows;
		this.emit('resize');
	}

	/** Ink steps down line by line, which is half of a small frame: the steps are written as one. */
	write(text: string, callback?: () => void): boolean {
		if (this.#waiting > mostWaiting) {
			this.#dropped = true;
		} else {
			const readable = this.#ascii ? inAsciiSameLength(text) : text;
			const brief = readable.replaceAll(/(?:\u001B\[E){2,}/g, moves => `\u001B[${moves.length / 3}E`);
			this.#waiting += brief.length;
			this.#output.write(brief);
			this.#watch();
		}

		if (callback !== undefined) queueMicrotask(callback);
		return true;
	}

	/** Waits until everything is out, at most so long. */
	async drain(withinMs: number): Promise<void> {
		await this.#output.drain(withinMs);
	}

	/** What Ink itself undoes at its end, for an end that it does not see. */
	restore(): void {
		try {
			writeSync(this.#descriptor, leaveAlternateScreen);
		} catch {
			// The terminal is gone, or takes nothing.
		}
	}

	close(): void {
		process.stdout.off('resize', this.#onResized);
		if (this.#slow !== null) clearTimeout(this.#slow);
		if (this.#descriptor !== 1) closeSync(this.#descriptor);
	}

	#watch(): void {
		if (this.#draining) return;
		this.#draining = true;
		void this.#whenDrained();
	}

	async #whenDrained(): Promise<void> {
		const stalled = setTimeout(() => this.#isSlow(), slowAfterMs);
		await this.#output.drain(longestTimerMs);
		clearTimeout(stalled);
		this.#draining = false;
		this.#waiting = 0;
		if (!this.#dropped) return;
		this.#dropped = false;
		this.emit('resized');
	}

	/** A connection can stall for a moment; what stalls twice is slow. */
	#isSlow(): void {
		this.#stalls += 1;
		this.emit('slow');
		if (this.#slow !== null) clearTimeout(this.#slow);
		this.#slow = this.#stalls > 1 ? null : setTimeout(() => this.emit('quick'), slowForMs).unref();
	}
}

/** The same terminal, opened once more so that writing to it never blocks, without changing that for the shell that shares ours. */
function reopened(descriptor: number): {readonly descriptor: number; readonly neverBlocks: boolean} {
	try {
		return {descriptor: openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY), neverBlocks: true};
	} catch {
		return {descriptor, neverBlocks: false};
	}
}
