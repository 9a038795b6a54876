import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {CycleEvent, CycleHappening} from '../../source/core/cycle-events.js';
import {foldHistory, historyFold, parseHistoryLine, type HistoryEntry} from '../../source/core/history.js';

const at = (ms: number): string => new Date(Date.UTC(2026, 10, 23) + ms).toISOString();
const event = (ms: number, happening: CycleHappening): CycleEvent => ({...happening, at: at(ms)});

const cycle: readonly CycleEvent[] = [
	event(0, {event: 'phase', phase: 'check', state: 'started'}),
	event(10, {event: 'phase', phase: 'check', state: 'succeeded', durationMs: 10}),
	event(10, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 1, attempts: 2, limitMs: 30_000}),
	event(110, {event: 'phase', phase: 'pre-script', state: 'failed', durationMs: 100, willRetry: true}),
	event(1110, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 2, attempts: 2, limitMs: 30_000}),
	event(1210, {event: 'phase', phase: 'pre-script', state: 'succeeded', durationMs: 100}),
	event(1300, {event: 'phase', phase: 'post-script', state: 'started', limitMs: 30_000}),
	event(1350, {event: 'phase', phase: 'post-script', state: 'succeeded', durationMs: 50}),
	event(1360, {
		event: 'result', outcome: 'application-consistent', errors: [], freezeWindowMs: 38, quiesceWindowMs: 140, mounts: ['/data'],
		snapshot: {provider: 'rehearsal', id: 'x'}, azure: {outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptExecutionFailed', code: 300}]},
	}),
];

suite('history', () => {
	test('a cycle becomes an entry with its result, and not before', () => {
		const fold = historyFold('x', 'quiesce');
		for (const one of cycle.slice(0, -1)) fold.take(one);
		assert.equal(fold.entry(), null);
		fold.take(cycle.at(-1)!);
		assert.deepEqual(fold.entry(), {
			version: 1, id: 'x', source: 'quiesce', at: at(0), durationMs: 1360, outcome: 'application-consistent', errors: [], freezeWindowMs: 38, quiesceWindowMs: 140,
			preScriptMs: 1200, postScriptMs: 50, scriptLimitMs: 30_000, mounts: ['/data'], snapshot: {provider: 'rehearsal', id: 'x'},
			azure: {outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptExecutionFailed', code: 300}]},
		} satisfies HistoryEntry);
	});

	test('scripts that did not run have no times', () => {
		const fold = historyFold('x', 'azure');
		fold.take(event(0, {event: 'phase', phase: 'pre-script', state: 'skipped'}));
		fold.take(cycle.at(-1)!);
		assert.equal(fold.entry()?.preScriptMs, null);
		assert.equal(fold.entry()?.scriptLimitMs, null);
	});

	test('a line is an entry only where it has all that an entry has', () => {
		const fold = historyFold('x', 'quiesce');
		for (const one of cycle) fold.take(one);
		const entry = fold.entry()!;
		assert.deepEqual(parseHistoryLine(JSON.stringify(entry)), entry);
		for (const key of Object.keys(entry)) {
			const {[key as keyof HistoryEntry]: _, ...rest} = entry;
			assert.equal(parseHistoryLine(JSON.stringify(rest)), null, key);
		}
		assert.equal(parseHistoryLine(JSON.stringify({...entry, outcome: 'splendid'})), null);
	});

	test('of two lines with the same id the later one counts', () => {
		const fold = historyFold('x', 'azure');
		for (const one of cycle) fold.take(one);
		const entry = fold.entry()!;
		assert.deepEqual(foldHistory([entry, {...entry, durationMs: 5}]).map(({durationMs}) => durationMs), [5]);
	});
});
