import assert from 'node:assert/strict';
import {suite, test, type TestContext} from 'node:test';
import {makeCycleLab, type CycleEnd, type CycleLab, type LabOptions} from '../support/cycle-lab.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {whyNoBundle} from '../support/sandbox.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());

async function lab(context: TestContext, options: LabOptions = {}): Promise<CycleLab> {
	const made = await makeCycleLab(options);
	context.after(async () => made.end());
	return made;
}

const output = (end: CycleEnd, phase = 'pre-script'): readonly string[] => end.events.flatMap(event => (event.event === 'output' && event.phase === phase ? [event.line] : []));
const limits = (end: CycleEnd): readonly (number | undefined)[] => end.events.flatMap(event => (event.event === 'phase' && event.state === 'started' && event.phase.endsWith('script') ? [event.limitMs] : []));

/** The plugin host file, with a time limit of its own. */
const host = (seconds: number): string => `[pre_post]\ntimeoutInSeconds: ${seconds}\nnumberOfPlugins: 1\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: /etc/azure/VMSnapshotScriptPluginConfig.json\n`;

suite('what the scripts of a cycle meet', {skip, concurrency: 2}, () => {
	const look = 'env | cut -d= -f1 | sort | tr "\\n" " "; echo; echo "$HOME|$LANG|$PATH|$PWD"; pwd; readlink /proc/self/fd/0; cat; echo "$0|$#"; id -u';

	test('an environment of HOME, LANG, PATH and PWD, nothing on standard input, and the root directory, whatever quiesce was started with', async context => {
		const one = await lab(context, {pre: look, post: look});
		const end = await one.sandbox.quiesce(one.arguments(), {env: {...one.sandbox.environment, SECRET: 'geheim', LC_ALL: 'de_DE.UTF-8', BASH_ENV: '/etc/azure/pre.sh'}, input: 'not for scripts', cwd: one.sandbox.directory});
		const events = end.stdout.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as {readonly event: string; readonly phase: string; readonly line: string});
		for (const role of ['pre', 'post']) {
			assert.deepEqual(events.flatMap(event => (event.event === 'output' && event.phase === `${role}-script` ? [event.line] : [])), [
				'HOME LANG PATH PWD ', '/root|C.UTF-8|/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin|/', '/', '/dev/null', `/etc/azure/${role}.sh|0`, '0',
			]);
		}
	});

	test('the extension\'s directory, where that is installed; a relative path begins there', async context => {
		const directory = '/var/lib/waagent/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9239.0';
		const one = await lab(context, {settings: {preScriptLocation: 'own/pre.sh'}});
		one.sandbox.put({path: `${directory}/HandlerEnvironment.json`, content: '[]'});
		one.sandbox.put({path: `${directory}/main/VMSnapshotPluginHost.conf`, mode: 0o644, content: host(1800)});
		one.sandbox.put({path: `${directory}/own/pre.sh`, mode: 0o700, content: 'pwd; echo "$PWD"; echo "$0"\n'});
		const end = await one.cycle();
		assert.equal(end.exitCode, 0, end.stdout);
		assert.deepEqual(output(end), [directory, directory, 'own/pre.sh']);
	});

	test('sh, whatever the first line says, and whether or not they may be executed', async context => {
		const one = await lab(context);
		one.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o400, content: '#!/usr/bin/python3\necho "${0##*/} of sh"\n'});
		assert.deepEqual(output(await one.cycle()), ['pre.sh of sh']);
	});

	for (const [name, settings, hostSeconds, expected] of [
		['as configured', {timeoutInSeconds: 30}, 1800, 30_000],
		['rounded up to whole polls of three seconds', {timeoutInSeconds: 4}, 1800, 6000],
		['rounded up to the polls that are configured', {timeoutInSeconds: 4.1, ScriptsExecutionPollTimeSeconds: 5}, 1800, 5000],
		['ten seconds, rounded up, where none is configured', {timeoutInSeconds: undefined}, 1800, 12_000],
		['the plugin host\'s, where that is shorter', {timeoutInSeconds: 600}, 60, 60_000],
		['half an hour at most', {timeoutInSeconds: 99_999}, 99_999, 1_800_000],
	] as const) {
		test(`a time limit ${name}`, async context => {
			const one = await lab(context, {settings});
			one.sandbox.put({path: '/etc/azure/VMSnapshotPluginHost.conf', mode: 0o644, content: host(hostSeconds)});
			assert.deepEqual(limits(await one.cycle()), [expected, expected]);
		});
	}

	test('that limit over all their attempts: the second one is ended when it is over', async context => {
		const one = await lab(context, {pre: 'note pre; sleep 5; exit 1', settings: {preScriptNoOfRetries: 9, timeoutInSeconds: 10, ScriptsExecutionPollTimeSeconds: 1}});
		const end = await one.cycle();
		assert.deepEqual([end.phases['pre-script'], end.result.errors.map(({code}) => code), one.notes()], ['timed-out', [308], ['pre', 'pre', 'post']]);
		const took = end.events.flatMap(event => (event.event === 'phase' && event.phase === 'pre-script' && event.state === 'timed-out' ? [event.durationMs ?? 0] : []));
		assert.ok(took[0]! >= 10_000, String(took[0]));
		assert.deepEqual(end.result.azure, {outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptExecutionFailed', code: 300}]}, 'Azure would have taken the first failure');
	});

	test('the lock held by quiesce, from before the first to after the second', {skip: whyNoProgram('python3')}, async context => {
		const tryLock = 'python3 -c "import fcntl; f = open(\'/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile\', \'a\'); fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)" 2>/dev/null && echo free || echo held';
		const one = await lab(context, {pre: tryLock, post: tryLock});
		const end = await one.cycle();
		assert.deepEqual([output(end), output(end, 'post-script')], [['held'], ['held']]);
		assert.equal(await one.sandbox.must('sh', ['-c', tryLock]), 'free\n');
	});
});
