import assert from 'node:assert/strict';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {VerifyResult} from '../../source/core/verification.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {markProcess, processIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {must, plainEnvironment, run, start, type Ended, type Started} from '../support/process.js';
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

	test('SIGUSR1 opens no debugger of a process of root', async () => {
		const started = begin('good');
		await started.until('copying');
		started.kill('SIGUSR1');
		const ended = await started.ended;
		assert.equal(ended.exitCode, 0, ended.stdout + ended.stderr);
		assert.doesNotMatch(ended.stderr, /[Dd]ebugger/);
	});

	test('kill -9 leaves nothing mounted or attached, and the next one sweeps', async () => {
		for (const word of ['copying', 'checking']) {
			const started = begin('good');
			await started.until(word);
			started.kill('SIGKILL');
			await started.ended;
			await until('no loop device is left', async () => (await loops()).length === 0);
			assert.equal(left().length, 1);
			// What took space is gone already, with nobody's doing.
			await until('no copy is left', async () => left().every(name => readdirSync(join(state, name)).every(one => one === 'mount')));
			assert.equal((await quiesce('good')).exitCode, 0);
			assert.deepEqual(left(), []);
			assert.ok(existsSync(join(state, 'snapshots/good/data.img')));
		}
	});

	test('what is killed from outside says nothing about the snapshot: 2', async () => {
		// A check that takes as long as the test needs.
		const bin = join(state, 'bin');
		mkdirSync(bin);
		writeFileSync(join(bin, 'e2fsck'), `#!/bin/sh\nexec ${join(bin, 'long-check')} 300\n`, {mode: 0o755});
		const slow = ['-m', '--propagation', 'private', 'sh', '-c', 'cp "$(command -v sleep)" "$1/long-check"; mount --bind "$1/e2fsck" "$(command -v e2fsck)"; exec "$2" verify good', 'sh', bin, bundledQuiesce];
		const check = (): number | undefined => processIds().find(pid => (textOf(`/proc/${pid}/cmdline`) ?? '').startsWith(join(bin, 'long-check')));
		const child = (of: number | undefined, name: string): number | undefined => processIds().map(readProcess).find(found => found?.parent === of && found?.name === name)?.pid;
		for (const victim of ['check', 'unshare', 'sh'] as const) {
			const started = start('unshare', slow, {env: environment()});
			await until('the check runs', async () => Promise.resolve(check() !== undefined));
			const keeper = child(started.pid, 'unshare');
			const pid = victim === 'check' ? check() : victim === 'unshare' ? keeper : child(keeper, 'sh');
			assert.ok(pid !== undefined, victim);
			process.kill(pid, 'SIGKILL');
			const ended = await started.ended;
			assert.equal(ended.exitCode, 2, `${victim}: ${ended.stdout}${ended.stderr}`);
			assert.match(ended.stderr, /Something outside has killed .+, so that nothing can be said about the snapshot/, victim);
			await until('no loop device is left', async () => (await loops()).length === 0);
			assert.deepEqual(left(), []);
		}
	});

	test('loop devices of one that is dead are let go by the next, those of a living one are not', async () => {
		const attach = async (mark: string): Promise<string> => {
			const place = join(state, `.verify-${mark}`);
			mkdirSync(place);
			writeFileSync(join(place, '0-data.img'), Buffer.alloc(1024 * 1024));
			const device = (await must('losetup', ['--find', '--show', join(place, '0-data.img')])).trim();
			rmSync(join(place, '0-data.img'));
			return device;
		};
		const {pid, start: began} = markProcess(process.pid);
		const devices = [await attach(`${pid}-${began}`), await attach(`${pid}-1`)];
		try {
			assert.equal((await quiesce('good')).exitCode, 0);
			await until('the dead one\'s is let go', async () => (await loops()).length === 1);
			assert.match((await loops())[0]!, new RegExp(`verify-${pid}-${began}/`));
			assert.deepEqual(left(), [`.verify-${pid}-${began}`]);
		} finally {
			for (const device of devices) await run('losetup', ['--detach', device]);
			for (const name of left()) rmSync(join(state, name), {recursive: true});
		}
	});

	test('no loop device, no place to write, a link that leads nowhere, a snapshot of a newer quiesce: 2, with a sentence', async () => {
		const within = async (prepare: string): Promise<Ended> => run('unshare', ['-m', '--propagation', 'private', 'sh', '-e', '-c', `${prepare}; exec "$2" verify good`, 'sh', state, bundledQuiesce], {env: environment()});
		const withoutLoops = await within('mount --bind /dev /mnt; mount -t tmpfs dev /dev; for name in null zero full random urandom tty; do touch /dev/$name; mount --bind /mnt/$name /dev/$name; done; umount -l /mnt');
		assert.equal(withoutLoops.exitCode, 2, withoutLoops.stdout + withoutLoops.stderr);
		assert.match(withoutLoops.stderr, /No loop device could be had for the copy/);
		const readOnly = await within('mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"');
		assert.equal(readOnly.exitCode, 2, readOnly.stdout + readOnly.stderr);
		assert.match(readOnly.stderr, /No copy can be made in .+: its filesystem is mounted read-only/);
		symlinkSync('/nothing/there', join(state, 'snapshots/astray'));
		const astray = await quiesce('astray');
		assert.equal(astray.exitCode, 2, astray.stderr);
		assert.match(astray.stderr, /There is no snapshot "astray": it is a symbolic link that leads nowhere/);
		const record = join(await take('newer'), 'snapshot.json');
		writeFileSync(record, readFileSync(record, 'utf8').replace('"version":1', '"version":2'));
		const newer = await quiesce('newer');
		assert.equal(newer.exitCode, 2, newer.stderr);
		assert.match(newer.stderr, /cannot be verified by this quiesce/);
		rmSync(record);
		symlinkSync('../good/snapshot.json', record);
		const linked = await quiesce('newer');
		assert.equal(linked.exitCode, 2, linked.stderr);
		assert.match(linked.stderr, /its snapshot\.json is not a regular file/);
		// What is suggested can be verified.
		assert.doesNotMatch(linked.stderr, /verify (?:newer|astray)/);
		assert.deepEqual([await loops(), left()], [[], []]);
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
