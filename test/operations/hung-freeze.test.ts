import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import {suite, test, type TestContext} from 'node:test';
import {kill} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {makeCycleLab, readCycle, type CycleLab} from '../support/cycle-lab.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {whyNoBundle} from '../support/sandbox.js';
import {eventually} from '../system/guard-lab.js';

const skip = firstReason(whyNoLoopDisks('ext4', 'xfs'), whyNoSandbox(), whyNoBundle());

/** Whatever else the machine does. */
const patienceMs = 120_000;

type Answer = {readonly cycles: ReadonlyArray<{readonly mounts: ReadonlyArray<{readonly mount: string; readonly state: string}>; readonly postScript: {readonly state: string}}>};

/** The inner disk's image lies on the outer one, which somebody else freezes while the inner one has something to write: a freeze of it does not come back. */
async function lab(context: TestContext): Promise<CycleLab> {
	const made = await makeCycleLab({
		disks: [{name: 'outer', type: 'xfs', megabytes: 400}, {name: 'inner', type: 'ext4', on: 'outer', megabytes: 64}, {name: 'other', type: 'ext4'}],
		thawAfterSeconds: 400,
		pre: 'note pre; head -c 4000000 /dev/urandom >"$2/dirty"; fsfreeze -f "$1"',
	});
	context.after(async () => made.end());
	const [outer = '', inner = ''] = made.disks.mounts;
	made.configure({preScriptParams: [outer, inner]});
	return made;
}

const words = ({disks}: CycleLab): readonly string[] => ['cycle', '--json', '--mount', disks.disk('inner').mount, '--mount', disks.disk('other').mount];
const journals = ({sandbox}: CycleLab): readonly string[] => readdirSync(sandbox.stateDirectory).filter(name => name.startsWith('cycle-'));

async function thaw(one: CycleLab): Promise<Answer & {readonly exitCode: number | null}> {
	const end = await one.sandbox.quiesce(['thaw', '--json']);
	return {...JSON.parse(end.stdout) as Answer, exitCode: end.exitCode};
}

/** The helpers of a cycle that are left: the guard that waits for the kernel, its third line, and what that has started. */
const helpers = ({sandbox}: CycleLab): readonly number[] => sandbox.members().filter(pid => /guard\.js|quiesce-third-line/.test(textOf(`/proc/${pid}/cmdline`) ?? ''));

/** When the one that holds it up is thawed, the kernel answers; what it froze after all is thawed, and the cycle comes to its end by itself. */
async function endsByItself(one: CycleLab): Promise<void> {
	await one.sandbox.must('fsfreeze', ['-u', one.disks.disk('outer').mount]);
	await eventually(() => helpers(one).length === 0, 'the guard and its third line end', patienceMs);
	assert.equal(await one.disks.wasFrozen('inner'), false);
	assert.deepEqual(journals(one), []);
	assert.deepEqual(one.notes(), ['pre', 'post']);
}

suite('a freeze that hangs in the kernel', {skip, concurrency: 2}, () => {
	test('is given up and named, the others are thawed, and the post-script runs, once, whoever comes after', async context => {
		const one = await lab(context);
		const {mount} = one.disks.disk('inner');
		const end = readCycle(await one.sandbox.quiesce(words(one)));
		assert.deepEqual([end.exitCode, end.result.outcome, end.result.errors.map(({name}) => name)], [4, 'crash-consistent', ['FailedRetryableFsFreezeTimeout', 'FreezeHung']]);
		assert.ok(end.events.some(event => event.event === 'mount' && event.mount === mount && event.state === 'hung'));
		assert.equal(await one.disks.wasFrozen('other'), false);
		const {exitCode, cycles} = await thaw(one);
		assert.deepEqual([exitCode, cycles.map(({mounts, postScript}) => [mounts, postScript.state])], [5, [[[{mount, state: 'hung'}], 'had-ended']]]);
		assert.deepEqual(one.notes(), ['pre', 'post']);
		await endsByItself(one);
	});

	test('the same where the main process is killed meanwhile', async context => {
		const one = await lab(context);
		const cycle = one.sandbox.startQuiesce(words(one));
		await cycle.until('"state":"hung"');
		kill(cycle.pid);
		await eventually(() => one.notes().length === 2, 'the guard runs the post-script', patienceMs);
		await eventually(() => !one.sandbox.members().some(pid => textOf(`/proc/${pid}/cmdline`)?.includes('/etc/azure/post.sh')), 'it has ended', patienceMs);
		assert.equal(await one.disks.wasFrozen('other'), false);
		await endsByItself(one);
	});
});
