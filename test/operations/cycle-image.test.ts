import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {suite, test, type TestContext} from 'node:test';
import {makeCycleLab, readCycle, type CycleLab, type LabOptions} from '../support/cycle-lab.js';
import {run} from '../support/process.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {whyNoBundle} from '../support/sandbox.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());

async function lab(context: TestContext, options: LabOptions = {}): Promise<CycleLab> {
	const made = await makeCycleLab(options);
	context.after(async () => made.end());
	return made;
}

type Mark = {readonly outcome: string; readonly interrupted?: string; readonly disks: readonly {readonly image: string; readonly mount: string; readonly type: string; readonly sourceImage: string}[]};
const mark = (path: string): Mark => JSON.parse(readFileSync(`${path}/snapshot.json`, 'utf8')) as Mark;
const snapshots = ({sandbox}: CycleLab): readonly string[] => readdirSync(`${sandbox.stateDirectory}/snapshots`);
const store = {name: 'store', type: 'ext4', megabytes: 256} as const;

/** A cycle over one disk, whose snapshots go to another one, so that no blocks can be shared and every byte is copied. */
async function elsewhere(context: TestContext, options: LabOptions = {}): Promise<{readonly one: CycleLab; readonly start: (more?: readonly string[]) => ReturnType<CycleLab['start']>; readonly directory: string}> {
	const one = await lab(context, {disks: [{name: 'data', type: 'ext4', megabytes: 256}, store], ...options});
	const data = one.disks.disk('data').mount;
	await one.sandbox.must('sh', ['-c', 'head -c 150000000 /dev/urandom >"$1/file" && sync "$1/file"', 'sh', data]);
	const directory = `${one.disks.disk('store').mount}/state`;
	return {
		one, directory: `${directory}/snapshots`,
		start: (more = []) => one.sandbox.startQuiesce(['cycle', '--json', '--snapshot', 'image', '--mount', data, ...more], {env: {...one.sandbox.environment, QUIESCE_STATE_DIR: directory}}),
	};
}

suite('snapshots of image files', {skip, concurrency: 2}, () => {
	test('of every filesystem that is frozen, copied together: each is whole, clean, and holds what was written before', {skip: whyNoLoopDisks('ext3', 'ext4', 'xfs', 'btrfs')}, async context => {
		const types = ['ext3', 'ext4', 'xfs', 'btrfs'] as const;
		const one = await lab(context, {disks: types.map(type => ({name: type, type})), pre: 'for mount; do echo "precious $mount" >"$mount/file"; done; note pre'});
		one.configure({preScriptParams: one.disks.mounts});
		const end = await one.cycle(['--snapshot', 'image']);
		assert.equal(end.exitCode, 0, end.stdout);
		const {path = ''} = end.result.snapshot ?? {};
		assert.deepEqual(readdirSync(path).toSorted(), ['btrfs.img', 'ext3.img', 'ext4.img', 'snapshot.json', 'xfs.img']);
		assert.deepEqual(mark(path).disks.map(({image, mount, type, sourceImage}) => [image, mount, type, sourceImage]), one.disks.disks.map(({name, mount, type, image}) => [`${name}.img`, mount, type, image]));
		const {must, directory} = one.sandbox;
		// A copy that is mounted writable replays its log, and is checked afterwards; the snapshot itself is not touched.
		const check = 'set -e; cp "$1" "$2"; mkdir -p "$2.at"; mount -o "loop$3" "$2" "$2.at"; cat "$2.at/file"; umount "$2.at"; shift 3; "$@" >&2';
		for (const type of ['ext3', 'ext4', 'xfs'] as const) {
			const copy = `${directory}/${type}.copy`;
			const mountOptions = type === 'xfs' ? ',nouuid' : '';
			const checker = type === 'xfs' ? ['xfs_repair', '-n', copy] : ['e2fsck', '-fn', copy];
			assert.equal(await must('sh', ['-c', check, 'sh', `${path}/${type}.img`, copy, mountOptions, ...checker]), `precious ${one.disks.disk(type).mount}\n`, type);
		}

		// Of two filesystems with one identity btrfs mounts the same one twice: its copy is only checked.
		assert.equal((await run('btrfs', ['check', `${path}/btrfs.img`])).exitCode, 0);
	});

	test('a writer stalls while its disk is copied, goes on afterwards, and what it writes meanwhile is not in the copy', async context => {
		const {one, start} = await elsewhere(context);
		const {mount} = one.disks.disk('data');
		const cycle = start(['--hold', '2']);
		await cycle.until('"phase":"freeze","state":"succeeded"');
		const writer = one.sandbox.start('sh', ['-c', 'echo late >"$1/late"', 'sh', mount]);
		const end = readCycle(await cycle.ended);
		assert.equal((await writer.ended).exitCode, 0);
		assert.equal(readFileSync(one.sandbox.inside(`${mount}/late`), 'utf8'), 'late\n');
		assert.equal(end.exitCode, 0, end.stdout);
		const image = `${one.sandbox.inside(end.result.snapshot?.path ?? '')}/data.img`;
		assert.equal((await run('e2fsck', ['-fn', image])).exitCode, 0);
		assert.match((await run('debugfs', ['-R', 'ls -p /', image])).stdout, /\/file\//);
		assert.doesNotMatch((await run('debugfs', ['-R', 'ls -p /', image])).stdout, /\/late\//);
	});

	test('interrupted while it is copied: nothing of it is left', async context => {
		const {one, start, directory} = await elsewhere(context);
		const cycle = start();
		await cycle.until('"phase":"snapshot","state":"started"');
		cycle.kill('SIGINT');
		const end = readCycle(await cycle.ended);
		assert.deepEqual([end.exitCode, end.result.outcome, end.result.snapshot, end.phases.snapshot, one.notes()], [130, 'failed', null, 'failed', ['pre', 'post']]);
		assert.equal(await one.sandbox.must('ls', ['-A', directory]), '');
	});

	test('interrupted while it is made ready: nothing of it is left, and nothing is run', async context => {
		const {one, start, directory} = await elsewhere(context);
		const cycle = start();
		await one.sandbox.must('sh', ['-c', 'for i in $(seq 6000); do ls -d "$1"/.partial-* 2>/dev/null && exit 0; sleep 0.01; done; exit 1', 'sh', directory]);
		cycle.kill('SIGINT');
		const end = readCycle(await cycle.ended);
		assert.deepEqual([end.exitCode, end.result.outcome, end.result.snapshot, one.notes()], [130, 'failed', null, []]);
		assert.equal(await one.sandbox.must('ls', ['-A', directory]), '');
	});

	test('interrupted while it is completed, when all else is done: result, mark and exit code say the same', async context => {
		const {one, start} = await elsewhere(context);
		const cycle = start();
		await cycle.until('"phase":"post-script","state":"succeeded"');
		cycle.kill('SIGINT');
		const end = readCycle(await cycle.ended);
		// The signal may come a moment before the outcome is decided, or after it: then it is too late.
		const {interrupted} = end.result;
		const early = interrupted !== undefined;
		assert.deepEqual([end.exitCode, end.result.outcome, end.result.errors.map(({name}) => name)], early ? [130, 'failed', ['Interrupted']] : [0, 'application-consistent', []]);
		const {outcome, interrupted: marked} = mark(one.sandbox.inside(end.result.snapshot?.path ?? ''));
		assert.deepEqual([outcome, marked], [end.result.outcome, interrupted]);
	});

	for (const [where, words, wait] of [['while it is held', ['--hold', '30'], '"phase":"snapshot","state":"started"'], ['after the thaw', [], '"phase":"post-script","state":"started"']] as const) {
		test(`interrupted ${where}, when it is complete: it is kept, and marked`, async context => {
			const one = await lab(context, {post: 'sleep 1; note post'});
			const cycle = one.start(['--snapshot', 'image', ...words]);
			await cycle.until(wait);
			// A few kilobytes are copied by now.
			if (where === 'while it is held') await copied(one);
			cycle.kill('SIGTERM');
			const end = readCycle(await cycle.ended);
			assert.deepEqual([end.exitCode, end.result.outcome, end.phases.snapshot, one.notes()], [143, 'failed', 'succeeded', ['pre', 'post']]);
			const {path = ''} = end.result.snapshot ?? {};
			assert.deepEqual([mark(path).outcome, mark(path).interrupted], ['failed', 'SIGTERM']);
			assert.equal((await run('e2fsck', ['-fn', `${path}/data.img`])).exitCode, 0);
		});
	}

	test('where snapshots are kept on a mount of their own, or where a link leads, that is what may not be frozen', async context => {
		const one = await lab(context);
		const [mount = ''] = one.disks.mounts;
		const {must, stateDirectory, allow} = one.sandbox;
		allow(`${stateDirectory}/snapshots`);
		for (const lead of ['mkdir "$1/snapshots" && mount --bind "$2" "$1/snapshots"', 'umount "$1/snapshots" && rmdir "$1/snapshots" && ln -s "$2" "$1/snapshots"']) {
			await must('sh', ['-c', `mkdir -p -m 700 "$1" && ${lead}`, 'sh', stateDirectory, mount]);
			const end = await one.sandbox.quiesce(one.arguments(['--snapshot', 'image']));
			assert.equal(end.exitCode, 2, end.stdout);
			assert.match(end.stderr, new RegExp(`The snapshot would be written to .*, which lies on ${mount}, and that is to be frozen`));
			assert.deepEqual(one.notes(), []);
		}
	});

	test('image files of the same name keep apart', async context => {
		const one = await lab(context, {disks: [{name: 'a', type: 'ext4'}, {name: 'b', type: 'ext4'}]});
		// The kernel knows the file by its new name.
		await one.sandbox.must('sh', ['-c', 'mkdir "$1/other" && mv "$2" "$1/other/a.img"', 'sh', one.disks.directory, one.disks.disk('b').image]);
		const end = await one.cycle(['--snapshot', 'image']);
		assert.equal(end.exitCode, 0, end.stdout);
		assert.deepEqual(mark(end.result.snapshot?.path ?? '').disks.map(({image, mount}) => [image, mount]), [['a.img', one.disks.disk('a').mount], ['a-2.img', one.disks.disk('b').mount]]);
		assert.deepEqual(snapshots(one), [end.result.snapshot?.id]);
	});
});

/** Waits until the copy is as long as what it copies: tells nobody when it is. */
async function copied(one: CycleLab): Promise<void> {
	await one.sandbox.must('sh', ['-c', 'for i in $(seq 600); do cmp -s "$1"/snapshots/.partial-*/data.img "$2" && exit 0; sleep 0.05; done; exit 1', 'sh', one.sandbox.stateDirectory, one.disks.disk('data').image]);
}
