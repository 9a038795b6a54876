import assert from 'node:assert/strict';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {suite, test, type TestContext} from 'node:test';
import {makeCycleLab, readCycle, type CycleLab, type LabOptions} from '../support/cycle-lab.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal} from '../support/terminal.js';
import {kill, processIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {eventually, stateOf} from '../system/guard-lab.js';
import type {Started} from '../support/process.js';
import {signalTo} from '../support/process.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());

type Answer = {
	readonly cycles: ReadonlyArray<{
		readonly restarted: boolean;
		readonly mounts: ReadonlyArray<{readonly mount: string; readonly state: string}>;
		readonly preScriptEnded: boolean;
		readonly postScript: {readonly state: string; readonly exitCode: number | null; readonly attempts: number; readonly mayHaveRunBefore: boolean};
	}>;
	readonly directories: ReadonlyArray<{readonly mount: string; readonly state: string}>;
};

async function lab(context: TestContext, options: LabOptions = {}): Promise<CycleLab> {
	const made = await makeCycleLab(options);
	context.after(async () => made.end());
	return made;
}

async function thaw(one: CycleLab, more: readonly string[] = []): Promise<Answer & {readonly exitCode: number | null; readonly stderr: string}> {
	const end = await one.sandbox.quiesce(['thaw', '--json', ...more]);
	return {...JSON.parse(end.stdout) as Answer, exitCode: end.exitCode, stderr: end.stderr};
}

/** The processes of a cycle: main, guard and third line. */
function processesOf(cycle: Started): readonly number[] {
	const guard = processIds().find(pid => readProcess(pid)?.parent === cycle.pid && /\/guard\.js/.test(textOf(`/proc/${pid}/cmdline`) ?? ''));
	const third = processIds().filter(pid => textOf(`/proc/${pid}/cmdline`)?.includes('quiesce-third-line') && readProcess(pid)?.parent === guard);
	assert.ok(guard !== undefined && third.length === 1, 'main, guard and third line run');
	return [...third, guard, cycle.pid];
}

/** As a power cut, except that what is frozen stays so: nobody is left to do anything. */
async function killAll(pids: readonly number[]): Promise<void> {
	// All stand still first, so that none notices the end of another.
	for (const pid of pids) signalTo(pid, 'SIGSTOP');
	await eventually(() => pids.every(pid => readProcess(pid)?.state === 'T'), 'all are stopped');
	for (const pid of pids) kill(pid);
	await eventually(() => pids.every(pid => stateOf(pid) === null), 'all are dead');
}

/** A cycle that was killed with all its helpers while everything was frozen. */
async function deadCycle(one: CycleLab): Promise<void> {
	const cycle = one.start(['--hold', '50']);
	await cycle.until('"phase":"snapshot","state":"started"');
	await killAll(processesOf(cycle));
	await cycle.ended;
}

function journals(one: CycleLab): readonly string[] {
	return readdirSync(one.sandbox.stateDirectory).filter(name => name.startsWith('cycle-'));
}

suite('quiesce thaw', {skip, concurrency: 2}, () => {
	test('thaws what a dead cycle left frozen, and ends it', async context => {
		const one = await lab(context, {disks: [{name: 'one', type: 'ext4'}, {name: 'two', type: 'ext4'}]});
		await deadCycle(one);
		assert.deepEqual(one.notes(), ['pre']);
		const answer = await thaw(one);
		assert.equal(answer.exitCode, 0, answer.stderr);
		assert.deepEqual(answer.cycles.map(({mounts, postScript: {state}}) => [mounts.map(mount => mount.state), state]), [[['thawed', 'thawed'], 'succeeded']]);
		for (const {name} of one.disks.disks) assert.equal(await one.disks.wasFrozen(name), false);
		assert.deepEqual(one.notes(), ['pre', 'post']);
		assert.deepEqual(journals(one), []);
		const again = await thaw(one);
		assert.deepEqual([again.exitCode, again.cycles, again.directories], [0, [], []]);
		assert.match((await one.sandbox.quiesce(['thaw'])).stdout, /^Nothing to do/);
	});

	test('what another mount hides is thawed by another way to it; where there is none that is said, and it is tried again', async context => {
		const one = await lab(context);
		const [mount = ''] = one.disks.mounts;
		await deadCycle(one);
		await one.sandbox.must('mount', ['-t', 'tmpfs', 'over', mount]);
		const hidden = await thaw(one);
		assert.deepEqual([hidden.exitCode, hidden.cycles[0]?.mounts, hidden.cycles[0]?.postScript.state], [5, [{mount, state: 'hidden'}], 'succeeded']);
		const again = await thaw(one);
		assert.deepEqual([again.exitCode, again.cycles[0]?.mounts, again.cycles[0]?.postScript.state], [5, [{mount, state: 'hidden'}], 'had-ended']);
		await one.sandbox.must('sh', ['-c', 'umount "$1" && mkdir "$2/way" && mount --bind "$1" "$2/way" && mount -t tmpfs over "$1"', 'sh', mount, one.sandbox.directory]);
		const thawed = await thaw(one);
		await one.sandbox.must('sh', ['-c', 'umount "$1" && umount "$2/way"', 'sh', mount, one.sandbox.directory]);
		assert.deepEqual([thawed.exitCode, thawed.cycles[0]?.mounts, thawed.cycles[0]?.postScript.state], [0, [{mount, state: 'thawed'}], 'had-ended']);
		assert.equal(await one.disks.wasFrozen('data'), false);
		assert.deepEqual([one.notes(), journals(one)], [['pre', 'post'], []]);
	});

	test('the next cycle settles it first, and says so', async context => {
		const one = await lab(context);
		await deadCycle(one);
		const end = await one.cycle();
		assert.equal(end.exitCode, 0, end.stdout);
		assert.deepEqual(one.notes(), ['pre', 'post', 'pre', 'post']);
		const told = end.events.find(event => event.event === 'warning' && event.id === 'earlier-cycle');
		assert.match(told?.event === 'warning' ? told.message : '', /had not come to its end\. Thawed .*data: it was frozen\. Ran \/etc\/azure\/post\.sh: it succeeded/);
	});

	test('the app settles it when it opens, and shows what it did', {skip: whyNoTmux()}, async context => {
		const one = await lab(context);
		await deadCycle(one);
		const terminal = await openTerminal(one.sandbox.commandLine(bundledQuiesce, []), {rows: 40, env: one.sandbox.environment});
		context.after(async () => terminal.end());
		await terminal.shows(/Right now +✔ nothing is frozen or held[^]*had not\s+come\s+to\s+its\s+end\.\s[^]*it\s+was\s+frozen\.[^]*it\s+succeeded\./);
		assert.equal(await one.disks.wasFrozen('data'), false);
		assert.deepEqual(one.notes(), ['pre', 'post']);
	});

	test('after a power cut the post-script that was owed runs', async context => {
		const one = await lab(context);
		await deadCycle(one);
		restart(one);
		const answer = await thaw(one);
		const [cycle] = answer.cycles;
		assert.deepEqual([cycle?.restarted, cycle?.mounts, cycle?.postScript.state, cycle?.postScript.mayHaveRunBefore], [true, [], 'succeeded', false]);
		assert.deepEqual(one.notes(), ['pre', 'post']);
		await one.disks.thaw();
	});

	test('after a power cut during the post-script it runs again, and that is said', async context => {
		const one = await lab(context, {post: 'note post; [ -e /etc/azure/second ] || sleep 60'});
		const cycle = one.start();
		await cycle.until('"phase":"post-script","state":"started"');
		await eventually(() => one.notes().length === 2, 'the post-script runs');
		await killAll(processesOf(cycle));
		await cycle.ended;
		endScripts(one);
		restart(one);
		one.sandbox.put({path: '/etc/azure/second', content: ''});
		const end = await one.sandbox.quiesce(['thaw']);
		assert.equal(end.exitCode, 0, end.stderr);
		assert.match(end.stdout, /restarted since[^]*succeeded[^]*may have run twice/);
		assert.deepEqual(one.notes(), ['pre', 'post', 'post']);
	});

	test('a post-script that outlived its cycle is waited for, and not run again', async context => {
		const one = await lab(context, {post: 'note post\nfor i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i"; sleep 0.1; done\nhead -c 300000 /dev/zero\nnote end'});
		const cycle = one.start();
		await cycle.until('"phase":"post-script","state":"started"');
		await eventually(() => one.notes().length === 2, 'the post-script runs');
		await killAll(processesOf(cycle));
		await cycle.ended;
		const answer = await thaw(one);
		assert.equal(answer.cycles[0]?.postScript.state, 'waited-for');
		assert.deepEqual(one.notes(), ['pre', 'post', 'end']);
	});

	const oldGroups = /^\S+ \S+ cgroup \S*\bfreezer\b/m.test(textOf('/proc/mounts') ?? '');
	for (const [where, prepare, why] of [
		['', 'true', false], [', where there are only control groups of the old kind', 'for group in $(awk \'$3 == "cgroup2" {print $2}\' /proc/mounts); do umount "$group"; done', oldGroups ? false : 'no control groups of the old kind here'],
	] as const) {
		test(`a pre-script that outlived its cycle is ended first, wherever it went${where}`, {skip: why}, async context => {
			const one = await lab(context, {pre: 'note pre; setsid sh -c "setsid sleep 61 &" & sleep 62; note never', post: 'note post'});
			await one.sandbox.must('sh', ['-c', prepare]);
			const cycle = one.start();
			await eventually(() => one.notes().length === 1 && sleepers(one).length === 2, 'the pre-script runs');
			await killAll(processesOf(cycle));
			await cycle.ended;
			const answer = await thaw(one);
			assert.deepEqual([answer.cycles[0]?.preScriptEnded, answer.cycles[0]?.postScript.state], [true, 'succeeded']);
			assert.deepEqual(one.notes(), ['pre', 'post']);
			assert.equal(sleepers(one).length, 0);
		});
	}

	test('a post-script that fails is tried as often as configured; the exit code tells that the application may be held', async context => {
		const one = await lab(context, {post: 'note post; exit 3', settings: {postScriptNoOfRetries: 2}});
		await deadCycle(one);
		const answer = await thaw(one);
		assert.equal(answer.exitCode, 5);
		assert.deepEqual([answer.cycles[0]?.postScript.state, answer.cycles[0]?.postScript.exitCode, answer.cycles[0]?.postScript.attempts], ['failed', 3, 3]);
		assert.deepEqual(one.notes(), ['pre', 'post', 'post', 'post']);
	});

	test('a post-script that root has changed since the check is run as it is now, and that is said', async context => {
		const one = await lab(context);
		await deadCycle(one);
		one.sandbox.put({path: '/etc/azure/post.sh', mode: 0o700, content: `#!/bin/sh\necho mended >>'${one.sandbox.directory}/notes'\n`});
		const end = await one.sandbox.quiesce(['thaw']);
		assert.equal(end.exitCode, 0, end.stderr);
		assert.match(end.stdout, /Ran \/etc\/azure\/post\.sh: it succeeded\.\n +\/etc\/azure\/post\.sh has another content than when it was checked\. Only root can have done that, so it was run as it is now\./);
		assert.deepEqual(one.notes(), ['pre', 'mended']);
		assert.equal(await one.disks.wasFrozen('data'), false);
	});

	test('a post-script that somebody else than root can have changed since the check is not run', async context => {
		const one = await lab(context);
		await deadCycle(one);
		one.sandbox.put({path: '/etc/azure/post.sh', mode: 0o700, content: `#!/bin/sh\necho evil >>'${one.sandbox.directory}/notes'\n`});
		await one.sandbox.must('chown', ['65534', '/etc/azure/post.sh']);
		const end = await one.sandbox.quiesce(['thaw']);
		assert.equal(end.exitCode, 5);
		assert.match(end.stdout, /post\.sh was not run: .*another content/);
		assert.deepEqual(one.notes(), ['pre']);
		assert.equal(await one.disks.wasFrozen('data'), false);
	});

	test('the post-script gets its parameters from where they stand, and is not run where they have changed', async context => {
		for (const [change, state, notes] of [[false, 'succeeded', ['pre', 'post geheim 4711']], [true, 'changed', ['pre']]] as const) {
			const one = await lab(context, {post: 'note "post $1"', settings: {postScriptParams: ['geheim 4711']}});
			await deadCycle(one);
			if (change) one.configure({postScriptParams: ['other']});
			const answer = await thaw(one);
			assert.deepEqual([answer.cycles[0]?.postScript.state, one.notes(), answer.exitCode], [state, notes, change ? 5 : 0]);
			assert.equal(await one.disks.wasFrozen('data'), false);
		}
	});

	test('is refused (7) while a cycle lives, and does nothing to it', async context => {
		const one = await lab(context);
		const [mount = ''] = one.disks.mounts;
		const cycle = one.start(['--hold', '3']);
		await cycle.until('"phase":"snapshot","state":"started"');
		for (const words of [[], ['--yes', mount]]) {
			const end = await one.sandbox.quiesce(['thaw', ...words]);
			assert.equal(end.exitCode, 7);
			assert.match(end.stderr, /is under way: process \d+ \(/);
		}
		const end = readCycle(await cycle.ended);
		assert.equal(end.exitCode, 0);
		assert.ok(end.result.freezeWindowMs >= 3000);
		assert.deepEqual(one.notes(), ['pre', 'post']);
	});

	test('what somebody else froze is thawed only where it is named and confirmed', async context => {
		const one = await lab(context);
		const [mount = ''] = one.disks.mounts;
		await one.sandbox.must('fsfreeze', ['-f', mount]);
		assert.equal((await one.sandbox.quiesce(['thaw'])).exitCode, 0);
		const refused = await one.sandbox.quiesce(['thaw', mount]);
		assert.equal(refused.exitCode, 2);
		assert.match(refused.stderr, /has to be confirmed[^]*quiesce thaw --yes/);
		const answer = await thaw(one, ['--yes', mount]);
		assert.deepEqual([answer.exitCode, answer.directories], [0, [{mount, state: 'thawed'}]]);
		assert.equal(await one.disks.wasFrozen('data'), false);
		assert.deepEqual((await thaw(one, ['--yes', mount])).directories, [{mount, state: 'was-not-frozen'}]);
	});

	test('only a mount point is thawed', async context => {
		const one = await lab(context);
		for (const directory of [`${one.disks.mounts[0]}/lost+found`, '/nowhere']) {
			assert.equal((await one.sandbox.quiesce(['thaw', '--yes', directory])).exitCode, 2);
		}
	});

	test('on a terminal it asks, and anything but yes is no', {skip: firstReason(whyNoTmux(), whyNoProgram('fsfreeze'))}, async context => {
		const one = await lab(context);
		const [mount = ''] = one.disks.mounts;
		await one.sandbox.must('fsfreeze', ['-f', mount]);
		for (const [answer, code] of [['y', 2], ['yes', 0]] as const) {
			const terminal = await openTerminal(one.sandbox.commandLine(bundledQuiesce, ['thaw', mount]), {env: one.sandbox.environment});
			try {
				await terminal.shows('Type yes:');
				await terminal.type(answer);
				await terminal.press('Enter');
				assert.equal(await terminal.exited(), code);
			} finally {
				await terminal.end();
			}
		}
		assert.equal(await one.disks.wasFrozen('data'), false);
	});
});

/** Makes the journals those of an earlier start of the machine. */
function restart(one: CycleLab): void {
	for (const name of journals(one).filter(name => name.endsWith('.journal'))) {
		const path = join(one.sandbox.stateDirectory, name);
		writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"00000000-0000-0000-0000-000000000000"'));
	}
}

function sleepers(one: CycleLab): readonly number[] {
	return one.sandbox.members().filter(pid => textOf(`/proc/${pid}/comm`) === 'sleep');
}

function endScripts(one: CycleLab): void {
	for (const pid of one.sandbox.members()) {
		if (/post\.sh/.test(textOf(`/proc/${pid}/cmdline`) ?? '')) kill(pid);
	}
	for (const pid of sleepers(one)) kill(pid);
}
