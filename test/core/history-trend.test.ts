import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import type {HistoryEntry} from '../../source/core/history.js';
import {cyclesUntil, limitWarnings, measures, seriesOf, sparkline} from '../../source/core/history-trend.js';
import {metricsText} from '../../source/core/metrics.js';

function entry(index: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
	return {
		version: 1, id: `cycle-${index}`, source: 'azure', at: new Date(Date.UTC(2026, 0, 1 + index)).toISOString(), durationMs: 20_000, outcome: 'application-consistent', errors: [],
		freezeWindowMs: 3000, quiesceWindowMs: 13_000, preScriptMs: 3000, postScriptMs: 3000, scriptLimitMs: 30_000, mounts: ['/data'], snapshot: null, azure: null, ...more,
	};
}

/** Newest first, as the history answers. */
function nights(values: readonly number[], make: (value: number) => Partial<HistoryEntry>): readonly HistoryEntry[] {
	return values.map((value, index) => entry(index, make(value))).toReversed();
}

suite('trend', () => {
	test('the series are oldest first and leave out what did not happen', () => {
		const entries = nights([1, 0, 3], value => ({freezeWindowMs: value, preScriptMs: value === 0 ? null : value}));
		const byName = Object.fromEntries(seriesOf(entries).map(({name, values}) => [name, values]));
		assert.deepEqual(byName['freeze-window'], [1, 3]);
		assert.deepEqual(byName['pre-script'], [1, 3]);
	});

	test('a script near its limit is warned of, one far from it is not', () => {
		assert.deepEqual(limitWarnings(nights([3000, 25_000], value => ({preScriptMs: value}))).map(({series}) => series), ['pre-script']);
		assert.deepEqual(limitWarnings(nights([25_000, 3000], value => ({preScriptMs: value}))), []);
	});

	test('a window that grows is warned of before it is near', () => {
		const growing = nights([10, 14, 18, 22, 50, 30, 34, 38].map(seconds => seconds * 1000), value => ({freezeWindowMs: value}));
		assert.match(limitWarnings(growing)[0]?.message ?? '', /grows: at this pace the limit of 60 s is reached in about \d+ cycles/);
		const flat = nights([10, 12, 9, 11, 45, 10, 11, 10].map(seconds => seconds * 1000), value => ({freezeWindowMs: value}));
		assert.deepEqual(limitWarnings(flat), []);
	});

	test('quiesce\'s own cycles and Azure\'s are not mixed', () => {
		const entries = [entry(2, {source: 'quiesce', preScriptMs: 10, postScriptMs: 1, scriptLimitMs: 12}), entry(1)];
		assert.deepEqual(limitWarnings(entries).map(({source}) => source), ['quiesce']);
	});

	test('when a growing series meets its limit', () => {
		assert.equal(cyclesUntil([1, 2, 3, 4, 5, 6, 7, 8], 20), 13);
		assert.equal(cyclesUntil([8, 7, 6, 5, 4, 3], 20), null);
		assert.equal(cyclesUntil([1, 2, 3], 20), null);
	});

	test('a chart is never wider than it may be, is calm where nothing changes, and shows what stands out', () => {
		fc.assert(fc.property(fc.array(fc.nat(100_000), {minLength: 1, maxLength: 200}), fc.integer({min: 1, max: 80}), (values, width) => {
			const line = sparkline(values, width, ['_', '.', ':', '#']);
			assert.ok(line.length >= 1 && line.length <= width);
		}));
		assert.equal(sparkline([5, 5, 5, 5], 10, ['_', '.', ':', '#']), '....');
		assert.equal(sparkline([5, 6, 40, 5], 10, ['_', '.', ':', '#']), '__#_');
	});

	test('the middle one, the highest and the latest', () => {
		assert.deepEqual(measures([3, 1, 2]), {median: 2, most: 3, latest: 2});
		assert.equal(measures([]), null);
	});
});

suite('metrics', () => {
	test('text that Prometheus reads: help and type before the samples, each name once, names and labels well formed', () => {
		const entries = [entry(3, {errors: [{name: 'a "quoted"\\name\n', code: null}], outcome: 'failed'}), entry(2, {source: 'quiesce', verified: 'restores'}), entry(1)];
		const text = metricsText({entries, unfinished: 0, verdict: {outcome: 'application-consistent', errors: []}, now: Date.UTC(2026, 1, 1)});
		assert.ok(text.endsWith('\n'));
		const seen = new Set<string>();
		let current = '';
		for (const line of text.trimEnd().split('\n')) {
			const type = /^# TYPE (quiesce_[a-z_]+) gauge$/.exec(line)?.[1];
			if (type !== undefined) {
				assert.ok(!seen.has(type), type);
				seen.add(type);
				current = type;
			} else if (!line.startsWith('# HELP ')) {
				assert.match(line, /^quiesce_[a-z_]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? -?\d+(?:\.\d+)?$/);
				assert.equal(line.split(/[{ ]/)[0], current);
			}
		}
		assert.match(text, /quiesce_last_cycle_outcome\{source="azure",outcome="failed"\} 1\n/);
		assert.match(text, new RegExp(`quiesce_last_application_consistent_timestamp_seconds\\{source="azure"\\} ${Date.UTC(2026, 0, 2) / 1000}\n`));
		assert.match(text, /quiesce_last_verified\{result="restores"\} 1\n/);
	});

	test('nothing known: no empty metric', () => {
		const text = metricsText({entries: [], unfinished: 0, verdict: null, now: 1000});
		assert.match(text, /quiesce_unfinished_cycles 0\n/);
		assert.doesNotMatch(text, /quiesce_last|quiesce_next/);
	});
});
