import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, before, suite, test} from 'node:test';
import type {Leaving, Route} from '../../../source/app/view.js';
import {View} from '../../../source/app/setup-view.js';
import type {Flags} from '../../../source/commands/invocation.js';
import {whyNotRoot} from '../../support/skip.js';
import {bytes, open, type FakeTerminal} from '../../support/screen.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-wizard-'));
const configuration = join(directory, 'azure/own.json');
const draft = join(directory, 'state/setup-draft.json');
const model = join(directory, 'model.json');
const stateBefore = process.env['QUIESCE_STATE_DIR'];

type Opened = FakeTerminal & {
	readonly left: Promise<Leaving>;
	readonly replaced: Promise<Route>;
	readonly wentBack: Promise<void>;
	/** Sends, and waits until the screen shows something: what the machine has to say comes in its own time. */
	readonly reaches: (pattern: RegExp, ...chunks: readonly string[]) => Promise<void>;
};

const opened: FakeTerminal[] = [];

function openView(flags: Flags = {}, command = 'setup'): Opened {
	const left = Promise.withResolvers<Leaving>();
	const replaced = Promise.withResolvers<Route>();
	const wentBack = Promise.withResolvers<void>();
	const terminal = open(
		<View
			invocation={{command, mode: 'interactive', flags: {config: configuration, ...flags}, operands: []}}
			route={{view: 'setup'}}
			memory={new Map()}
			open={() => {}}
			replace={replaced.resolve}
			back={wentBack.resolve}
			leave={left.resolve}
		/>,
	);
	opened.push(terminal);
	const reaches = async (pattern: RegExp, ...chunks: readonly string[]): Promise<void> => {
		if (chunks.length > 0) await terminal.send(...chunks);
		const end = Date.now() + 60_000;
		while (!pattern.test(terminal.frame())) {
			if (Date.now() > end) assert.fail(`${String(pattern)}\n${terminal.frame()}`);
			await new Promise(resolve => setImmediate(resolve));
		}
	};
	return {...terminal, left: left.promise, replaced: replaced.promise, wentBack: wentBack.promise, reaches};
}

/** Enter after Enter up to the review. */
async function toReview(view: Opened): Promise<void> {
	await view.reaches(/none yet|Keep it/);
	for (const screen of [/step 2 of/, /❯ .*model\.json/, /❯ My own/, /pre\.sh/, /post\.sh/, /where they are/, /step 4 of/, /post-script get/, /pre-script tried/, /post-script tried/, /step 6/, /step 7/, /step 8/, /step 9/, /step 10.*[^]*must be/, /step 11.*[^]*Tonight/]) {
		await view.reaches(screen, bytes.enter);
	}
}

suite('the wizard with the machine, without a terminal', {skip: whyNotRoot(), timeout: 400_000}, () => {
	before(() => {
		process.env['QUIESCE_STATE_DIR'] = join(directory, 'state');
		for (const name of ['pre.sh', 'post.sh']) writeFileSync(join(directory, name), 'exit 0\n', {mode: 0o755});
		writeFileSync(model, JSON.stringify({preScriptLocation: join(directory, 'pre.sh'), postScriptLocation: join(directory, 'post.sh')}));
	});
	afterEach(() => {
		for (const terminal of opened.splice(0)) terminal.end();
	});
	after(() => {
		if (stateBefore === undefined) delete process.env['QUIESCE_STATE_DIR'];
		else process.env['QUIESCE_STATE_DIR'] = stateBefore;
		rmSync(directory, {recursive: true});
	});

	test('keys that come in one chunk answer one question, not the next ones', async () => {
		const view = openView();
		await view.reaches(/none yet/);
		await view.reaches(/step 2 of/, '\r\r\r\r\r');
		assert.match(view.frame(), /step 2 of/);
		view.end();
	});

	test('Esc on the first screen goes back to where one came from; where that is the shell, it says that nothing was changed', async () => {
		const view = openView({}, 'app');
		await view.reaches(/none yet/);
		await view.send('\u001B');
		await view.wentBack;
		assert.ok(!existsSync(draft));
		view.end();

		const alone = openView();
		await alone.reaches(/none yet/);
		await alone.send('\u001B');
		assert.deepEqual(await alone.left, {exitCode: 0, summary: 'Nothing was changed.'});
		assert.ok(!existsSync(draft));
		alone.end();
	});

	test('Ctrl-C keeps a draft, and says so; the next visit offers it', async () => {
		const view = openView({template: model});
		await toReview(view);
		await view.send(bytes.ctrlC);
		const {exitCode, summary} = await view.left;
		assert.equal(exitCode, 130);
		assert.match(summary ?? '', /^Nothing was changed\. What you entered is kept/);
		assert.ok(!existsSync(configuration));
		assert.equal(statSync(draft).mode & 0o777, 0o600);
		view.end();

		const again = openView();
		await again.reaches(/step 11, review/);
		await again.reaches(/step 11 of.*[^]*Tonight/, bytes.enter);
		again.end();
	});

	test('on a first visit in the app the home screen follows', async () => {
		rmSync(draft, {force: true});
		const view = openView({template: model, config: join(directory, 'first/own.json')}, 'app');
		await toReview(view);
		await view.reaches(/step 12 of/, bytes.enter);
		await view.reaches(/❯ No, that is all/, bytes.down);
		await view.send(bytes.enter);
		assert.deepEqual(await view.replaced, {view: 'home'});
	});

	test('written: the draft goes, the rehearsal begins at once, or what is left to do stays behind', async () => {
		rmSync(draft, {force: true});
		const view = openView({template: model});
		await toReview(view);
		await view.reaches(/step 12 of/, bytes.enter);
		assert.ok(existsSync(configuration));
		await view.send(bytes.enter);
		assert.deepEqual(await view.replaced, {view: 'cycle', asked: true});
		assert.ok(!existsSync(draft));
		view.end();

		const text = readFileSync(configuration, 'utf8');
		const again = openView({template: model});
		await again.reaches(/Start anew/);
		await again.send(bytes.up);
		await again.reaches(/❯ Keep it/);
		for (const screen of [/❯ The present/, /❯ My own/, /pre\.sh/, /post\.sh/, /where they are/, /step 4 of/, /post-script get/, /pre-script tried/, /post-script tried/, /step 6/, /step 7/, /step 8/, /step 9/, /step 10.*[^]*must be/, /nothing changes/]) await again.reaches(screen, bytes.enter);
		await again.reaches(/Nothing had to be changed/, bytes.enter);
		await again.reaches(/❯ No, that is all/, bytes.down);
		await again.send(bytes.enter);
		const {exitCode, summary} = await again.left;
		assert.equal(exitCode, 0);
		assert.match(summary ?? '', /Nothing had to be changed[^]*Left to do in Azure/);
		assert.equal(readFileSync(configuration, 'utf8'), text);
		assert.ok(!existsSync(draft), 'a visit that came to its end leaves no draft, though nothing was written');
		again.end();
	});
});
