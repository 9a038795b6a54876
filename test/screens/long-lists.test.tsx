import assert from 'node:assert/strict';
import type {ReactNode} from 'react';
import {test} from 'node:test';
import {useBindings} from '../../source/components/bindings.js';
import {useChoiceList, type Choice} from '../../source/components/choice-list.js';
import {SizeProvider} from '../../source/components/size.js';
import {makeTheme} from '../../source/components/theme.js';
import type {Finding} from '../../source/core/checks/finding.js';
import type {HistoryEntry} from '../../source/core/history.js';
import {findingLines} from '../../source/screens/doctor/lines.js';
import {HistoryList} from '../../source/screens/history/index.js';
import {bytes, open, utf8} from '../support/screen.js';

/* What a key costs must not grow with the list: nothing of what is not shown, or has not changed, is looked at again. */

/** An object that counts how often something in it is read. */
function counted<Thing extends object>(thing: Thing, count: {reads: number}): Thing {
	return new Proxy(thing, {get(target, name, receiver) {
		count.reads++;
		return Reflect.get(target, name, receiver) as unknown;
	}});
}

test('moving among 500 findings looks at those alone that the pointer leaves and comes to', () => {
	const count = {reads: 0};
	const findings = Array.from({length: 500}, (_, index) => counted<Finding>({id: `finding-${index}`, severity: 'warning', title: `Finding ${index}`, detail: 'It matters.', remedy: 'Mend it.', fixable: true, source: 'machine'}, count));
	const theme = makeTheme(utf8);
	const draw = (pointer: number, width = 80): string => {
		count.reads = 0;
		return JSON.stringify(findingLines(findings, {pointer, unfolded: new Set(), theme, width}));
	};
	draw(7);
	const moved = draw(8);
	// `id`, to see whether it is unfolded, is read of each.
	const each = findings.length;
	assert.ok(count.reads < each + 20, `${count.reads} reads`);
	draw(0, 40);
	assert.notEqual(moved, draw(9));
	assert.equal(draw(8), moved);
});

test('moving in a history of 10,000 cycles looks at none of them, and draws a screenful', async () => {
	const count = {reads: 0};
	const entries = Array.from({length: 10_000}, (_, index) => counted<HistoryEntry>({
		version: 1, id: `${index}`, source: 'quiesce', at: '2026-11-23T01:12:00.000Z', durationMs: 1300, outcome: 'application-consistent', errors: [], freezeWindowMs: 50 + index % 9, quiesceWindowMs: 90,
		preScriptMs: 100, postScriptMs: 100, scriptLimitMs: 30_000, mounts: ['/data'], snapshot: null, azure: null,
	}, count));
	const choices = entries.map((entry, index) => counted<Choice<HistoryEntry>>({value: entry, label: `cycle ${index}`}, count));
	function History(): ReactNode {
		const list = useChoiceList({choices, onChoose: () => {}});
		useBindings(list.bindings);
		return <HistoryList entries={entries} list={list} />;
	}
	const terminal = open(<SizeProvider size={{columns: 80, rows: 24}}><History /></SizeProvider>);
	try {
		await terminal.send(bytes.down);
		assert.match(terminal.frame(), /❯ cycle 1$/m);
		count.reads = 0;
		await terminal.send(bytes.down, bytes.down);
		assert.match(terminal.frame(), /❯ cycle 3$/m);
		assert.ok(count.reads < 1000, `${count.reads} reads`);
	} finally {
		terminal.end();
	}
});
