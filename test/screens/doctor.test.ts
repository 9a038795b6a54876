import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {makeTheme} from '../../source/components/theme.js';
import type {Finding} from '../../source/core/checks/finding.js';
import {findingLines, type Line} from '../../source/screens/doctor/lines.js';
import {Part} from '../../source/screens/doctor/part.js';

/** A list in which each finding has so many lines, and something below it. */
function listOf(findings: readonly number[], below = 1): readonly Line[] {
	return [...findings.flatMap((count, row) => Array.from({length: count}, () => ({row, spans: []}))), ...Array.from({length: below}, () => ({row: null, spans: []}))];
}

/** Goes from the first finding to the last, or back, and answers the lines that came into sight. */
function seen(part: Part, lines: readonly Line[], height: number, direction: 'up' | 'down', from: number, last: number): ReadonlySet<number> {
	const shown = new Set<number>();
	let pointer = from;
	for (let presses = 0; presses < 500; presses++) {
		const top = part.show(lines, pointer, height);
		assert.ok(top >= 0 && (lines.length <= height ? top === 0 : top + height <= lines.length));
		for (let line = top; line < Math.min(top + height, lines.length); line++) shown.add(line);
		if (part.move(direction)) continue;
		if (pointer === last) return shown;
		pointer += direction === 'down' ? 1 : -1;
		// The pointer is never out of sight.
		const next = part.show(lines, pointer, height);
		const first = lines.findIndex(({row}) => row === pointer);
		assert.ok(first >= next && first < next + height);
	}

	assert.fail('it never ends');
}

test('every line of every finding can be read by going down, however long one is, and the way back ends', () => {
	fc.assert(fc.property(fc.array(fc.integer({min: 1, max: 40}), {minLength: 1, maxLength: 8}), fc.integer({min: 1, max: 20}), fc.integer({min: 0, max: 3}), (findings, height, below) => {
		const lines = listOf(findings, below);
		const part = new Part();
		const down = seen(part, lines, height, 'down', 0, findings.length - 1);
		const own = lines.flatMap(({row}, index) => (row === null ? [] : [index]));
		assert.deepEqual(own.filter(index => !down.has(index)), []);
		seen(part, lines, height, 'up', findings.length - 1, 0);
	}));
});

test('nothing moves as long as what the pointer stands on can be read', () => {
	const part = new Part();
	const lines = listOf([1, 1, 6, 1, 1, 1], 0);
	assert.equal(part.show(lines, 0, 8), 0);
	assert.equal(part.move('down'), false);
	assert.equal(part.show(lines, 1, 8), 0);
	assert.equal(part.show(lines, 2, 8), 0);
	assert.equal(part.show(lines, 3, 8), 1);
	assert.equal(part.show(lines, 2, 8), 1);
});

test('a terminal without arrows shows what is beside a title and what to do in ASCII, in as many columns as there are', () => {
	const finding: Finding = {
		id: 'mode', severity: 'error', title: 'Others can read the script', detail: 'It has 0755 · Azure accepts only root …', remedy: 'chmod 700 → done',
		note: '0755 → 0700', fixable: true, command: null,
	} as unknown as Finding;
	for (const width of [40, 48, 49, 50, 51, 52, 80]) {
		const lines = findingLines([finding], {pointer: 0, unfolded: new Set(['mode']), theme: makeTheme({TERM: 'vt220', LANG: 'C'}), width}).map(({spans}) => spans.map(({text}) => text).join(''));
		assert.match(lines.join('\n'), /^[\n -~]*$/);
		assert.ok(lines.every(line => line.length <= width), lines.join('\n'));
		assert.match(lines.join('\n'), /-> chmod 700 -> done/);
		if (width === 80) assert.match(lines[0] ?? '', / 0755 -> 0700 {3}f mend$/);
	}
});
