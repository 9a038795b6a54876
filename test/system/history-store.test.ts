import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test} from 'node:test';
import {Failure} from '../../source/core/failure.js';
import type {HistoryEntry} from '../../source/core/history.js';
import {appendHistory, markVerified, readHistory} from '../../source/system/history-store.js';

const top = mkdtempSync(join(tmpdir(), 'quiesce-history-'));
after(() => rmSync(top, {recursive: true, force: true}));
let count = 0;
const fresh = (): string => join(top, `state-${count++}`);

function entry(index: number, more: Partial<HistoryEntry> = {}): HistoryEntry {
	return {
		version: 1, id: `cycle-${index}`, source: 'quiesce', at: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(), durationMs: 900, outcome: 'application-consistent',
		errors: [], freezeWindowMs: 38, quiesceWindowMs: 120, preScriptMs: 40, postScriptMs: 30, scriptLimitMs: 30_000, mounts: ['/data'], snapshot: null, azure: null, ...more,
	};
}

suite('history store', () => {
	test('what was added comes back, newest first, in a file for root alone', () => {
		const state = fresh();
		appendHistory(state, entry(1));
		appendHistory(state, entry(2, {outcome: 'failed', errors: [{name: 'Pre-ScriptTimeout', code: 308}]}));
		assert.deepEqual(readHistory(state), [entry(2, {outcome: 'failed', errors: [{name: 'Pre-ScriptTimeout', code: 308}]}), entry(1)]);
		assert.deepEqual(readHistory(state, {limit: 1}).map(({id}) => id), ['cycle-2']);
		assert.equal(statSync(join(state, 'history.jsonl')).mode & 0o777, 0o600);
	});

	test('no history is an empty one', () => {
		assert.deepEqual(readHistory(fresh()), []);
	});

	test('a torn line, foreign lines and bytes that are no text spoil nothing', () => {
		const state = fresh();
		appendHistory(state, entry(1));
		appendFileSync(join(state, 'history.jsonl'), Buffer.from([0xff, 0xfe, 0x0a, ...Buffer.from('{"version":9,"id":"later"}\n[]\nnull\n{"version":1,"id":"half","sour')]));
		appendHistory(state, entry(2));
		assert.deepEqual(readHistory(state).map(({id}) => id), ['cycle-2', 'cycle-1']);
	});

	test('a verification is shown with its snapshot, wherever it was noted', () => {
		const state = fresh();
		appendHistory(state, entry(1, {snapshot: {provider: 'image', id: 'one', path: '/s/one'}}));
		appendHistory(state, entry(2, {snapshot: {provider: 'image', id: 'two', path: '/s/two'}}));
		markVerified(state, 'one', 'does-not-restore');
		markVerified(state, 'one', 'restores');
		assert.deepEqual(readHistory(state).map(({verified}) => verified), [undefined, 'restores']);
	});

	test('it stays bounded, and the newest stay', () => {
		const state = fresh();
		const mounts = Array.from({length: 500}, (_, index) => `/srv/a-rather-long-name-of-a-directory/${index}`);
		for (let index = 0; index < 2000; index++) appendHistory(state, entry(index, {mounts}));
		const bytes = readdirSync(state).reduce((sum, name) => sum + statSync(join(state, name)).size, 0);
		assert.ok(bytes < 10 * 1024 * 1024, `${bytes} bytes`);
		const kept = readHistory(state);
		assert.ok(kept.length > 100);
		assert.deepEqual(kept.map(({id}) => id), Array.from({length: kept.length}, (_, index) => `cycle-${1999 - index}`));
	});

	test('several processes may add at once', async () => {
		const state = fresh();
		appendHistory(state, entry(0));
		const module = new URL('../../source/system/history-store.js', import.meta.url).href;
		const script = `import {appendHistory} from ${JSON.stringify(module)}; const entry = ${JSON.stringify(entry(1))};
			for (let index = 0; index < 50; index++) appendHistory(${JSON.stringify(state)}, {...entry, id: process.argv[1] + '-' + index});`;
		const writers = ['a', 'b', 'c'].map(name => spawn(process.execPath, ['--input-type=module', '-e', script, name], {stdio: 'inherit'}));
		const codes = await Promise.all(writers.map(async writer => (await once(writer, 'close'))[0]));
		assert.deepEqual(codes, [0, 0, 0]);
		assert.equal(readHistory(state).length, 151);
	});

	test('a link in its place is refused, and nothing is written through it', () => {
		const state = fresh();
		appendHistory(state, entry(1));
		const victim = join(top, 'victim');
		writeFileSync(victim, 'mine');
		rmSync(join(state, 'history.jsonl'));
		symlinkSync(victim, join(state, 'history.jsonl'));
		assert.throws(() => appendHistory(state, entry(2)), Failure);
		assert.equal(readFileSync(victim, 'utf8'), 'mine');
		assert.deepEqual(readHistory(state), []);
	});
});
