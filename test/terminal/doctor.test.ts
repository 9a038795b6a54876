import assert from 'node:assert/strict';
import {chmodSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {after, afterEach, before, suite, test} from 'node:test';
import {bundledQuiesce, makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal} from '../support/terminal.js';
import {layOut, type VectorFile} from '../support/vectors.js';

const path = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const good = {
	pluginName: 'ScriptRunner', preScriptLocation: '/opt/q/pre.sh', postScriptLocation: '/opt/q/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};
const scripts: readonly VectorFile[] = ['pre', 'post'].map(name => ({path: `/opt/q/${name}.sh`, content: '#!/bin/sh\nexit 0\n', mode: '0700'}));

function files(settings: Readonly<Record<string, unknown>>, change: Partial<VectorFile> = {}): {readonly files: readonly VectorFile[]} {
	return {files: [{path, content: `${JSON.stringify({...good, ...settings}, null, 2)}\n`, mode: '0600', ...change}, ...scripts]};
}

const skip = firstReason(whyNoSandbox(), whyNoBundle(), whyNoTmux());

suite('the doctor\'s screen', {skip}, () => {
	let sandbox: Sandbox;
	let terminal: Terminal | undefined;
	before(async () => {
		sandbox = await makeSandbox({overlays: ['/etc', '/opt', '/var/lib']});
	});
	afterEach(async () => {
		await terminal?.end();
		terminal = undefined;
	});
	after(async () => sandbox.end());
	const start = async (columns = 80, rows = 24): Promise<Terminal> => {
		terminal = await openTerminal(sandbox.commandLine(bundledQuiesce, ['doctor']), {columns, rows, env: sandbox.environment});
		await terminal.shows('Tonight\'s backup');
		return terminal;
	};

	test('the verdict stands first, a finding unfolds, is mended after the change was shown, and ticks off', async () => {
		await layOut(sandbox, files({timeoutInSeconds: '30'}, {mode: '0644'}));
		const screen = await start();
		const first = await screen.shows('❯ ✖');
		assert.match(first, /^ ?quiesce · doctor +checked \d\d:\d\d:\d\d\n\n ?✖ Tonight's backup will be file-system consistent, not application-consistent:/);
		assert.match(first, /❯ ✖ The configuration is not private to root +0644 → 0600 {3}f mend\n/);
		// On a machine with many mounts it lies below.
		assert.match(first, /✔ \d+ more checks are fine|↓ \d+ more/);
		assert.ok(first.split('\n').every(line => line.length <= 80));

		// The first error tells by itself why; Enter folds it, and unfolds it.
		assert.match(first, /→ chmod 600 \/etc\/azure/);
		await screen.press('Enter');
		await screen.until('it is folded', shown => !/→ chmod 600/.test(shown));
		await screen.press('Enter');
		await screen.shows(/→ chmod 600 \/etc\/azure/);
		await screen.press('f');
		await screen.shows(/This will be changed:\n\n +chmod 600 \/etc\/azure\/VMSnapshotScriptPluginConfig.json {3}\(now 0644\)/);
		assert.equal(statSync(sandbox.inside(path)).mode & 0o777, 0o644);
		await screen.press('Escape');
		await screen.shows('f mend');
		assert.equal(statSync(sandbox.inside(path)).mode & 0o777, 0o644);
		await screen.press('f');
		await screen.shows('This will be changed');
		await screen.press('Enter');
		const after = await screen.shows(/✔ Mended: The configuration is not private to root/);
		assert.match(after, /❯ ✖ timeoutInSeconds is text, not a number/);
		assert.equal(statSync(sandbox.inside(path)).mode & 0o777, 0o600);

		await screen.press('F');
		await screen.shows('This will be changed');
		await screen.press('Escape');
		await screen.shows('f mend');
		await screen.press('f');
		await screen.shows(/timeoutInSeconds: "30" → 30/);
		await screen.press('Enter');
		await screen.shows('✔ Tonight\'s backup will be application-consistent.');
		assert.deepEqual(JSON.parse(readFileSync(sandbox.inside(path), 'utf8')), good);
		await screen.press('q');
		assert.equal(await screen.exited(), 0);
		assert.match(await screen.screen(), /✔ Tonight's backup will be application-consistent\./);
	});

	test('all mends at once, an error explained, and the exit code of what is left', async () => {
		await layOut(sandbox, {files: files({timeoutInSeconds: '30', preScriptParams: ['', '']}, {mode: '0644'}).files.slice(0, 2)});
		const screen = await start();
		await screen.shows('F mend all');
		await screen.press('F');
		await screen.shows(/chmod 600[^]*timeoutInSeconds: "30" → 30|timeoutInSeconds: "30" → 30[^]*chmod 600/);
		await screen.press('Enter');
		await screen.shows(/❯ ✖ The post-script is missing/);
		await screen.press('x');
		await screen.shows(/quiesce · explain · Post-ScriptNotFound \(303\)/);
		await screen.press('Escape');
		await screen.shows('quiesce · doctor');
		await screen.press('q');
		assert.equal(await screen.exited(), 3);
		assert.match(await screen.screen(), /✖ Tonight's backup will be file-system consistent[^]*1 error/);
	});

	test('/ narrows the findings down to those that have the words; Enter keeps them, Esc shows all again', async () => {
		await layOut(sandbox, files({timeoutInSeconds: '30', preScriptNoOfRetries: 3}, {mode: '0644'}));
		const screen = await start();
		await screen.shows('❯ ✖');
		await screen.press('/');
		await screen.shows(/\n {1,3}\/ +\d+ findings/);
		// Letters that are keys elsewhere are typed, and a mend does not begin.
		await screen.press('r', 'e', 't', 'r', 'f');
		await screen.shows(/ \/ retrf +0 of \d+ findings/);
		assert.match(await screen.screen(), /✖ Tonight's backup/);
		await screen.press('BSpace', 'Enter');
		const found = await screen.shows(/ \/ retr +[1-9]\d* of \d+ findings/);
		assert.match(found, /❯ [✖▲] .*[Rr]etr/);
		assert.doesNotMatch(found, /✖ The configuration is not private/);
		await screen.press('Escape');
		await screen.shows('✖ The configuration is not private');
		assert.doesNotMatch(await screen.screen(), / \/ retr/);
		await screen.press('q');
		assert.equal(await screen.exited(), 3);
	});

	test('watching looks again when a file changes', async () => {
		await layOut(sandbox, files({}, {mode: '0644'}));
		const screen = await start();
		await screen.press('w');
		await screen.shows('watching the files');
		chmodSync(sandbox.inside(path), 0o600);
		await screen.shows('✔ Tonight\'s backup will be application-consistent.');
		writeFileSync(sandbox.inside('/opt/q/pre.sh'), 'if\n');
		await screen.shows(/sh cannot read the pre-script/);
		await screen.press('w');
		await screen.shows(/^ ?quiesce · doctor +checked/);
		await screen.press('C-c');
		assert.equal(await screen.exited(), 130);
	});

	test('--fix asks on a terminal, and takes only a yes for one', async () => {
		await layOut(sandbox, files({}, {mode: '0644'}));
		for (const [answer, mode, exitCode] of [['', 0o644, 3], ['n', 0o644, 3], ['C-d', 0o644, 3], ['y', 0o600, 0]] as const) {
			terminal = await openTerminal(sandbox.commandLine(bundledQuiesce, ['doctor', '--fix']), {env: sandbox.environment});
			await terminal.shows(/chmod 600 [^]*Make these changes\? \[y\/N\]/);
			await terminal.press(...(answer === 'C-d' ? [answer] : [...answer, 'Enter']));
			assert.equal(await terminal.exited(), exitCode, answer);
			assert.equal(statSync(sandbox.inside(path)).mode & 0o777, mode, answer);
			await terminal.end();
			terminal = undefined;
		}
	});

	test('40 columns: what does not fit is broken or left out, never cut off', async () => {
		await layOut(sandbox, files({timeoutInSeconds: '30'}, {mode: '0644'}));
		const screen = await start(40, 24);
		const text = await screen.shows('❯ ✖');
		assert.ok(text.split('\n').every(line => [...line].length <= 40), text);
		assert.match(text.replaceAll(/\s+/g, ' '), /The configuration is not private to root/);
		await screen.press('Enter');
		// What is longer than the screen is read by moving on.
		await screen.press('Down');
		await screen.shows(/→ chmod 600/);
		for (let times = 0; times < 12; times++) await screen.press('Down');
		await screen.shows(/checks are fine/);
		await screen.press('q');
		assert.equal(await screen.exited(), 3);
		assert.match(await screen.screen(), /✖ Tonight's backup will be\n  file-system consistent, not/);
	});
});
