import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {CycleResult} from '../../source/core/cycle-events.js';
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

	test('interrupted as soon as the cycle is over, the verification ends, the snapshot stays, and the result is the last line', async () => {
		for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
			const started = lab.start(['--snapshot', 'image', '--verify']);
			await started.until('"phase":"post-script","state":"succeeded"');
			started.kill(signal);
			const ended = await started.ended;
			assert.equal(ended.exitCode, code, ended.stdout + ended.stderr);
			const result = JSON.parse(ended.stdout.trim().split('\n').at(-1)!) as CycleResult;
			assert.equal(result.event, 'result');
			assert.ok(existsSync(result.snapshot?.path ?? ''));
			assert.deepEqual(readdirSync(lab.sandbox.stateDirectory).filter(name => name.startsWith('.verify-')), []);
		}
	});

	test('a copy that does not restore: 5, whatever the cycle came to, and the history knows', async () => {
		const [mount = ''] = lab.disks.mounts;
		await lab.sandbox.must('sh', ['-e', '-c', 'echo x >"$2/file"; umount "$2"; debugfs -w -R "sif /file links_count 7" "$1"; mount "$1" "$2"', 'sh', lab.disks.disks[0]!.device, mount]);
		const ended = await lab.cycle(['--snapshot', 'image', '--verify']);
		assert.equal(ended.exitCode, 5, ended.stdout);
		assert.equal(ended.result.outcome, 'application-consistent');
		assert.match(ended.stdout, /"event":"verification".*"result":"does-not-restore".*ref count is 7/);
		const {id = ''} = ended.result.snapshot ?? {};
		assert.match(readFileSync(join(lab.sandbox.stateDirectory, 'history.jsonl'), 'utf8'), new RegExp(`"snapshot":"${id}","verified":"does-not-restore"`));
	});

	test('without a snapshot there is nothing to verify: 2, and no cycle', async () => {
		const ended = await lab.sandbox.quiesce(lab.arguments(['--verify']));
		assert.equal(ended.exitCode, 2);
		assert.match(ended.stderr, /A rehearsal keeps nothing that could be verified/);
		assert.doesNotMatch(ended.stdout, /"event":"phase"/);
	});
});
