import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {readAnswersText} from '../../../source/core/config/answers-text.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

suite('the text of answers', () => {
	test('is JSON, with or without a byte order mark; the same value twice is one value', () => {
		for (const text of ['{"a": [{"b": 1}]}', '\uFEFF{"a": [{"b": 1}]}', '{"a": [{"b": 1}], "a": [{"b": 1}]}']) {
			assert.deepEqual(readAnswersText(bytesOf(text)), {value: {a: [{b: 1}]}, problem: null});
		}

		assert.deepEqual(readAnswersText(bytesOf('[]')).value, []);
	});

	test('what is none is said, with what was expected', () => {
		const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
		const cases: ReadonlyArray<readonly [string | Uint8Array, RegExp]> = [
			['', /^The answers are empty\. Expected: one JSON object/], [' \n\t', /are empty/], ['\uFEFF', /are empty/],
			['hello', /no JSON\. In line 1 /], ['{"a": 1,}', /no JSON\. In line 1 /], ['{\n// x\n}', /In line 2 there is a comment/], ['{"a": 1} x', /no JSON/],
			['{"a": NaN}', /NaN, Infinity and -Infinity are no numbers/], ['-Infinity', /no numbers/],
			[new Uint8Array([0xFF, 0xFE, 0x7B, 0]), /UTF-16/], [new Uint8Array([0x7B, 0xE4, 0x7D]), /not UTF-8/],
			[deep, /nested too deep/], [`{"a": ${deep}}`, /nested too deep/], [`${'['.repeat(17)}${']'.repeat(17)}`, /nested too deep/],
			['{"timeoutInSeconds": 30, "timeoutInSeconds": 40}', /^timeoutInSeconds stands in the answers more than once.*Expected: each setting once\.$/],
		];
		for (const [text, message] of cases) {
			const {value, problem} = readAnswersText(typeof text === 'string' ? bytesOf(text) : text);
			assert.equal(value, null);
			assert.match(problem?.message ?? '', message);
			assert.notEqual(problem?.expected, '');
		}

		assert.equal(readAnswersText(bytesOf('{"timeoutInSeconds": 30, "timeoutInSeconds": 40}')).problem?.key, 'timeoutInSeconds');
		assert.deepEqual(readAnswersText(bytesOf(`{"a": "${'['.repeat(50)}"}`)).value, {a: '['.repeat(50)});
	});
});
