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

function wordsOf(text: string): readonly string[] {
	const words: string[] = [];
	for (const word of text.split(' ')) {
		const before = words.at(-1);
		if (before !== undefined && unit.test(word) && /\d$/.test(before)) words[words.length - 1] = `${before} ${word}`;
		else words.push(word);
	}

	return words;
}

/** Breaks a text at spaces into lines of at most `width` columns; a word that is longer is broken as well. */
export function wrapText(text: string, width: number): readonly string[] {
	const room = Math.max(1, width);
	const lines: string[] = [];
	for (const paragraph of text.split('\n')) {
		let line = '';
		for (const word of wordsOf(paragraph)) {
			const together = line === '' ? word : `${line} ${word}`;
			if (columnsOf(together) <= room) {
				line = together;
				continue;
			}
			if (line !== '') lines.push(line);
			line = word;
			while (columnsOf(line) > room) {
				const head = cutTo(line, room, '');
				if (head === '') break;
				lines.push(head);
				line = line.slice(head.length);
			}
		}
		lines.push(line);
	}
	return lines;
}
