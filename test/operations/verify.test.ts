import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {appendFileSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync, closeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {after, before, suite, test} from 'node:test';
import {Failure} from '../../source/core/failure.js';
import {verifySnapshot} from '../../source/operations/verify.js';
import {readMounts} from '../../source/system/mounts.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {processIds} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {must, run} from '../support/process.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';
import {takeSnapshot} from '../support/snapshots.js';

const checkers = {ext4: 'e2fsck', xfs: 'xfs_repair', btrfs: 'btrfstune'} as const;

/** What a verification must not leave: loop devices on its copies, mounts, files in the state directory. */
async function assertNothingLeft(state: string): Promise<void> {
	// Other tests verify at the same time; and a namespace that one of them made meanwhile may hold a mount, and with it the loop device, a little longer.
	const loops = async (): Promise<readonly string[]> => (await run('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE'])).stdout.split('\n').filter(line => line.includes(`${state}/`) && line.includes('.verify-'));
	for (const until = performance.now() + 30_000; (await loops()).length > 0 && performance.now() < until;) await delay(50);
	assert.deepEqual(await loops(), []);
	assert.deepEqual(readMounts().filter(({mount}) => mount.startsWith(`${state}/`) && mount.includes('.verify-')), []);
	assert.deepEqual(readdirSync(state).filter(name => name.startsWith('.verify-')), []);
}

for (const type of ['ext4', 'xfs', 'btrfs'] as const) {
	suite(`verify: a snapshot of ${type}`, {skip: firstReason(whyNoSandbox(), whyNoLoopDisks(type), whyNoProgram(checkers[type]))}, () => {
		let disks: LoopDisks;
		let state: string;
		let snapshot: string;
		const image = (): string => join(snapshot, 'data.img');
		const digest = (): string => createHash('sha256').update(readFileSync(image())).digest('hex');

		before(async () => {
			disks = await makeLoopDisks([{name: 'data', type}]);
			state = mkdtempSync(join(tmpdir(), 'quiesce-verify-'));
			process.env['QUIESCE_STATE_DIR'] = state;
			for (let number = 0; number < 50; number++) {
				mkdirSync(join(disks.disk('data').mount, `directory-${number}`));
				writeFileSync(join(disks.disk('data').mount, `directory-${number}`, 'file'), `${number}\n`.repeat(5000));
			}
		});
		after(async () => {
			await disks?.end();
			rmSync(state, {recursive: true, force: true});
		});

		test('that was taken frozen restores, beside its original and without a change to it', async () => {
			snapshot = await takeSnapshot({directory: join(state, 'snapshots/one'), disks: disks.disks, applications: []});
			const before = digest();
			const result = await verifySnapshot('one');
			assert.equal(result.result, 'restores', result.sentence);
			const [filesystem] = result.filesystems;
			assert.equal(filesystem?.mount, disks.disk('data').mount);
			assert.ok(filesystem.checks.length > 0 && filesystem.checks.every(({passed}) => passed === true), JSON.stringify(filesystem.checks));
			assert.equal(filesystem.frozen, type === 'ext4' ? true : null);
			assert.equal(digest(), before);
			// The original serves on.
			appendFileSync(join(disks.disk('data').mount, 'after'), 'x');
			await assertNothingLeft(state);
		});

		test('whose middle was overwritten does not', async () => {
			snapshot = await takeSnapshot({directory: join(state, 'snapshots/damaged'), disks: disks.disks});
			const file = openSync(image(), 'r+');
			const spoil = (from: number, length: number): void => void writeSync(file, Buffer.alloc(length, 0xA5), 0, length, from);
			switch (type) {
				// The inodes; the superblock stays.
				case 'ext4':
					spoil(128 * 1024, 4 * 1024 * 1024);
					break;
				// The headers of the first allocation group, and its inodes.
				case 'xfs':
					spoil(512, 127 * 1024);
					break;
				// Both copies of the metadata.
				case 'btrfs':
					for (let at = 16; at < 64; at += 4) spoil(at * 1024 * 1024, 4 * 1024 * 1024);
					break;
			}
			closeSync(file);
			const result = await verifySnapshot(snapshot);
			assert.equal(result.result, 'does-not-restore');
			assert.match(result.sentence, /^The snapshot does not restore: .+: .+\.$/);
			await assertNothingLeft(state);
		});

		// Only ext4 has such a wish.
		if (type === 'ext4') test('that asks for a panic of the machine at its first error is mounted without that', async () => {
			snapshot = await takeSnapshot({directory: join(state, 'snapshots/panic'), disks: disks.disks});
			await must('tune2fs', ['-e', 'panic', image()]);
			const seen: string[] = [];
			await verifySnapshot(snapshot, {}, ({step, state: stands}) => {
				// Mounted at that moment, in a namespace of its own.
				if (step === 'search' && stands === 'started') seen.push(...processIds().flatMap(pid => (textOf(`/proc/${pid}/mounts`) ?? '').split('\n').filter(line => line.startsWith('/dev/loop') && line.includes(`${state}/.verify-`))));
			});
			assert.ok(seen.length > 0);
			assert.ok(seen.every(line => line.includes('errors=remount-ro') && line.includes('nodev') && line.includes('nosuid') && line.includes('noexec')), seen.join('\n'));
		});

		// Only btrfs tells that it has something to replay, and needs an id of its own beside its original.
		if (type === 'btrfs') test('that was not frozen restores with what its log holds', async () => {
			const file = openSync(join(disks.disk('data').mount, 'synchronised'), 'w');
			writeSync(file, 'x'.repeat(10_000));
			fsyncSync(file);
			closeSync(file);
			snapshot = await takeSnapshot({directory: join(state, 'snapshots/not-frozen'), disks: disks.disks, freeze: false, applications: []});
			const result = await verifySnapshot(snapshot);
			assert.deepEqual([result.result, result.filesystems[0]?.frozen], ['restores', false], result.sentence);
			await assertNothingLeft(state);
		});

		test('whose image was cut short, or is gone, does not', async () => {
			snapshot = await takeSnapshot({directory: join(state, 'snapshots/short'), disks: disks.disks});
			truncateSync(image(), 10_000_000);
			const short = await verifySnapshot(snapshot);
			assert.equal(short.result, 'does-not-restore');
			assert.match(short.sentence, /has 10000000 bytes/);
			rmSync(image());
			const gone = await verifySnapshot(snapshot);
			assert.equal(gone.result, 'does-not-restore');
			assert.match(gone.sentence, /the image is missing/);
			await assertNothingLeft(state);
		});

		test('is left in peace when the verification is interrupted, at any step', async () => {
			snapshot = await takeSnapshot({directory: join(state, 'snapshots/interrupted'), disks: disks.disks});
			for (const step of ['copy', 'mount', 'check', 'search'] as const) {
				const abort = new AbortController();
				await assert.rejects(verifySnapshot(snapshot, {signal: abort.signal}, happening => {
					if (happening.step === step) abort.abort();
				}), {name: 'AbortError'});
				await assertNothingLeft(state);
			}
		});
	});
}

suite('verify: what is no snapshot', {skip: whyNoSandbox()}, () => {
	let state: string;
	before(() => {
		state = mkdtempSync(join(tmpdir(), 'quiesce-verify-'));
		process.env['QUIESCE_STATE_DIR'] = state;
	});
	after(() => rmSync(state, {recursive: true, force: true}));

	const refused = async (record: string | null, pattern: RegExp, exitCode: number): Promise<void> => {
		const directory = mkdtempSync(join(state, 'snapshot-'));
		if (record !== null) writeFileSync(join(directory, 'snapshot.json'), record);
		await assert.rejects(verifySnapshot(directory), (error: unknown) => error instanceof Failure && pattern.test(error.message) && error.exitCode === exitCode);
	};

	test('is refused with a sentence', async () => {
		await assert.rejects(verifySnapshot('nothing'), (error: unknown) => error instanceof Failure && error.exitCode === 2 && /There is no snapshot "nothing"/.test(error.message));
		await refused(null, /no complete snapshot/, 2);
		await refused('', /not JSON/, 5);
		await refused('[]', /not a JSON object/, 5);
		await refused('{"version":2}', /has version 2/, 2);
		const disk = {image: 'a.img', mount: '/data', type: 'ext4', bytes: 1};
		const record = (change: object): string => JSON.stringify({version: 1, id: 'x', disks: [{...disk, ...change}]});
		await refused(record({image: '../a.img'}), /not a plain name/, 5);
		await refused(record({image: '/etc/passwd'}), /not a plain name/, 5);
		await refused(record({mount: '/data/../etc'}), /not an absolute path/, 5);
		await refused(record({mount: 'data'}), /not an absolute path/, 5);
		await refused(record({type: 'ext4 -o x'}), /not a name/, 5);
		await refused(record({bytes: -1}), /not a number of bytes/, 5);
		await refused(record({part: {offset: 0, bytes: 512}}), /is not within it/, 5);
		const two = (...changes: readonly object[]): string => JSON.stringify({version: 1, id: 'x', disks: changes.map(change => ({...disk, bytes: 4096, ...change}))});
		await refused(two({}, {image: 'b.img'}), /two filesystems at \/data/, 5);
		await refused(two({part: {offset: 0, bytes: 1024}}, {mount: '/more', part: {offset: 512, bytes: 512}}), /the image a\.img twice/, 5);
	});
});
