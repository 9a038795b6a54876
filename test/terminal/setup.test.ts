import assert from 'node:assert/strict';
import {existsSync, readFileSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {suite, test} from 'node:test';
import {makeLoopDisks} from '../support/loop-disk.js';
import {bundledQuiesce, makeSandbox, whyNoBundle, type Sandbox, type SandboxFile} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal} from '../support/terminal.js';

const configuration = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const pre: SandboxFile = {path: '/etc/azure/pre.sh', content: '#!/bin/sh\nexit 0\n', mode: 0o755};
const post: SandboxFile = {path: '/etc/azure/post.sh', content: '#!/bin/sh\nexit 0\n', mode: 0o750, owner: 1};
const skip = firstReason(whyNoSandbox(), whyNoTmux(), whyNoBundle());

type Visit = {readonly sandbox: Sandbox; readonly open: (words?: readonly string[], size?: {readonly columns: number; readonly rows: number}) => Promise<Terminal>};

/** A sandbox and its terminals, ended whatever happens. */
async function visit(files: readonly SandboxFile[], play: (visit: Visit) => Promise<void>): Promise<void> {
	const sandbox = await makeSandbox({files});
	const terminals: Terminal[] = [];
	try {
		await play({
			sandbox,
			open: async (words = [], size = {columns: 80, rows: 24}) => {
				const terminal = await openTerminal(sandbox.commandLine(bundledQuiesce, ['setup', ...words]), {...size, env: sandbox.environment});
				terminals.push(terminal);
				return terminal;
			},
		});
	} finally {
		for (const terminal of terminals) await terminal.end();
		await sandbox.end();
	}
}

/** Enter, and what must follow. */
async function enter(terminal: Terminal, ...screens: readonly (string | RegExp)[]): Promise<void> {
	for (const screen of screens) {
		await terminal.press('Enter');
		await terminal.shows(screen);
	}
}

/** Moves the pointer of a list to a choice. Which applications stand before it depends on the machine. */
async function point(terminal: Terminal, label: string): Promise<void> {
	const there = (screen: string): boolean => screen.split('\n').some(line => line.startsWith(` ❯ ${label}`));
	for (let moves = 0; moves < 12; moves++) {
		const before = await terminal.screen();
		if (there(before)) return;
		await terminal.press('Down');
		await terminal.until('the pointer moves', screen => screen !== before);
	}

	assert.fail(`no ${label}\n${await terminal.screen()}`);
}

async function toOwnScripts(terminal: Terminal): Promise<void> {
	await terminal.shows('configuration');
	await enter(terminal, 'Where do the first answers', 'Which scripts hold', );
	await point(terminal, 'My own scripts');
	await enter(terminal, 'Which script holds');
}

function facts(sandbox: Sandbox, path: string): {readonly mode: string; readonly owner: number} {
	const {mode, uid} = statSync(sandbox.inside(path));
	return {mode: (mode & 0o7777).toString(8), owner: uid};
}

function written(sandbox: Sandbox, path = configuration): Record<string, unknown> {
	return JSON.parse(readFileSync(sandbox.inside(path), 'utf8')) as Record<string, unknown>;
}

suite('the wizard in a real terminal', {skip}, () => {
	test('key by key at 80×24 to a written file, with Back, a step edited from the review, and nothing written before', {timeout: 400_000}, async () => {
		await visit([pre, post], async ({sandbox, open}) => {
			const terminal = await open();
			await terminal.shows(/step 1 of 12/);
			await toOwnScripts(terminal);
			await terminal.type('/etc/azure/nothing.sh');
			await terminal.shows('✖ There is no such file.');
			await terminal.press('Enter', 'C-w');
			await terminal.shows(/^ ❯ \/etc\/azure\/\s*$/m);
			await terminal.type('pre.sh');
			await terminal.shows('regular file, root, 0755 → will be 0700 · sh can read it');
			await enter(terminal, 'Which script releases');
			await terminal.type('/etc/azure/post.sh');
			await terminal.shows('regular file, daemon, 0750 → will be root, 0700');
			// Back, and on again: what was entered is still there.
			await terminal.press('Escape');
			await terminal.shows(/Which script holds[^]*❯ \/etc\/azure\/pre\.sh/);
			await enter(terminal, /Which script releases[^]*❯ \/etc\/azure\/post\.sh/, 'where they are', 'step 4 of 12');
			await terminal.type('a b');
			await enter(terminal, /another one/);
			await terminal.type('"é$x"');
			await enter(terminal, /3 {4}another one/);
			await terminal.press('C-n');
			await terminal.shows(/4 {4}another one/);
			await enter(terminal, 'parameters does the post-script', 'pre-script tried again');
			await terminal.press('BSpace', '2');
			await terminal.shows('▲ Azure\'s extension does not really retry');
			await enter(terminal, 'post-script tried again', 'step 6 of 12');
			await terminal.press('C-u');
			await terminal.type('1801');
			await terminal.shows('✖ 1801 is outside the range: from 1 to 1800 seconds.');
			await terminal.press('Enter', 'BSpace', 'BSpace', 'BSpace');
			await terminal.type('00');
			await terminal.shows('longer than 102 s has failed, not 100');
			await enter(terminal, 'step 7 of 12');
			await terminal.press('Down');
			await terminal.shows('A night with a failed script has no backup');
			await enter(terminal, 'step 8 of 12', 'step 9 of 12');
			await terminal.press('Up');
			await terminal.shows('❯ every 2 s');
			await enter(terminal, 'step 10 of 12');
			await terminal.shows(/▲ \/etc\/azure\/post\.sh\s+daemon 0750\s+root 0700/);
			await enter(terminal, 'step 11 of 12');
			await terminal.shows('Tonight\'s backup will be application-consistent.');
			assert.deepEqual(readdirSync(sandbox.inside('/etc/azure')).toSorted(), ['post.sh', 'pre.sh'], 'nothing is written before Enter on the review');
			assert.deepEqual(facts(sandbox, pre.path), {mode: '755', owner: 0});

			await terminal.press('e');
			await point(terminal, ' 6  time limit');
			await enter(terminal, 'step 6 of 12');
			await terminal.press('BSpace');
			await terminal.shows(/❯ 10\s/);
			await enter(terminal, 'step 11 of 12');
			await terminal.shows('Tonight\'s backup');
			await enter(terminal, 'step 12 of 12');
			await terminal.shows('Left to do in Azure');
			await terminal.press('Down');
			await terminal.shows('❯ No, that is all');
			await terminal.press('Enter');
			assert.equal(await terminal.exited(), 0);
			assert.match(await terminal.screen(), /VMSnapshotScriptPluginConfig\.json is written\./);

			assert.deepEqual(written(sandbox), {
				pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh',
				preScriptParams: ['a b', '"é$x"', ''], postScriptParams: [], preScriptNoOfRetries: 2, postScriptNoOfRetries: 0,
				timeoutInSeconds: 10, continueBackupOnFailure: false, fsFreezeEnabled: true, ScriptsExecutionPollTimeSeconds: 2,
			});
			assert.deepEqual(facts(sandbox, configuration), {mode: '600', owner: 0});
			assert.deepEqual(facts(sandbox, pre.path), {mode: '700', owner: 0});
			assert.deepEqual(facts(sandbox, post.path), {mode: '700', owner: 0});
			assert.ok(!existsSync(`${sandbox.stateDirectory}/setup-draft.json`), 'a finished visit leaves no draft');
		});
	});

	test('at 40 columns: a pasted path with a line end, a resize, Ctrl-C with nothing changed, the draft taken up again, written', {timeout: 400_000}, async () => {
		await visit([pre, post], async ({sandbox, open}) => {
			const narrow = {columns: 40, rows: 24};
			const terminal = await open([], narrow);
			await toOwnScripts(terminal);
			await terminal.paste('/etc/azure/pre.sh\n');
			await terminal.shows('regular file');
			assert.match(await terminal.screen(), /Which script holds/, 'what is pasted is looked at before it counts');
			await enter(terminal, 'Which script releases');
			await terminal.resize(80, 24);
			await terminal.shows('ctrl-c leave, nothing is written');
			await terminal.paste('/etc/azure/post.sh\r\n/etc/shadow\n');
			await terminal.shows(/❯ \/etc\/azure\/post\.sh\s*$/m);
			await terminal.resize(40, 24);
			await terminal.until('one frame for 40 columns', screen => screen.split('\n').every(line => line.length <= 40) && (screen.match(/quiesce · set up/g) ?? []).length === 1 && screen.includes('Only the first of the pasted') && screen.includes('regular file'));
			await enter(terminal, /where they\s+are/, 'step 4 of 12');
			await terminal.press('C-c');
			assert.equal(await terminal.exited(), 130);
			assert.match((await terminal.screen()).replaceAll(/\s+/g, ' '), /Nothing was changed\. What you entered is kept/);
			assert.deepEqual(readdirSync(sandbox.inside('/etc/azure')).toSorted(), ['post.sh', 'pre.sh']);
			assert.deepEqual(facts(sandbox, pre.path), {mode: '755', owner: 0});
			assert.equal((statSync(`${sandbox.stateDirectory}/setup-draft.json`).mode & 0o777).toString(8), '600');

			const again = await open([], narrow);
			await again.shows(/Take that up/);
			await enter(again, 'step 4 of 12');
			await again.press('Escape');
			await again.shows(/where they\s+are/);
			await again.press('Escape');
			await again.shows(/❯ \/etc\/azure\/post\.sh/);
			await enter(again, /where they\s+are/, 'step 4 of 12', /parameters does the\s+post/, /pre-script tried/, /post-script tried/, 'step 6 of 12', 'step 7 of 12', 'step 8 of 12', 'step 9 of 12', 'step 10 of 12', 'step 11 of 12');
			await again.shows(/Tonight's backup will be/);
			// Everything can be read, by scrolling.
			await again.press('End');
			await again.shows(/chmod 700/);
			await enter(again, 'step 12 of 12');
			await again.press('Down');
			await again.shows('❯ No, that is all');
			await again.press('Enter');
			assert.equal(await again.exited(), 0);
			assert.deepEqual([written(sandbox)['preScriptLocation'], written(sandbox)['postScriptLocation']], ['/etc/azure/pre.sh', '/etc/azure/post.sh']);
			assert.deepEqual(facts(sandbox, configuration), {mode: '600', owner: 0});
		});
	});

	test('Ctrl-C at the start leaves nothing behind, not even a directory', async () => {
		await visit([], async ({sandbox, open}) => {
			const terminal = await open();
			await terminal.shows('none yet');
			await enter(terminal, 'Where do the first');
			await terminal.press('C-c');
			assert.equal(await terminal.exited(), 130);
			assert.ok(!existsSync(sandbox.inside('/etc/azure')));
			assert.ok(!existsSync(`${sandbox.stateDirectory}/setup-draft.json`));
		});
	});

	test('an existing configuration is kept and changed: unknown keys stay, the present file is kept beside it', {timeout: 400_000}, async () => {
		const present = `${JSON.stringify({appName: 'mine', preScriptLocation: pre.path, postScriptLocation: post.path, timeoutInSeconds: 60, fsFreezeEnabled: true}, null, 2)}\n`;
		await visit([pre, post, {path: configuration, content: present}], async ({sandbox, open}) => {
			const terminal = await open();
			await terminal.shows('❯ Keep it and change it');
			await enter(terminal, '❯ The present configuration', '❯ My own scripts', /❯ \/etc\/azure\/pre\.sh/, /❯ \/etc\/azure\/post\.sh/, 'where they are', 'step 4 of 12', 'post-script get', 'pre-script tried', 'post-script tried', 'now 60 s');
			await terminal.press('C-u');
			await terminal.type('90');
			await enter(terminal, 'step 7 of 12', 'step 8 of 12', 'step 9 of 12', 'step 10 of 12', 'step 11 of 12');
			await terminal.shows(/^ - {3}"timeoutInSeconds": 60,[^]*^ \+ {3}"timeoutInSeconds": 90,/m);
			await enter(terminal, 'step 12 of 12');
			await terminal.shows('The previous one is kept as');
			await terminal.press('C-c');
			assert.equal(await terminal.exited(), 0);
			const now = written(sandbox);
			assert.deepEqual([now['appName'], now['timeoutInSeconds']], ['mine', 90]);
			const kept = readdirSync(sandbox.inside('/etc/azure')).filter(name => name.startsWith('VMSnapshotScriptPluginConfig.json.'));
			assert.equal(kept.length, 1);
			assert.equal(readFileSync(sandbox.inside(`/etc/azure/${kept[0]!}`), 'utf8'), present);
			assert.deepEqual(facts(sandbox, `/etc/azure/${kept[0]!}`), {mode: '600', owner: 0});
		});
	});

	test('what somebody else changes between review and write is not overwritten; looked at again it can be', {timeout: 400_000}, async () => {
		const present = `${JSON.stringify({preScriptLocation: pre.path, postScriptLocation: post.path, timeoutInSeconds: 60}, null, 2)}\n`;
		await visit([pre, post, {path: configuration, content: present}], async ({sandbox, open}) => {
			const terminal = await open();
			await terminal.shows('❯ Keep it');
			await enter(terminal, 'step 2 of 12', '❯ My own scripts', /pre\.sh/, /post\.sh/, 'where they are', 'step 4 of 12', 'post-script get', 'pre-script tried', 'post-script tried', 'step 6 of 12', 'step 7 of 12', 'step 8 of 12', 'step 9 of 12', 'step 10 of 12', 'step 11 of 12');
			await terminal.shows('Tonight\'s backup');
			const theirs = present.replace('60', '61');
			writeFileSync(sandbox.inside(configuration), theirs);
			await enter(terminal, /changed by somebody\s+else/);
			assert.match(await terminal.screen(), /step 11 of 12/);
			assert.equal(readFileSync(sandbox.inside(configuration), 'utf8'), theirs);
			assert.deepEqual(facts(sandbox, pre.path), {mode: '755', owner: 0});
			await enter(terminal, /^ - {3}"timeoutInSeconds": 61/m, 'step 12 of 12');
			assert.equal(written(sandbox)['timeoutInSeconds'], 60);
		});
	});

	test('Enter alone leads through a template of --template, into the file of --config', {timeout: 400_000}, async () => {
		const model = {pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: ['/control'], postScriptParams: ['/control'], timeoutInSeconds: 45, continueBackupOnFailure: false};
		await visit([pre, post, {path: '/etc/model.json', content: JSON.stringify(model)}], async ({sandbox, open}) => {
			const terminal = await open(['--template', '/etc/model.json', '--config', '/etc/other/own.json']);
			await terminal.shows('none yet');
			await enter(terminal, '❯ A file', /❯ \/etc\/model\.json/, '❯ My own scripts', /pre\.sh/, /post\.sh/, 'where they are', 'step 4 of 12', 'post-script get', 'pre-script tried', 'post-script tried', 'step 6 of 12', 'step 7 of 12', 'step 8 of 12', 'step 9 of 12', 'step 10 of 12', 'step 11 of 12');
			await terminal.shows('Tonight\'s backup');
			await enter(terminal, 'step 12 of 12');
			const now = written(sandbox, '/etc/other/own.json');
			assert.deepEqual([now['preScriptParams'], now['timeoutInSeconds'], now['continueBackupOnFailure']], [['/control'], 45, false]);
			assert.ok(!existsSync(sandbox.inside(configuration)));
		});
	});

	test('the documented template is downloaded; where there is none the bundled one takes its place, and that is said', {timeout: 400_000}, async () => {
		const server = createServer((request, response) => {
			response.statusCode = request.url === '/template.json' ? 200 : 404;
			response.end('{"preScriptLocation": "", "postScriptLocation": "", "timeoutInSeconds": 77}');
		});
		await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
		const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
		try {
			await visit([pre, post], async ({open}) => {
				const terminal = await open(['--template', `${address}/template.json`]);
				await toOwnScripts(terminal);
				await terminal.type(pre.path);
				await enter(terminal, 'Which script releases');
				await terminal.type(post.path);
				await enter(terminal, 'where they are', 'step 4 of 12', 'post-script get', 'pre-script tried', 'post-script tried', /❯ 77/);
				await terminal.press('C-c');
				await terminal.exited();

				const without = await open(['--template', `${address}/gone.json`]);
				await without.shows('Begin at the first step');
				await without.press('Down');
				await without.shows('❯ Begin at the first step');
				await enter(without, 'configuration', '❯ A template of your own', /▲ The template could not be downloaded[^]*404/);
			});
		} finally {
			server.close();
		}
	});

	test('the pair to fill in is written for root alone, and a second visit finds it', {timeout: 400_000}, async () => {
		await visit([], async ({sandbox, open}) => {
			const terminal = await open();
			await terminal.shows('none yet');
			await enter(terminal, 'Where do the first', 'Which scripts hold');
			await point(terminal, 'A pair to fill in');
			await enter(terminal, 'step 4 of 12', 'post-script get', 'pre-script tried', 'post-script tried', 'step 6 of 12', 'step 7 of 12', 'step 8 of 12', 'step 9 of 12', 'step 10 of 12', 'step 11 of 12');
			await terminal.shows('Tonight\'s backup');
			await enter(terminal, 'step 12 of 12');
			for (const name of ['pre.sh', 'post.sh']) assert.deepEqual(facts(sandbox, `/etc/azure/${name}`), {mode: '700', owner: 0});
			assert.equal(facts(sandbox, '/etc/azure').owner, 0);
			assert.match(readFileSync(sandbox.inside('/etc/azure/pre.sh'), 'utf8'), /^#!\/bin\/sh\n/);
			await terminal.press('C-c');
			await terminal.exited();
			const again = await open();
			await again.shows('❯ Keep it and change it');
		});
	});
});

suite('the rehearsal at the end of the wizard', {skip: firstReason(skip, whyNoLoopDisks('ext4'))}, () => {
	test('goes straight into a live cycle over what was named, and what it came to stays on the terminal', {timeout: 400_000}, async () => {
		await visit([pre, post], async ({sandbox, open}) => {
			const disks = await makeLoopDisks([{name: 'data', type: 'ext4'}], {sandbox});
			try {
				const {mount} = disks.disk('data');
				const model = {preScriptLocation: pre.path, postScriptLocation: post.path, timeoutInSeconds: 30};
				sandbox.put({path: '/etc/model.json', content: JSON.stringify(model)});
				const terminal = await open(['--template', '/etc/model.json', '--mount', mount, '--hold', '1'], {columns: 100, rows: 30});
				await terminal.shows(/frozen\s+by a rehearsal/);
				await enter(terminal, '❯ A file', /❯ \/etc\/model\.json/, '❯ My own scripts', /pre\.sh/, /post\.sh/, 'where they are', 'step 4 of 12', 'post-script get', 'pre-script tried', 'post-script tried', 'step 6 of 12', 'step 7 of 12', 'step 8 of 12', 'step 9 of 12', 'step 10 of 12', 'step 11 of 12');
				await terminal.shows('Tonight\'s backup');
				await enter(terminal, 'step 12 of 12');
				assert.ok((await terminal.screen()).replaceAll(/\s+/g, ' ').includes(`${mount} is frozen and thawed again`));
				await enter(terminal, 'FROZEN');
				assert.equal(await terminal.exited(), 0);
				const screen = await terminal.screen();
				assert.match(screen, /Application-consistent/);
				assert.match(screen, /frozen \d+\.\d+ s/);
				assert.equal(await disks.wasFrozen('data'), false);
			} finally {
				await disks.end();
			}
		});
	});
});
