import assert from 'node:assert/strict';
import {after, before, suite, test} from 'node:test';
import {makeCycleLab, readCycle, type CycleEnd, type CycleLab} from '../support/cycle-lab.js';
import {makeMemoryDisk, whyNoMemoryDisks, type MemoryDisk} from '../support/memory-disk.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {whyNoBundle} from '../support/sandbox.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());
const warnings = (end: CycleEnd, id: string): readonly string[] => end.events.flatMap(event => (event.event === 'warning' && event.id === id ? [event.message] : []));

suite('a cycle for which no mount is named', {skip: firstReason(skip, whyNoMemoryDisks(), whyNoLoopDisks('xfs'))}, () => {
	let lab: CycleLab;
	const disks: MemoryDisk[] = [];
	before(async () => {
		// The loop disk of the laboratory is left alone: nobody has named it.
		lab = await makeCycleLab({thawAfterSeconds: 300});
		disks.push(await makeMemoryDisk(lab.sandbox, 'one', 'ext4'), await makeMemoryDisk(lab.sandbox, 'two', 'xfs', 400), await makeMemoryDisk(lab.sandbox, 'three', 'ext2'));
	});
	after(async () => {
		for (const disk of disks) await disk.end();
		await lab.end();
	});

	const cycle = async (more: readonly string[] = []): Promise<CycleEnd> => readCycle(await lab.sandbox.quiesce(['cycle', '--json', ...more]));
	const tunables = (text: string): void => lab.sandbox.put({path: '/etc/azure/vmbackup.conf', content: text});

	test('freezes what the extension would: disks with ext4 and xfs, no ext2, no loop device', async () => {
		tunables('');
		const end = await cycle();
		assert.deepEqual(end.result.mounts.toSorted(), [disks[0]!.mount, disks[1]!.mount].toSorted());
		// What lies outside the fence is Azure's to freeze.
		assert.ok(warnings(end, 'fence').every(message => !message.includes(lab.sandbox.directory)), 'nothing of its own is outside');
	});

	test('leaves out what MountsToSkip names to the letter, unless it is named', async () => {
		const [one, two] = disks.map(({mount}) => mount);
		tunables(`[SnapshotThread]\nMountsToSkip = ${one}, ${two}\n`);
		assert.deepEqual((await cycle()).result.mounts, [two], 'the second has a blank before it, which nobody takes away');
		assert.deepEqual((await cycle(['--mount', one!])).result.mounts, [one]);
		tunables('');
	});

	test('leaves out Azure\'s temporary disk, unless it is named', async () => {
		const [one, two] = disks;
		// The link that Azure's udev rules make; what else is in /dev stays.
		await lab.sandbox.must('sh', ['-ec', `
			mkdir "$1/dev"; mount -t tmpfs dev "$1/dev"; mkdir "$1/dev/upper" "$1/dev/work"
			mount -t overlay -o "lowerdir=/dev,upperdir=$1/dev/upper,workdir=$1/dev/work" dev /dev
			mkdir -p /dev/disk/azure; ln -s "$2" /dev/disk/azure/resource`, 'sh', lab.sandbox.directory, one!.device]);
		try {
			assert.deepEqual((await cycle()).result.mounts, [two!.mount]);
			assert.deepEqual((await cycle(['--mount', one!.mount])).result.mounts, [one!.mount]);
		} finally {
			await lab.sandbox.must('umount', ['/dev', `${lab.sandbox.directory}/dev`]);
		}
	});

	test('counts two of them as several disks', async () => {
		lab.configure({continueBackupOnFailure: false, preScriptLocation: '/etc/azure/post.sh'});
		lab.sandbox.put({path: '/etc/azure/post.sh', mode: 0o700, content: '#!/bin/sh\nexit 1\n'});
		assert.equal((await cycle()).result.outcome, 'failed');
		assert.equal((await cycle(['--mount', disks[0]!.mount])).result.outcome, 'crash-consistent');
		lab.configure({});
	});
});

suite('mounts that are named', {skip: firstReason(skip, whyNoLoopDisks('btrfs'))}, () => {
	let lab: CycleLab;
	before(async () => {
		lab = await makeCycleLab({disks: [{name: 'data', type: 'ext4'}, {name: 'tree', type: 'btrfs'}], thawAfterSeconds: 300});
		const [data = '', tree = ''] = lab.disks.mounts;
		// All of them within the fence of the laboratory.
		lab.sandbox.allow(lab.disks.directory);
		await lab.sandbox.must('sh', ['-ec', `
			cd "$1"; mkdir "$2/sub" bind part other small memory merged hidden; ln -s "$2" link
			mount --bind "$2" bind; mount --bind "$2/sub" part
			btrfs subvolume create "$3/volume" >/dev/null; mount -o subvol=volume "$4" other
			truncate -s 8M small.img; mkfs.ext2 -q small.img; mount -t ext2 -o loop small.img small
			mount -t tmpfs memory memory; mkdir memory/upper memory/work
			mount -t overlay -o "lowerdir=$2/sub,upperdir=memory/upper,workdir=memory/work" merged merged
			mount --bind "$2" hidden; mount -t tmpfs over hidden`, 'sh', lab.disks.directory, data, tree, lab.disks.disk('tree').device]);
	});
	after(async () => {
		if (lab === undefined) return;
		await lab.sandbox.run('sh', ['-c', 'cd "$1"; umount hidden hidden merged memory small other part bind', 'sh', lab.disks.directory]);
		await lab.end();
	});

	const at = (name: string): string => `${lab.disks.directory}/${name}`;
	const named = (...mounts: readonly string[]): readonly string[] => ['cycle', '--json', ...mounts.flatMap(mount => ['--mount', mount])];

	for (const [what, words, expected] of [
		['a path with . and .. and a stroke at its end', ['other/.././data/'], ['data']],
		['a link to it', ['link'], ['data']],
		['the same one twice', ['data', 'data'], ['data']],
		['a part of it that is mounted by itself', ['part'], ['part']],
		['a subvolume', ['other'], ['other']],
	] as const) {
		test(`${what}: frozen once`, async () => {
			const end = readCycle(await lab.sandbox.quiesce(named(...words.map(at))));
			assert.deepEqual([end.exitCode, end.result.mounts], [0, expected.map(at)], end.stdout);
			assert.deepEqual(warnings(end, 'same-filesystem'), []);
		});
	}

	for (const [what, words] of [['a bind mount', ['data', 'bind', 'part']], ['a subvolume', ['tree', 'other']]] as const) {
		test(`${what} of another one that is named: frozen once, and the others are told`, async () => {
			const end = readCycle(await lab.sandbox.quiesce(named(...words.map(at))));
			assert.deepEqual([end.exitCode, end.result.mounts], [0, [at(words[0])]], end.stdout);
			assert.deepEqual(warnings(end, 'same-filesystem'), words.slice(1).map(word => `${at(word)} is not frozen by itself: it is the same filesystem as ${at(words[0])}, which is frozen.`));
		});
	}

	test('a relative one', async () => {
		const end = readCycle(await lab.sandbox.run('sh', ['-c', 'quiesce=$PWD/dist/quiesce; cd "$1" && exec "$quiesce" cycle --json --mount data', 'sh', lab.disks.directory]));
		assert.deepEqual(end.result.mounts, [at('data')]);
	});

	test('one that is read-only', async () => {
		await lab.sandbox.must('mount', ['-o', 'remount,ro', at('data')]);
		try {
			const end = readCycle(await lab.sandbox.quiesce(named(at('data'))));
			assert.deepEqual([end.exitCode, end.result.mounts], [0, [at('data')]]);
		} finally {
			await lab.sandbox.must('mount', ['-o', 'remount,rw', at('data')]);
		}
	});

	for (const [what, word, sentence] of [
		['one that is not there', 'none', /There is no directory .*none\./],
		['a directory within one', 'data/sub', /data\/sub is not a mount point: it lies on the filesystem mounted at .*data \(ext4\)\.\n {2}→ Name the mount point itself: --mount .*data\n/],
		['a file', 'data.img', /data\.img is not a mount point/],
		['ext2', 'small', /small cannot be frozen: it is ext2, and only ext3, ext4, xfs, btrfs can be frozen/],
		['tmpfs', 'memory', /it is tmpfs/],
		['an overlay', 'merged', /it is overlay/],
		['one over which another is mounted', 'hidden', /it is tmpfs/],
	] as const) {
		test(`${what} is refused, and nothing is run`, async () => {
			const end = await lab.sandbox.quiesce(named(at('data'), at(word)));
			assert.equal(end.exitCode, 2, end.stdout);
			assert.match(end.stderr, sentence);
			assert.deepEqual(Object.keys(JSON.parse(end.stdout) as object), ['error']);
		});
	}
});
