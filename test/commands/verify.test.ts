import assert from 'node:assert/strict';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {VerifyResult} from '../../source/core/verification.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {plainEnvironment, run, start, type Ended, type Started} from '../support/process.js';
import {until} from '../support/scripts-lab.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {takeSnapshot} from '../support/snapshots.js';

suite('quiesce verify', {skip: firstReason(whyNoBundle(), whyNoSandbox(), whyNoLoopDisks('ext4'))}, () => {
	let disks: LoopDisks;
	let state: string;
	const environment = (): Record<string, string> => ({...plainEnvironment(), QUIESCE_STATE_DIR: state});
	const quiesce = async (...words: readonly string[]): Promise<Ended> => run(bundledQuiesce, ['verify', ...words], {env: environment()});
	const begin = (...words: readonly string[]): Started => start(bundledQuiesce, ['verify', ...words], {env: environment()});
	const loops = async (): Promise<readonly string[]> => (await run('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'])).stdout.split('\n').filter(line => line.includes(state));
	const left = (): readonly string[] => readdirSync(state).filter(name => name.startsWith('.verify-'));
	const take = async (name: string, more: Partial<Parameters<typeof takeSnapshot>[0]> = {}): Promise<string> => takeSnapshot({directory: join(state, 'snapshots', name), disks: disks.disks, ...more});

	before(async () => {
		state = mkdtempSync(join(tmpdir(), 'quiesce-verify-'));
		disks = await makeLoopDisks([{name: 'data', type: 'ext4', megabytes: 300}], {thawAfterSeconds: 200});
		mkdirSync(join(disks.disk('data').mount, 'files'));
		writeFileSync(join(disks.disk('data').mount, 'files/one'), 'x'.repeat(100_000));
		// Enough that a copy takes its time.
		writeFileSync(join(disks.disk('data').mount, 'files/much'), Buffer.alloc(150 * 1024 * 1024, 7));
	});
	after(async () => {
		await disks?.end();
		rmSync(state, {recursive: true, force: true});
	});

	test('restores: 0, in sentences and in JSON, and the history knows', async () => {
		await take('good', {applications: []});
		const plain = await quiesce('good');
		assert.equal(plain.exitCode, 0, plain.stdout + plain.stderr);
		assert.match(plain.stdout, /^✔ The snapshot restores: 1 filesystem\.$/m);
		assert.match(plain.stdout, /taken frozen/);
		const json = await quiesce('good', '--json');
		assert.equal(json.exitCode, 0);
		const result = JSON.parse(json.stdout) as VerifyResult;
		assert.deepEqual([result.result, result.snapshot.id, result.filesystems.length], ['restores', 'good', 1]);
		assert.match(readFileSync(join(state, 'history.jsonl'), 'utf8'), /"snapshot":"good","verified":"restores"/);
		// By its path as well, and by its record's.
		assert.equal((await quiesce(join(state, 'snapshots/good'))).exitCode, 0);
		assert.equal((await quiesce(join(state, 'snapshots/good/snapshot.json'))).exitCode, 0);
	});

	test('the pre-script failed: 4; damaged: 5; not there, or not said: 2', async () => {
		await take('crash', {outcome: 'crash-consistent', errors: [{name: 'Pre-ScriptTimeout', code: 308}]});
		const crash = await quiesce('crash');
		assert.equal(crash.exitCode, 4, crash.stdout);
		assert.match(crash.stdout, /▲ The snapshot restores, but the pre-script did not succeed in its cycle/);
		rmSync(join(await take('damaged'), 'data.img'));
		const damaged = await quiesce('damaged');
		assert.equal(damaged.exitCode, 5);
		assert.match(damaged.stdout, /✖ The snapshot does not restore: .*the image is missing/);
		const unknown = await quiesce('nothing');
		assert.equal(unknown.exitCode, 2);
		assert.match(unknown.stderr, /There is no snapshot "nothing"[\s\S]*quiesce verify good/);
		assert.equal((await quiesce()).exitCode, 2);
	});

	test('a signal ends it with its code, and nothing is left', async () => {
		for (const [signal, code] of [['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129]] as const) {
			const started = begin('good');
			await started.until('copying');
			started.kill(signal);
			const ended = await started.ended;
			assert.equal(ended.exitCode, code, ended.stdout + ended.stderr);
			assert.match(ended.stderr, new RegExp(`interrupted \\(${signal}\\)`));
			assert.deepEqual([await loops(), left()], [[], []]);
		}
	});

	test('kill -9 leaves nothing mounted or attached, and the next one sweeps', async () => {
		for (const word of ['copying', 'checking']) {
			const started = begin('good');
			await started.until(word);
			started.kill('SIGKILL');
			await started.ended;
			await until('no loop device is left', async () => (await loops()).length === 0);
			assert.equal(left().length, 1);
			assert.equal((await quiesce('good')).exitCode, 0);
			assert.deepEqual(left(), []);
			assert.ok(existsSync(join(state, 'snapshots/good/data.img')));
		}
	});

	test('too little space is said before anything is copied', async () => {
		const small = join(state, 'small');
		mkdirSync(small, {mode: 0o700});
		const inside = ['-m', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs -o size=100M,mode=700 small "$1" && QUIESCE_STATE_DIR="$1" exec "$2" verify "$3"', 'sh', small, bundledQuiesce, join(state, 'snapshots/good')];
		const ended = await run('unshare', inside, {env: environment()});
		assert.equal(ended.exitCode, 2, ended.stdout + ended.stderr);
		assert.match(ended.stderr, /A copy of the snapshot needs \d+ MB, and .+ has \d+ MB free/);
		assert.doesNotMatch(ended.stdout, /copying/);
	});
});
