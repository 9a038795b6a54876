import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {after, before, suite, test} from 'node:test';
import {readCycle, type CycleEnd} from '../support/cycle-lab.js';
import {makePrivateRoot, type PrivateRoot} from '../support/private-root.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {within} from '../../source/system/time.js';
import {kill, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import type {Ended, Started} from '../support/process.js';
import {eventually, stateOf} from '../system/guard-lab.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle(), whyNoProgram('pivot_root'), whyNoProgram('ldd'));
const settings = {
	pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};

suite('the root filesystem, with quiesce, its Node, its state and its scripts on it', {skip}, () => {
	let root: PrivateRoot;
	before(async () => {
		root = await makePrivateRoot({
			'/etc/azure/VMSnapshotScriptPluginConfig.json': {content: JSON.stringify(settings), mode: 0o600},
			'/etc/azure/pre.sh': {content: '#!/bin/sh\necho pre >>/root/notes\n', mode: 0o700},
			'/etc/azure/post.sh': {content: '#!/bin/sh\necho post >>/root/notes\n', mode: 0o700},
		});
	});
	after(async () => root.end());

	/** A cycle that does not end is thawed from outside, and the kernel is asked where it waits. */
	const mustEnd = async (started: Started): Promise<Ended> => {
		const ended = await within(started.ended, 40_000);
		if (ended !== undefined) return ended;
		const stacks = await root.stacks();
		await root.wasFrozen();
		throw new Error(`the cycle does not end:\n${started.output().stdout}\n${stacks}`);
	};
	const notes = (): string => readFileSync(root.inside('/root/notes'), 'utf8');
	const guardOf = (main: Started): number => {
		const guard = root.members().find(pid => readProcess(pid)?.parent === main.pid && textOf(`/proc/${pid}/cmdline`)?.includes('/guard.js'));
		assert.ok(guard !== undefined);
		return guard;
	};

	test('is frozen and thawed by a whole cycle', async () => {
		const cycle = root.startQuiesce(['cycle', '--json', '--mount', '/', '--hold', '1']);
		await cycle.until('"phase":"snapshot","state":"started"');
		const writer = root.start('/bin/sh', ['-c', 'echo x >/root/written']);
		await eventually(() => root.members().some(pid => stateOf(pid) === 'D'), 'a writer waits');
		const end: CycleEnd = readCycle(await mustEnd(cycle));
		assert.equal((await writer.ended).exitCode, 0);
		assert.equal(end.exitCode, 0, end.stdout);
		assert.deepEqual(end.result.mounts, ['/']);
		assert.ok(end.result.freezeWindowMs >= 1000 && end.result.freezeWindowMs < 5000, String(end.result.freezeWindowMs));
		assert.equal(notes(), 'pre\npost\n');
		assert.equal(await root.wasFrozen(), false);
		assert.match(readFileSync(root.inside('/var/lib/quiesce/history.jsonl'), 'utf8'), /application-consistent/);
	});

	for (const [who, victims] of [['the main process', ['main']], ['the guard', ['guard']], ['both', ['main', 'guard']]] as const) {
		test(`is thawed when ${who} is killed, and the post-script runs`, async () => {
			const before = notes();
			const cycle = root.startQuiesce(['cycle', '--json', '--mount', '/', '--hold', '30']);
			await cycle.until('"phase":"snapshot","state":"started"');
			const guard = guardOf(cycle);
			const writer = root.start('/bin/sh', ['-c', 'echo x >/root/written']);
			await eventually(() => root.members().some(pid => stateOf(pid) === 'D'), 'a writer waits');
			const struck = performance.now();
			for (const victim of victims) kill(victim === 'main' ? cycle.pid : guard);
			assert.equal((await writer.ended).exitCode, 0);
			const took = performance.now() - struck;
			assert.ok(took < 3000, `thawed after ${took} ms`);
			await mustEnd(cycle);
			await eventually(() => root.members().length === 0, 'all processes end');
			assert.equal(notes(), `${before}pre\npost\n`);
			assert.equal(await root.wasFrozen(), false);
			assert.equal(existsSync(root.inside('/var/lib/quiesce')) && root.members().length, 0);
		});
	}
});
