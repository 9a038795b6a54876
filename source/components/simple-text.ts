/*
 * Node takes some twenty milliseconds to make its first Intl.Segmenter, and forty more for the pattern of all emoji: half the time to the first frame, for
 * a screen on which every character stands for itself. What is made of such characters alone is dealt with here; anything else goes the long way.
 * The bundle hands this to the packages that measure text as well (build.js).
 */

/** Printable characters that are one column wide and never join their neighbours: ASCII, Latin, dashes, arrows, boxes, blocks, signs, Braille. */
const narrow = ' -~\\u00A1-\\u00AC\\u00AE-\\u02FF\\u2010-\\u2027\\u2030-\\u205E\\u2190-\\u21FF\\u23CE\\u2500-\\u25FC\\u2706-\\u2709\\u270C-\\u2727\\u2729-\\u274B\\u2758-\\u2794\\u2800-\\u28FF';
const allNarrow = new RegExp(`^[${narrow}]*$`);
/** Control characters join nobody either, but for the carriage return with a line feed. */
const allSingle = new RegExp(`^[\\u0000-\\u000C\\u000E-\\u001F\\u007F${narrow}]*$`);

/** How many columns a text takes, where that is simply the number of its characters; null where it takes a closer look. */
export function simpleColumns(text: string): number | null {
	return allNarrow.test(text) ? text.length : null;
}

export type Segment = {readonly segment: string; readonly index: number; readonly input: string};
export type Segments = Iterable<Segment> & {readonly containing: (index?: number) => Segment | undefined};
export type Segmenter = {readonly segment: (text: string) => Segments};

/** Splits into the characters that people see, as Intl.Segmenter does; that one is made only for a text that needs it. */
export function makeSegmenter(...options: ConstructorParameters<typeof Intl.Segmenter>): Segmenter {
	let thorough: Intl.Segmenter | undefined;
	return {
		segment(text) {
			if (!allSingle.test(text)) return (thorough ??= new Intl.Segmenter(...options)).segment(text);
			const segments = Array.from(text, (segment, index) => ({segment, index, input: text}));
			return {[Symbol.iterator]: () => segments.values(), containing: (index = 0) => segments[index]};
		},
	};
}

/** A pattern over classes of characters, which Node takes milliseconds to read, read only when a text asks for it. Without `lastIndex`: not for `exec` in a loop. */
export function latePattern(make: () => RegExp): Pick<RegExp, 'test' | typeof Symbol.match | typeof Symbol.search | typeof Symbol.replace> {
	let pattern: RegExp | undefined;
	const get = (): RegExp => (pattern ??= make());
	return {
		test: text => get().test(text),
		[Symbol.match]: text => get()[Symbol.match](text),
		[Symbol.search]: text => get()[Symbol.search](text),
		[Symbol.replace]: (text: string, replacement: never) => get()[Symbol.replace](text, replacement),
	};
}
