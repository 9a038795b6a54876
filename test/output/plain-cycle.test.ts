import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {CycleHappening, CycleResult} from '../../source/core/cycle-events.js';
import {errorReference, ownError} from '../../source/core/errors.js';
import {plainCycle} from '../../source/output/plain-cycle.js';

/** Prints events, the first at 14:02:11 and each of the others half a second later. */
function printed(...happenings: readonly CycleHappening[]): readonly string[] {
	const print = plainCycle();
	return happenings.flatMap((happening, index) => print({...happening, at: new Date(Date.parse('2026-11-28T14:02:11.000Z') + index * 500).toISOString()}));
}

const result: CycleResult = {
	event: 'result', outcome: 'application-consistent', errors: [], freezeWindowMs: 260, quiesceWindowMs: 380, mounts: ['/data', '/var/lib/mysql'],
	snapshot: {provider: 'rehearsal', id: 'x'}, azure: {outcome: 'application-consistent', errors: []},
};

suite('a cycle in plain lines', () => {
	test('says each step once, FROZEN as long as it is so, and how long it was', () => {
		assert.deepEqual(printed(
			{event: 'phase', phase: 'check', state: 'started'},
			{event: 'phase', phase: 'check', state: 'succeeded', durationMs: 40, detail: 'configuration, scripts, 2 filesystems'},
			{event: 'phase', phase: 'pre-script', state: 'started', attempt: 1, attempts: 3, limitMs: 30_000, script: '/etc/azure/pre.sh'},
			{event: 'output', phase: 'pre-script', stream: 'stdout', line: 'tables locked'},
			{event: 'output', phase: 'pre-script', stream: 'stderr', line: 'slowly'},
			{event: 'phase', phase: 'pre-script', state: 'failed', durationMs: 400, attempt: 1, willRetry: true, detail: 'exit code 3; again in 1 s'},
			{event: 'phase', phase: 'pre-script', state: 'succeeded', durationMs: 1400, attempt: 2},
			{event: 'phase', phase: 'freeze', state: 'started', mounts: ['/data', '/var/lib/mysql'], thawsAfterMs: 60_000},
			{event: 'mount', mount: '/data', state: 'freezing'},
			{event: 'mount', mount: '/data', state: 'frozen', durationMs: 3},
			{event: 'phase', phase: 'freeze', state: 'succeeded', durationMs: 5},
			{event: 'phase', phase: 'thaw', state: 'started', mounts: ['/data']},
			{event: 'mount', mount: '/data', state: 'thawed', durationMs: 1},
			{event: 'phase', phase: 'thaw', state: 'succeeded', durationMs: 1},
			{event: 'warning', id: 'loud', message: 'It was loud.', remedy: 'Let it be quiet.'},
			result,
		), [
			'14:02:11 check started',
			'14:02:11 check done after 0.04 s: configuration, scripts, 2 filesystems',
			'14:02:12 pre-script started: /etc/azure/pre.sh, attempt 1 of 3, limit 30 s',
			'14:02:12 pre-script | tables locked',
			'14:02:13 pre-script (stderr) | slowly',
			'14:02:13 pre-script attempt failed after 0.40 s: exit code 3; again in 1 s',
			'14:02:14 pre-script done after 1.4 s',
			'14:02:14 freeze started: /data, /var/lib/mysql',
			'14:02:16 freeze done after 5 ms',
			'14:02:16 FROZEN',
			'14:02:16 thaw started: /data',
			'14:02:17 thawed after 2.5 s',
			'14:02:18 Warning: It was loud.',
			'         → Let it be quiet.',
			'',
			'Application-consistent rehearsal.',
			'  frozen 0.26 s, application held 0.38 s: /data, /var/lib/mysql',
			'  in Azure application-consistent as well',
		]);
	});

	test('says what was refused, and that nothing stayed frozen, which is no failed thaw', () => {
		assert.deepEqual(printed(
			{event: 'mount', mount: '/data', state: 'freezing'},
			{event: 'mount', mount: '/data', state: 'refused', durationMs: 1, detail: 'EBUSY'},
			{event: 'phase', phase: 'freeze', state: 'failed', durationMs: 5, errors: [errorReference(121)], detail: '/data is frozen by somebody else already'},
			{event: 'phase', phase: 'thaw', state: 'skipped', detail: 'nothing stayed frozen'},
		), ['14:02:11 /data cannot be frozen (EBUSY)', '14:02:12 freeze failed after 5 ms: /data is frozen by somebody else already', '14:02:12 thaw skipped: nothing stayed frozen']);
		assert.deepEqual(printed({event: 'mount', mount: '/data', state: 'freezing'}, {event: 'phase', phase: 'thaw', state: 'failed', durationMs: 2000, detail: '/data does not answer'}), ['14:02:11 thaw failed after 2.0 s: /data does not answer']);
	});

	test('ends with what it came to, each error with a way out, and where the snapshot is', () => {
		const path = '/var/lib/quiesce/snapshots/x';
		const failed = printed({...result, outcome: 'failed', errors: [errorReference(309), ownError('SnapshotFailed')], snapshot: {provider: 'image', id: 'x', path}, azure: {outcome: 'failed', errors: [errorReference(309)]}});
		assert.deepEqual(failed.slice(0, 5), ['', 'The cycle failed.', '  frozen 0.26 s, application held 0.38 s: /data, /var/lib/mysql', `  snapshot ${path} (kept and marked: failed)`, '  in Azure failed as well']);
		assert.ok(failed.some(line => line.startsWith('Post-ScriptTimeout (309): ')));
		assert.ok(failed.some(line => line.startsWith('SnapshotFailed: ')));
		assert.ok(failed.filter(line => line.startsWith('  → ')).length >= 3);
		assert.deepEqual(printed({...result, outcome: 'failed', errors: [ownError('Interrupted')], interrupted: 'SIGTERM'}).slice(1), [
			'The cycle was interrupted (SIGTERM): everything is thawed, and nothing is held.', '  frozen 0.26 s, application held 0.38 s: /data, /var/lib/mysql', '  in Azure application-consistent',
		]);
	});
});
