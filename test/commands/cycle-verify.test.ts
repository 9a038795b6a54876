import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {VerifyResult} from '../../source/core/verification.js';
import {makeCycleLab, type CycleLab} from '../support/cycle-lab.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

suite('quiesce cycle --verify', {skip: firstReason(whyNoBundle(), whyNoSandbox(), whyNoLoopDisks('ext4'))}, () => {
	let lab: CycleLab;
	before(async () => {
		lab = await makeCycleLab();
	});
	after(async () => lab?.end());

	test('proves the snapshot; in JSON the result is still the last line', async () => {
		const ended = await lab.cycle(['--snapshot', 'image', '--verify']);
		assert.equal(ended.exitCode, 0, ended.stdout + ended.stderr);
		const [proof, result] = (ended.json() as {event: string}[]).slice(-2) as unknown as [VerifyResult & {event: string; at: string}, {event: string}];
		assert.deepEqual([proof.event, proof.result, proof.snapshot.path, result.event], ['verification', 'restores', ended.result.snapshot?.path, 'result']);
		assert.match(readFileSync(join(lab.sandbox.stateDirectory, 'history.jsonl'), 'utf8'), /"verified":"restores"/);
		const plain = await lab.sandbox.quiesce(lab.arguments(['--snapshot', 'image', '--verify']).filter(word => word !== '--json'));
		assert.equal(plain.exitCode, 0, plain.stdout + plain.stderr);
		assert.match(plain.stdout, /^✔ The snapshot restores: 1 filesystem\.$/m);
	});

	test('a snapshot without what the pre-script holds: 4', async () => {
		lab.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o700, content: '#!/bin/sh\nexit 1\n'});
		const ended = await lab.cycle(['--snapshot', 'image', '--verify']);
		assert.equal(ended.exitCode, 4, ended.stdout);
		assert.match(ended.stdout, /"event":"verification".*"result":"restores-without-the-mark"/);
		writeFileSync(lab.sandbox.inside('/etc/azure/pre.sh'), '#!/bin/sh\n');
	});

	test('an application that the pre-script says it holds must be in the snapshot', async () => {
		lab.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o700, content: '#!/bin/sh\n: mark application=redis "position=1"\n'});
		const ended = await lab.cycle(['--snapshot', 'image', '--verify']);
		assert.equal(ended.exitCode, 5, ended.stdout);
		assert.match(ended.stdout, /redis: the cycle held it, and there is no data of it in the snapshot/);
		writeFileSync(lab.sandbox.inside('/etc/azure/pre.sh'), '#!/bin/sh\n');
	});

	test('without a snapshot there is nothing to verify: 2, and no cycle', async () => {
		const ended = await lab.sandbox.quiesce(lab.arguments(['--verify']));
		assert.equal(ended.exitCode, 2);
		assert.match(ended.stderr, /A rehearsal keeps nothing that could be verified/);
		assert.doesNotMatch(ended.stdout, /"event":"phase"/);
	});
});
