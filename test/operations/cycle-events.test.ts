import assert from 'node:assert/strict';
import {suite, test, type TestContext} from 'node:test';
import {phaseNames, type CycleEvent} from '../../source/core/cycle-events.js';
import {makeCycleLab, readCycle, type CycleEnd, type CycleLab, type LabOptions} from '../support/cycle-lab.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {whyNoBundle} from '../support/sandbox.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());

async function lab(context: TestContext, options: LabOptions = {}): Promise<CycleLab> {
	const made = await makeCycleLab(options);
	context.after(async () => made.end());
	return made;
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** The keys that a line may have, and those that it must have, by its event. */
const keys: Readonly<Record<string, readonly [must: readonly string[], may: readonly string[]]>> = {
	phase: [['phase', 'state'], ['attempt', 'attempts', 'limitMs', 'script', 'mounts', 'thawsAfterMs', 'detail', 'durationMs', 'willRetry', 'errors']],
	output: [['phase', 'stream', 'line'], []],
	mount: [['mount', 'state'], ['durationMs', 'detail']],
	warning: [['id', 'message'], ['remedy']],
	result: [['outcome', 'errors', 'freezeWindowMs', 'quiesceWindowMs', 'mounts', 'snapshot', 'azure'], ['interrupted']],
};

/** Every line is what the README promises; the last one, and no other, is the result. */
function promised({stdout, events}: CycleEnd): void {
	assert.ok(stdout.endsWith('\n'));
	for (const [index, event] of events.entries()) {
		const {event: kind, at, ...rest} = event as CycleEvent & Readonly<Record<string, unknown>>;
		assert.match(at, time);
		const [must, may] = keys[kind] ?? [[], []];
		assert.ok(kind in keys, kind);
		for (const key of must) assert.ok(key in rest, `${kind} without ${key}`);
		for (const [key, value] of Object.entries(rest)) {
			assert.ok(must.includes(key) || may.includes(key), `${kind} with ${key}`);
			if (key.endsWith('Ms')) assert.ok(typeof value === 'number' && value >= 0 && Math.abs(value * 10 - Math.round(value * 10)) < 1e-6, `${key} ${String(value)}`);
			if (key === 'errors') errors(value);
		}

		assert.equal(kind === 'result', index === events.length - 1, 'the result is the last line');
		if (event.event === 'phase') {
			assert.ok(phaseNames.includes(event.phase));
			assert.ok(['started', 'succeeded', 'failed', 'timed-out', 'skipped'].includes(event.state));
			assert.equal('durationMs' in event, event.state !== 'started' && event.state !== 'skipped', `${event.phase} ${event.state}`);
		}
		if (event.event === 'result') {
			assert.ok(['application-consistent', 'file-system-consistent', 'crash-consistent', 'failed'].includes(event.outcome));
			assert.deepEqual(Object.keys(event.azure), ['outcome', 'errors']);
			errors(event.azure.errors);
		}
	}
	// Each phase begins and ends once (a retried script has another start), or is skipped, in their order.
	const ends = events.flatMap(event => (event.event === 'phase' && event.state !== 'started' && !('willRetry' in event) ? [event.phase] : []));
	assert.deepEqual(ends, phaseNames);
}

function errors(value: unknown): void {
	for (const error of value as readonly Readonly<Record<string, unknown>>[]) {
		assert.deepEqual(Object.keys(error), ['name', 'code']);
		assert.ok(typeof error['name'] === 'string' && (error['code'] === null || Number.isInteger(error['code'])));
	}
}

suite('the lines of cycle --json', {skip, concurrency: 2}, () => {
	test('of a cycle that goes well, with a snapshot', async context => {
		const one = await lab(context, {pre: 'echo held; echo "not well" >&2'});
		const end = await one.cycle(['--snapshot', 'image']);
		promised(end);
		assert.equal(end.stderr, '');
		const {snapshot} = end.result;
		assert.deepEqual({...snapshot, id: ''}, {provider: 'image', id: '', path: `${one.sandbox.stateDirectory}/snapshots/${snapshot?.id}`});
		assert.deepEqual(end.events.flatMap(event => (event.event === 'output' ? [[event.phase, event.stream, event.line]] : [])), [['pre-script', 'stdout', 'held'], ['pre-script', 'stderr', 'not well']]);
	});

	test('of a rehearsal there is nothing to be found', async context => {
		const {result} = await (await lab(context)).cycle();
		assert.deepEqual(Object.keys(result.snapshot ?? {}), ['provider', 'id']);
	});

	test('of retries: one second between them, each with its number', async context => {
		const one = await lab(context, {pre: 'exit 7', settings: {preScriptNoOfRetries: 2}});
		const end = await one.cycle();
		promised(end);
		const attempts = end.events.flatMap(event => (event.event === 'phase' && event.phase === 'pre-script' ? [{...event, at: Date.parse(event.at)}] : []));
		assert.deepEqual(attempts.map(event => [event.state, event.attempt, 'willRetry' in event]), [['started', 1, false], ['failed', 1, true], ['started', 2, false], ['failed', 2, true], ['started', 3, false], ['failed', 3, false]]);
		for (const [from, to] of [[1, 2], [3, 4]] as const) assert.ok(attempts[to]!.at - attempts[from]!.at >= 999, 'a second');
	});

	test('of a check that failed, scripts that fail, and a freeze that is refused', async context => {
		const one = await lab(context, {pre: null});
		const end = await one.cycle();
		promised(end);
		assert.ok(end.events.some(event => event.event === 'phase' && event.phase === 'check' && event.detail === 'there is no file /etc/azure/pre.sh: neither script will run'));
		one.configure({preScriptLocation: '/etc/azure/post.sh'});
		await one.sandbox.must('fsfreeze', ['-f', one.disks.mounts[0] ?? '']);
		promised(await one.cycle());
		await one.disks.thaw();
	});

	test('of parameters that no program can be given', async context => {
		const end = await (await lab(context, {settings: {preScriptParams: ['a\u0000b']}})).cycle();
		promised(end);
		assert.deepEqual(end.phases, {check: 'failed', 'pre-script': 'skipped', freeze: 'succeeded', snapshot: 'succeeded', thaw: 'succeeded', 'post-script': 'skipped'});
	});

	test('of a cycle that could not be made ready: failed, with the reason', async context => {
		const one = await lab(context);
		await one.sandbox.must('sh', ['-c', 'mkdir -p "$1" && ln -s /nowhere "$1/SafeFreezeLockFile"', 'sh', '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock']);
		const end = await one.cycle();
		promised(end);
		assert.deepEqual([end.exitCode, end.result.outcome, end.result.errors, end.result.azure, one.notes()], [5, 'failed', [{name: 'NotReady', code: null}], {outcome: 'application-consistent', errors: []}, []]);
		assert.ok(end.events.some(event => event.event === 'phase' && event.phase === 'check' && /The lock file .* cannot be opened/.test(event.detail ?? '')));
	});

	for (const [where, word, options] of [
		['in the pre-script', '"phase":"pre-script","state":"started"', {pre: 'note pre; sleep 300'}],
		['before the freeze', '"phase":"pre-script","state":"succeeded"', {}],
		['while frozen', '"phase":"freeze","state":"succeeded"', {}],
		['in the post-script', '"phase":"post-script","state":"started"', {post: 'sleep 1; note post'}],
	] as const) {
		test(`of one that was interrupted ${where}`, async context => {
			const one = await lab(context, options);
			const cycle = one.start(['--hold', where === 'in the post-script' ? '0' : '30']);
			await cycle.until(word);
			cycle.kill('SIGHUP');
			const end = readCycle(await cycle.ended);
			promised(end);
			assert.deepEqual([end.exitCode, end.result.outcome, end.result.interrupted, end.result.errors], [129, 'failed', 'SIGHUP', [{name: 'Interrupted', code: null}]]);
			assert.equal(one.notes().at(-1), 'post');
		});
	}

	test('of one whose reader goes away after the first line: it goes on to its end', async context => {
		const one = await lab(context);
		const line = one.arguments().map(word => `'${word}'`).join(' ');
		const end = await one.sandbox.run('bash', ['-c', `dist/quiesce ${line} --hold 1 | head -n 1 >/dev/null; echo "\${PIPESTATUS[0]}"`]);
		assert.deepEqual([end.stdout, one.notes()], ['0\n', ['pre', 'post']]);
	});
});
