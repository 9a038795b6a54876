import assert from 'node:assert/strict';
import {after, before, suite, test} from 'node:test';
import {makeSandbox, bundledQuiesce, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {layOut, type VectorFile} from '../support/vectors.js';

const path = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const settings = JSON.stringify({
	pluginName: 'ScriptRunner', preScriptLocation: '/opt/q/pre.sh', postScriptLocation: '/opt/q/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
});
const scripts: readonly VectorFile[] = ['pre', 'post'].map(name => ({path: `/opt/q/${name}.sh`, content: '#!/bin/sh\nexit 0\n', mode: '0700'}));

type Answer = {readonly config: string; readonly verdict: {readonly outcome: string}; readonly findings: ReadonlyArray<Readonly<Record<string, unknown>>>};

suite('quiesce doctor', {skip: firstReason(whyNoSandbox(), whyNoBundle())}, () => {
	let sandbox: Sandbox;
	before(async () => {
		sandbox = await makeSandbox({overlays: ['/etc', '/opt', '/var/lib']});
	});
	after(async () => sandbox.end());

	test('the JSON has the keys of its description, and no others', async () => {
		await layOut(sandbox, {files: [{path, content: settings, mode: '0644'}, ...scripts]});
		const answer = JSON.parse((await sandbox.quiesce(['doctor', '--json'])).stdout) as Answer;
		assert.deepEqual(Object.keys(answer), ['config', 'verdict', 'findings']);
		assert.deepEqual(answer.verdict, {outcome: 'file-system-consistent', errors: [{name: 'FailedPrepostPluginConfigPermissionError', code: 317}]});
		for (const finding of answer.findings) {
			const {error: _error, path: _path, ...rest} = finding;
			assert.deepEqual(Object.keys(rest), ['id', 'severity', 'title', 'detail', 'remedy', 'fixable']);
		}
	});

	test('another configuration is judged as if it were in the place of the real one', async () => {
		await layOut(sandbox, {files: [{path, content: '{', mode: '0600'}, {path: '/opt/q/other.json', content: settings, mode: '0600'}, ...scripts]});
		const end = await sandbox.run('sh', ['-c', `cd /opt/q && exec '${bundledQuiesce}' doctor --json --config other.json`]);
		const answer = JSON.parse(end.stdout) as Answer;
		assert.equal(end.exitCode, 0);
		assert.equal(answer.config, '/opt/q/other.json');
		assert.ok(answer.findings.some(({id}) => id === 'configuration-elsewhere'));
		assert.equal((await sandbox.quiesce(['doctor', '--json'])).exitCode, 3);
	});

	test('the configuration that the plugin host file names is the one that counts', async () => {
		await layOut(sandbox, {files: [
			{path, content: '{', mode: '0600'}, {path: '/opt/q/named.json', content: settings, mode: '0600'}, ...scripts,
			{path: '/etc/azure/VMSnapshotPluginHost.conf', mode: '0644', content: '[pre_post]\ntimeoutInSeconds: 1800\nnumberOfPlugins: 1\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: /opt/q/named.json\n'},
		]});
		const answer = JSON.parse((await sandbox.quiesce(['doctor', '--json'])).stdout) as Answer;
		assert.equal(answer.config, '/opt/q/named.json');
		assert.equal(answer.verdict.outcome, 'application-consistent');
		assert.ok(!answer.findings.some(({id}) => id === 'configuration-elsewhere'));
	});

	test('a mount that cannot be frozen is wrong usage', async () => {
		await layOut(sandbox, {files: [{path, content: settings, mode: '0600'}, ...scripts]});
		for (const mount of ['/proc', '/no/such/place']) assert.equal((await sandbox.quiesce(['doctor', '--mount', mount])).exitCode, 2, mount);
	});

	test('plain text says the same as the screen, in letters that every terminal has where it must be', async () => {
		await layOut(sandbox, {files: [{path, content: settings, mode: '0600'}, ...scripts]});
		assert.match((await sandbox.quiesce(['doctor'])).stdout, /^✔ Tonight's backup will be application-consistent\.\n/);
		const {stdout} = await sandbox.quiesce(['doctor'], {env: {LANG: 'C', LC_ALL: 'C'}});
		assert.match(stdout, /^ok Tonight's backup will be application-consistent\.\n/);
		assert.doesNotMatch(stdout.replaceAll('→', ''), /[^\n -~]/);
		assert.ok(stdout.split('\n').every(line => line.length <= 80), stdout);
	});

	test('without root it is not tried', {skip: whyNoProgram('setpriv')}, async () => {
		const end = await sandbox.quiesceAsNobody(['doctor', '--json']);
		assert.equal(end.exitCode, 6);
		assert.match(end.stderr, /sudo quiesce doctor/);
	});
});
