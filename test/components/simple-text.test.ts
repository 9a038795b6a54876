import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {latePattern, makeSegmenter, simpleColumns, type Segments} from '../../source/components/simple-text.js';

const thorough = new Intl.Segmenter(undefined, {granularity: 'grapheme'});
const quick = makeSegmenter(undefined, {granularity: 'grapheme'});
function parts(segmenter: {segment: (text: string) => Segments}, text: string): unknown {
	const segments = segmenter.segment(text);
	return [[...segments].map(({segment, index}) => [segment, index]), Array.from({length: text.length + 1}, (_, index) => segments.containing(index)?.segment)];
}

test('texts are split as Intl.Segmenter splits them', () => {
	const interesting = fc.constantFrom('a', ' ', '\r', '\n', '\u001B', '✔', '❄', '…', '│', '\u0301', '\uFE0F', '\u200D', '👩', '🇩', '가', 'ᄀ', 'ᅡ', 'é', '\u00AD', '⠹');
	fc.assert(fc.property(fc.string({unit: interesting, maxLength: 12}), text => assert.deepEqual(parts(quick, text), parts(thorough, text))), {numRuns: 2000});
	fc.assert(fc.property(fc.string({unit: 'binary'}), text => assert.deepEqual(parts(quick, text), parts(thorough, text))));
});

test('what counts as one column for sure is no mark, no emoji, nothing invisible and nothing wide', () => {
	let simple = 0;
	for (let code = 0; code < 0x1_1000; code++) {
		const character = String.fromCodePoint(code);
		if (simpleColumns(character) === null) continue;
		simple++;
		assert.doesNotMatch(character, /[\p{M}\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Emoji_Presentation}\p{Zl}\p{Zp}]/u, `U+${code.toString(16)}`);
		assert.doesNotMatch(character, /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u, `U+${code.toString(16)}`);
	}
	assert.ok(simple > 700);
	for (const sign of '✔✖▲⠹○–❄❯█░·→│…↑↓←⏎▁▂▃▄▅▆▇') assert.equal(simpleColumns(sign), 1, sign);
});

test('a late pattern does what the pattern does', () => {
	const late = latePattern(() => /\p{Lu}/gu);
	assert.equal('aBcD'.search(late), 1);
	assert.deepEqual('aBcD'.match(late as RegExp), ['B', 'D']);
	assert.equal('aBcD'.replace(late, '-'), 'a-c-');
});
