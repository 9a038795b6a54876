import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, existsSync, openSync, readFileSync, readlinkSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {suite, test} from 'node:test';
import {commandLineOf, membersOfNamespace} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {must, pidOf, plainEnvironment, run, signalTo, start} from '../support/process.js';
import {bundledQuiesce, makeSandbox, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox, whyNoTmux} from '../support/skip.js';
import {openTerminal} from '../support/terminal.js';

/** What a demo has made on this machine. */
type Traces = {
	readonly namespace: string;
	/** While it is open, no other namespace can get the number of this one. */
	readonly pin: number;
	/** Loop devices that are mounted there: `/dev/loop7`. */
	readonly loops: readonly string[];
};

function childrenOf(pid: number): readonly number[] {
	try {
		return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(word => word !== '').map(Number);
	} catch {
		return [];
	}
}

/** The laboratory of a demo that has told that it is ready. */
function tracesOf(demo: number): Traces {
	const keeper = [demo, ...childrenOf(demo)].flatMap(pid => childrenOf(pid)).find(pid => textOf(`/proc/${pid}/cmdline`)?.includes('laboratory.sh') === true);
	assert.ok(keeper !== undefined, 'the demo keeps a laboratory');
	const pin = openSync(`/proc/${keeper}/ns/mnt`, 'r');
	return {namespace: readlinkSync(`/proc/${keeper}/ns/mnt`), pin, loops: demoLoops(readFileSync(`/proc/${keeper}/mountinfo`, 'utf8'))};
}

/** The demo's disks among all mounts. */
function demoLoops(mounts: string): readonly string[] {
	return [...mounts.matchAll(/ \/\w+\/(?:vm-disk|host|snapshot) .* - \w+ (\/dev\/loop\d+) /g)].map(([, loop]) => loop!);
}

/**
 * Whatever ended the demo, soon nobody of it runs any more, and its disks are not mounted, so that their loop devices are free: nothing tells that of
 * processes that are not one's own.
 */
async function nothingIsLeft({namespace, pin}: Traces, peaceful: boolean): Promise<void> {
	const runs = (): readonly unknown[] => membersOfNamespace(namespace).map(pid => commandLineOf(pid));
	// Who was asked to end says that all is gone only when it is.
	if (peaceful) assert.deepEqual(runs(), []);
	await none(runs);
	const mounts = await must('nsenter', [`--mount=/proc/${process.pid}/fd/${pin}`, 'cat', '/proc/self/mountinfo']);
	assert.deepEqual(demoLoops(mounts), []);
	closeSync(pin);
}

async function none(look: () => readonly unknown[]): Promise<void> {
	const end = Date.now() + 60_000;
	for (let left = look(); left.length > 0; left = look()) {
		assert.ok(Date.now() < end, `left behind: ${JSON.stringify(left)}`);
		await delay(20);
	}
}

const skip = firstReason(whyNoSandbox(), whyNoLoopDisks('ext4'), whyNoBundle());

suite('the demo', {skip}, () => {
	test('without a terminal it plays by itself to its end, and leaves nothing', {timeout: 400_000}, async () => {
		const azure = existsSync('/etc/azure');
		const demo = start(bundledQuiesce, ['demo'], {env: {...plainEnvironment(), LC_ALL: 'C'}});
		await demo.until('has been made in memory');
		const traces = tracesOf(demo.pid);
		assert.ok(traces.loops.length > 0);
		const {exitCode, stdout, stderr} = await demo.ended;
		assert.deepEqual([exitCode, stderr], [0, '']);
		assert.match(stdout, /wrote \/etc\/azure\/VMSnapshotScriptPluginConfig\.json[^]*FROZEN[^]*Application-consistent snapshot\.[^]*e2fsck[^]*records 1 to (\d+) are\s+complete[^]*last one is record \1,[^]*has gone on after it/);
		assert.doesNotMatch(stdout, /^ {3}x /m);
		assert.match(stdout, /^[\n -~→]*$/, 'an ASCII terminal gets ASCII from the demo itself');
		await nothingIsLeft(traces, true);
		assert.equal(existsSync('/etc/azure'), azure);
	});

	test('at a terminal of 40 columns Enter leads through the wizard, a freeze that is seen, and into the snapshot', {skip: whyNoTmux(), timeout: 400_000}, async () => {
		const terminal = await openTerminal([bundledQuiesce, 'demo'], {columns: 40, rows: 24, env: plainEnvironment()});
		try {
			await terminal.shows('⏎ start');
			const traces = tracesOf(terminal.pid);
			for (const screen of [
				'none yet', 'step 2 of', /❯ .*template\.json/, '❯ My own', '/etc/ledger/pre.sh', '/etc/ledger/post.sh', /where they\s+are/, 'step 4 of', /parameters does the\s+post/,
				/pre-script tried/, /post-script tried/, 'step 6 of', 'step 7 of', 'step 8 of', 'step 9 of', /root 0755 → root 0700/, /Tonight's backup will be/, '❯ Yes, a live cycle', 'FROZEN',
			]) {
				await terminal.press('Enter');
				await terminal.shows(screen);
			}

			assert.equal(await terminal.exited(), 0);
			const history = await terminal.history();
			assert.match(history, /✔ Application-consistent snapshot[^]*opened as if to[^]*✔ the ledger itself has gone on[^]*\n The demo's disk, its mounts and its\n processes are gone again\.\n/);
			await nothingIsLeft(traces, true);
		} finally {
			await terminal.end();
		}
	});

	test('Ctrl-C at a terminal ends it wherever it is, and it clears away', {skip: whyNoTmux(), timeout: 400_000}, async () => {
		for (const [until, keys] of [['⏎ start', []], ['step 2 of', ['Enter', 'Enter']]] as const) {
			const terminal = await openTerminal([bundledQuiesce, 'demo'], {env: plainEnvironment()});
			try {
				await terminal.shows('⏎ start');
				const traces = tracesOf(terminal.pid);
				for (const [index, key] of keys.entries()) {
					await terminal.press(key);
					await terminal.shows(index === 0 ? 'none yet' : until);
				}

				await terminal.press('C-c');
				assert.equal(await terminal.exited(), 130, until);
				assert.match(await terminal.history(), /are gone again\./);
			await nothingIsLeft(traces, true);
			} finally {
				await terminal.end();
			}
		}
	});

	test('signals end it with their codes, kill -9 with nothing left, in the middle of whatever it does', {timeout: 400_000}, async () => {
		const cases: ReadonlyArray<readonly [NodeJS.Signals, string | RegExp, 'alone' | 'group', number | null]> = [
			['SIGTERM', 'has been made in memory', 'alone', 143],
			['SIGHUP', 'pre-script started', 'alone', 129],
			['SIGINT', 'pre-script started', 'group', 130],
			['SIGKILL', 'has been made in memory', 'alone', null],
			['SIGKILL', 'pre-script started', 'alone', null],
			['SIGKILL', /pre-script \|/, 'group', null],
		];
		for (const [signal, moment, whom, code] of cases) {
			const child = spawn(bundledQuiesce, ['demo'], {detached: true, stdio: ['ignore', 'pipe', 'ignore'], env: plainEnvironment()});
			const pid = pidOf(child);
			let traces: Traces | null = null;
			let text = '';
			const reached = new Promise<void>((resolve, reject) => {
				child.stdout.setEncoding('utf8').on('data', (part: string) => {
					text += part;
					if (traces === null && text.includes('has been made in memory')) traces = tracesOf(pid);
					if (typeof moment === 'string' ? text.includes(moment) : moment.test(text)) resolve();
				});
				child.once('close', () => reject(new Error(`ended before ${String(moment)}\n${text}`)));
			});
			await reached;
			const exited = once(child, 'exit');
			if (whom === 'group') process.kill(-pid, signal);
			else signalTo(pid, signal);
			const [exitCode, by] = await exited;
			assert.deepEqual([exitCode, by], code === null ? [null, 'SIGKILL'] : [code, null], `${signal} at ${String(moment)}`);
			await nothingIsLeft(traces!, code !== null);
		}
	});

	test('where it cannot run it says what to do', {skip: whyNoProgram('setpriv'), timeout: 400_000}, async () => {
		const sandbox = await makeSandbox();
		const user = await sandbox.quiesceAsNobody(['demo']);
		await sandbox.end();
		assert.deepEqual([user.exitCode, user.stdout], [6, '']);
		assert.match(user.stderr, /needs root\.\n {2}→ Run it as root/);
		const noLoops = await run('unshare', ['-m', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs none /dev && mknod /dev/null c 1 3 && exec "$0" demo', bundledQuiesce]);
		assert.deepEqual([noLoops.exitCode, noLoops.stdout], [2, '']);
		assert.match(noLoops.stderr, /no loop devices.*\n {2}→ Load the driver: modprobe loop/);
	});
});
