import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {VerifyResult} from '../../source/core/verification.js';
import {makeCycleLab, type CycleLab} from '../support/cycle-lab.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';

const mebibyte = 1024 * 1024;
/** Two filesystems in one image, behind the first MiB. */
const parts = [{type: 'ext4', offset: mebibyte, bytes: 64 * mebibyte, kind: 0x83}, {type: 'btrfs', offset: 66 * mebibyte, bytes: 128 * mebibyte, kind: 0x83}] as const;

suite('quiesce cycle --snapshot image --verify: filesystems in a part of an image', {skip: firstReason(whyNoBundle(), whyNoSandbox(), whyNoLoopDisks('ext4', 'btrfs'), whyNoProgram('btrfstune'), whyNoProgram('partx'))}, () => {
	let lab: CycleLab;
	let image: string;
	const mounts: string[] = [];
	const within = async (program: string, ...words: readonly string[]): Promise<string> => (await lab.sandbox.must(program, words)).trim();
	/** Two loop devices, each showing one part. */
	const attachParts = async (): Promise<readonly string[]> => Promise.all(parts.map(async ({offset, bytes}) => within('losetup', '--find', '--show', '--offset', String(offset), '--sizelimit', String(bytes), image)));
	const mountAll = async (devices: readonly string[]): Promise<void> => {
		for (const [index, device] of devices.entries()) await within('mount', device, mounts[index]!);
	};
	const detachAll = async (devices: readonly string[]): Promise<void> => {
		for (const mount of mounts) await lab.sandbox.run('umount', [mount]);
		for (const device of devices) await lab.sandbox.run('losetup', ['--detach', device]);
	};
	const assertProven = async (): Promise<string> => {
		const ended = await lab.cycle([...mounts.flatMap(mount => ['--mount', mount]), '--snapshot', 'image', '--verify']);
		assert.equal(ended.exitCode, 0, ended.stdout + ended.stderr);
		const proof = ended.json().at(-2) as unknown as VerifyResult;
		assert.deepEqual(proof.filesystems.filter(({mount}) => mounts.includes(mount)).map(({type, result}) => [type, result]), [['ext4', 'restores'], ['btrfs', 'restores']]);
		// The disk is copied once.
		assert.deepEqual(readdirSync(proof.snapshot.path).toSorted(), ['data.img', 'disk.img', 'snapshot.json']);
		return proof.snapshot.path;
	};

	before(async () => {
		lab = await makeCycleLab({thawAfterSeconds: 200});
		image = join(lab.sandbox.directory, 'disk.img');
		const file = openSync(image, 'w');
		writeSync(file, Buffer.alloc(1), 0, 1, 200 * mebibyte);
		// A partition table as a boot sector has it: where each begins, how long it is, in sectors.
		const table = Buffer.alloc(66);
		for (const [index, {offset, bytes, kind}] of parts.entries()) {
			table[index * 16 + 4] = kind;
			table.writeUInt32LE(offset / 512, index * 16 + 8);
			table.writeUInt32LE(bytes / 512, index * 16 + 12);
		}
		table.writeUInt16LE(0xAA55, 64);
		writeSync(file, table, 0, table.length, 446);
		closeSync(file);
		const devices = await attachParts();
		for (const [index, {type}] of parts.entries()) {
			await within(`mkfs.${type}`, '-q', type === 'ext4' ? '-F' : '-f', devices[index]!);
			const mount = join(lab.sandbox.directory, `part-${index}`);
			mkdirSync(mount);
			mounts.push(mount);
		}
		lab.sandbox.allow(...mounts);
		await mountAll(devices);
		for (const mount of mounts) writeFileSync(lab.sandbox.inside(join(mount, 'file')), 'x'.repeat(100_000));
		await detachAll(devices);
	});
	after(async () => lab?.end());

	test('behind loop devices that show only that part', async () => {
		const devices = await attachParts();
		try {
			await mountAll(devices);
			await assertProven();
		} finally {
			await detachAll(devices);
		}
	});

	test('in partitions; damage in one of them is found, and the snapshot stays as it is', async () => {
		const device = await within('losetup', '--find', '--show', image);
		try {
			// Not every kernel finds them by itself.
			await within('partx', '--add', device);
			await mountAll(parts.map((_, index) => `${device}p${index + 1}`));
			const snapshot = await assertProven();
			const copy = join(snapshot, 'disk.img');
			const digest = (): string => createHash('sha256').update(readFileSync(copy)).digest('hex');
			const spoilt = openSync(copy, 'r+');
			writeSync(spoilt, Buffer.alloc(4096), 0, 4096, parts[0].offset);
			closeSync(spoilt);
			const before = digest();
			const damaged = await lab.sandbox.quiesce(['verify', snapshot]);
			assert.equal(damaged.exitCode, 5, damaged.stdout);
			assert.match(damaged.stdout, /part-0: no ext4 begins at byte 1048576 of the image: its first blocks are damaged/);
			assert.equal(digest(), before);
			// One that was taken before quiesce wrote down where: nothing is known of it.
			const record = join(snapshot, 'snapshot.json');
			writeFileSync(record, JSON.stringify({...JSON.parse(readFileSync(record, 'utf8')) as object, disks: [{image: 'disk.img', mount: mounts[0], type: 'ext4', bytes: readFileSync(copy).length}]}));
			const unknown = await lab.sandbox.quiesce(['verify', snapshot]);
			assert.equal(unknown.exitCode, 2, unknown.stdout);
			assert.match(unknown.stdout, /its image is a whole disk with partitions, and the snapshot does not say where in it the filesystem lies/);
		} finally {
			for (const mount of mounts) await lab.sandbox.run('umount', [mount]);
			await lab.sandbox.run('partx', ['--delete', device]);
			await detachAll([device]);
		}
	});
});
