import assert from 'node:assert/strict';
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {after, before, suite, test} from 'node:test';
import {examineSnapshot, latestSnapshot, type CommandEnd} from '../../source/demo/examine.js';
import {openLaboratory, type Laboratory} from '../../source/demo/laboratory.js';
import {run as runHere} from '../support/process.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

suite('the demo\'s laboratory', {skip: firstReason(whyNoSandbox(), whyNoLoopDisks('ext4'))}, () => {
	let laboratory: Laboratory;
	const run = async (command: string, parameters: readonly string[]): Promise<CommandEnd> => {
		const end = await runHere(...laboratory.commandLine(command, parameters));
		return {exitCode: end.exitCode, output: end.stdout + end.stderr};
	};
	const script = async (path: string): Promise<CommandEnd> => run('sh', [path, laboratory.control]);
	/** Copies the disk while it is frozen, as the image provider does. The freeze and the thaw are one process, so that a failing test leaves nothing frozen. */
	const takeSnapshot = async (name: string): Promise<string> => {
		const directory = `${laboratory.state}/snapshots/${name}`;
		await run('mkdir', ['-p', directory]);
		const end = await run('sh', ['-c', 'fsfreeze -f "$1" && cp --reflink=auto "$1/../host/vm-disk.img" "$2/vm-disk.img"; fsfreeze -u "$1"', 'sh', laboratory.disk, directory]);
		assert.equal(end.exitCode, 0, end.output);
		writeFileSync(laboratory.inside(`${directory}/snapshot.json`), '{}\n');
		return directory;
	};

	before(async () => {
		laboratory = await openLaboratory();
	});
	after(async () => laboratory.end());

	test('the scripts hold the ledger and let it go', async () => {
		const records = (): string => readFileSync(laboratory.inside(`${laboratory.disk}/ledger/records`), 'utf8');
		const held = await script(laboratory.preScript);
		assert.match(held.output, /^ledger: record \d+ is complete, holding for 30 s at most\n$/);
		const before = records();
		assert.match(before, /end\n$/);
		// Held twice is held once, and still at the same record.
		assert.equal((await script(laboratory.preScript)).output, held.output);
		const released = await script(laboratory.postScript);
		assert.equal(released.exitCode, 0, released.output);
		assert.equal(records().startsWith(before), true);
		// Nobody holds it: a snapshot since it went on by itself would not be worth much.
		const again = await script(laboratory.postScript);
		assert.deepEqual([again.exitCode, again.output], [1, 'ledger: was not held any more\n']);
	});

	test('a snapshot of the held ledger is complete', async () => {
		assert.equal((await script(laboratory.preScript)).exitCode, 0);
		const path = await takeSnapshot('1-held');
		assert.equal((await script(laboratory.postScript)).exitCode, 0);
		assert.equal(latestSnapshot(laboratory), path);
		const observations = await examineSnapshot(laboratory, path, run);
		assert.equal(observations.length, 5);
		assert.deepEqual(observations.filter(({fine}) => !fine), []);
	});

	test('a snapshot of the ledger at work is found out', async () => {
		// Four fifths of its time a record is half written: one of a few tries finds it so.
		for (let attempt = 1; attempt <= 20; attempt++) {
			const observations = await examineSnapshot(laboratory, await takeSnapshot(`2-free-${attempt}`), run);
			const bad = observations.filter(({fine}) => !fine).map(({sentence}) => sentence);
			if (bad.some(sentence => /^the ledger's records 1 to \d+ are complete, but record \d+ is cut in half/.test(sentence))) return;
		}
		assert.fail('no snapshot cut a record in half');
	});

	test('its end ends nobody in a namespace that is made meanwhile, and may have got the same number', async () => {
		for (let round = 1; round <= 3; round++) {
			const one = await openLaboratory();
			const others: ChildProcess[] = [];
			let ended = false;
			const end = one.end().finally(() => {
				ended = true;
			});
			const crowd = async (): Promise<void> => {
				if (ended) return;
				const other = spawn('unshare', ['-m', 'sh', '-c', 'echo ready; exec cat'], {stdio: ['pipe', 'pipe', 'inherit']});
				others.push(other);
				await once(other.stdout, 'data');
				await crowd();
			};
			await crowd();
			await end;
			const killed = others.filter(({signalCode, exitCode}) => signalCode !== null || exitCode !== null).length;
			await Promise.all(others.map(async other => {
				const closed = other.exitCode === null && other.signalCode === null ? once(other, 'close') : null;
				other.stdin?.end();
				await closed;
			}));
			assert.equal(killed, 0, `of ${others.length}`);
		}
	});
});
