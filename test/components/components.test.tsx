import '../support/colour.js';
import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {Text} from 'ink';
import type {ReactNode} from 'react';
import {keyHelpLines, type Binding} from '../../source/components/bindings.js';
import {ChoiceList, useChoiceList} from '../../source/components/choice-list.js';
import {columnsOf, cutPathTo, cutTo, wrapSentence, wrapText} from '../../source/components/columns.js';
import {Frame} from '../../source/components/frame.js';
import {keysOf} from '../../source/components/keys.js';
import {barText} from '../../source/components/progress-bar.js';
import {ScrollView, useScroll} from '../../source/components/scroll.js';
import {TextField, useTextField} from '../../source/components/text-field.js';
import {makeTheme} from '../../source/components/theme.js';
import {useRoom} from '../../source/components/size.js';
import {ascii, bytes, draw, drawStyled, open} from '../support/screen.js';

const nothing = (): void => {};

suite('theme', () => {
	test('ASCII where the locale or the terminal cannot show more', () => {
		assert.equal(makeTheme({LANG: 'de_DE.UTF-8', TERM: 'xterm'}).symbols.done, '✔');
		assert.equal(makeTheme({LANG: 'C', TERM: 'xterm'}).symbols.done, 'ok');
		assert.equal(makeTheme({LANG: 'de_DE.UTF-8', LC_ALL: 'POSIX', TERM: 'xterm'}).symbols.done, 'ok');
		assert.equal(makeTheme({LANG: 'de_DE.utf8', TERM: 'linux'}).symbols.done, 'ok');
	});

	test('NO_COLOR takes the colours and leaves the weight', () => {
		const frame = <Frame where={['doctor']} bindings={[{keys: ['q'], label: 'quit', run: nothing}]}><Text>body</Text></Frame>;
		assert.match(drawStyled(frame), /\u001B\[36m/);
		assert.doesNotMatch(drawStyled(frame, 80, {environment: {LANG: 'C.UTF-8', TERM: 'xterm', NO_COLOR: '1'}}), /\u001B\[(?:3[0-7]|9[0-7]|4[0-7]|38|48)/);
		assert.ok(makeTheme({LANG: 'C.UTF-8', NO_COLOR: ''}).colour);
		const {inverse, color} = makeTheme({NO_COLOR: '1'}).style('frozen');
		assert.deepEqual([inverse, color], [true, undefined]);
	});
});

suite('columns', () => {
	test('measures, cuts and wraps by what a terminal shows', () => {
		assert.equal(columnsOf('語é'), 3);
		assert.equal(cutTo('configuration', 6), 'confi…');
		assert.equal(cutPathTo('/var/lib/quiesce/snapshots', 10), '…snapshots');
		assert.deepEqual(wrapText('one two three', 7), ['one two', 'three']);
		assert.deepEqual(wrapText('abcdefghij', 4), ['abcd', 'efgh', 'ij']);
	});
});

suite('keys', () => {
	test('a chunk is taken apart into keys', () => {
		assert.deepEqual(keysOf('dj\r', {}), ['d', 'j', 'enter']);
		assert.deepEqual(keysOf('c', {ctrl: true}), ['ctrl-c']);
		assert.deepEqual(keysOf('', {upArrow: true}), ['up']);
		assert.deepEqual(keysOf('a\u0000\u001Bb', {}), ['a', 'b']);
	});

	test('the key help is made of the bindings, without the hidden ones', () => {
		const bindings: Binding[] = [{keys: ['up', 'down'], label: 'choose', run: nothing}, {keys: ['enter'], label: 'open', run: nothing}, {keys: ['home'], label: 'first', run: nothing, hidden: true}];
		assert.deepEqual(keyHelpLines(bindings, makeTheme({LANG: 'C.UTF-8'}).symbols, 80), [[{keys: '↑↓', label: 'choose'}, {keys: '⏎', label: 'open'}]]);
		assert.deepEqual(keyHelpLines(bindings, makeTheme({}).symbols, 20).map(line => line.map(({keys}) => keys)), [['up/down'], ['enter']]);
	});
});

suite('frame', () => {
	const bindings: Binding[] = [{keys: ['up', 'down'], label: 'choose', run: nothing}, {keys: ['enter'], label: 'next', run: nothing}, {keys: ['esc'], label: 'back', run: nothing}, {keys: ['ctrl-c'], label: 'leave, nothing is written', run: nothing}];

	test('fills the screen: where one is first, the keys last, at every width', () => {
		for (const columns of [40, 80, 100, 200]) {
			const lines = draw(<Frame where={['set up', 'scripts']} right="step 3 of 12" bindings={bindings} explanation={['Why.']}><Text>body</Text></Frame>, columns).split('\n');
			assert.equal(lines.length, 24);
			assert.ok(lines[0]!.startsWith(' quiesce · set up · scri') && lines[0]!.endsWith('step 3 of 12'), lines[0]);
			assert.ok(lines.every(line => columnsOf(line) <= Math.min(columns, 100)));
			assert.ok(lines.some(line => line.includes('? help')) && lines.at(-1)!.includes('leave, nothing is written'));
			assert.equal(lines[2], ' body');
		}
	});

	test('? explains, esc returns, and meanwhile no other key works', async () => {
		const run: string[] = [];
		const app = open(<Frame where={['home']} explanation={['This is why.']} bindings={[{keys: ['x'], label: 'explode', run: key => run.push(key)}]}><Text>body</Text></Frame>);
		await app.send('?');
		assert.match(app.frame(), /This is why\.[^]*Keys\n x +explode/);
		await app.send('x', 'q', 'x');
		assert.match(app.frame(), /body/);
		assert.deepEqual(run, ['x']);
		app.end();
	});
});

function Choosing({count, onChoose}: {readonly count: number; readonly onChoose: (value: number) => void}): ReactNode {
	const list = useChoiceList({choices: Array.from({length: count}, (_, value) => ({value, label: `choice ${value}`, detail: `detail of ${value}`, note: value === 0 ? 'recommended' : ''})), onChoose});
	return <Frame where={['choose']} bindings={list.bindings}><ChoiceList list={list} /></Frame>;
}

suite('choice list', () => {
	test('chooses what the keys of one chunk lead to', async () => {
		const chosen: number[] = [];
		const app = open(<Choosing count={5} onChoose={value => chosen.push(value)} />);
		await app.send(bytes.down + bytes.down + bytes.enter);
		await app.send(bytes.up, bytes.up, bytes.up, bytes.enter);
		assert.deepEqual(chosen, [2, 4]);
		app.end();
	});

	test('draws only the rows that fit, with the current one among them', async () => {
		const app = open(<Choosing count={10_000} onChoose={nothing} />);
		await app.send(bytes.end);
		assert.match(app.frame(), /❯ choice 9999/);
		assert.match(app.frame(), /↑ 99\d\d above/);
		assert.equal(app.frame().split('\n').length, 24);
		app.end();
	});

	test('details go where it is narrow', () => {
		assert.match(draw(<Choosing count={3} onChoose={nothing} />, 80), /❯ choice 0 {3}detail of 0 .* recommended\n/);
		const narrow = draw(<Choosing count={3} onChoose={nothing} />, 40);
		assert.match(narrow, /❯ choice 0 .*recommended\n/);
		assert.match(draw(<Choosing count={3} onChoose={nothing} />, 40, {environment: ascii}), /> choice 0/);
	});
});

function Asking({onSubmit}: {readonly onSubmit: (value: string) => void}): ReactNode {
	const field = useTextField({initial: '/etc/azure/', onSubmit, complete: () => ['/etc/azure/pre.sh', '/etc/azure/pre-two.sh']});
	return <Frame where={['ask']} bindings={[{keys: ['q'], label: 'quit', run: () => onSubmit('QUIT')}]} typing><TextField field={field} validation={{tone: 'good', text: `${field.value.length} characters`}} /></Frame>;
}

test('a unit stays with its number where a line is broken', () => {
	assert.deepEqual(wrapText('and thaws after 60 s at the latest', 18), ['and thaws after', '60 s at the latest']);
	assert.deepEqual(wrapText('it is a s of 4 kB.', 16), ['it is a s of', '4 kB.']);
});

test('a broken text reads well: an outcome stays one, no short word stands alone at the end, and a path is broken after a slash', () => {
	assert.deepEqual(wrapSentence("Tonight's backup will be file-system consistent, not more", 36), ["Tonight's backup will be", 'file-system consistent, not more']);
	assert.deepEqual(wrapSentence('the pre-script does not belong to root alone.', 40), ['the pre-script does not belong to', 'root alone.']);
	assert.deepEqual(wrapText('the pre-script does not belong to root alone.', 40), ['the pre-script does not belong to root', 'alone.']);
	// Nothing is taken from a line that would have too little left, nor for what is long enough to stand alone.
	assert.deepEqual(wrapSentence('one two three', 7), ['one two', 'three']);
	assert.deepEqual(wrapSentence('what stands here is long_enough_to_stand_alone', 21), ['what stands here is', 'long_enough_to_stand_', 'alone']);
	assert.deepEqual(wrapText('/var/lib/waagent/Microsoft.Azure/main/config.json', 30), ['/var/lib/waagent/', 'Microsoft.Azure/main/', 'config.json']);
	assert.deepEqual(wrapText('/etc/azure/VMSnapshotScriptPluginConfig.json', 34), ['/etc/azure/', 'VMSnapshotScriptPluginConfig.json']);
	assert.deepEqual(wrapText('(InsufficientPermissionforPre-Script, 306.)', 34), ['(InsufficientPermissionforPre-', 'Script, 306.)']);
	// The rest of a word that was broken is not the word.
	assert.deepEqual(wrapSentence('./.-/./- a / a-', 7), ['./.-/./', '- a', '/ a-']);
	// Whatever the text and the width: no word is lost, and no line is too wide.
	fc.assert(fc.property(fc.array(fc.stringMatching(/^[a-z/.-]{1,30}$/), {maxLength: 20}), fc.integer({min: 1, max: 50}), (words, width) => {
		const lines = wrapSentence(words.join(' '), width);
		assert.equal(lines.join('').replaceAll(' ', ''), words.join(''));
		assert.ok(lines.every(line => columnsOf(line) <= width), lines.join('\n'));
	}));
});

suite('text field on a screen', () => {
	test('takes letters, a chunk with Enter, completion, and a paste without sending it', async () => {
		const sent: string[] = [];
		const app = open(<Asking onSubmit={value => sent.push(value)} />);
		await app.send(bytes.tab);
		assert.doesNotMatch(app.frame(), /q quit/);
		assert.match(app.frame(), /❯ \/etc\/azure\/pre *\n {3}14 characters\n {3}\/etc\/azure\/pre\.sh\n/);
		await app.send('q', `\u001B[200~.sh\rrm -rf\u001B[201~`);
		assert.deepEqual(sent, []);
		await app.send(' x\r');
		assert.deepEqual(sent, ['/etc/azure/preq.sh x']);
		app.end();
	});
});

function Reading({count}: {readonly count: number}): ReactNode {
	const scroll = useScroll();
	return <Frame where={['read']} bindings={scroll.bindings}><Rows count={count} scroll={scroll} /></Frame>;
}

function Rows({count, scroll}: {readonly count: number; readonly scroll: ReturnType<typeof useScroll>}): ReactNode {
	const {rows} = useRoom();
	return <ScrollView scroll={scroll} count={count} height={rows} renderRow={index => <Text>{`row ${index}`}</Text>} />;
}

test('a scroll view shows a part, and moves within its bounds', async () => {
	const app = open(<Reading count={100} />);
	assert.match(app.frame(), /row 0\n[^]*↓ 81 more/);
	await app.send(bytes.up, bytes.down, bytes.pageDown);
	assert.match(app.frame(), /row 19\n/);
	await app.send(bytes.end, bytes.down);
	assert.match(app.frame(), /row 99\n[^]*↑ 81 above/);
	app.end();
});

test('a bar shows a cell as soon as it began, and is full only at the end', () => {
	assert.deepEqual(barText(0.001, 10, '#', '-'), {full: '#', empty: '---------'});
	assert.deepEqual(barText(0.999, 10, '#', '-'), {full: '#########', empty: '-'});
	assert.deepEqual(barText(1, 3, '#', '-'), {full: '###', empty: ''});
	assert.deepEqual(barText(Number.NaN, 3, '#', '-'), {full: '', empty: '---'});
});
