import assert from 'node:assert/strict';
import {test} from 'node:test';
import {boundedLines} from '../../source/core/output-lines.js';

function linesOf(chunks: string | Uint8Array | ReadonlyArray<string | Uint8Array>): readonly string[] {
	const lines: string[] = [];
	const collector = boundedLines(line => lines.push(line));
	for (const chunk of Array.isArray(chunks) ? chunks as ReadonlyArray<string | Uint8Array> : [chunks as string | Uint8Array]) collector.take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
	collector.flush();
	return lines;
}

test('lines arrive whole, however the bytes were cut', () => {
	const text = Buffer.from('tables locked\r\nmärk 01\n\nlast');
	for (let at = 0; at < text.length; at++) {
		assert.deepEqual(linesOf([text.subarray(0, at), text.subarray(at)]), ['tables locked', 'märk 01', '', 'last'], `cut at ${at}`);
	}
});

test('a progress bar becomes lines, and nothing can drive the terminal', () => {
	assert.deepEqual(linesOf('10 %\r20 %\rdone\n'), ['10 %', '20 %', 'done']);
	assert.deepEqual(linesOf('\u001B[31mred\u001B[0m \u001B]0;title\u0007x\u0007\ty\n'), ['red x\ty']);
	assert.deepEqual(linesOf(Uint8Array.of(0xFF, 0x61, 10)), ['\uFFFDa']);
});

test('nothing turns the direction of what is shown', () => {
	assert.deepEqual(linesOf('a \u202Etxt.exe\u2066 b\n'), ['a txt.exe b']);
});

test('a flood is counted, and its last lines are kept', () => {
	const flood = linesOf(`${'x\n'.repeat(5000)}the disk is gone\nexit 1`);
	assert.equal(flood.length, 1000 + 1 + 40);
	assert.equal(flood[1000], '… 3962 lines left out');
	assert.deepEqual(flood.slice(-3), ['x', 'the disk is gone', 'exit 1']);
	const exact = linesOf('x\n'.repeat(1030));
	assert.deepEqual([exact.length, exact.at(-1)], [1030, 'x']);
});

test('a flood arrives alike however its bytes were cut', () => {
	const text = Buffer.from(`${'x\n'.repeat(990)}${'ä line of some length\r\n'.repeat(10_000)}end`);
	const whole = linesOf(text);
	assert.deepEqual(whole.slice(-2), ['ä line of some length', 'end']);
	for (const size of [1, 7, 4096, 65_537]) {
		const chunks = Array.from({length: Math.ceil(text.length / size)}, (_, index) => text.subarray(index * size, (index + 1) * size));
		assert.deepEqual(linesOf(chunks), whole, `in pieces of ${size}`);
	}
});

test('while a flood goes on its last lines are shown now and then, each once', () => {
	const lines: string[] = [];
	const collector = boundedLines(line => lines.push(line));
	collector.take(Buffer.from('x\n'.repeat(1000)));
	collector.catchUp();
	assert.equal(lines.length, 1000);
	collector.take(Buffer.from('dumping table 1\ndumping ta'));
	collector.catchUp();
	assert.deepEqual(lines.slice(1000), ['dumping table 1']);
	collector.take(Buffer.from('ble 2\n'));
	collector.catchUp();
	collector.catchUp();
	collector.flush();
	assert.deepEqual(lines.slice(1000), ['dumping table 1', 'dumping table 2']);
});

test('a line without an end is cut into pieces, and in a flood only its last piece is kept', () => {
	assert.deepEqual(linesOf('y'.repeat(4500)).map(line => line.length), [2000, 2000, 500]);
	const long = linesOf([...Array.from({length: 300}, () => 'y'.repeat(10_000)), 'end']);
	assert.deepEqual([long.length, long[1000], long.at(-1)?.length, long.at(-1)?.endsWith('yend')], [1002, '… output left out', 2000, true]);
});
