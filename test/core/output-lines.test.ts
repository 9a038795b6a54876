import assert from 'node:assert/strict';
import {test} from 'node:test';
import {boundedLines} from '../../source/core/output-lines.js';

function linesOf(...chunks: ReadonlyArray<string | Uint8Array>): readonly string[] {
	const lines: string[] = [];
	const collector = boundedLines(line => lines.push(line));
	for (const chunk of chunks) collector.take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
	collector.flush();
	return lines;
}

test('lines arrive whole, however the bytes were cut', () => {
	const text = Buffer.from('tables locked\r\nmärk 01\n\nlast');
	for (let at = 0; at < text.length; at++) {
		assert.deepEqual(linesOf(text.subarray(0, at), text.subarray(at)), ['tables locked', 'märk 01', '', 'last'], `cut at ${at}`);
	}
});

test('a progress bar becomes lines, and nothing can drive the terminal', () => {
	assert.deepEqual(linesOf('10 %\r20 %\rdone\n'), ['10 %', '20 %', 'done']);
	assert.deepEqual(linesOf('\u001B[31mred\u001B[0m \u001B]0;title\u0007x\u0007\ty\n'), ['red x\ty']);
	assert.deepEqual(linesOf(Uint8Array.of(0xFF, 0x61, 10)), ['\uFFFDa']);
});

test('a flood is counted, and a line without an end is cut into pieces', () => {
	const flood = linesOf('x\n'.repeat(5000));
	assert.equal(flood.length, 1001);
	assert.equal(flood.at(-1), '… 4000 more lines');
	assert.deepEqual(linesOf('y'.repeat(4500)).map(line => line.length), [2000, 2000, 500]);
});
