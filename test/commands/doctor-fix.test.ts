import assert from 'node:assert/strict';
import {lstatSync, readdirSync, readFileSync, statSync} from 'node:fs';
import {after, before, suite, test} from 'node:test';
import {outcomes, type Outcome} from '../../source/core/outcome.js';
import {makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoSandbox} from '../support/skip.js';
import {layOut, type VectorFile} from '../support/vectors.js';

type Answer = {
	readonly verdict: {readonly outcome: Outcome; readonly errors: ReadonlyArray<{readonly code: number}>};
	readonly findings: ReadonlyArray<{readonly id: string; readonly severity: string; readonly fixable: boolean; readonly title: string}>;
	readonly mended?: ReadonlyArray<{readonly id: string; readonly changes: readonly string[]}>;
	readonly refused?: ReadonlyArray<{readonly id: string; readonly why: string}>;
	readonly backups?: readonly string[];
};

const path = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const good = {
	pluginName: 'ScriptRunner', preScriptLocation: '/opt/q/pre.sh', postScriptLocation: '/opt/q/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};
const script = '#!/bin/sh\nexit 0\n';
const pre: VectorFile = {path: '/opt/q/pre.sh', content: script, mode: '0700'};
const post: VectorFile = {path: '/opt/q/post.sh', content: script, mode: '0700'};

function configuration(settings: Readonly<Record<string, unknown>> | string, change: Partial<VectorFile> = {}): VectorFile {
	return {path, content: typeof settings === 'string' ? settings : `${JSON.stringify(settings, null, 2)}\n`, mode: '0600', ...change};
}

/** The good settings less some, with others. */
function settings(change: Readonly<Record<string, unknown>>, without: readonly string[] = []): Readonly<Record<string, unknown>> {
	return {...Object.fromEntries(Object.entries(good).filter(([key]) => !without.includes(key))), ...change};
}

type Broken = {
	readonly files: readonly VectorFile[];
	/** The finding that is there, fixable, and gone afterwards. */
	readonly finds: string;
	/** The outcome before; afterwards it is application-consistent, unless `then` says otherwise. */
	readonly was?: Outcome;
	readonly then?: Outcome;
};

const good3 = [configuration(good), pre, post];
const broken: Readonly<Record<string, Broken>> = {
	'a configuration that others may read': {files: [configuration(good, {mode: '0644'}), pre, post], finds: 'configuration-permissions', was: 'file-system-consistent'},
	'a configuration of somebody else': {files: [configuration(good, {owner: 'nobody'}), pre, post], finds: 'configuration-permissions', was: 'file-system-consistent'},
	'a configuration behind a link': {files: [configuration('', {kind: 'symlink', target: '/opt/q/real.json'}), {path: '/opt/q/real.json', content: JSON.stringify(good), mode: '0640'}, pre, post], finds: 'configuration-permissions', was: 'file-system-consistent'},
	'the documentation\'s name': {files: [{...configuration(good), path: '/etc/azure/VMSnapshotPluginConfig.json', mode: '0644'}, pre, post], finds: 'configuration-documented-name', was: 'file-system-consistent'},
	'a trailing comma': {files: [configuration(JSON.stringify(good).replace('}', ',}')), pre, post], finds: 'configuration-not-json', was: 'file-system-consistent'},
	'comments': {files: [configuration(`// the scripts\n${JSON.stringify(good)}`), pre, post], finds: 'configuration-not-json', was: 'file-system-consistent'},
	'a byte order mark': {files: [configuration(`\uFEFF${JSON.stringify(good)}`), pre, post], finds: 'configuration-not-json', was: 'file-system-consistent'},
	'UTF-16': {files: [configuration('', {content: Buffer.from(`\uFEFF${JSON.stringify(good)}`, 'utf16le').toString('hex'), encoding: 'hex'}), pre, post], finds: 'configuration-not-json', was: 'file-system-consistent'},
	'a pre-script that others may run': {files: [configuration(good), {...pre, mode: '0755'}, post], finds: 'pre-script-permissions', was: 'file-system-consistent'},
	'a post-script of somebody else': {files: [configuration(settings({continueBackupOnFailure: false})), pre, {...post, owner: 'nobody'}], finds: 'post-script-permissions', was: 'failed'},
	'blanks around a path': {files: [configuration(settings({preScriptLocation: '/opt/q/pre.sh '})), pre, post], finds: 'pre-script-missing', was: 'file-system-consistent'},
	'the documentation\'s spelling': {files: [configuration(settings({PreScriptLocation: '/opt/q/pre.sh'}, ['preScriptLocation'])), pre, post], finds: 'misspelt-pre-script-location', was: 'file-system-consistent'},
	'another spelling beside an empty value': {files: [configuration(settings({preScriptLocation: '', PreScriptLocation: '/opt/q/pre.sh'})), pre, post], finds: 'misspelt-pre-script-location', was: 'file-system-consistent'},
	'a time limit as text': {files: [configuration(settings({timeoutInSeconds: '30'})), pre, post], finds: 'timeout-type', was: 'file-system-consistent'},
	'a time limit that is no number': {files: [configuration(JSON.stringify(good).replace('30', 'NaN')), pre, post], finds: 'timeout-no-limit'},
	'a time limit that is false': {files: [configuration(settings({timeoutInSeconds: false})), pre, post], finds: 'timeout-too-small'},
	'retries as text': {files: [configuration(settings({preScriptNoOfRetries: '3'})), pre, post], finds: 'pre-script-no-of-retries-type'},
	'retries that are null': {files: [configuration(settings({postScriptNoOfRetries: null})), pre, post], finds: 'post-script-no-of-retries-type'},
	'continueBackupOnFailure as text': {files: [configuration(settings({continueBackupOnFailure: 'false'})), pre, post], finds: 'continue-type'},
	'fsFreezeEnabled as text': {files: [configuration(settings({fsFreezeEnabled: 'false'})), pre, post], finds: 'freeze-type'},
	'a name that is a number': {files: [configuration(settings({pluginName: 5})), pre, post], finds: 'plugin-name-no-text', was: 'file-system-consistent'},
	'parameters that are null': {files: [configuration(settings({preScriptParams: null})), pre, post], finds: 'pre-script-params-no-list', was: 'file-system-consistent'},
	'parameters that are a number': {files: [configuration(settings({postScriptParams: 5})), pre, post], finds: 'post-script-params-no-list', was: 'file-system-consistent'},
	'parameters as text': {files: [configuration(settings({preScriptParams: 'hold'})), pre, post], finds: 'pre-script-params-text'},
	'the template\'s empty parameters': {files: [configuration(settings({preScriptParams: ['', '']})), pre, post], finds: 'pre-script-params-template'},
	'polling that is null': {files: [configuration(settings({ScriptsExecutionPollTimeSeconds: null})), pre, post], finds: 'poll-type', was: 'file-system-consistent'},
	'polling that is ignored': {files: [configuration(settings({ScriptsExecutionPollTimeSeconds: 9})), pre, post], finds: 'poll-ignored'},
	'missing settings': {files: [configuration(settings({}, ['timeoutInSeconds', 'preScriptParams'])), pre, post], finds: 'settings-missing'},
	'Windows line ends': {files: [configuration(good), {...pre, content: '#!/bin/sh\r\nif true; then\r\n  :\r\nfi\r\n'}, post], finds: 'pre-script-line-ends'},
	'Windows line ends in comments': {files: [configuration(good), pre, {...post, content: '#!/bin/sh\r\nexit 0\n'}], finds: 'post-script-line-ends'},
	'a plugin host file that others may write': {files: [...good3, {path: '/etc/azure/VMSnapshotPluginHost.conf', mode: '0666', content: `[pre_post]\ntimeoutInSeconds: 1800\nnumberOfPlugins: 1\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: ${path}\n`}], finds: 'host-permissions', was: 'file-system-consistent'},
};

const skip = firstReason(whyNoSandbox(), whyNoBundle());

suite('doctor --fix', {skip}, () => {
	let sandbox: Sandbox;
	before(async () => {
		sandbox = await makeSandbox({overlays: ['/etc', '/opt', '/var/lib']});
	});
	after(async () => sandbox.end());
	const doctor = async (...words: readonly string[]): Promise<Answer & {readonly exitCode: number | null}> => {
		const end = await sandbox.quiesce(['doctor', '--json', ...words]);
		return {...JSON.parse(end.stdout) as Answer, exitCode: end.exitCode};
	};
	const see = (): Record<string, string> => Object.fromEntries(['/etc/azure', '/opt/q'].flatMap(directory => readdirSync(sandbox.inside(directory)).map(name => {
		const facts = lstatSync(sandbox.inside(`${directory}/${name}`));
		return [`${directory}/${name}`, `${facts.uid} ${facts.mode.toString(8)} ${facts.isFile() ? readFileSync(sandbox.inside(`${directory}/${name}`), 'hex') : ''}`] as const;
	})));

	for (const [name, {files, finds, was = 'application-consistent', then = 'application-consistent'}] of Object.entries(broken)) {
		test(`${name}: broken, found, mended, gone`, async () => {
			await layOut(sandbox, {files});
			const untouched = see();
			const found = await doctor();
			assert.equal(found.verdict.outcome, was);
			const finding = found.findings.find(({id}) => id === finds);
			assert.ok(finding?.fixable, `${finds} is not among ${found.findings.map(({id}) => id).join(' ')}`);
			assert.deepEqual(see(), untouched);

			const mended = await doctor('--fix', '--yes');
			assert.ok(mended.mended?.some(({id, changes}) => id === finds && changes.length > 0), JSON.stringify(mended));
			assert.equal(mended.verdict.outcome, then);
			assert.ok(outcomes.indexOf(mended.verdict.outcome) <= outcomes.indexOf(was));
			assert.ok(!mended.findings.some(({id}) => id === finds));
			assert.ok(!mended.findings.some(({severity}) => severity === 'error'), JSON.stringify(mended.findings));
			assert.equal(mended.exitCode, 0);
			for (const backup of mended.backups ?? []) {
				const kept = statSync(sandbox.inside(backup));
				const [original] = /^.*(?=\.\d{4}-)/.exec(backup)!;
				assert.equal(readFileSync(sandbox.inside(backup), 'hex'), (untouched[original!] ?? '').split(' ')[2]);
				if (!backup.includes('VMSnapshotPluginConfig.json')) assert.equal(kept.mode & 0o777, 0o600);
			}
			// A second time there is nothing left to do.
			const again = await doctor('--fix', '--yes');
			assert.deepEqual(again.mended, []);
		});
	}

	test('asks nobody who cannot answer, and changes nothing then', async () => {
		await layOut(sandbox, {files: [configuration(good, {mode: '0644'}), pre, post]});
		const untouched = see();
		for (const words of [['--fix'], ['--fix', '--json'], ['--yes']]) {
			const end = await sandbox.quiesce(['doctor', ...words]);
			assert.equal(end.exitCode, 2, words.join(' '));
			assert.match(end.stderr, /--fix --yes/);
		}

		assert.deepEqual(see(), untouched);
	});

	test('leaves alone what lies where others may write, and says why', async () => {
		await layOut(sandbox, {files: [configuration(settings({preScriptLocation: '/opt/q/open/pre.sh'})), {...pre, path: '/opt/q/open/pre.sh', mode: '0755'}, post]});
		await sandbox.must('chmod', ['777', '/opt/q/open']);
		const answer = await doctor('--fix', '--yes');
		assert.equal(answer.exitCode, 3);
		assert.match(answer.refused?.find(({id}) => id === 'pre-script-permissions')?.why ?? '', /can be written by everybody/);
		assert.equal(statSync(sandbox.inside('/opt/q/open/pre.sh')).mode & 0o777, 0o755);
	});

	test('several mends of one file come in one write, with one backup', async () => {
		await layOut(sandbox, {files: [configuration(settings({timeoutInSeconds: '30', PreScriptParams: ['a'], continueBackupOnFailure: 'true'}, ['preScriptParams', 'fsFreezeEnabled']), {mode: '0644'}), pre, post]});
		const answer = await doctor('--fix', '--yes');
		assert.equal(answer.exitCode, 0, JSON.stringify(answer));
		assert.equal(answer.backups?.length, 1);
		const after = JSON.parse(readFileSync(sandbox.inside(path), 'utf8')) as Record<string, unknown>;
		assert.deepEqual(after, {...good, preScriptParams: ['a']});
		assert.equal(statSync(sandbox.inside(path)).mode & 0o777, 0o600);
	});

	test('a setting that gets its right name keeps its value, whatever stood under that name', async () => {
		await layOut(sandbox, {files: [configuration(settings({preScriptParams: ['', ''], PreScriptParams: ['hold', 'all'], TimeoutInSeconds: 40}, ['timeoutInSeconds'])), pre, post]});
		const answer = await doctor('--fix', '--yes');
		assert.equal(answer.exitCode, 0, JSON.stringify(answer));
		assert.deepEqual(JSON.parse(readFileSync(sandbox.inside(path), 'utf8')), {...good, preScriptParams: ['hold', 'all'], timeoutInSeconds: 40});
		assert.deepEqual(answer.findings.filter(({fixable}) => fixable), []);
	});

	test('in plain text the change stands before what came of it', async () => {
		await layOut(sandbox, {files: [configuration(good, {mode: '0644'}), pre, post]});
		const end = await sandbox.quiesce(['doctor', '--fix', '--yes']);
		assert.equal(end.exitCode, 0);
		assert.match(end.stdout, /This would be changed:\n {2}chmod 600 .*\(now 0644\)\nMended: The configuration is not private to root\n[^]*✔ Tonight's backup will be application-consistent\./);
	});
});
