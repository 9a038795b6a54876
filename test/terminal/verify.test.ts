import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, before, suite, test} from 'node:test';
import type {HistoryEntry} from '../../source/core/history.js';
import {appendHistory} from '../../source/system/history-store.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {plainEnvironment, run, signalTo} from '../support/process.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {until} from '../support/scripts-lab.js';
import {takeSnapshot} from '../support/snapshots.js';
import {openTerminal, type Terminal} from '../support/terminal.js';

suite('a verification on the screen', {skip: firstReason(whyNoBundle(), whyNoSandbox(), whyNoLoopDisks('ext4'), whyNoTmux())}, () => {
	const state = mkdtempSync(join(tmpdir(), 'quiesce-verify-screen-'));
	const environment = {...plainEnvironment(), QUIESCE_STATE_DIR: state};
	let disks: LoopDisks;
	let terminal: Terminal | undefined;
	before(async () => {
		disks = await makeLoopDisks([{name: 'data', type: 'ext4', megabytes: 800}], {thawAfterSeconds: 200});
		// Enough that a copy takes its time.
		writeFileSync(join(disks.disk('data').mount, 'much'), Buffer.alloc(500 * 1024 * 1024, 7));
		await takeSnapshot({directory: join(state, 'snapshots', 'good'), disks: disks.disks, applications: []});
	});
	afterEach(async () => {
		await terminal?.end();
		terminal = undefined;
	});
	after(async () => {
		await disks?.end();
		rmSync(state, {recursive: true, force: true});
	});
	const start = async (words: readonly string[], columns = 80): Promise<Terminal> => {
		terminal = await openTerminal([bundledQuiesce, ...words], {columns, rows: 24, env: environment});
		return terminal;
	};
	const nothingIsLeft = async (): Promise<void> => {
		assert.deepEqual(readdirSync(state).filter(name => name.startsWith('.verify-')), []);
		// A namespace that another test made meanwhile may hold a mount, and with it the loop device, a little longer.
		await until('no loop device is left', async () => !(await run('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'])).stdout.includes(state));
	};

	test('its steps are seen while it runs, its result stays on the terminal', async () => {
		for (const columns of [80, 40]) {
			const screen = await start(['verify', 'good'], columns);
			const text = await screen.shows(/copy \//);
			assert.ok(text.split('\n').every(line => [...line].length <= columns), text);
			assert.equal(await screen.exited(), 0);
			assert.match(await screen.screen(), /✔ The snapshot restores: 1 filesystem[^]*\/data:\s+mounts;[^]*verified in/);
			await screen.end();
		}
		await nothingIsLeft();
	});

	test('ctrl-c and a signal stop it, and the copies are gone before quiesce is', async () => {
		for (const [stop, code] of [['C-c', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
			const screen = await start(['verify', 'good']);
			await screen.shows(/copy \//);
			if (stop === 'C-c') await screen.press(stop);
			else signalTo(Number(readFileSync(`/proc/${screen.pid}/task/${screen.pid}/children`, 'utf8').trim().split(' ')[0]), stop);
			assert.equal(await screen.exited(), code, stop);
			assert.match(await screen.screen(), /The verification was interrupted\. The copies have been removed/, stop);
			await nothingIsLeft();
			await screen.end();
		}
	});

	test('from the history with one key, and back; the history knows then', async () => {
		const entry: HistoryEntry = {
			version: 1, id: '2026-06-02T10-00-00Z-ab12', source: 'quiesce', at: '2026-06-02T10:00:00.000Z', durationMs: 900, outcome: 'application-consistent', errors: [], freezeWindowMs: 38, quiesceWindowMs: 120,
			preScriptMs: 40, postScriptMs: 30, scriptLimitMs: 30_000, mounts: ['/data'], snapshot: {provider: 'image', id: 'good', path: join(state, 'snapshots/good')}, azure: null,
		};
		appendHistory(state, entry);
		const screen = await start(['history']);
		await screen.shows('2026-06-02');
		await screen.press('Enter');
		await screen.shows('v verify the snapshot');
		await screen.press('v');
		await screen.shows(/quiesce · verify · good/);
		await screen.shows(/✔ The snapshot restores/);
		await screen.press('Escape');
		await screen.shows('v verify the snapshot');
		// Stopped half-way one is back as well.
		await screen.press('v');
		await screen.shows(/copy \//);
		await screen.press('Escape');
		await screen.shows('v verify the snapshot');
		await nothingIsLeft();
		await screen.press('Escape');
		await screen.shows(/history +1 cycle/);
		await screen.press('q');
		assert.equal(await screen.exited(), 0);
		assert.match(readFileSync(join(state, 'history.jsonl'), 'utf8'), /"snapshot":"good","verified":"restores"/);
	});

	test('what cannot be tried is said in a sentence', async () => {
		const screen = await start(['verify', 'nothing']);
		assert.equal(await screen.exited(), 2);
		assert.match(await screen.screen(), /There is no snapshot "nothing"/);
	});
});
