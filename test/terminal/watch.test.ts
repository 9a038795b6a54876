import assert from 'node:assert/strict';
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync, chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, suite, test} from 'node:test';
import {generateCycle} from '../support/extension-log-generator.js';
import {plainEnvironment} from '../support/process.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal} from '../support/terminal.js';

const top = mkdtempSync(join(tmpdir(), 'quiesce-watching-'));
after(() => rmSync(top, {recursive: true, force: true}));
let count = 0;

suite('the screens of watch and history', {skip: firstReason(whyNoBundle(), whyNoTmux())}, () => {
	let terminal: Terminal | undefined;
	let helper: ChildProcess | undefined;
	afterEach(async () => {
		helper?.kill('SIGKILL');
		await terminal?.end();
		terminal = undefined;
	});
	const fresh = (): {readonly directory: string; readonly log: string} => {
		const directory = join(top, String(count++));
		mkdirSync(directory);
		return {directory, log: join(directory, 'extension.log')};
	};
	const start = async (command: string, {directory, log}: {readonly directory: string; readonly log: string}, columns = 80, rows = 24): Promise<Terminal> => {
		terminal = await openTerminal([bundledQuiesce, command, '--log', log], {columns, rows, env: {...plainEnvironment(), QUIESCE_STATE_DIR: join(directory, 'state')}});
		return terminal;
	};

	test('a backup from before its first line to its end: waiting, phases, frozen as seen from outside, the log\'s own word, the end', async () => {
		const place = fresh();
		const screen = await start('watch', place);
		await screen.shows(/extension\.log\s+is\s+not\s+there\s+yet/);
		// Stands for safefreeze: a process of that name that waits.
		const program = join(place.directory, 'main', 'safefreeze', 'bin', 'safefreeze');
		mkdirSync(join(place.directory, 'main', 'safefreeze', 'bin'), {recursive: true});
		copyFileSync('/bin/tail', program);
		chmodSync(program, 0o755);
		const log = generateCycle({at: Date.now() - 10_000, mounts: ['/dev/null'], post: 'fails'}).log
			.replaceAll(/\/var\/lib\/waagent\/[^']*\/safefreeze\/bin\/safefreeze/g, program)
			.replace("'60', '/dev/null'", "'-f', '/dev/null'");
		const silent = log.indexOf('\n', log.indexOf('proceeded for accepting signals')) + 1;
		const running = log.indexOf('\n', log.indexOf('Running prescript')) + 1;
		writeFileSync(place.log, log.slice(0, running));
		const first = await screen.shows(/quiesce · watch · Azure's backup/);
		assert.match(first, /✔ check/);
		assert.match(first, /\S pre-script +pre\.sh/);
		assert.match(first, /○ freeze/);
		appendFileSync(place.log, log.slice(running, silent));
		await screen.shows(/freeze .*not seen from outside/);
		helper = spawn(program, ['-f', '/dev/null'], {stdio: 'ignore'});
		const frozen = await screen.shows(/❄ FROZEN/);
		assert.match(frozen, /❄ freeze +\/dev\/null · seen from outside: safefreeze holds/);
		assert.match(frozen, /thaws by itself in/);
		helper.kill('SIGKILL');
		await once(helper, 'close');
		await screen.until('no longer frozen', text => !text.includes('FROZEN'));
		appendFileSync(place.log, log.slice(silent));
		const end = await screen.shows(/▲ File-system consistent recovery point, not application-consistent/);
		assert.match(end, /✖ post-script +post\.sh · exit code 3/);
		await screen.press('x');
		await screen.shows(/explain · Post-ScriptExecutionFailed \(301\)/);
		await screen.press('Escape');
		await screen.shows(/watch · backup of/);
		await screen.press('Escape');
		await screen.shows(/waiting for the next backup · last one just now/);
		await screen.press('h');
		await screen.shows(/history +1 cycle\n/);
		await screen.press('Escape');
		await screen.shows(/waiting for the next backup/);
		await screen.press('q');
		assert.equal(await screen.exited(), 0);
		assert.match(await screen.screen(), /File-system consistent recovery point/);
	});

	for (const [columns, rows] of [[80, 24], [40, 15], [200, 60]] as const) {
		test(`every screen fits ${columns} by ${rows}, also after a resize`, async () => {
			const place = fresh();
			writeFileSync(place.log, Array.from({length: 30}, (_, index) => generateCycle({
				at: Date.UTC(2026, 5, 1 + index, 1), task: `night-${index}`, sequence: index, ...(index % 4 === 3 ? {freeze: 'busy'} as const : index % 5 === 4 ? {pre: 'times-out'} as const : {}),
			}).log).join(''));
			const fits = (text: string): void => {
				const lines = text.trimEnd().split('\n');
				assert.ok(lines.length <= rows && lines.every(line => line.length <= columns), text);
				assert.doesNotMatch(text, /undefined|NaN|\[object/);
			};
			const screen = await start('history', place, columns, rows);
			fits(await screen.shows(/30 cycles/));
			await screen.press('t');
			fits(await screen.shows(/history · trend/));
			await screen.press('Escape');
			await screen.shows(/30 cycles/);
			await screen.press('End', 'Enter');
			fits(await screen.shows(/history · (?:backup of )?(?:2026-)?06-01 01:00/));
			await screen.press('Escape');
			await screen.shows(/30 cycles/);
			await screen.press('q');
			assert.equal(await screen.exited(), 0);
			await screen.end();
			const watch = await start('watch', place, 60, 20);
			await watch.shows(/waiting for the next backup/);
			await watch.resize(columns, rows);
			fits(await watch.until('the new size', text => /waiting/.test(text) && text.split('\n').every(line => line.length <= columns)));
			await watch.press('Down', 'Enter');
			fits(await watch.shows(/watch · (?:backup of )?(?:2026-)?06-29 01:00/));
			await watch.press('C-c');
			assert.equal(await watch.exited(), 130);
		});
	}
});
