import assert from 'node:assert/strict';
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {Ended} from '../support/process.js';
import {bundledQuiesce, makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {serve} from '../support/web-server.js';

const configuration = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const scripts = {preScriptLocation: '/etc/scripts/pre.sh', postScriptLocation: '/etc/scripts/post.sh'};

type Answer = {
	readonly config: string;
	readonly valid: boolean;
	readonly changed: boolean;
	readonly written: boolean;
	readonly problems: readonly {readonly key: string; readonly value: unknown; readonly expected: string; readonly message: string}[];
	readonly warnings: readonly {readonly key: string; readonly message: string}[];
	readonly actions: readonly {readonly kind: string; readonly path: string; readonly sentence: string}[];
	readonly diff: readonly {readonly sign: string; readonly text: string}[];
	readonly verdict: {readonly outcome: string; readonly errors: readonly {readonly code: number | null}[]};
	readonly backup: string | null;
};

suite('quiesce setup', {skip: firstReason(whyNoSandbox(), whyNoBundle())}, () => {
	let sandbox: Sandbox;

	before(async () => {
		sandbox = await makeSandbox();
	});

	after(async () => {
		await sandbox.end();
	});

	async function fresh(): Promise<void> {
		await sandbox.must('rm', ['-rf', '/etc/azure', '/etc/scripts']);
		for (const path of Object.values(scripts)) sandbox.put({path, content: '#!/bin/sh\nexit 0\n', mode: 0o755});
	}

	async function setup(answers: unknown, ...words: readonly string[]): Promise<Ended> {
		return sandbox.quiesce(['setup', '--answers', '-', ...words], {input: typeof answers === 'string' ? answers : JSON.stringify(answers)});
	}

	function there(): readonly string[] {
		return ['/etc/azure', '/etc/scripts'].flatMap(directory => {
			const path = sandbox.inside(directory);
			return existsSync(path) ? (readdirSync(path).map(name => `${join(directory, name)} ${statSync(join(path, name)).mode.toString(8)} ${readFileSync(join(path, name), 'utf8')}`)) : [];
		});
	}

	function json(ended: Ended): Answer {
		const [answer, ...more] = ended.json() as Answer[];
		assert.deepEqual(more, []);
		return answer!;
	}

	test('from nothing to a configuration that Azure accepts; the check before says what, the check after that nothing is left', async () => {
		await fresh();
		const before = there();
		const first = await setup(scripts, '--check', '--json');
		assert.equal(first.exitCode, 3);
		const answer = json(first);
		assert.deepEqual([answer.config, answer.valid, answer.changed, answer.written], [configuration, true, true, false]);
		assert.equal(answer.verdict.outcome, 'application-consistent');
		assert.deepEqual(there(), before);

		const written = await setup(scripts);
		assert.deepEqual([written.exitCode, written.stderr], [0, '']);
		assert.match(written.stdout, /wrote \/etc\/azure\/VMSnapshotScriptPluginConfig\.json \(root, 600\)[^]*Tonight's backup will be application-consistent\./);
		assert.equal((await sandbox.run('stat', ['-c', '%a %U', '/etc/azure', configuration, ...Object.values(scripts)])).stdout, '755 root\n600 root\n700 root\n700 root\n');
		const after = await setup(scripts, '--check', '--json');
		assert.deepEqual([after.exitCode, json(after).changed], [0, false]);
		assert.equal((await sandbox.quiesce(['setup', '--check'])).exitCode, 0);
		assert.equal((await sandbox.quiesce(['doctor', '--json'])).exitCode, 0);
	});

	test('the diff shows what would change, and changes nothing', async () => {
		await fresh();
		await setup(scripts);
		const before = there();
		const plain = await setup({timeoutInSeconds: 99}, '--diff');
		assert.equal(plain.exitCode, 0);
		assert.match(plain.stdout, /^- {5}"timeoutInSeconds" : 30,\n\+ {5}"timeoutInSeconds" : 99,$/m);
		const {diff} = json(await setup({timeoutInSeconds: 99}, '--diff', '--json'));
		assert.deepEqual(diff.filter(({sign}) => sign !== ' ').map(({sign, text}) => sign + text.trim()), ['-"timeoutInSeconds" : 30,', '+"timeoutInSeconds" : 99,']);
		assert.equal((await setup({timeoutInSeconds: 99}, '--diff', '--check')).exitCode, 3);
		assert.deepEqual(there(), before);
		const {backup} = json(await setup({timeoutInSeconds: 99}, '--json'));
		assert.match(backup ?? '', /\.json\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/);
	});

	test('a set-up that was killed in the middle of its writing does not keep the next one from working, and what it left goes', async () => {
		await fresh();
		assert.equal((await setup(scripts)).exitCode, 0);
		const before = readdirSync(sandbox.inside('/etc/azure'));
		await sandbox.must('sh', ['-c', 'cd /etc/azure && ln "$1" ".$1.old-4194304-1-0123456789ab" && cp -p "$1" ".$1.new-4194304-1-0123456789ab"', 'sh', configuration.slice('/etc/azure/'.length)]);
		const check = await setup({timeoutInSeconds: 77}, '--check', '--json');
		assert.deepEqual([check.exitCode, json(check).valid, readdirSync(sandbox.inside('/etc/azure')).length], [3, true, before.length + 2]);
		const end = await setup({timeoutInSeconds: 77});
		assert.equal(end.exitCode, 0, end.stderr);
		assert.deepEqual(readdirSync(sandbox.inside('/etc/azure')).filter(name => name.startsWith('.')), []);
	});

	test('answers come from a file or a pipe as well, and --config names another configuration', async () => {
		await fresh();
		sandbox.put({path: '/etc/scripts/answers.json', content: JSON.stringify(scripts)});
		const end = await sandbox.quiesce(['setup', '--answers', '/etc/scripts/answers.json', '--config', '/etc/scripts/conf.json', '--json']);
		assert.deepEqual([end.exitCode, json(end).config, existsSync(sandbox.inside(configuration))], [0, '/etc/scripts/conf.json', false]);
		assert.match(json(end).warnings.map(({message}) => message).join('\n'), /^Azure does not read \/etc\/scripts\/conf\.json, but \/etc\/azure\/VMSnapshotScriptPluginConfig\.json\./);
		assert.deepEqual(json(await setup(scripts, '--check', '--json')).warnings, [], 'of the one that Azure reads nothing is said');
		const piped = await sandbox.run('bash', ['-c', `exec "${bundledQuiesce}" setup --check --config /etc/scripts/conf.json --answers <(echo '{}')`]);
		assert.deepEqual([piped.exitCode, piped.stderr], [0, '']);
	});

	test('answers that cannot be taken: exit code 3, a sentence for each, and nothing is changed', async () => {
		await fresh();
		await setup(scripts);
		const before = there();
		const cases: ReadonlyArray<readonly [unknown, string, RegExp]> = [
			['{"timeoutInSeconds": 30', '', /The answers are no JSON\. In line 1/],
			['', '', /The answers are empty\./],
			['[1, NaN]', '', /no JSON\. NaN, Infinity and -Infinity are no numbers/],
			[`{"preScriptParams": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`, '', /nested too deep/],
			['{"timeoutInSeconds": 30, "timeoutInSeconds": 40}', 'timeoutInSeconds', /^quiesce: timeoutInSeconds stands in the answers more than once/],
			['[]', '', /The answers are \[\], a list/],
			['"x"', '', /a text/],
			[{timeoutInSeconds: 0}, 'timeoutInSeconds', /timeoutInSeconds is 0\. Expected: .*1 to 1800/],
			[{timeoutInSeconds: -1}, 'timeoutInSeconds', /is -1\./],
			[{timeoutInSeconds: 1801}, 'timeoutInSeconds', /is 1801\./],
			[{timeoutInSeconds: '30'}, 'timeoutInSeconds', /is "30", a text\. .*without quotes/],
			[{preScriptNoOfRetries: -1}, 'preScriptNoOfRetries', /is -1\./],
			[{preScriptLocation: 'pre.sh'}, 'preScriptLocation', /an absolute path/],
			[{preScriptLocation: '/etc/scripts'}, 'preScriptLocation', /is a directory/],
			[{preScriptLocation: '/etc/scripts/pre.sh\nrm'}, 'preScriptLocation', /without line breaks/],
			[{postScriptLocation: '/etc/scripts/none.sh'}, 'postScriptLocation', /There is no post-script \/etc\/scripts\/none\.sh/],
			[{postScriptParams: 'a b'}, 'postScriptParams', /a list of texts/],
			[{preScriptLokation: '/x'}, 'preScriptLokation', /There is no setting "preScriptLokation"\. Did you mean preScriptLocation\?/],
			[{application: 'no-such'}, 'application', /application is "no-such"/],
			[{application: 'no-such', preScriptLocation: '/etc/scripts/pre.sh'}, 'preScriptLocation', /not both/],
		];
		for (const [index, [answers, key, message]] of cases.entries()) {
			// A process is slow to start: one for each is enough, with and without JSON, to check and to write.
			const asJson = index % 4 !== 0;
			const end = await setup(answers, ...(index % 2 === 0 ? ['--check'] : []), ...(asJson ? ['--json'] : []));
			assert.equal(end.exitCode, 3, JSON.stringify(answers));
			assert.match(end.stderr, message);
			assert.match(end.stderr, /Nothing has been changed\.\n$/);
			if (!asJson) {
				assert.equal(end.stdout, '');
				continue;
			}

			const {valid, problems} = json(end);
			assert.equal(valid, false);
			assert.ok(problems.some(problem => problem.key === key && problem.expected !== '' && message.test(problem.message)), JSON.stringify(problems));
		}

		assert.deepEqual(there(), before);
	});

	test('--yes, which would answer no question, is refused and not offered', async () => {
		await fresh();
		const before = there();
		const end = await setup({}, '--yes');
		assert.deepEqual([end.exitCode, end.stdout], [2, '']);
		assert.match(end.stderr, /^quiesce: quiesce setup takes no --yes; doctor and thaw do\./);
		assert.deepEqual(there(), before);
		assert.doesNotMatch((await sandbox.quiesce(['setup', '--help'])).stdout, /--yes/);
	});

	test('wrong usage is 2, not root is 6, and both leave everything as it is', {skip: whyNoProgram('setpriv')}, async () => {
		await fresh();
		const before = there();
		for (const words of [['setup'], ['setup', '--json'], ['setup', '--answers', '/none'], ['setup', '--answers', '/etc'], ['setup', '--answers'], ['setup', '--nosuch'], ['setup', 'x'], ['setup', '--answers', '-', '--template', '/none']]) {
			const {exitCode, stderr} = await sandbox.quiesce(words);
			assert.equal(exitCode, 2, words.join(' '));
			assert.match(stderr, /^quiesce: \S.*\n {2}→ /);
		}

		const user = await sandbox.quiesceAsNobody(['setup', '--answers', '-'], {input: JSON.stringify(scripts)});
		assert.equal(user.exitCode, 6);
		assert.match(user.stderr, /needs root/);
		assert.deepEqual(there(), before);
	});

	test('a template is downloaded, or read out of a file, where nothing is configured yet; without the network the bundled one is taken, and that is said', async () => {
		const server = await serve((_request, response) => response.end('{"timeoutInSeconds": 77, "ours": [1,  2]}'));
		try {
			for (const where of [server.address, '/etc/scripts/template.json']) {
				await fresh();
				sandbox.put({path: '/etc/scripts/template.json', content: '{"timeoutInSeconds": 77, "ours": [1,  2]}'});
				assert.equal((await setup(scripts, '--template', where)).exitCode, 0);
				const text = readFileSync(sandbox.inside(configuration), 'utf8');
				assert.match(text, /"timeoutInSeconds": 77, "ours": \[1, {2}2\]/);
			}
		} finally {
			await server.end();
		}

		const beside = await setup({}, '--template', '/etc/scripts/template.json', '--json');
		assert.deepEqual([beside.exitCode, json(beside).changed], [0, false]);
		assert.match(json(beside).warnings[0]?.message ?? '', /There is a configuration already.*the template is not used/);

		await fresh();
		const end = await setup(scripts, '--template', server.address, '--json');
		assert.equal(end.exitCode, 0);
		assert.match(json(end).warnings[0]?.message ?? '', /could not be downloaded .*refuses the connection.*is used instead/);
	});

	test('bad values that are there already are told, and what they say on the terminal cannot act on it', async () => {
		await fresh();
		mkdirSync(sandbox.inside(dirname(configuration)), {recursive: true});
		writeFileSync(sandbox.inside(configuration), '\u001B[2J not json');
		chmodSync(sandbox.inside(configuration), 0o644);
		const end = await setup(scripts, '--diff');
		assert.equal(end.exitCode, 0);
		assert.match(end.stdout, /Warning: The present configuration cannot be made out/);
		assert.match(end.stdout, /- \\u001b\[2J not json/);
		assert.ok(!end.stdout.includes('\u001B'));
	});
});
