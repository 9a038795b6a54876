import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {cpSync, readdirSync, readFileSync, symlinkSync} from 'node:fs';
import {basename, join} from 'node:path';
import {after, afterEach, before, suite, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {bundledQuiesce, makeSandbox, repository, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoProgram, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal} from '../support/terminal.js';

const dist = join(repository, 'dist');
const isWarm = (name: string): boolean => name.startsWith('warm-');

suite('a warm start', {skip: firstReason(whyNoSandbox(), whyNoBundle(), whyNoTmux())}, () => {
	let sandbox: Sandbox;
	let terminal: Terminal | undefined;
	before(async () => {
		sandbox = await makeSandbox();
	});
	afterEach(async () => {
		await terminal?.end();
		terminal = undefined;
	});
	after(async () => sandbox?.end());
	const start = async (command: string, words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Terminal> => {
		terminal = await openTerminal(sandbox.commandLine(command, words), {env: {...sandbox.environment, ...env}});
		return terminal;
	};

	/** From what the Node inside was started: the name of the file that it keeps everything in, or none. */
	const keptIn = (): string | undefined => {
		const lines = sandbox.members().map(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
		const words = lines.find(line => line.some(word => word.endsWith('/cli.js')));
		assert.ok(words !== undefined, 'quiesce does not run');
		const option = words.indexOf('--snapshot-blob');
		return option === -1 ? undefined : basename(words[option + 1] ?? '');
	};

	test('the build has kept the screens for the Node that is installed', () => {
		const {version} = JSON.parse(readFileSync(join(repository, `node_modules/node-linux-${process.arch}/package.json`), 'utf8')) as {version: string};
		assert.deepEqual(readdirSync(dist).filter(isWarm), [`warm-screens-node-linux-${process.arch}-${version}`]);
	});

	for (const [words, shown] of [[['doctor'], /leave/], [['setup'], 'step 1 of 12'], [['explain'], 'ScriptTimeout'], [['watch'], 'watch'], [['history'], 'history']] as const) {
		test(`quiesce ${words.join(' ')} at a terminal begins from there`, async () => {
			const screen = await start(bundledQuiesce, words);
			await screen.shows(shown);
			assert.ok(isWarm(keptIn() ?? ''));
			await screen.press('q', 'C-c');
			await screen.exited();
		});
	}

	test('what the screens look like is decided where they are shown, not where they were built', async () => {
		const coloured = await start(bundledQuiesce, ['explain']);
		await coloured.shows('ScriptTimeout');
		assert.match(await coloured.styled(), /\u001B\[(?:\d+;)*36m/);
		await coloured.end();
		const plain = await start(bundledQuiesce, ['explain'], {NO_COLOR: '1', LC_ALL: 'C', LANG: 'C'});
		const text = await plain.shows('ScriptTimeout');
		assert.doesNotMatch(await plain.styled(), /\u001B\[(?:\d+;)*3[0-7]m/);
		assert.match(text, /^[\n -~]*$/);
	});

	test('a command that is no screen is loaded from its file there', async () => {
		const screen = await start('sh', ['-c', '"$0" demo --json; "$0" doctor --yes; echo "both ended"', bundledQuiesce]);
		const text = await screen.shows('both ended');
		assert.match(text, /quiesce: --yes answers the question that --fix asks/);
	});

	test('without what was kept, or with another Node, the screens come all the same', async () => {
		const copy = join(sandbox.directory, 'copy');
		cpSync(dist, join(copy, 'dist'), {recursive: true, filter: path => !isWarm(basename(path))});
		cpSync(join(repository, 'package.json'), join(copy, 'package.json'));
		symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
		const screen = await start(join(copy, 'dist/quiesce'), ['explain']);
		await screen.shows('ScriptTimeout');
		assert.equal(keptIn(), undefined);
		await screen.press('C-c');
		assert.equal(await screen.exited(), 130);
	});
});

suite('while quiesce is loaded for a warm start', () => {
	const load = (text: string): string => {
		const blindfold = fileURLToPath(new URL('../../source/warm/blindfold.js', import.meta.url));
		return spawnSync(process.execPath, ['--input-type=module', '-e', `const {takeBlindfoldOff} = await import(${JSON.stringify(blindfold)});\n${text}`], {encoding: 'utf8'}).stderr;
	};

	for (const look of ['process.env.HOME', 'process.stdout.isTTY', 'process.argv[2]', 'process.cwd()', 'process.geteuid()']) {
		test(`${look} must not be looked at, and may be afterwards`, () => {
			assert.match(load(look), /was looked at while quiesce was loaded for a warm start/);
			assert.equal(load(`takeBlindfoldOff(); ${look}`), '');
		});
	}

	test('a function of the process may be held, to be asked afterwards', () => {
		assert.equal(load('const {cwd} = process; takeBlindfoldOff(); cwd();'), '');
	});
});

suite('the launcher', {skip: firstReason(whyNoBundle(), whyNoProgram('strace'))}, () => {
	test('starts no process of its own', () => {
		const {stderr} = spawnSync('strace', ['-f', '-e', 'trace=execve', bundledQuiesce, '--version'], {encoding: 'utf8'});
		assert.deepEqual([...stderr.matchAll(/execve\("([^"]+)".* = 0$/gm)].map(([, path = '']) => basename(path)), ['quiesce', 'node']);
	});
});
