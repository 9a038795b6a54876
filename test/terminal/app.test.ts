import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, afterEach, before, suite, test} from 'node:test';
import {generateCycle} from '../support/extension-log-generator.js';
import {bundledQuiesce, makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoProgram, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal, type TerminalOptions} from '../support/terminal.js';
import {signalTo} from '../support/process.js';

const skip = firstReason(whyNoSandbox(), whyNoBundle(), whyNoTmux());
const configuration = {
	pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};

suite('the app in a terminal', {skip}, () => {
	let configured: Sandbox;
	let empty: Sandbox;
	let terminal: Terminal | undefined;
	before(async () => {
		const script = {content: '#!/bin/sh\nexit 0\n', mode: 0o700};
		configured = await makeSandbox({files: [
			{path: '/etc/azure/VMSnapshotScriptPluginConfig.json', content: JSON.stringify(configuration)},
			{path: '/etc/azure/pre.sh', ...script}, {path: '/etc/azure/post.sh', ...script},
		]});
		empty = await makeSandbox();
	});
	afterEach(async () => {
		await terminal?.end();
		terminal = undefined;
	});
	after(async () => {
		await configured?.end();
		await empty?.end();
	});
	const start = async (words: readonly string[], options: TerminalOptions & {readonly in?: Sandbox} = {}): Promise<Terminal> => {
		const sandbox = options.in ?? configured;
		terminal = await openTerminal(sandbox.commandLine(bundledQuiesce, words), {...options, env: {...sandbox.environment, ...options.env}});
		return terminal;
	};

	test('opens the home screen where something is configured, and every view is one key away and one key back', async () => {
		const screen = await start([]);
		const home = await screen.shows(/Right now +✔ nothing is frozen or held/);
		assert.match(home, /^ quiesce +\S+\n\n ✔ Tonight's backup will be application-consistent\.\n/);
		assert.ok(home.split('\n').every(line => line.length <= 80));
		for (const [key, place] of [['s', 'quiesce · set up'], ['c', 'quiesce · live cycle'], ['d', 'quiesce · doctor'], ['w', 'quiesce · watch'], ['h', 'quiesce · history'], ['x', 'quiesce · explain']] as const) {
			await screen.press(key);
			await screen.shows(place);
			await screen.press('Escape');
			await screen.shows('Run a live cycle');
		}
		await screen.press('q');
		assert.equal(await screen.exited(), 0);
		assert.equal((await screen.screen()).trim(), '', 'the terminal is as it was');
	});

	test('says who holds the lock while a backup runs', {skip: whyNoProgram('python3')}, async () => {
		const folder = '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock';
		configured.put({path: `${folder}/SafeFreezeLockFile`, content: ''});
		const backup = configured.start('python3', ['-c', `import fcntl, time\nfile = open('${folder}/SafeFreezeLockFile', 'w')\nfcntl.lockf(file, fcntl.LOCK_EX)\nprint('held', flush=True)\ntime.sleep(600)`]);
		await backup.until('held');
		const screen = await start([]);
		await screen.shows(/Right now +⠹ a backup is running \(process \d+\): w watches it/);
		backup.kill('SIGKILL');
		await backup.ended;
		await screen.press('r');
		await screen.shows(/Right now +✔ nothing is frozen or held/);
	});

	test('opens the wizard where nothing is configured', async () => {
		const screen = await start([], {in: empty});
		await screen.shows('quiesce · set up');
	});

	test('keys that arrive in one read reach the screens that they are meant for, one after another', async () => {
		const screen = await start([]);
		await screen.shows('Run a live cycle');
		// In one piece: opens explain, types a search there.
		await screen.press('x308');
		await screen.shows(/Search {2}308/);
		await screen.press('Enter');
		await screen.shows('quiesce · explain · Pre-ScriptTimeout (308)');
		await screen.press('Escape');
		await screen.shows(/Search {2}308/);
		await screen.paste('\rtimeout');
		await screen.press('BSpace');
		await screen.shows(/Search {2}308/);
	});

	test('/ finds cycles in the history by words and by day, and the search is still there on the way back from one', async () => {
		const log = join(configured.directory, 'extension.log');
		writeFileSync(log, [1, 2, 3].map(day => generateCycle({at: Date.UTC(2026, 5, day, 1), task: `night${day}-task`, sequence: day, ...(day === 3 ? {post: 'fails'} : {})}).log).join(''));
		const screen = await start(['history', '--log', log]);
		await screen.shows('3 cycles');
		await screen.press('/');
		await screen.type('post-scriptexec');
		await screen.shows(/ 1 of 3 cycles/);
		await screen.press('Enter', 'Enter');
		await screen.shows('quiesce · history · backup of 2026-06-03');
		await screen.press('Escape');
		assert.match(await screen.shows(/ 1 of 3 cycles/), /\/ post-scriptexec/);
		await screen.press('/', 'C-u');
		await screen.type('06-02 gone');
		await screen.shows(/0 of 3 cycles/);
		assert.match(await screen.screen(), /Nothing here has all of these words\./);
		await screen.press('Escape');
		await screen.shows('2026-06-01');
		await screen.press('Escape');
		assert.equal(await screen.exited(), 0);
	});

	test('explains every screen, and says which keys there are', async () => {
		const screen = await start([]);
		await screen.shows('Run a live cycle');
		await screen.press('?');
		await screen.shows(/The first line says what the next backup[^]*Keys\n +↑↓ +choose\n[^]*↓ \d+ more/);
		await screen.press('End');
		await screen.shows(/\? +help\n[^]*↑ \d+ above/);
		await screen.press('q');
		await screen.shows('Run a live cycle');
	});

	test('a change of size leaves nothing of what was there before', async () => {
		const screen = await start(['explain'], {columns: 100, rows: 30});
		await screen.shows('IncorrectPluginhostFile');
		for (const [columns, rows] of [[40, 24], [80, 15], [120, 40], [60, 24], [80, 24]] as const) {
			await screen.resize(columns, rows);
			const text = await screen.until(`laid out for ${columns}x${rows}`, shown => {
				const lines = shown.split('\n');
				return (lines[0] ?? '').startsWith(' quiesce · explain') && lines.every(line => line.length <= columns) && (lines.at(-2) ?? '').includes('? help') && lines.length - 1 === rows;
			});
			assert.equal(text.match(/quiesce · explain/g)?.length, 1, text);
			assert.equal(text.match(/Search/g)?.length, 1, text);
			assert.equal(text.match(/\? help/g)?.length, 1, text);
		}
	});

	test('ends with the code of the signal, and gives the terminal back', async () => {
		const screen = await start([]);
		await screen.shows('Run a live cycle');
		const [child] = readFileSync(`/proc/${screen.pid}/task/${screen.pid}/children`, 'utf8').trim().split(' ').map(Number);
		assert.ok(child !== undefined && child > 1);
		signalTo(child, 'SIGTERM');
		assert.equal(await screen.exited(), 143);
		assert.equal((await screen.screen()).trim(), '');
	});

	test('ctrl-c leaves', async () => {
		const screen = await start(['explain']);
		await screen.shows('Search');
		await screen.press('C-c');
		assert.equal(await screen.exited(), 130);
	});

	test('says in a sentence that it needs a terminal', async () => {
		const {exitCode, stdout, stderr} = await configured.quiesce([]);
		assert.deepEqual([exitCode, stdout], [2, '']);
		assert.match(stderr, /^quiesce: The app needs a terminal, and there is none here\.\n {2}→ /);
	});

	test('for a screen reader, and at a terminal without screens, how things stand in plain text', async () => {
		for (const env of [{INK_SCREEN_READER: 'true'}, {TERM: 'dumb'}]) {
			const {TERM: term = 'xterm', ...others} = env as {readonly TERM?: string};
			terminal = await openTerminal(configured.commandLine('env', [`TERM=${term}`, bundledQuiesce]), {columns: 200, env: {...configured.environment, ...others}});
			assert.equal(await terminal.exited(), 0);
			// The key that let it begin can still be echoed.
			const text = (await terminal.screen()).trimStart();
			assert.match(text, /^Tonight's backup will be application-consistent\.\nNext backup: application-consistent \(pre\.sh, .+\)\nLast backup: .+\nLast cycle: .+\nRight now: nothing is frozen or held\n\nTo go on: .*quiesce doctor/);
			// Words, and nothing to be seen only.
			assert.match(text, /^[\n -~]*$/);
			await terminal.end();
		}
	});

	test('a terminal that cannot show Unicode gets none', async () => {
		const screen = await start([], {env: {LANG: 'C', LC_ALL: 'C'}});
		assert.match(await screen.shows(/Right now +ok nothing is frozen/), /^[\n -~]*$/);
	});
});
