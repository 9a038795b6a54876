import assert from 'node:assert/strict';
import {readFileSync, statSync} from 'node:fs';
import {suite, test, type TestContext} from 'node:test';
import {makeCycleLab, readCycle, type CycleLab, type LabOptions} from '../support/cycle-lab.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {whyNoBundle} from '../support/sandbox.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {eventually} from '../system/guard-lab.js';

/*
 * What another user of the machine, or a broken one, could do to make root overwrite, disclose or run something, or wait for ever: against the shipped
 * commands, each in a machine of its own.
 */
const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());
const configuration = '/etc/azure/VMSnapshotScriptPluginConfig.json';

async function lab(context: TestContext, options: LabOptions = {}): Promise<CycleLab> {
	const made = await makeCycleLab(options);
	context.after(async () => made.end());
	return made;
}

const answers = (one: CycleLab, more: object = {}): Promise<{readonly exitCode: number | null; readonly stderr: string; readonly stdout: string}> =>
	one.sandbox.quiesce(['setup', '--answers', '-'], {input: JSON.stringify({timeoutInSeconds: 60, ...more})});

suite('attacks', {skip, concurrency: 2}, () => {
	test('a post-script in whose place a file of another user is put while the cycle runs is not run, and that is said', async context => {
		const one = await lab(context, {pre: 'note pre; printf "#!/bin/sh\\ntouch /etc/azure/stolen\\n" >/etc/azure/.new; chmod 700 /etc/azure/.new; chown 65534 /etc/azure/.new; mv /etc/azure/.new /etc/azure/post.sh'});
		const end = await one.cycle();
		assert.deepEqual(end.result.errors.map(({name}) => name), ['ScriptChanged']);
		assert.notEqual(end.exitCode, 0);
		assert.throws(() => statSync(one.sandbox.inside('/etc/azure/stolen')));
		assert.equal(await one.disks.wasFrozen('data'), false);
	});

	test('a directory above the post-script in whose place one is put that others may write to: what is there then is not run, and that is said', async context => {
		const one = await lab(context, {pre: 'note pre; mv /etc/azure/sub /etc/azure/old; mkdir -m 777 /etc/azure/sub; printf "touch /etc/azure/stolen\\n" >/etc/azure/sub/post.sh; chmod 700 /etc/azure/sub/post.sh'});
		await one.sandbox.must('sh', ['-c', 'mkdir /etc/azure/sub && cp -p /etc/azure/post.sh /etc/azure/sub/post.sh']);
		one.configure({postScriptLocation: '/etc/azure/sub/post.sh'});
		const end = await one.cycle();
		assert.deepEqual(end.result.errors.map(({name}) => name), ['ScriptChanged']);
		assert.throws(() => statSync(one.sandbox.inside('/etc/azure/stolen')));
	});

	test('a link to the post-script that another user flips without pause: nothing of that user\'s is run by root', {skip: whyNoProgram('python3')}, async context => {
		const one = await lab(context);
		const stolen = `${one.sandbox.directory}/stolen`;
		await one.sandbox.must('sh', ['-c', 'mkdir -m 777 /etc/open && printf "echo >>%s\\n" "$1" >/etc/open/evil.sh && chown 65534 /etc/open/evil.sh && ln -s /etc/azure/post.sh /etc/open/post.sh && chown -h 65534 /etc/open/post.sh', 'sh', stolen]);
		one.configure({postScriptLocation: '/etc/open/post.sh'});
		const flipping = one.sandbox.start('python3', ['-c', 'import os\nos.setuid(65534)\nwhile True:\n  for target in ("/etc/azure/post.sh", "/etc/open/evil.sh"):\n    os.symlink(target, "/etc/open/next")\n    os.rename("/etc/open/next", "/etc/open/post.sh")']);
		let held = 0;
		for (let run = 0; run < 15; run++) {
			const before = one.notes().length;
			await one.sandbox.quiesce(one.arguments());
			const said = one.notes().slice(before);
			if (said.includes('pre') && !said.includes('post')) held += 1;
		}
		assert.equal(held, 0, 'the application stayed held, though the post-script that was checked was at hand');
		assert.equal(flipping.child.exitCode, null);
		flipping.kill('SIGKILL');
		await flipping.ended;
		assert.throws(() => statSync(stolen));
		assert.equal(await one.disks.wasFrozen('data'), false);
	});

	test('a hard link to the shadow file under each name that a backup may get: it stays as it is', async context => {
		const one = await lab(context);
		await one.sandbox.must('sh', ['-c', 'cp -p /etc/shadow /etc/azure/copy; i=0; while [ $i -lt 120 ]; do ln /etc/azure/copy "$1.$(date -u -d "+$i seconds" +%Y-%m-%dT%H-%M-%SZ)" || exit 1; i=$((i + 1)); done', 'sh', configuration]);
		const before = readFileSync(one.sandbox.inside('/etc/azure/copy'));
		const end = await answers(one);
		assert.equal(end.exitCode, 0, end.stderr);
		const facts = statSync(one.sandbox.inside('/etc/azure/copy'));
		assert.deepEqual([readFileSync(one.sandbox.inside('/etc/azure/copy')), facts.nlink], [before, 121]);
		assert.match(await one.sandbox.must('sh', ['-c', 'cat "$1".*Z-2', 'sh', configuration]), /"timeoutInSeconds":30/);
	});

	test('a script in a directory that others may write to: the cycle warns, the doctor has an error, the set-up does not write there', async context => {
		const one = await lab(context);
		await one.sandbox.must('sh', ['-c', 'mkdir -m 777 /etc/open && cp -p /etc/azure/pre.sh /etc/open/pre.sh']);
		one.configure({preScriptLocation: '/etc/open/pre.sh'});
		const end = await one.cycle();
		assert.ok(end.events.some(event => event.event === 'warning' && event.id === 'pre-script-open'));
		const doctor = await one.sandbox.quiesce(['doctor', '--json']);
		assert.equal(doctor.exitCode, 3);
		assert.match(doctor.stdout, /\/etc\/open/);
		const before = statSync(one.sandbox.inside('/etc/open/pre.sh')).ctimeMs;
		await answers(one);
		assert.equal(statSync(one.sandbox.inside('/etc/open/pre.sh')).ctimeMs, before);
	});

	test('a configuration directory that others may write to: nothing is written', async context => {
		const one = await lab(context);
		const before = readFileSync(one.sandbox.inside(configuration));
		await one.sandbox.must('chmod', ['777', '/etc/azure']);
		const end = await answers(one);
		assert.equal(end.exitCode, 3, end.stderr);
		assert.deepEqual(readFileSync(one.sandbox.inside(configuration)), before);
	});

	for (const [what, command] of [
		['a symbolic link to the shadow file', 'ln -sf /etc/shadow "$1"'],
		['a hard link to the shadow file', 'rm -f "$1" && cp -p /etc/shadow /etc/azure/copy && ln /etc/azure/copy "$1"'],
		['a FIFO', 'rm -f "$1" && mkfifo -m 600 "$1"'],
		['10 GB of nothing', 'truncate -s 10G "$1"'],
		['a link to an open descriptor', 'ln -sf /proc/self/fd/0 "$1"'],
		['a device that never ends', 'ln -sf /dev/zero "$1"'],
	] as const) {
		test(`the configuration is ${what}: every command answers, and nothing is disclosed or overwritten`, async context => {
			const one = await lab(context);
			await one.sandbox.must('sh', ['-c', command, 'sh', configuration]);
			const shadow = readFileSync(one.sandbox.inside('/etc/shadow'));
			const doctor = await one.sandbox.quiesce(['doctor', '--json']);
			assert.ok(doctor.exitCode === 0 || doctor.exitCode === 3, doctor.stderr);
			assert.ok((JSON.parse(doctor.stdout) as {verdict: {outcome: string}}).verdict.outcome.length > 0);
			const cycle = readCycle(await one.sandbox.quiesce(one.arguments()));
			assert.equal(await one.disks.wasFrozen('data'), false);
			const setup = await answers(one, {preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh'});
			assert.ok(setup.exitCode === 0 || setup.exitCode === 3, setup.stderr);
			assert.deepEqual(readFileSync(one.sandbox.inside('/etc/shadow')), shadow);
			for (const {stdout, stderr} of [doctor, cycle, setup]) assert.doesNotMatch(stdout + stderr, /root:[*!$]/);
		});
	}

	test('a script by way of /proc/self/fd is not what was checked', async context => {
		const one = await lab(context);
		one.configure({preScriptLocation: '/proc/self/fd/0'});
		const end = await one.cycle();
		assert.notEqual(end.result.outcome, 'application-consistent');
		assert.equal(await one.disks.wasFrozen('data'), false);
	});

	test('parameters stand in no process list but the script\'s own, and in nothing that is written', async context => {
		const [preSecret, postSecret] = ['geheim-4711', 'geheim-4712'];
		const one = await lab(context, {pre: 'note pre; sleep 0.5', post: 'note "post $1"'});
		one.configure({preScriptParams: [preSecret], postScriptParams: [postSecret]});
		const places = async (): Promise<string> => one.sandbox.must('sh', ['-c', 'grep -rlF geheim "$1" || true', 'sh', one.sandbox.stateDirectory]);
		const listed = (): readonly string[] => one.sandbox.members().flatMap(pid => textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? []).filter(command => command.includes('geheim'));
		const cycle = one.start(['--snapshot', 'image', '--wait', '1']);
		await eventually(() => one.notes().length === 1, 'the pre-script runs');
		assert.deepEqual(listed().filter(command => !command.startsWith('sh /etc/azure/pre.sh')), []);
		assert.equal(await places(), '');
		const end = readCycle(await cycle.ended);
		assert.equal(end.exitCode, 0, end.stderr);
		assert.deepEqual(one.notes(), ['pre', `post ${postSecret}`]);
		assert.equal(await places(), '');
		assert.doesNotMatch(end.stdout + end.stderr, /geheim/);
	});

	test('what is kept is root\'s alone', async context => {
		const one = await lab(context);
		await one.cycle(['--snapshot', 'image']);
		const open = await one.sandbox.must('find', [one.sandbox.stateDirectory, '-perm', '/077']);
		assert.equal(open, '');
	});
});
