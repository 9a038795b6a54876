import {columnsOf, wrapText} from '../../components/columns.js';
import type {Mark, Symbols, Tone} from '../../components/theme.js';
import {visible} from '../../core/visible-text.js';
import type {Paragraph} from '../../core/wizard/words.js';

/** One line of a text, as high as one row: a mark and its columns, and what stands behind. */
export type Line = {readonly tone: Tone; readonly text: string; readonly mark?: Mark; readonly markTone?: Tone};

const toneOfMark: Partial<Record<Mark, Tone>> = {done: 'good', failed: 'bad', warning: 'warning', information: 'dim'};

/** What was read from files or came from a server acts on no terminal; line breaks stay. */
function shown(text: string): string {
	return text.split('\n').map(line => visible(line)).join('\n');
}

/** The columns that a mark takes, so that what follows lines up. */
export function markColumns(symbols: Symbols): number {
	return columnsOf(symbols.done);
}

/** A text with a mark before it, broken into lines that stand below each other behind the mark. */
export function markedLines(mark: Mark, text: string, width: number, symbols: Symbols, tone: Tone = 'plain'): readonly Line[] {
	const front = markColumns(symbols) + 1;
	return wrapText(shown(text), Math.max(8, width - front)).map((part, index): Line => (index === 0
		? {tone, text: part, mark, markTone: toneOfMark[mark] ?? 'plain'}
		: {tone, text: ' '.repeat(front) + part}));
}

export function plainLines(text: string, width: number, tone: Tone = 'plain', indent = ''): readonly Line[] {
	return wrapText(shown(text), Math.max(8, width - indent.length)).map((part): Line => ({tone, text: indent + part}));
}

/** What to try, with an arrow before it, below a marked line. */
export function remedyLines(remedy: string, width: number, symbols: Symbols): readonly Line[] {
	const front = ' '.repeat(markColumns(symbols) + 1);
	return wrapText(shown(remedy), Math.max(8, width - front.length - symbols.arrow.length - 1))
		.map((part, index): Line => ({tone: 'plain', text: `${front}${index === 0 ? symbols.arrow : ' '.repeat(symbols.arrow.length)} ${part}`}));
}

/** Paragraphs with a blank line between them. */
export function paragraphLines(paragraphs: readonly Paragraph[], width: number, symbols: Symbols): readonly Line[] {
	return paragraphs.flatMap(({kind, text}, index): readonly Line[] => {
		const lines = kind === 'warning' ? markedLines('warning', text, width, symbols) : plainLines(text, width, kind === 'aside' ? 'dim' : 'plain');
		return index === 0 ? lines : [{tone: 'plain', text: ''}, ...lines];
	});
}
