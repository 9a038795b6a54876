import '../support/colour.js';
import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {ReactNode} from 'react';
import {useChoiceList} from '../../source/components/choice-list.js';
import {columnsOf} from '../../source/components/columns.js';
import {Frame} from '../../source/components/frame.js';
import type {HistoryEntry} from '../../source/core/history.js';
import type {Overview} from '../../source/core/overview.js';
import {Home, trendLine} from '../../source/screens/home.js';
import {ascii, draw, type DrawOptions} from '../support/screen.js';

const now = Date.parse('2026-11-23T14:00:00Z');

function entry(change: Partial<HistoryEntry>): HistoryEntry {
	return {
		version: 1, id: 'x', source: 'quiesce', at: '2026-11-23T12:00:00Z', durationMs: 700, outcome: 'application-consistent', errors: [], freezeWindowMs: 260, quiesceWindowMs: 380,
		preScriptMs: 400, postScriptMs: 20, scriptLimitMs: 30_000, mounts: ['/data'], snapshot: null, azure: null, ...change,
	};
}

const overview: Overview = {
	configuration: '/etc/azure/VMSnapshotScriptPluginConfig.json', configured: true, verdict: {outcome: 'application-consistent', errors: []},
	scripts: {pre: '/etc/azure/mariadb-pre.sh', post: '/etc/azure/mariadb-post.sh'}, filesystems: ['/', '/data'],
	azure: entry({source: 'azure', at: '2026-11-23T01:12:00Z', outcome: 'file-system-consistent', errors: [{name: 'Pre-ScriptTimeout', code: 308}]}),
	cycle: entry({}), trend: [100, 100, 200, 800], presence: {is: 'nothing'},
};

function Screen({seen}: {readonly seen: Overview | null}): ReactNode {
	const menu = useChoiceList({choices: ['Set up or change', 'Run a live cycle', 'Doctor', 'Watch', 'History', 'Explain an error'].map((label, value) => ({label, value, key: 'scdwhx'[value]!, detail: 'what it is for'})), onChoose: () => {}});
	return <Frame where={[]} right="vm-sql-01" bindings={menu.bindings}><Home overview={seen} menu={menu} now={now} /></Frame>;
}

function home(seen: Overview | null, columns = 80, options?: DrawOptions): string {
	return draw(<Screen seen={seen} />, columns, options);
}

suite('home', () => {
	test('says how things stand, the sentence first', () => {
		const text = home(overview);
		assert.match(text, /^ quiesce +vm-sql-01\n\n ✔ Tonight's backup will be application-consistent\.\n/);
		assert.match(text, /Next backup {2}✔ application-consistent +mariadb-pre\.sh · 2 filesystems\n/);
		assert.match(text, /Last backup {2}▲ file-system consistent · 12 h ago +Pre-ScriptTimeout \(308\)\n/);
		assert.match(text, /Last cycle {3}✔ 2 h ago · frozen 0\.26 s · held 0\.38 s +▂▂▃█\n/);
		assert.match(text, /Right now {4}✔ nothing is frozen or held\n/);
		assert.match(text, /❯ s {2}Set up or change/);
	});

	test('says that nothing is frozen where freezing is off, or where there is nothing', () => {
		assert.match(home({...overview, filesystems: 'off'}), /mariadb-pre\.sh · freezing is off\n/);
		assert.match(home({...overview, filesystems: []}), /mariadb-pre\.sh · no filesystem\n/);
		assert.match(home({...overview, filesystems: null}), /consistent +mariadb-pre\.sh\n/);
	});

	test('keeps within any size, and the menu is always there', () => {
		for (const columns of [40, 80, 100, 200]) {
			for (const rows of [10, 14, 24]) {
				for (const seen of [null, overview]) {
					const lines = home(seen, columns, {rows}).split('\n');
					assert.equal(lines.length, rows);
					assert.ok(lines.every(line => columnsOf(line) <= Math.min(columns, 100)), `${columns}x${rows}`);
					assert.ok(lines.some(line => line.includes('❯ s  Set up')), `${columns}x${rows}`);
				}
			}
		}
	});

	test('the menu stands where it stood before anything was known', () => {
		const row = (text: string): number => text.split('\n').findIndex(line => line.includes('Set up or change'));
		assert.equal(row(home(null)), row(home(overview)));
	});

	test('what is not as it should be is said in words', () => {
		assert.match(home({...overview, presence: {is: 'unfinished', since: '2026-11-23', mayBeFrozen: true}}), /✖ a cycle came to no end: it is thawed and ended now/);
		assert.match(home({...overview, presence: {is: 'backup', pid: 42, command: 'python3'}}), /a backup is running \(process 42\): w watches it/);
		assert.match(home({...overview, azure: null, cycle: null}), /none seen on this machine yet\n.*none yet/);
		assert.match(home({...overview, configured: false}), /Nothing is configured yet/);
		assert.match(home({...overview, verdict: {outcome: 'failed', errors: [{name: 'error', code: 2}]}}), /✖ Tonight's backup will fail: Azure's extension will stop with an exception\./);
	});

	test('in ASCII', () => {
		assert.match(home(overview, 80, {environment: ascii}), /^[\n -~]*$/);
	});

	test('a trend needs two values, and its highest is the highest character', () => {
		assert.equal(trendLine([5], ['a', 'b']), '');
		assert.equal(trendLine([0, 0], ['a', 'b']), 'aa');
		assert.equal(trendLine([1, 10], ['a', 'b', 'c']), 'ac');
	});
});
