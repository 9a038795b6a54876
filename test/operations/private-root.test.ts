import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, suite, test} from 'node:test';
import {readCycle, type CycleEnd} from '../support/cycle-lab.js';
import {makePrivateRoot, type PrivateRoot} from '../support/private-root.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {within} from '../../source/system/time.js';
import {kill, readProcess} from '../../source/system/processes.js';
import {entriesOf, textOf} from '../../source/system/pseudo-files.js';
import {signalTo, type Ended, type Started} from '../support/process.js';
import {eventually, stateOf} from '../system/guard-lab.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle(), whyNoProgram('pivot_root'), whyNoProgram('ldd'));
const settings = {
	pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};

for (const type of ['ext4', 'xfs'] as const) {
	suite(`the root filesystem (${type}), with quiesce, its Node, its state and its scripts on it`, {skip: firstReason(skip, whyNoLoopDisks(type))}, () => {
		let root: PrivateRoot;
		before(async () => {
			root = await makePrivateRoot(type, {
				'/etc/azure/VMSnapshotScriptPluginConfig.json': {content: JSON.stringify(settings), mode: 0o600},
				'/etc/azure/pre.sh': {content: '#!/bin/sh\necho pre >>/root/notes\n', mode: 0o700},
				'/etc/azure/post.sh': {content: '#!/bin/sh\necho post >>/root/notes\n', mode: 0o700},
			});
		});
		after(async () => root.end());

		/** What does not end is thawed from outside, and the kernel is asked where it waits. */
		const mustEnd = async (started: Started): Promise<Ended> => {
			const ended = await within(started.ended, 120_000);
			if (ended !== undefined) return ended;
			const stacks = await root.stacks();
			await root.wasFrozen();
			throw new Error(`it does not end:\n${started.output().stdout}\n${stacks}`);
		};
		const notes = (): string => readFileSync(root.inside('/root/notes'), 'utf8');
		const helperOf = (parent: number, word: string): number => {
			const found = root.members().find(pid => readProcess(pid)?.parent === parent && textOf(`/proc/${pid}/cmdline`)?.includes(word));
			assert.ok(found !== undefined, `no ${word}`);
			return found;
		};
		/** A cycle that holds `/` frozen, and somebody who waits to write there. */
		const frozen = async (seconds: number): Promise<{readonly cycle: Started; readonly writer: Started}> => {
			const cycle = root.startQuiesce(['cycle', '--json', '--mount', '/', '--hold', String(seconds)]);
			await cycle.until('"phase":"snapshot","state":"started"');
			const writer = root.start('/bin/sh', ['-c', 'echo x >/root/written']);
			await eventually(() => root.members().some(pid => stateOf(pid) === 'D'), 'a writer waits');
			return {cycle, writer};
		};

		test('is frozen and thawed by a whole cycle, and nobody but the writer waits for it meanwhile', async () => {
			const {cycle, writer} = await frozen(2);
			const waited = new Set<string>();
			const since = new Map<string, number>();
			const looking = setInterval(() => {
				const now = performance.now();
				for (const pid of root.members().filter(pid => pid !== writer.pid)) {
					for (const task of entriesOf(`/proc/${pid}/task`)) {
						const place = textOf(`/proc/${pid}/task/${task}/wchan`) ?? '';
						// Control groups and memory maps use the same kinds of locks, for an instant; who waits for the filesystem waits for the thaw.
						if (!/rwsem|sb_start/.test(place)) since.delete(task);
						else if (now - (since.get(task) ?? now) > 500) waited.add(`${textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ')}: ${place}`);
						else since.set(task, since.get(task) ?? now);
					}
				}
			}, 10);
			const end: CycleEnd = readCycle(await mustEnd(cycle));
			clearInterval(looking);
			assert.equal((await writer.ended).exitCode, 0);
			assert.deepEqual([...waited], []);
			assert.equal(end.exitCode, 0, end.stdout);
			assert.deepEqual(end.result.mounts, ['/']);
			assert.ok(end.result.freezeWindowMs >= 2000 && end.result.freezeWindowMs < 15_000, String(end.result.freezeWindowMs));
			assert.equal(notes(), 'pre\npost\n');
			assert.equal(await root.wasFrozen(), false);
			assert.match(readFileSync(root.inside('/var/lib/quiesce/history.jsonl'), 'utf8'), /application-consistent/);
		});

		for (const [who, victims] of [['the main process', ['main']], ['the guard', ['guard']], ['both', ['main', 'guard']]] as const) {
			test(`is thawed after a kill -9 of ${who}, and the post-script runs`, async () => {
				const before = notes();
				const {cycle, writer} = await frozen(30);
				const guard = helperOf(cycle.pid, '/guard.js');
				const struck = performance.now();
				for (const victim of victims) kill(victim === 'main' ? cycle.pid : guard);
				assert.equal((await writer.ended).exitCode, 0);
				const took = performance.now() - struck;
				assert.ok(took < 15_000, `thawed after ${took} ms`);
				await mustEnd(cycle);
				await eventually(() => root.members().length === 0, 'all processes end');
				assert.equal(notes(), `${before}pre\npost\n`);
				assert.equal(await root.wasFrozen(), false);
			});
		}

		test('is thawed where somebody else has frozen it, and quiesce thaw is told to', async () => {
			assert.equal((await root.start('/bin/fsfreeze', ['-f', '/']).ended).exitCode, 0);
			const end = await mustEnd(root.startQuiesce(['thaw', '--yes', '/']));
			assert.deepEqual([end.exitCode, end.stdout], [0, 'Thawed /: it was frozen.\n']);
			assert.equal(await root.wasFrozen(), false);
		});

		test('is thawed by quiesce thaw, which lies on it itself, after a kill -9 of all three, and the post-script runs', async () => {
			const before = notes();
			const {cycle, writer} = await frozen(50);
			const guard = helperOf(cycle.pid, '/guard.js');
			const all = [helperOf(guard, 'quiesce-third-line'), guard, cycle.pid];
			for (const pid of all) signalTo(pid, 'SIGSTOP');
			for (const pid of all) kill(pid);
			await cycle.ended;
			assert.equal(stateOf(writer.pid), 'D');
			const end = await mustEnd(root.startQuiesce(['thaw']));
			assert.equal(end.exitCode, 0, end.stderr);
			assert.match(end.stdout, /Thawed \/: it was frozen[^]*post\.sh: it succeeded/);
			assert.equal((await writer.ended).exitCode, 0);
			assert.equal(notes(), `${before}pre\npost\n`);
			assert.equal(await root.wasFrozen(), false);
			await eventually(() => root.members().length === 0, 'all processes end');
		});
	});
}
