import assert from 'node:assert/strict';
import {appendFileSync} from 'node:fs';
import {after, afterEach, before, suite, test} from 'node:test';
import {columnsOf} from '../../source/components/columns.js';
import {generateCycle, type CycleChoices} from '../support/extension-log-generator.js';
import {bundledQuiesce, makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal} from '../support/terminal.js';

const home = '/var/lib/waagent/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9184.0';
const log = '/var/lib/extension-log/extension.log';
const configuration = {
	preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};
const fates: readonly CycleChoices[] = [{}, {freeze: 'busy'}, {check: {name: 'FailedPrepostPluginConfigNotFound', code: 316}}, {post: 'fails'}];

/** Where a walk goes: the key from home, what the title then is, and what the first line of the body must answer. */
const places = [
	{key: 's', title: /set up/, answers: /keep|configuration|machine/i},
	{key: 'c', title: /live cycle/, answers: /live cycle now/},
	{key: 'd', title: /doctor/, answers: /backup will be file-system consistent/},
	{key: 'w', title: /watch/, answers: /waiting.* last one/},
	{key: 'h', title: /history +[45] cycles/, answers: /06-04 01:12/},
	{key: 'x', title: /explain [·-] Insuff/, answers: /InsufficientPermissionforPost-Script \(307\)/},
] as const;

suite('walks through the whole app', {skip: firstReason(whyNoBundle(), whyNoSandbox(), whyNoTmux())}, () => {
	let sandbox: Sandbox;
	let terminal: Terminal | undefined;
	before(async () => {
		sandbox = await makeSandbox({files: [
			{path: '/etc/azure/VMSnapshotScriptPluginConfig.json', content: JSON.stringify(configuration)},
			// Others may run the post-script: the doctor has something to mend, and home an error to explain.
			{path: '/etc/azure/pre.sh', content: '#!/bin/sh\n', mode: 0o700}, {path: '/etc/azure/post.sh', content: '#!/bin/sh\n', mode: 0o755},
			{path: log, content: fates.map((fate, night) => generateCycle({...fate, at: Date.UTC(2026, 5, 1 + night, 1, 12), task: `night${night}-task`, sequence: night}).log).join('')},
			{path: `${home}/HandlerEnvironment.json`, content: JSON.stringify([{handlerEnvironment: {logFolder: '/var/lib/extension-log', statusFolder: `${home}/status`}}])},
			{path: `${home}/main/VMSnapshotPluginHost.conf`, mode: 0o644, content: '[pre_post]\ntimeoutInSeconds: 1800\nnumberOfPlugins: 1\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: /etc/azure/VMSnapshotScriptPluginConfig.json\n'},
		]});
	});
	afterEach(async () => {
		await terminal?.end();
		terminal = undefined;
	});
	after(async () => {
		await sandbox?.end();
	});
	const start = async (columns: number, rows: number, env: Readonly<Record<string, string | undefined>> = {}, words: readonly string[] = []): Promise<Terminal> => {
		// tmux gives its windows a TERM of its own.
		const {TERM: term, ...others} = env;
		terminal = await openTerminal(sandbox.commandLine('env', [...(term === undefined ? [] : [`TERM=${term}`]), bundledQuiesce, ...words]), {columns, rows, env: {...sandbox.environment, ...others}});
		return terminal;
	};
	const body = (text: string): string => text.split('\n').slice(1).join('\n').trimStart();
	const fits = (text: string, columns: number, rows: number): void => {
		const lines = text.trimEnd().split('\n');
		assert.ok(lines.length <= rows && lines.every(line => columnsOf(line) <= columns), text);
		assert.equal(text.match(/quiesce(?= ·|\s{2,}|\n)/g)?.length, 1, text);
		assert.doesNotMatch(text, /undefined|NaN|\[object|null/);
	};
	/** In one line, as it is read. */
	const read = (text: string): string => text.replaceAll(/\s+/g, ' ');

	for (const [columns, rows] of [[80, 24], [40, 15], [40, 24], [200, 60]] as const) {
		test(`${columns} by ${rows}: every screen answers its question first, explains itself, and leads back`, async () => {
			const screen = await start(columns, rows);
			const atHome = async (): Promise<string> => screen.until('the home screen, all of it', text => /Tonight/.test(read(text)) && /1 error/.test(text));
			fits(await atHome(), columns, rows);
			const sentence = columns < 60 ? 'Tonight: file-system consistent\\. The' : 'Tonight\'s backup will be file-system consistent, not application-consistent: the';
			assert.match(read(body(await atHome())), new RegExp(`^▲ ${sentence} post-script does not belong to root alone\\. `));
			for (const {key, title, answers} of places) {
				await screen.press(key);
				const there = await screen.until(`the screen behind ${key}`, text => title.test(text.split('\n')[0] ?? '') && answers.test(read(body(text)).slice(0, 200)));
				fits(there, columns, rows);
				assert.match(there, /\? help|ctrl-g help/);
				await screen.press('?');
				fits(await screen.until('its explanation', text => /↑↓ scroll {3}(?:pgup\/pgdn a page {3})?esc back|^ esc back/m.test(text) || /esc back/.test(text)), columns, rows);
				// What is typed there reaches nothing below.
				await screen.press('z', 'q');
				await screen.until(`the screen behind ${key} again`, text => title.test(text.split('\n')[0] ?? '') && answers.test(read(body(text)).slice(0, 200)));
				await screen.press('Escape');
				await atHome();
			}
			await screen.press('q');
			assert.equal(await screen.exited(), 0);
			assert.equal((await screen.screen()).trim(), '');
		});
	}

	test('an error leads to its explanation from each screen that shows one, and back to where it was', async () => {
		const screen = await start(80, 24);
		await screen.shows(/1 error/);
		for (const [keys, from, error] of [
			[['x'], /Tonight's backup/, /explain · InsufficientPermissionforPost-Script \(307\)/],
			[['d'], /❯ ✖ Others than root/, /explain · InsufficientPermissionforPost-Script \(307\)/],
			[['w'], /❯ ▲ 2026-06-04 01:12/, /explain · Post-ScriptExecutionFailed \(301\)/],
			[['w', 'Enter'], /watch · backup of 2026-06-04/, /explain · Post-ScriptExecutionFailed \(301\)/],
			[['h', 'Down'], /❯ ▲ 2026-06-03 01:12/, /explain · FailedPrepostPluginConfigNotFound \(316\)/],
			[['h', 'Down', 'Enter'], /history · backup of 2026-06-03/, /explain · FailedPrepostPluginConfigNotFound \(316\)/],
		] as const) {
			for (const key of keys) {
				await screen.press(key);
				if (key === 'h') await screen.shows(/❯ ▲ 2026-06-04 01:12 {2}Azure/);
				if (key === 'w') await screen.shows(/waiting for the next backup/);
			}
			if (keys[0] !== 'x') {
				await screen.shows(from);
				await screen.press('x');
			}
			await screen.shows(error);
			// From there to all the others, too.
			await screen.press('/');
			await screen.shows(/❯ Search/);
			await screen.press('Escape');
			await screen.shows(from);
			if (keys.includes('Enter' as never)) {
				await screen.press('Escape');
				await screen.until('the list again', text => /❯ [✔▲]/.test(text) && !text.includes('backup of'));
			}
			if (keys[0] !== 'x') await screen.press('Escape');
			await screen.shows(/Next backup/);
		}
	});

	test('a change of size leaves no remains of the old frame, on any screen', async () => {
		const screen = await start(100, 30);
		await screen.shows(/1 error/);
		for (const {key, title} of places) {
			await screen.press(key);
			await screen.until(`the screen behind ${key}`, text => title.test(text.split('\n')[0] ?? ''));
			for (const [columns, rows] of [[42, 16], [130, 40], [100, 30]] as const) {
				await screen.resize(columns, rows);
				fits(await screen.until(`laid out for ${columns} by ${rows}`, text => {
					const lines = text.split('\n');
					return title.test(lines[0] ?? '') && lines.length - 1 === rows && / (?:\? help|ctrl-g help|ctrl-c leave, nothing is written)/.test(lines.slice(-4).join('\n')) && lines.every(line => columnsOf(line) <= columns);
				}), columns, rows);
			}
			await screen.press('Escape');
			await screen.shows(/1 error/);
		}
	});

	test('the home screen looks again by itself: a configuration that is mended, a backup that begins and ends', async () => {
		const screen = await start(80, 24);
		await screen.shows(/1 error/);
		await sandbox.must('chmod', ['700', '/etc/azure/post.sh']);
		await screen.shows(/✔ Tonight's backup will be application-consistent/);
		assert.match(await screen.screen(), /Last backup {2}▲ file-system consistent/);
		appendFileSync(sandbox.inside(log), generateCycle({at: Date.now() - 60_000, task: 'another-one', sequence: 9}).log);
		await screen.shows(/Last backup {2}✔ application-consistent · (?:just now|1 min ago)/);
		await sandbox.must('chmod', ['755', '/etc/azure/post.sh']);
		await screen.shows(/▲ Tonight's backup will be file-system consistent[^]*1 error/);
	});

	test('sixteen colours, no colour, the console, an old terminal: every screen says the same', async () => {
		for (const [env, mark] of [[{TERM: 'xterm'}, '▲'], [{TERM: 'screen'}, '▲'], [{NO_COLOR: '1'}, '▲'], [{TERM: 'vt220', LANG: 'C', LC_ALL: 'C'}, '!'], [{TERM: 'linux'}, '!']] as const) {
			const screen = await start(80, 24, env);
			const text = await screen.shows(/Tonight's backup[^]*1 error/);
			assert.match(body(text), new RegExp(`^\\${mark}  ?Tonight's backup will be file-system consistent`));
			if (mark === '!') assert.match(text, /^[\n -~]*$/);
			if ('NO_COLOR' in env) assert.doesNotMatch(await screen.styled(), /\u001B\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9\d|10\d)m/);
			// Named colours only: the palette is the terminal's.
			else assert.doesNotMatch(await screen.styled(), /\u001B\[[\d;]*[34]8;[25]/);
			for (const {key, title, answers} of places) {
				await screen.press(key);
				const there = await screen.until(`the screen behind ${key}`, shown => title.test(shown.split('\n')[0] ?? '') && answers.test(read(body(shown)).slice(0, 200)));
				if (mark === '!') assert.match(there, /^[\n -~]*$/);
				await screen.press('Escape');
				await screen.shows(/1 error/);
			}
			await screen.press('C-c');
			assert.equal(await screen.exited(), 0);
			await screen.end();
		}
	});
});
