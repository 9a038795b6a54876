import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {ReactNode} from 'react';
import {Cell, useCellValue} from '../../../source/components/cell.js';
import {columnsOf} from '../../../source/components/columns.js';
import {SetupScreen} from '../../../source/screens/setup/index.js';
import {draftOf} from '../../../source/core/wizard/draft.js';
import {reduceWizard} from '../../../source/core/wizard/reduce.js';
import type {WizardState} from '../../../source/core/wizard/types.js';
import {questionOf} from '../../../source/core/wizard/words.js';
import {begun, configuration, emptyMachine, enter, file, mariadb, next, plan, play, settled} from '../../core/wizard/states.js';
import {bytes, draw, open, ascii, type FakeTerminal} from '../../support/screen.js';

const address = 'https://example.invalid/VMSnapshotScriptPluginConfig.json';
const long = 'a'.repeat(120);
const machine = {
	...emptyMachine, freezes: ['/', '/data'], rehearses: ['/', '/data'],
	lines: [{state: 'fine' as const, what: 'Azure', found: 'a virtual machine of Azure Resource Manager'}, {state: 'warning' as const, what: 'extension', found: `not installed ${'word '.repeat(30)}`}],
};
const text = `${JSON.stringify({preScriptLocation: `/opt/${long}/pre.sh`, postScriptLocation: '/etc/azure/post.sh', timeoutInSeconds: 120}, null, 2)}\n`;
const bigPlan = plan({
	text, previous: '{}', diff: text.trimEnd().split('\n').map(line => ({sign: '+' as const, text: line})),
	actions: Array.from({length: 6}, (_, index) => ({kind: 'chmod' as const, path: `/etc/azure/${index}`, mode: 0o700, sentence: `chmod 700 /etc/azure/${long}/${index} (now 755)`})),
	warnings: [{key: '', message: 'Azure\'s extension does not retry: it would give up after the first failure.'}],
	files: [
		{role: 'configuration', path: configuration, kind: 'file', owner: 'root', mode: 0o644, wanted: 0o600},
		{role: 'pre', path: `/opt/${long}/pre.sh`, kind: 'file', owner: 'daemon', mode: 0o755, wanted: 0o700},
		{role: 'post', path: '/etc/azure/post.sh', kind: 'missing', owner: null, mode: 0, wanted: 0o700},
	],
});

/** The wizard on every one of its screens. */
function everyScreen(): readonly WizardState[] {
	const states: WizardState[] = [];
	const existing = {path: configuration, settings: JSON.parse(text) as Record<string, unknown>, problem: null};
	states.push(begun({machine}), begun({machine: {...machine, existing}, applications: [mariadb]}));
	let now = play(begun({machine, applications: [mariadb]}), next);
	states.push(now, play(now, enter('source', 'file'), next));
	now = play(now, next);
	states.push(now, play(now, next), play(now, enter('askSettings', true), next, next));
	now = play(now, enter('application', null), next);
	states.push(now, settled(reduceWizard(now, enter('preScript', '/gone')), {missing: ['/gone']}), play(now, enter('preScript', `/opt/${long}/pre.sh`)));
	now = play(now, enter('preScript', '/s/pre.sh'), next);
	states.push(now);
	now = play(now, enter('postScript', '/s/post.sh'), next);
	for (const event of [next, enter('preParameters', ['a b', '', long, ...Array.from({length: 9}, (_, index) => `p${index}`)]), next, next, next, next, enter('timeout', '1801'), enter('timeout', '1801'), enter('timeout', '900'), next, enter('continueBackupOnFailure', false), next, enter('fsFreezeEnabled', false), next, next, next]) {
		states.push(now);
		now = settled(reduceWizard(now, event), {planned: bigPlan});
	}

	states.push(now, reduceWizard({...now, waiting: false}, {type: 'plan-failed', sentence: `It went wrong. ${'word '.repeat(30)}`}));
	const written: WizardState = {...now, page: 'rehearsal', written: {done: [], backup: `${configuration}.2026-11-24T01-02-03Z`}};
	states.push(written, begun({draft: draftOf(now, '2026-11-24T01:02:03Z')}));
	return states;
}

const nothing = (): void => {};

function still(state: WizardState): ReactNode {
	return <SetupScreen state={state} read={() => state} send={nothing} back={nothing} leave={nothing} complete={() => []} finish={nothing} now="2026-11-24T05:00:00Z" address={address} />;
}

test('a list of scripts is cut only where the terminal has no rows for it', () => {
	const applications = Array.from({length: 10}, (_, index) => ({...mariadb, id: `m${index}`, title: `Database ${index}`}));
	const state = play(begun({machine, applications}), next, next);
	assert.equal(state.page, 'scripts');
	for (const [columns, rows, shown] of [[80, 24, 7], [80, 32, 12], [40, 24, 4], [120, 50, 12], [80, 16, 2], [40, 15, 1]] as const) {
		const frame = draw(<>{still(state)}</>, columns, {rows});
		const lines = frame.split('\n').filter(line => /^ [ ❯] (?:Database \d|My own|A pair)/.test(line)).length;
		assert.ok(lines >= shown, `${columns}×${rows}: ${lines} of 12\n${frame}`);
		// What the choice comes to still has its place.
		assert.ok(rows < 20 || frame.includes('This pair holds it'), frame);
	}
});

suite('every screen of the wizard', () => {
	for (const [columns, rows] of [[80, 24], [40, 24], [40, 15]] as const) {
		test(`fits ${columns}×${rows}, with its question, its place and its keys`, () => {
			const seen = new Set<string>();
			for (const state of everyScreen()) {
				seen.add(state.page);
				const frame = draw(<>{still(state)}</>, columns, {rows});
				const lines = frame.split('\n');
				assert.equal(lines.length, rows, `${state.page}\n${frame}`);
				for (const line of lines) assert.ok(columnsOf(line) <= Math.min(columns, 100), `${state.page}: ${line}`);
				assert.match(lines[0]!, /quiesce · set up.* step \d+ of 12$/);
				assert.ok(frame.replaceAll(/\s+/g, ' ').includes(questionOf(state.page, state).slice(0, 30)), `${state.page}\n${frame}`);
				assert.match(lines.slice(-4).join('\n'), /ctrl-c leave/, frame);
				assert.match(lines.slice(-4).join('\n'), /⏎ /, frame);
			}

			assert.equal(seen.size, 21, [...seen].join(' '));
		});
	}

	test('is plain ASCII where the terminal knows nothing else', () => {
		for (const state of everyScreen()) {
			const frame = draw(<>{still(state)}</>, 80, {environment: ascii});
			assert.match(frame, /^[\n -~]*$/, frame);
		}
	});
});

/** A wizard that answers its own wishes: every file is there but `/gone`. */
class Fake {
	readonly cell: Cell<WizardState>;
	left = 0;
	finished: boolean | null = null;

	constructor(state: WizardState) {
		this.cell = new Cell(settled(state));
	}

	readonly View = (): ReactNode => {
		const state = useCellValue(this.cell);
		return (
			<SetupScreen
				state={state}
				read={this.cell.read}
				send={event => {
					if (this.cell.read().page === state.page) this.cell.set(settled(reduceWizard(this.cell.read(), event), {missing: ['/gone'], planned: bigPlan}));
				}}
				back={() => this.cell.set(settled(reduceWizard(this.cell.read(), {type: 'back'}), {planned: bigPlan}))}
				leave={() => {
					this.left++;
				}}
				complete={typed => ['/s/pre.sh', '/s/pre.sh.old'].filter(path => path.startsWith(typed))}
				finish={rehearse => {
					this.finished = rehearse;
				}}
				now="2026-11-24T05:00:00Z"
				address={address}
			/>
		);
	};

	open(columns = 80): FakeTerminal {
		const {View} = this;
		return open(<View />, columns);
	}

	/** Resolves when a screen is reached. */
	async reaches(page: string): Promise<void> {
		return new Promise(resolve => {
			const forget = this.cell.subscribe(() => {
				if (this.cell.read().page !== page) return;
				forget();
				setImmediate(resolve);
			});
		});
	}

	get page(): string {
		return this.cell.read().page;
	}
}

const atScripts = play(begun({machine}), next, next, enter('application', null), next);

suite('the keys of the wizard', () => {
	test('a path and Enter in one chunk go on to the next screen, and the rest of the chunk is not taken for its answer', async () => {
		const fake = new Fake(atScripts);
		const terminal = fake.open();
		await terminal.send('/s/pre.sh\rrubbish');
		assert.equal(fake.page, 'post-script');
		assert.deepEqual([fake.cell.read().entries.preScript, fake.cell.read().entries.postScript], ['/s/pre.sh', '']);
		terminal.end();
	});

	test('what was typed is checked as it is typed, refused at Enter, and survives Back', async () => {
		const fake = new Fake(atScripts);
		const terminal = fake.open();
		await terminal.send('/gone');
		assert.match(terminal.frame(), /✖ There is no such file\./);
		await terminal.send(bytes.enter);
		assert.equal(fake.page, 'pre-script');
		const scripts = fake.reaches('scripts');
		await terminal.send('\u001B');
		// A terminal sends more after an Escape, or not: that takes Ink a moment to tell.
		await scripts;
		await terminal.send(bytes.enter);
		assert.equal(fake.page, 'pre-script');
		await terminal.send('!');
		assert.match(terminal.frame(), /❯ \/gone!/);
		terminal.end();
	});

	test('Tab completes what is common, and shows the rest', async () => {
		const fake = new Fake(atScripts);
		const terminal = fake.open();
		await terminal.send('/s', bytes.tab);
		assert.equal(fake.cell.read().entries.preScript, '/s/pre.sh');
		assert.match(terminal.frame(), /\/s\/pre\.sh\.old/);
		terminal.end();
	});

	test('what Tab offers stands below all that the check says, also where that takes several lines', async () => {
		const state = reduceWizard(reduceWizard(atScripts, enter('preScript', '/s/pre.sh')), {type: 'looked', look: {...file('/s/pre.sh'), syntax: {line: 3, message: 'Syntax error: end of file unexpected'}}});
		const fake = new Fake(state);
		fake.cell.set(state);
		const terminal = fake.open(40);
		await terminal.send(bytes.tab);
		assert.match(terminal.frame(), /▲ regular file.*\n.*\n.*Syntax error: end of file\n +unexpected\n +\/s\/pre\.sh\n +\/s\/pre\.sh\.old\n/);
		terminal.end();
	});

	test('Enter in an empty field says what is missing', async () => {
		const fake = new Fake(atScripts);
		const terminal = fake.open();
		assert.match(terminal.frame(), /Type a path; tab completes it\./);
		await terminal.send(bytes.enter);
		assert.match(terminal.frame(), /✖ A path is needed\./);
		terminal.end();
	});

	test('what a paste loses is said', async () => {
		const fake = new Fake(atScripts);
		const terminal = fake.open();
		await terminal.send('\u001B[200~/s/pre.sh\n\u001B[201~');
		assert.match(terminal.frame(), /✔ regular file/);
		await terminal.send('\u0015', '\u001B[200~/s/pre.sh\r\n/s/post.sh\n\u001B[201~');
		assert.match(terminal.frame(), /▲ Only the first of the pasted lines was taken\./);
		await terminal.send(bytes.left);
		assert.match(terminal.frame(), /✔ regular file/);
		await terminal.send(bytes.end, '\u0015', '\u001B[200~/s/pre\t.sh\u001B[201~');
		assert.match(terminal.frame(), /▲ Tabs, control characters and invisible ones in what was pasted were left\s+out\./);
		assert.equal(fake.cell.read().entries.preScript, '/s/pre.sh');
		terminal.end();
	});

	test('parameters: a line each, with blanks, quotes, empty ones and non-ASCII; edited, removed, and left with Enter', async () => {
		const fake = new Fake(play(atScripts, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), next, next));
		const terminal = fake.open();
		await terminal.send(' a "b" $c ', bytes.enter, 'ünï', bytes.enter, '\u000E');
		const parameters = (): readonly string[] => fake.cell.read().entries.preParameters;
		assert.deepEqual(parameters(), [' a "b" $c ', 'ünï', '']);
		assert.equal(fake.page, 'pre-parameters');
		await terminal.send(bytes.up, bytes.up, bytes.up, 'x');
		assert.deepEqual(parameters(), [' a "b" $c x', 'ünï', '']);
		await terminal.send(bytes.down, '\u0018');
		assert.deepEqual(parameters(), [' a "b" $c x', '']);
		await terminal.send(bytes.down, bytes.enter);
		assert.equal(fake.page, 'post-parameters');
		terminal.end();
	});

	test('a parameter that cannot be typed is kept as it is', async () => {
		const odd = 'line\nbreak\u202E';
		const fake = new Fake(play(atScripts, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), next, next, enter('preParameters', [odd, 'x'])));
		const terminal = fake.open();
		await terminal.send(bytes.up, bytes.up, 'typed', bytes.down, 'y', bytes.enter, bytes.enter);
		assert.deepEqual(fake.cell.read().entries.preParameters, [odd, 'xy']);
		assert.equal(fake.page, 'post-parameters');
		terminal.end();
	});

	test('moving is choosing, Enter goes on; several Enters in one chunk do not skip an answer of the next screen', async () => {
		const fake = new Fake(play(atScripts, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), next, next, next, next, next, next, next));
		assert.equal(fake.page, 'on-failure');
		const terminal = fake.open();
		await terminal.send(bytes.down);
		assert.match(terminal.frame(), /A night with a failed script has no backup/);
		await terminal.send('\r\r\r');
		assert.equal(fake.page, 'freeze');
		assert.equal(fake.cell.read().entries.continueBackupOnFailure, false);
		await terminal.send(bytes.enter, '\u001B[B', bytes.enter);
		assert.deepEqual([fake.page, fake.cell.read().entries.poll], ['permissions', 4]);
		await terminal.send(bytes.enter);
		assert.equal(fake.page, 'review');
		terminal.end();
	});

	test('the review: e leads to a step and back, Enter writes, then the rehearsal is offered', async () => {
		const fake = new Fake(play(atScripts, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), ...Array.from({length: 11}, () => next)));
		assert.equal(fake.page, 'review');
		const terminal = fake.open();
		await terminal.send('e');
		assert.match(terminal.frame(), /❯ {2}3 {2}scripts/);
		await terminal.send(bytes.down, bytes.down, bytes.down, bytes.enter);
		assert.equal(fake.page, 'timeout');
		await terminal.send('\u0015', '60', bytes.enter);
		assert.equal(fake.page, 'review');
		assert.equal(fake.cell.read().entries.timeout, '60');
		await terminal.send(bytes.enter);
		assert.equal(fake.page, 'rehearsal');
		await terminal.send(bytes.enter);
		assert.equal(fake.finished, true);
		terminal.end();
	});

	test('ctrl-c reaches the app from lists and fields alike', async () => {
		for (const state of [begun({machine}), atScripts]) {
			const fake = new Fake(state);
			const terminal = fake.open();
			await terminal.send(bytes.ctrlC);
			assert.equal(fake.left, 1);
			terminal.end();
		}
	});

	test('what stands below a list can be read to its end, and ? says why', async () => {
		const fake = new Fake(play(atScripts, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), next, next, next, next, next, next, next, enter('continueBackupOnFailure', false)));
		const terminal = fake.open(40);
		assert.doesNotMatch(terminal.frame(), /never stops a\s+backup/);
		assert.match(terminal.frame(), /pgdn/);
		await terminal.send(bytes.pageDown, bytes.pageDown, bytes.pageDown);
		assert.match(terminal.frame(), /never stops a\s+backup/);
		assert.equal(fake.cell.read().entries.continueBackupOnFailure, false);
		await terminal.send('?');
		assert.match(terminal.frame(), /With true a backup is taken/);
		terminal.end();
	});

	test('what would act on the terminal is written as its code', () => {
		const odd = plan({
			text: '{"x": "a\u202Eb"}\n', previous: '\u001B[2J no', diff: [{sign: '-', text: '\u001B[2J no'}, {sign: '+', text: '{"x": "a\u202Eb"}'}],
			warnings: [{key: '', message: 'It holds \u0007.'}],
		});
		const at = play(atScripts, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), next, next, enter('preParameters', ['a\u202Eb', 'x']));
		const noted = {...play(begun({machine}), next, next), base: {key: 'bundled', text: '', settings: {}, note: 'a\u202Eb \u001B[2J'}};
		const seen = begun({machine: {...machine, lines: [{state: 'warning', what: 'configuration', found: '\\\u001B is no escape, a\u202Eb'}]}});
		for (const state of [noted, seen, at, {...at, page: 'review' as const, plan: {key: '', plan: odd}}]) {
			const frame = draw(<>{still(state)}</>);
			assert.doesNotMatch(frame, /[\u0007\u001B\u202E]/);
			assert.match(frame, /a\\u202eb/);
		}
	});

	test('the review says at its head what would become of Enter', () => {
		const at = {...play(atScripts, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), next, next), page: 'review' as const};
		const question = (changed: Partial<WizardState>): string => draw(<>{still({...at, ...changed})}</>).split('\n')[4] ?? '';
		assert.match(question({plan: {key: '', plan: plan()}}), /^ This is what will be written\.$/);
		assert.match(question({plan: {key: '', plan: plan({changed: false})}}), /^ Nothing has to be written/);
		assert.match(question({plan: null, complaint: 'It is full.'}), /^ Nothing has been written\.$/);
		const refused = {...at, plan: {key: '', plan: plan({valid: false, problems: [{key: '', value: '/x', expected: '', message: 'Everybody may write to it.', remedies: ['Let them not: chmod go-w /x', 'Or use another one.']}]})}};
		assert.match(draw(<>{still(refused)}</>), /This cannot be written as it is\.\n\n ✖ Everybody may write to it\.\n {3}→ Let them not: chmod go-w \/x\n {3}→ Or use another one\.\n/);
	});

	test('where a template comes from is said, without the secrets in its address', () => {
		const state = {...play(begun({machine, template: 'http://me:secret@model.invalid/a.json'}), next)};
		const frame = draw(<SetupScreen state={state} read={() => state} send={nothing} back={nothing} leave={nothing} complete={() => []} finish={nothing} now="2026-11-24T05:00:00Z" address="http://me:secret@model.invalid/a.json" />);
		assert.match(frame, /A template of your own {3}from model\.invalid/);
		assert.match(frame, /http:\/\/model\.invalid\/a\.json/);
		assert.doesNotMatch(frame, /secret/);
	});

	test('a look that arrives later is shown', () => {
		const state = reduceWizard(reduceWizard(atScripts, enter('preScript', '/s/pre.sh')), {type: 'looked', look: {...file('/s/pre.sh'), owner: 'daemon', syntax: {line: 3, message: 'Syntax error'}}});
		const frame = draw(<>{still(state)}</>);
		assert.match(frame, /▲ regular file, daemon, 0755 → will be root, 0700\. But sh cannot read it:\s+line 3,/);
	});
});
