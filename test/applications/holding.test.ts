import assert from 'node:assert/strict';
import {appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {Application} from '../../source/applications/index.js';
import {file} from '../../source/applications/bundle.js';
import {run} from '../support/process.js';
import {placeScripts, until, type ScriptsLab} from '../support/scripts-lab.js';
import {firstReason, whyNoProgram, whyNotRoot} from '../support/skip.js';

/** What all scripts share, as an application that holds a session of a client that says `ready`. */
const plain: Application = {
	name: 'plain',
	title: 'plain',
	summary: '',
	settings: [],
	detect: async () => [],
	scripts: ({logFile = '', text = '', giveUp = ''}) => ({
		files: [
			file('holding.sh'), file('holding-session.sh'),
			{name: 'plain.conf', content: `log_file='${logFile}'\n${giveUp === '' ? '' : `give_up='${giveUp}'\n`}${text}\n`, mode: 0o600},
			{name: 'plain-pre.sh', content: 'set -u\n. "$(dirname "$0")/holding.sh"\nbegin\nopen_session one runuser -u root -- sh -c \'echo ready; read -r word; echo "$word"\'\nawait ready || fail "$why"\nsucceed "held, lease $lease s"\n', mode: 0o700},
			{name: 'plain-post.sh', content: 'set -u\n. "$(dirname "$0")/holding.sh"\ntake_over\nclose_session one over || finish 1 lost\nfinish 0 released\n', mode: 0o700},
		],
		pre: 'plain-pre.sh', post: 'plain-post.sh', preParameters: [], postParameters: [],
	}),
};

suite('what all scripts share', {skip: firstReason(whyNotRoot(), whyNoProgram('runuser'))}, () => {
	let lab: ScriptsLab;
	before(() => {
		lab = placeScripts(plain);
	});
	after(async () => lab?.end());

	const shells: readonly (readonly [readonly string[], false | string])[] = [
		[['dash'], whyNoProgram('dash')], [['bash', '--posix'], whyNoProgram('bash')], [['busybox', 'sh'], whyNoProgram('busybox')],
	];
	for (const [shell, skip] of shells) {
		test(`they work with ${shell.join(' ')}, and where nothing is said of where programs are`, {skip}, async () => {
			lab.configure({});
			for (const environment of [{}, {PATH: '/usr/bin:/bin'}]) {
				const pre = await lab.pre({shell, environment});
				assert.deepEqual([pre.exitCode, pre.output], [0, `${lab.name}: held, lease 60 s\n`]);
				const post = await lab.post({shell, environment});
				assert.deepEqual([post.exitCode, post.output], [0, `${lab.name}: released\n`]);
			}
			await until('nothing is left', () => lab.left().length === 0);
		});
	}

	test('settings that make no sense: the pre-script fails, a post-script lets go all the same, and the log tells', async () => {
		for (const [text, words] of [['lease=soon', /lease must be whole seconds above zero, and is 'soon'/], ['lease=0', /'0'/], ['lease=', /''/], ['give_up=1.5', /give_up must be/]] as const) {
			lab.configure({giveUp: ''});
			assert.equal((await lab.pre()).exitCode, 0);
			lab.configure({giveUp: '', text});
			const post = await lab.post();
			assert.deepEqual([post.exitCode, post.output], [0, `${lab.name}: released\n`]);
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1);
			assert.match(pre.output, words);
			assert.equal((await lab.post()).exitCode, 0);
			assert.match(lab.log(), words);
		}
	});

	test('settings that others could change are not read, which the log tells too', async () => {
		lab.configure({text: 'echo read >&2'});
		const settings = join(lab.directory, `${lab.name}.conf`);
		chmodSync(settings, 0o666);
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 1);
		assert.match(pre.output, /must belong to root and be writable by nobody else/);
		assert.doesNotMatch(pre.output, /read/);
		chmodSync(settings, 0o600);
		lab.configure({});
		assert.equal((await lab.post()).exitCode, 0);
		assert.match(lab.log(), /pre: \S+ must belong to root/);
	});

	test('they give up after two thirds of what the configuration and the extension allow', async () => {
		const configuration = join(lab.directory, 'VMSnapshotScriptPluginConfig.json');
		const host = join(lab.directory, 'VMSnapshotPluginHost.conf');
		lab.configure({giveUp: ''});
		for (const [text, hostText, seconds] of [
			['{"timeoutInSeconds" : 90}', null, 60], ['{"timeoutInSeconds":90}', '[pre_post]\ntimeoutInSeconds: 30\n', 20], ['{"timeoutInSeconds":1}', null, 2], ['{"timeoutInSeconds":999999}', null, 1200], ['{}', null, 6],
		] as const) {
			writeFileSync(configuration, text);
			if (hostText === null) rmSync(host, {force: true});
			else writeFileSync(host, hostText);
			assert.equal((await lab.pre()).exitCode, 0);
			// A second may just have begun.
			assert.match(lab.memoryLog(), new RegExp(`gives up after (?:${seconds}|${seconds - 1}) s`), text);
			assert.equal((await lab.post()).exitCode, 0);
		}
		for (const path of [configuration, host]) rmSync(path, {force: true});
	});

	test('a log that cannot be written is kept in memory, and written at the next chance', async () => {
		const place = join(lab.directory, 'logs');
		writeFileSync(place, 'no directory');
		lab.configure({logFile: join(place, 'log')});
		for (const _ of [1, 2]) {
			assert.equal((await lab.pre()).exitCode, 0);
			assert.equal((await lab.post()).exitCode, 0);
		}
		rmSync(place);
		mkdirSync(place);
		assert.equal((await lab.post()).exitCode, 0);
		const {stdout} = await run('cat', [join(place, 'log')]);
		assert.equal(stdout.match(/held, lease/g)?.length, 2);
		assert.match(stdout, /released[\s\S]*released[\s\S]*nothing is held/);
		assert.deepEqual(readdirSync(lab.state).filter(name => name.startsWith('log')), []);
	});

	test('a client that answers at once keeps its input until the end of the lease, however busy the machine is', async () => {
		lab.configure({text: 'lease=300 give_up=100'});
		// Many at once, each under a name of its own: what goes wrong here goes wrong only now and then.
		const names = Array.from({length: 100}, (_, index) => `${lab.name}-${index}`);
		for (const name of names) {
			for (const role of ['pre', 'post']) {
				await run('cp', [join(lab.directory, `${lab.name}-${role}.sh`), join(lab.directory, `${name}-${role}.sh`)]);
			}
			appendFileSync(join(lab.directory, `${name}.conf`), `lease=300 give_up=100 log_file='${join(lab.directory, 'log')}'\n`, {mode: 0o600});
		}
		const all = async (role: 'pre' | 'post'): Promise<readonly string[]> => {
			const ends = await Promise.all(names.map(async name => run('sh', [join(lab.directory, `${name}-${role}.sh`)])));
			return names.filter((_, index) => ends[index]?.exitCode !== 0);
		};
		try {
			assert.deepEqual(await all('pre'), []);
			assert.deepEqual(names.filter(name => existsSync(join(lab.state, '..', name, 'run/one/ended'))), []);
			assert.deepEqual(await all('post'), []);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
		} finally {
			for (const name of names) rmSync(join(lab.state, '..', name), {recursive: true, force: true});
		}
	});
});
