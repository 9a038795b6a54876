import assert from 'node:assert/strict';
import {test} from 'node:test';
import {filesystemsOf} from '../../../source/core/checks/mounts.js';
import {Failure} from '../../../source/core/failure.js';
import type {MountFact, MountFacts} from '../../../source/core/mount-facts.js';

function mount(id: number, path: string, type: string, device: string, change: Partial<MountFact> = {}): MountFact {
	return {id, parent: path === '/' ? 0 : 1, device, root: '/', mount: path, type, source: `/dev/${device}`, options: [], ...change};
}

const facts: MountFacts = {
	mounts: [
		mount(1, '/', 'ext4', '8:1'), mount(2, '/proc', 'proc', '0:5'), mount(3, '/data', 'xfs', '8:16'), mount(4, '/twin', 'xfs', '8:16', {root: '/sub'}), mount(5, '/mnt', 'ext4', '8:32'),
		mount(6, '/img', 'ext4', '7:0'), mount(7, '/nfs', 'nfs4', '0:9'), mount(8, '/skip', 'ext4', '8:48'), mount(9, '/over', 'ext4', '8:64'), mount(10, '/over', 'tmpfs', '0:10', {parent: 9}), mount(11, '/box', 'ext4', '0:77'),
	],
	devices: {
		'8:1': {disks: ['sda'], loops: []}, '8:16': {disks: ['sdb'], loops: []}, '8:32': {disks: ['sdc'], loops: []}, '8:48': {disks: ['sdd'], loops: []}, '8:64': {disks: ['sde'], loops: []},
		'7:0': {disks: ['loop0'], loops: [{name: 'loop0', image: '/data/x.img', imageDevice: '8:16'}]},
	},
	resourceDevices: ['8:32'],
};

test('each filesystem is told with what Azure does with it, and why', () => {
	const found = filesystemsOf(facts, {requested: [], skip: ['/skip', '/data '], onFiles: new Set(['/twin'])});
	assert.deepEqual(found.map(({mount: path, azure, because = ''}) => `${path} ${azure} ${because}`.trim()), [
		'/ freezes', '/proc skips type', '/data freezes', '/twin skips duplicate', '/mnt skips resource-disk', '/img skips loop', '/nfs skips type', '/skip skips configured', '/over skips type', '/box skips pseudo',
	]);
	assert.deepEqual(found.find(({mount: path}) => path === '/img')?.loop, {image: '/data/x.img', parent: '/data'});
	assert.equal(found.find(({mount: path}) => path === '/twin')?.onFile, true);
});

test('with named mounts only those are frozen, and one that cannot be is refused', () => {
	const found = filesystemsOf(facts, {requested: ['/img'], skip: [], onFiles: new Set()});
	assert.deepEqual(found.filter(({azure}) => azure === 'freezes').map(({mount: path}) => path), ['/img']);
	assert.equal(found.find(({mount: path}) => path === '/data')?.because, 'not-named');
	assert.throws(() => filesystemsOf(facts, {requested: ['/nfs'], skip: [], onFiles: new Set()}), Failure);
});

test('two thousand mounts take no time to speak of', () => {
	const many: MountFacts = {mounts: Array.from({length: 2000}, (_, index) => mount(index + 1, index === 0 ? '/' : `/m${index}`, index % 2 === 0 ? 'ext4' : 'tmpfs', `8:${index}`)), devices: {}, resourceDevices: []};
	const before = process.cpuUsage();
	assert.equal(filesystemsOf(many, {requested: [], skip: [], onFiles: new Set()}).length, 2000);
	assert.ok(process.cpuUsage(before).user < 1_500_000);
});
