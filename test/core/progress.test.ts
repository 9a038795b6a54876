import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {CycleEvent, CycleHappening, CycleResult} from '../../source/core/cycle-events.js';
import {foldProgress, freezeWindowOf, initialProgress, isFrozen, phaseTime, quiesceWindowOf, runningPhase, type Progress} from '../../source/core/progress.js';

const start = Date.parse('2026-11-23T14:02:11.000Z');

function at(milliseconds: number, happening: CycleHappening): CycleEvent {
	return {...happening, at: new Date(start + milliseconds).toISOString()};
}

function fold(events: readonly CycleEvent[], from: Progress = initialProgress()): Progress {
	return events.reduce(foldProgress, from);
}

const result: CycleResult = {
	event: 'result', outcome: 'application-consistent', errors: [], freezeWindowMs: 260, quiesceWindowMs: 380, mounts: ['/data', '/db'], snapshot: null, azure: {outcome: 'application-consistent', errors: []},
};

const upToFreeze: readonly CycleEvent[] = [
	at(0, {event: 'phase', phase: 'check', state: 'started'}),
	at(40, {event: 'phase', phase: 'check', state: 'succeeded', durationMs: 40, detail: '2 filesystems'}),
	at(50, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 1, attempts: 3, limitMs: 30_000, script: '/etc/azure/pre.sh'}),
	at(60, {event: 'output', phase: 'pre-script', stream: 'stdout', line: 'held'}),
	at(100, {event: 'phase', phase: 'pre-script', state: 'succeeded', durationMs: 50}),
	at(110, {event: 'phase', phase: 'freeze', state: 'started', mounts: ['/data', '/db'], thawsAfterMs: 60_000}),
	at(111, {event: 'mount', mount: '/data', state: 'freezing'}),
	at(112, {event: 'mount', mount: '/db', state: 'freezing'}),
	at(120, {event: 'mount', mount: '/data', state: 'frozen', durationMs: 9}),
];

suite('progress', () => {
	test('six phases from the start, in their order', () => {
		assert.deepEqual(initialProgress({'pre-script': {script: 'pre.sh'}}).phases.map(({name, state, script}) => [name, state, script]), [
			['check', 'pending', null], ['pre-script', 'pending', 'pre.sh'], ['freeze', 'pending', null], ['snapshot', 'pending', null], ['thaw', 'pending', null], ['post-script', 'pending', null],
		]);
	});

	test('the freeze window goes from the first one frozen to the last one thawed', () => {
		const one = fold(upToFreeze);
		assert.ok(isFrozen(one));
		assert.equal(freezeWindowOf(one, start + 150), 30);
		assert.equal(one.thawsAfterMs, 60_000);
		assert.equal(runningPhase(one)?.name, 'freeze');
		const thawing = fold([
			at(130, {event: 'mount', mount: '/db', state: 'frozen'}),
			at(131, {event: 'phase', phase: 'freeze', state: 'succeeded', durationMs: 21}),
			at(300, {event: 'mount', mount: '/db', state: 'thawed'}),
		], one);
		assert.ok(isFrozen(thawing), 'one of two is still frozen');
		const thawed = fold([at(320, {event: 'mount', mount: '/data', state: 'hung'}), at(380, {event: 'mount', mount: '/data', state: 'thawed'})], thawing);
		assert.equal(isFrozen(thawed), false);
		assert.equal(freezeWindowOf(thawed, start + 9999), 260);
	});

	test('a freeze that was refused in part, and taken back, is over', () => {
		const back = fold([at(130, {event: 'mount', mount: '/db', state: 'refused', detail: 'busy'}), at(131, {event: 'mount', mount: '/data', state: 'thawed'})], fold(upToFreeze));
		assert.equal(isFrozen(back), false);
		assert.equal(freezeWindowOf(back, start + 9999), 11);
	});

	test('seen from outside, without single mounts, the phases tell', () => {
		const seen = fold([at(0, {event: 'phase', phase: 'freeze', state: 'started'}), at(10, {event: 'phase', phase: 'freeze', state: 'succeeded'})]);
		assert.ok(isFrozen(seen));
		assert.equal(isFrozen(fold([at(20, {event: 'phase', phase: 'thaw', state: 'succeeded'})], seen)), false);
	});

	test('the quiesce window goes from the end of the pre-script to the end of the post-script', () => {
		const held = fold(upToFreeze);
		assert.equal(quiesceWindowOf(held, start + 200), 100);
		const released = fold([at(460, {event: 'phase', phase: 'post-script', state: 'started'}), at(480, {event: 'phase', phase: 'post-script', state: 'failed', durationMs: 20})], held);
		assert.equal(quiesceWindowOf(released, start + 9999), 380);
		assert.equal(quiesceWindowOf(fold(upToFreeze.slice(0, 3)), start), null);
	});

	test('a retry goes on in the same phase, with the limit of all attempts', () => {
		const retried = fold([
			...upToFreeze.slice(0, 3),
			at(70, {event: 'phase', phase: 'pre-script', state: 'failed', attempt: 1, willRetry: true, detail: 'exit code 1', durationMs: 20}),
		]);
		const [, pre] = retried.phases;
		assert.deepEqual([pre?.state, pre?.detail, pre?.durationMs], ['running', 'exit code 1', null]);
		assert.equal(retried.heldAt, null);
		const [, again] = fold([at(1070, {event: 'phase', phase: 'pre-script', state: 'started', attempt: 2, attempts: 3, limitMs: 30_000})], retried).phases;
		assert.equal(phaseTime(again!, start + 1100), 1050);
		assert.deepEqual([again?.attempt, again?.detail], [2, null]);
	});

	test('output and warnings are bounded', () => {
		const flood = fold(Array.from({length: 1000}, (_, index) => at(index, {event: 'output', phase: 'pre-script', stream: 'stdout', line: `line ${index}`})));
		assert.equal(flood.output.length, 200);
		assert.deepEqual(flood.output.at(-1), {number: 1000, phase: 'pre-script', stream: 'stdout', line: 'line 999'});
		assert.ok(fold(Array.from({length: 1000}, (_, index) => at(index, {event: 'warning', id: 'w', message: String(index)}))).warnings.length <= 50);
	});

	test('after the result the measured windows count', () => {
		const done = fold([at(500, result)], fold(upToFreeze));
		assert.equal(isFrozen(done), false);
		assert.deepEqual([freezeWindowOf(done, start + 9999), quiesceWindowOf(done, start + 9999), done.endedAt], [260, 380, start + 500]);
	});
});
