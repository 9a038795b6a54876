import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, afterEach, before, beforeEach, suite, test} from 'node:test';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {bundledQuiesce, makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal, type Terminal, type TerminalOptions} from '../support/terminal.js';
import {signalTo} from '../support/process.js';

const skip = firstReason(whyNoSandbox(), whyNoBundle(), whyNoTmux(), whyNoLoopDisks('ext4', 'xfs'));
const configuration = {
	pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 1, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};

suite('the live cycle on a screen', {skip}, () => {
	let sandbox: Sandbox;
	let disks: LoopDisks;
	let terminal: Terminal | undefined;
	before(async () => {
		sandbox = await makeSandbox();
		disks = await makeLoopDisks([{name: 'data', type: 'ext4'}, {name: 'db', type: 'xfs'}], {sandbox, thawAfterSeconds: 300});
	});
	beforeEach(() => {
		sandbox.put({path: '/etc/azure/VMSnapshotScriptPluginConfig.json', content: JSON.stringify(configuration)});
		script('pre', 'echo "ledger: held"');
		script('post', 'echo "ledger: goes on"; echo "post" >>"$0.ran"');
		sandbox.put({path: '/etc/azure/post.sh.ran', content: ''});
	});
	afterEach(async () => {
		await terminal?.end();
		terminal = undefined;
		await disks.thaw();
	});
	after(async () => {
		await disks?.end();
		await sandbox?.end();
	});

	const script = (name: string, body: string): void => sandbox.put({path: `/etc/azure/${name}.sh`, content: `#!/bin/sh\n${body}\n`, mode: 0o700});
	const start = async (words: readonly string[], options: TerminalOptions = {}): Promise<Terminal> => {
		terminal = await openTerminal(sandbox.commandLine(bundledQuiesce, [...words, ...disks.mounts.flatMap(mount => ['--mount', mount])]), {...options, env: {...sandbox.environment, ...options.env}});
		return terminal;
	};
	const posts = (): number => readFileSync(sandbox.inside('/etc/azure/post.sh.ran'), 'utf8').split('\n').length - 1;
	const nothingFrozen = async (): Promise<void> => {
		for (const name of ['data', 'db']) assert.equal(await disks.wasFrozen(name), false, name);
	};

	test('phases, the line of the freeze, mounts and output; a summary stays, with the exit code of the outcome', async () => {
		const screen = await start(['cycle', '--hold', '3']);
		const frozen = await screen.shows(/snapshot +rehearsal[^]*❄ FROZEN +\d/);
		assert.match(frozen, /^ quiesce · live cycle/);
		assert.match(frozen, /✔ check .*\n.*✔ pre-script +pre\.sh/);
		assert.match(frozen, /❄ freeze/);
		assert.match(frozen, /. snapshot +rehearsal/);
		assert.match(frozen, /○ thaw\n.*○ post-script/);
		assert.match(frozen, /thaws by itself in +\d+\.\d s/);
		assert.match(frozen, /application held \d/);
		assert.match(frozen, /❄ .*data +frozen/);
		assert.match(frozen, /│ ledger: held/);
		assert.match(frozen, /ctrl-c abort: thaw, run the post-script, stop/);
		assert.match(await screen.styled(), /\u001B\[[\d;]*7[;m][^\n]*FROZEN/, 'inverse');
		assert.equal(await screen.exited(), 0);
		const left = await screen.screen();
		assert.match(left, /✔ Application-consistent rehearsal in \d/);
		assert.match(left, /frozen (?:[3-9]|\d\d+)\.\d s · application held (?:[3-9]|\d\d+)\.\d s/);
		assert.match(left, /in Azure {3}application-consistent as well/);
		assert.equal(posts(), 1);
		await nothingFrozen();
	});

	test('who waits for the frozen filesystems is counted', async () => {
		const screen = await start(['cycle', '--hold', '6']);
		await screen.shows('FROZEN');
		const writers = ['data', 'db'].map(name => sandbox.start('sh', ['-c', `echo x >${disks.disk(name).mount}/written`]));
		await screen.shows(/[2-9] processes waiting/);
		assert.equal(await screen.exited(), 0);
		for (const writer of writers) assert.equal((await writer.ended).exitCode, 0);
	});

	test('at 40 columns, and through a change of size in the middle of a freeze, without ghosts', async () => {
		const screen = await start(['cycle', '--hold', '4'], {columns: 100, rows: 30});
		await screen.shows('FROZEN');
		await screen.resize(40, 24);
		const narrow = await screen.until('laid out anew', text => text.split('\n').every(line => line.length <= 40) && /live cycle[^]*FROZEN +\d\.\d+ s +thaws in +\d/.test(text));
		assert.equal(narrow.match(/FROZEN/g)?.length, 1);
		assert.equal(narrow.match(/live cycle/g)?.length, 1);
		await screen.resize(80, 24);
		const wide = await screen.shows(/FROZEN .*thaws by itself/);
		assert.equal(wide.match(/pre-script/g)?.length, 1, wide);
		assert.equal(wide.match(/FROZEN/g)?.length, 1, wide);
		assert.equal(await screen.exited(), 0);
	});

	test('ctrl-c in the middle of a freeze thaws, runs the post-script once, and says so', async () => {
		const screen = await start(['cycle', '--hold', '30']);
		await screen.shows('FROZEN');
		await screen.press('C-c');
		assert.equal(await screen.exited(), 130);
		assert.match(await screen.screen(), /✖ The cycle was interrupted after .*: everything is thawed, and\s+nothing\s+is\s+held/);
		assert.equal(posts(), 1);
		await nothingFrozen();
	});

	test('a terminal that is closed ends the cycle the same way', async () => {
		const screen = await start(['cycle', '--hold', '30']);
		await screen.shows('FROZEN');
		await screen.end();
		terminal = undefined;
		// The post-script's line arrives when quiesce has noticed the hang-up; the journal is gone when it has finished.
		await sandbox.must('sh', ['-c', 'for i in $(seq 600); do [ -s /etc/azure/post.sh.ran ] && [ -z "$(ls "$QUIESCE_STATE_DIR"/*.journal 2>/dev/null)" ] && exit 0; sleep 0.05; done; exit 1']);
		assert.equal(posts(), 1);
		await nothingFrozen();
	});

	test('a terminal that takes no more output holds up nothing', async () => {
		script('pre', 'while [ ! -e /etc/azure/go ]; do sleep 0.05; done; i=0; while [ $i -lt 500 ]; do echo "line $i of so many, each of them so long, that together they fill what a terminal takes before it is read"; i=$((i+1)); sleep 0.01; done');
		const screen = await start(['cycle', '--hold', '1'], {columns: 120, rows: 50});
		await screen.shows(/pre-script +pre\.sh/);
		// The server of the terminal stands still, so that nobody reads what quiesce writes.
		const server = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${screen.pid}/status`, 'utf8'))?.[1]);
		signalTo(server, 'SIGSTOP');
		try {
			sandbox.put({path: '/etc/azure/go', content: ''});
			await sandbox.must('sh', ['-c', 'for i in $(seq 500); do [ -s /etc/azure/post.sh.ran ] && exit 0; sleep 0.05; done; echo "the cycle stands still" >&2; exit 1']);
		} finally {
			signalTo(server, 'SIGCONT');
		}
		assert.equal(await screen.exited(), 0);
		assert.match(await screen.screen(), /Application-consistent rehearsal in/);
	});

	test('a failed pre-script is explained, and a retry is seen', async () => {
		script('pre', 'echo "cannot reach the ledger" >&2; exit 3');
		const screen = await start(['cycle']);
		assert.equal(await screen.exited(), 4);
		const left = await screen.screen();
		assert.match(left, /▲ File-system consistent rehearsal in .*, not application-consistent/);
		assert.match(left, /✖ Pre-ScriptExecutionFailed \(300\): The pre-script ended with an exit code/);
		assert.match(left, /→ Read the log/);
		assert.equal(posts(), 1);
	});

	test('where another cycle holds the lock it is said, with the exit code', async () => {
		const first = sandbox.startQuiesce(['cycle', '--hold', '20', ...disks.mounts.flatMap(mount => ['--mount', mount])]);
		await first.until('FROZEN');
		const screen = await start(['cycle']);
		assert.equal(await screen.exited(), 7);
		assert.match(await screen.screen(), /quiesce: Another cycle, or a backup by Azure, is under way/);
		first.kill('SIGINT');
		assert.equal((await first.ended).exitCode, 130);
	});

	test('while it waits for the lock it says for whom, and ctrl-c leaves at once', async () => {
		const first = sandbox.startQuiesce(['cycle', '--hold', '50', ...disks.mounts.flatMap(mount => ['--mount', mount])]);
		await first.until('FROZEN');
		const screen = await start(['cycle', '--wait', '300']);
		assert.match(await screen.shows('is under way'), /process \d+[^]*holds the lock[^]*ctrl-c +leave, nothing has been done/);
		await screen.press('C-c');
		assert.equal(await screen.exited(), 130);
		assert.match(await screen.screen(), /interrupted/);
		assert.equal(posts(), 0);
		first.kill('SIGINT');
		assert.equal((await first.ended).exitCode, 130);
	});

	test('from the app it says first what it will do, and Enter starts', async () => {
		const screen = await start([]);
		await screen.shows('Run a live cycle');
		await screen.press('c');
		const asks = await screen.shows('A live cycle now');
		assert.match(asks, /Freezes .*data +ext4\n.*db +xfs/);
		assert.match(asks, /Thaws +by itself after 60 s/);
		assert.equal(posts(), 0);
		await screen.press('Enter');
		await screen.shows('Application-consistent rehearsal');
		assert.equal(posts(), 1);
		await screen.press('Enter');
		await screen.shows(/Last cycle +✔ just now/);
		await screen.press('q');
		assert.equal(await screen.exited(), 0);
	});

	test('without a terminal for Unicode or colours nothing needs them', async () => {
		const screen = await start(['cycle', '--hold', '2'], {env: {LANG: 'C', LC_ALL: 'C', NO_COLOR: '1'}});
		const frozen = await screen.shows(/FROZEN +\d/);
		assert.match(frozen, /^[\n -~]*$/);
		assert.doesNotMatch(await screen.styled(), /\u001B\[(?:\d+;)*(?:3[0-7]|9[0-7])[;m]/);
		assert.equal(await screen.exited(), 0);
		assert.match(await screen.screen(), /ok Application-consistent rehearsal/);
	});
});
