import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {Failure} from '../../source/core/failure.js';
import {planFreeze, type FreezeOptions, type FreezePlan} from '../../source/core/freeze-plan.js';
import type {DeviceFact, MountFact, MountFacts} from '../../source/core/mount-facts.js';

function mount(id: number, path: string, type: string, device: string, change: Partial<MountFact> = {}): MountFact {
	return {id, parent: path === '/' ? 0 : 1, device, root: '/', mount: path, type, source: `/dev/${device}`, options: [], ...change};
}

const disk = (name: string): DeviceFact => ({disks: [name], loops: []});
const loop = (name: string, image: string, imageDevice: string): DeviceFact => ({disks: [name], loops: [{name, image, imageDevice}]});

const facts: MountFacts = {
	mounts: [
		mount(1, '/', 'ext4', '8:1'), mount(2, '/proc', 'proc', '0:5'), mount(3, '/run', 'tmpfs', '0:6'), mount(4, '/boot/efi', 'vfat', '8:2'), mount(5, '/srv/bound', 'xfs', '8:16', {root: '/sub'}),
		mount(6, '/data', 'xfs', '8:16'), mount(7, '/mnt', 'ext4', '8:32'), mount(8, '/old', 'ext2', '8:48'), mount(9, '/nfs', 'nfs4', '0:9'), mount(10, '/box', 'btrfs', '0:40'), mount(11, '/box/part', 'btrfs', '0:40', {root: '/part', parent: 10}),
		mount(12, '/img', 'ext4', '7:0'), mount(13, '/img/deeper', 'ext4', '7:1', {parent: 12}), mount(14, '/ext3', 'ext3', '8:64'), mount(15, '/over', 'ext4', '8:80'), mount(16, '/over', 'tmpfs', '0:10', {parent: 15}),
	],
	devices: {
		'8:1': disk('sda'), '8:2': disk('sda'), '8:16': disk('sdb'), '8:32': disk('sdc'), '8:48': disk('sdd'), '0:40': {disks: ['sde', 'sdf'], loops: []}, '8:64': disk('sdb'), '8:80': disk('sdg'),
		'7:0': loop('loop0', '/data/outer.img', '8:16'), '7:1': loop('loop1', '/img/inner.img', '7:0'),
	},
	resourceDevices: ['8:32'],
};

const plan = (options: Partial<FreezeOptions> = {}): FreezePlan => planFreeze(facts, {requested: [], skip: [], fence: null, ...options});
const waves = ({waves: all}: FreezePlan): readonly (readonly string[])[] => all.map(wave => wave.map(target => target.mount));
const reasons = ({excluded}: FreezePlan): Readonly<Record<string, string>> => Object.fromEntries(excluded.map(({mount: path, reason}) => [path, reason]));

suite('without a name, what the extension freezes', () => {
	test('ext3, ext4, xfs and btrfs on disks, each filesystem once and by its own mount point, / alone and last', () => {
		assert.deepEqual(waves(plan()), [['/data', '/box', '/ext3'], ['/']]);
		assert.equal(plan().disks, 4, 'sdb counts once, btrfs with both of its disks');
	});

	test('all others are left out, with the reason', () => {
		const why = reasons(plan());
		assert.match(why['/mnt'] ?? '', /temporary disk/);
		assert.match(why['/img'] ?? '', /loop device.*--mount/);
		assert.match(why['/old'] ?? '', /ext2 is not frozen/);
		assert.match(why['/boot/efi'] ?? '', /vfat is not frozen/);
		assert.match(why['/over'] ?? '', /another mount lies over it/);
		assert.match(why['/srv/bound'] ?? '', /same filesystem as \/data/);
		assert.equal(why['/proc'] ?? why['/run'], undefined, 'nobody asks for these');
	});

	test('MountsToSkip is compared as it stands, and cannot leave out /', () => {
		assert.deepEqual(waves(plan({skip: ['/data', ' /ext3', '/box/', '/']})), [['/box', '/ext3'], ['/']]);
		assert.match(reasons(plan({skip: ['/data']}))['/data'] ?? '', /MountsToSkip/);
	});

	test('the fence keeps out what it does not name, also what is mounted outside it as well', () => {
		assert.deepEqual(waves(plan({fence: ['/data']})), [['/data']]);
		assert.deepEqual(waves(plan({fence: []})), []);
		assert.match(reasons(plan({fence: ['/box/part']}))['/box/part'] ?? '', /same filesystem is also mounted at \/box, outside the fence/);
	});
});

suite('named mounts', () => {
	test('an image goes before the filesystem that holds it, at any depth, whatever the order of the names', () => {
		assert.deepEqual(waves(plan({requested: ['/', '/data', '/ext3', '/img', '/img/deeper']})), [['/ext3', '/img/deeper'], ['/img'], ['/data'], ['/']]);
	});

	test('an image goes before the filesystem beneath its holder, also where the holder itself is not frozen', () => {
		assert.deepEqual(waves(plan({requested: ['/data', '/img/deeper']})), [['/img/deeper'], ['/data']]);
	});

	test('the same filesystem under two names is frozen once', () => {
		const twice = plan({requested: ['/data', '/srv/bound', '/data', '/box', '/box/part']});
		assert.deepEqual(waves(twice), [['/data', '/box']]);
		assert.deepEqual(Object.keys(reasons(twice)), ['/srv/bound', '/box/part']);
	});

	const refusals: readonly (readonly [string, RegExp])[] = [
		['/data/sub', /\/data\/sub is not a mount point: it lies on the filesystem mounted at \/data \(xfs\)/], ['/run', /tmpfs/], ['/old', /ext2/], ['/nfs', /nfs4/], ['/over', /tmpfs/], ['/proc', /proc/],
	];
	for (const [path, sentence] of refusals) {
		test(`${path} is refused`, () => {
			assert.throws(() => plan({requested: ['/data', path]}), error => error instanceof Failure && error.exitCode === 2 && sentence.test(error.message) && error.remedies.length > 0);
		});
	}

	test('outside the fence they are refused', () => {
		assert.throws(() => plan({requested: ['/data'], fence: ['/ext3']}), /may not be frozen: it is outside the fence/);
		assert.throws(() => plan({requested: ['/box/part'], fence: ['/box/part']}), /also mounted at \/box/);
	});
});

test('whatever lies on whatever: each filesystem once, none after the one that it lies on, / alone and last', () => {
	fc.assert(fc.property(fc.array(fc.nat(), {minLength: 1, maxLength: 12}), fc.array(fc.nat(), {maxLength: 12}), (parents, order) => {
		// Each lies on one of those before it, or on a disk.
		const devices = Object.fromEntries([disk('sda'), ...parents.map((parent, index) => (parent % 3 === 0 ? disk(`sd${index}`) : loop(`loop${index}`, `/image${index}`, `8:${parent % (index + 1)}`)))].map((fact, number) => [`8:${number}`, fact]));
		const mounts = Object.keys(devices).map((device, number) => mount(number + 1, number === 0 ? '/' : `/m${number}`, 'ext4', device));
		const requested = order.length === 0 ? mounts.map(one => one.mount) : order.map(number => mounts[number % mounts.length]!.mount);
		const planned = planFreeze({mounts, devices, resourceDevices: []}, {requested, skip: [], fence: null}).waves;
		const level = new Map(planned.flatMap((wave, at) => wave.map(({device}) => [device, at] as const)));
		assert.deepEqual(planned.flat().map(target => target.mount).toSorted(), [...new Set(requested)].toSorted());
		assert.ok(planned.every(wave => wave.length > 0));
		for (const [device, at] of level) {
			for (let below = devices[device]?.loops[0]?.imageDevice; below !== undefined && below !== null; below = devices[below]?.loops[0]?.imageDevice) {
				assert.ok(at < (level.get(below) ?? Infinity), `${device} before ${below}`);
			}
		}

		if (requested.includes('/')) assert.deepEqual(planned.at(-1)?.map(target => target.mount), ['/']);
	}));
});
