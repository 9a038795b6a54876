import {latePattern, makeSegmenter, simpleColumns} from './simple-text.js';

const segmenter = makeSegmenter(undefined, {granularity: 'grapheme'});

/** Written in two columns: East Asian wide and full-width characters, and what is shown as a picture. */
const wide = latePattern(() => /^(?:\p{Emoji_Presentation}|.\uFE0F|[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}])/u);
const nothing = latePattern(() => /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u);

/** How many columns a text without escape sequences takes on a terminal. */
export function columnsOf(text: string): number {
	const simple = simpleColumns(text);
	if (simple !== null) return simple;
	let columns = 0;
	for (const {segment} of segmenter.segment(text)) {
		if (!nothing.test(segment)) columns += wide.test(segment) ? 2 : 1;
	}
	return columns;
}

/** Cuts a text to at most `width` columns, with a sign at the end where something is missing. */
export function cutTo(text: string, width: number, sign = '…'): string {
	if (columnsOf(text) <= width) return text;
	const room = Math.max(0, width - columnsOf(sign));
	let cut = '';
	let used = 0;
	for (const {segment} of segmenter.segment(text)) {
		const columns = columnsOf(segment);
		if (used + columns > room) break;
		cut += segment;
		used += columns;
	}
	return `${cut}${sign}`.slice(0, Math.max(width, 0) === 0 ? 0 : undefined);
}

/** Cuts a path at its front: its end tells more. */
export function cutPathTo(path: string, width: number, sign = '…'): string {
	if (columnsOf(path) <= width) return path;
	const characters = [...segmenter.segment(path)].map(({segment}) => segment);
	let used = columnsOf(sign);
	let from = characters.length;
	while (from > 0 && used + columnsOf(characters[from - 1]!) <= width) used += columnsOf(characters[--from]!);
	return sign + characters.slice(from).join('');
}

/** A unit stays with its number: `60 s`. */
const unit = /^(?:s|ms|min|h|kB|MB)[.,:;)]*$/;

function isUnitOf(number: string, word: string): boolean {
	return unit.test(word) && /\d$/.test(number);
}

/** An outcome stays one: `file-system consistent`. */
function isOneTerm(first: string, second: string): boolean {
	return first === 'file-system' && second.startsWith('consistent');
}

/** A word alone on the last line reads badly, up to so many columns. */
const lonely = 16;

/** Takes a word down to one that is alone on the last line, where the line above has more. */
function withCompany(words: readonly string[], last: string, room: number): {readonly above: string; readonly last: string} | null {
	const taken = words.at(-1);
	if (words.length < 3 || taken === undefined || last.includes(' ') || columnsOf(last) > lonely || columnsOf(taken) + 1 + columnsOf(last) > room) return null;
	return {above: words.slice(0, -1).join(' '), last: `${taken} ${last}`};
}

/** So little is not left on a line. Columns. */
const leastHead = 4;

/** What goes on this line of a word that is longer than one: up to a slash or a hyphen, where most of the line is full then or the rest fits on the next. */
function headOf(word: string, room: number): string {
	const head = cutTo(word, room, '');
	const end = Math.max(head.lastIndexOf('/'), head.lastIndexOf('-')) + 1;
	return end > head.length / 2 || (end > leastHead && columnsOf(word.slice(end)) <= room) ? head.slice(0, end) : head;
}

function wordsOf(text: string): readonly string[] {
	const words: string[] = [];
	for (const word of text.split(' ')) {
		const before = words.at(-1);
		if (before !== undefined && (isUnitOf(before, word) || isOneTerm(before, word))) words[words.length - 1] = `${before} ${word}`;
		else words.push(word);
	}

	return words;
}

/** Breaks a text at spaces into lines of at most `width` columns; a word that is longer is broken as well, a path after a slash if possible. */
export function wrapText(text: string, width: number): readonly string[] {
	return wrapped(text, width, false);
}

/** As `wrapText`, for sentences that are read whole: no short word stands alone on the last line. */
export function wrapSentence(text: string, width: number): readonly string[] {
	return wrapped(text, width, true);
}

function wrapped(text: string, width: number, inCompany: boolean): readonly string[] {
	const room = Math.max(1, width);
	const lines: string[] = [];
	for (const paragraph of text.split('\n')) {
		let line = '';
		/** The words of the line above, where the present one is a single word. */
		let above: readonly string[] = [];
		let words: string[] = [];
		for (const word of wordsOf(paragraph)) {
			const together = line === '' ? word : `${line} ${word}`;
			if (columnsOf(together) <= room) {
				line = together;
				words.push(word);
				continue;
			}
			if (line !== '') lines.push(line);
			line = word;
			above = words;
			words = [word];
			while (columnsOf(line) > room) {
				const head = headOf(line, room);
				if (head === '') break;
				lines.push(head);
				above = [];
				line = line.slice(head.length);
				// Its beginning stands on other lines by now.
				words = [line];
			}
		}
		const mended = inCompany && words.length === 1 && lines.length > 0 ? withCompany(above, line, room) : null;
		if (mended === null) {
			lines.push(line);
			continue;
		}
		lines[lines.length - 1] = mended.above;
		lines.push(mended.last);
	}
	return lines;
}
