import {readFileSync, readlinkSync, realpathSync, statSync} from 'node:fs';
import {basename, dirname, join, resolve} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import type {Fence} from '../core/fence.js';
import {mountOf, type DeviceFact, type ImagePart, type LoopFact, type MountFact, type MountFacts} from '../core/mount-facts.js';
import {entriesOf, textOf} from './pseudo-files.js';

/** Reads what is mounted and what lies beneath it. */
export function readMountFacts(): MountFacts {
	const mounts = readMounts();
	const devices: Record<string, DeviceFact> = {};
	const resource = resourceDisks();
	const resourceDevices: string[] = [];
	for (const mount of mounts) {
		if (devices[mount.device] !== undefined) continue;
		const blocks = blockDevicesOf(mount);
		if (blocks.length === 0) continue;
		const found = blocks.flatMap(block => wholeDisks(block).map(disk => ({disk, block})));
		const names = new Set(found.map(({disk}) => disk));
		devices[mount.device] = {disks: [...names], loops: [...names].flatMap(name => loopOf(name, found.find(({disk}) => disk === name)!.block, mounts))};
		if ([...names].some(name => resource.has(name))) resourceDevices.push(mount.device);
	}
	return {mounts, devices, resourceDevices};
}

/** Reads /proc/self/mountinfo. */
export function readMounts(): readonly MountFact[] {
	return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Understands the text of mountinfo (proc(5)); lines of another shape are left out. */
export function parseMountinfo(text: string): readonly MountFact[] {
	return text.split('\n').flatMap(line => {
		const words = line.split(' ');
		const dash = words.indexOf('-', 6);
		const [id, parent, device, root, mount, options] = words;
		const type = words[dash + 1];
		if (dash === -1 || device === undefined || root === undefined || mount === undefined || options === undefined || type === undefined) return [];
		return [{
			id: Number(id),
			parent: Number(parent),
			device,
			root: unescape(root),
			mount: unescape(mount),
			type,
			source: unescape(words[dash + 2] ?? ''),
			options: [...options.split(','), ...(words[dash + 3] ?? '').split(',')],
		}];
	});
}

/** Blanks, tabs, line feeds and backslashes stand as three octal digits of a byte. */
function unescape(word: string): string {
	return word.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** Directories named on the command line as absolute paths without links. Throws a Failure (exit 2) for one that is not there. */
export function resolveDirectories(directories: readonly string[]): readonly string[] {
	return directories.map(directory => {
		try {
			return realpathSync.native(directory);
		} catch (error) {
			// A filesystem whose storage is gone answers nothing, and is mounted there all the same.
			if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) return resolve(directory);
			throw new Failure(`There is no directory ${directory}.`, {remedy: 'Name a mount point, as findmnt lists them.', exitCode: exitCodes.usage, cause: error});
		}
	});
}

/**
 * The fence of the environment (QUIESCE_FREEZE_ONLY, directories separated by colons), links resolved. Unset: none. Set but empty: nothing may be
 * frozen. A directory that does not exist stays as it is written.
 */
export function readFence(environment: Readonly<Record<string, string | undefined>> = process.env): Fence {
	const words = environment['QUIESCE_FREEZE_ONLY'];
	if (words === undefined) return null;
	return words.split(':').filter(word => word.startsWith('/')).map(word => {
		try {
			return realpathSync.native(word);
		} catch {
			return resolve(word);
		}
	});
}

/** The block devices ("major:minor") of one mount; none for filesystems that are not on one. btrfs may have several, and an anonymous device of its own. */
function blockDevicesOf(mount: MountFact): readonly string[] {
	if (isBlockDevice(mount.device)) return [mount.device];
	if (mount.type !== 'btrfs') return [];
	const source = blockDeviceNamed(mount.source);
	if (source === null) return [];
	for (const uuid of entriesOf('/sys/fs/btrfs')) {
		const members = entriesOf(`/sys/fs/btrfs/${uuid}/devices`).flatMap(name => textOf(`/sys/class/block/${name}/dev`) ?? []);
		if (members.includes(source)) return members;
	}
	return [source];
}

function isBlockDevice(device: string): boolean {
	return textOf(`/sys/dev/block/${device}/dev`) !== null;
}

function blockDeviceNamed(path: string): string | null {
	try {
		const name = basename(realpathSync.native(path));
		return textOf(`/sys/class/block/${name}/dev`);
	} catch {
		return null;
	}
}

/** The whole disks under a block device: through partitions, and through the parts of LVM, RAID and encrypted volumes. */
function wholeDisks(device: string, depth = 0): readonly string[] {
	let directory: string;
	try {
		directory = realpathSync.native(`/sys/dev/block/${device}`);
	} catch {
		return [];
	}
	if (textOf(join(directory, 'partition')) !== null) return [basename(dirname(directory))];
	const parts = entriesOf(join(directory, 'slaves'));
	if (parts.length === 0 || depth > 16) return [basename(directory)];
	return parts.flatMap(name => {
		const part = textOf(`/sys/class/block/${name}/dev`);
		return part === null ? [name] : wholeDisks(part, depth + 1);
	});
}

/** The loop device of this name, and where in its image a block device ("major:minor") lies that is on it. */
function loopOf(name: string, block: string, mounts: readonly MountFact[]): readonly LoopFact[] {
	const directory = `/sys/class/block/${name}`;
	const image = textOf(`${directory}/loop/backing_file`);
	if (image === null) return [];
	const part = partOf(directory, block);
	return [{name, image, imageDevice: deviceHolding(image, mounts), ...(part === null ? {} : {part})}];
}

/** Sectors of sysfs have 512 bytes, whatever the device has. */
const sectorBytes = 512;

function partOf(loop: string, block: string): ImagePart | null {
	const number = (path: string): number => Number(textOf(path) ?? 0);
	const [offset, limit] = [number(`${loop}/loop/offset`), number(`${loop}/loop/sizelimit`)];
	const device = `/sys/dev/block/${block}`;
	const bytes = number(`${device}/size`) * sectorBytes;
	if (textOf(`${device}/partition`) !== null) return {offset: offset + number(`${device}/start`) * sectorBytes, bytes};
	return textOf(`${device}/loop/backing_file`) === null || (offset === 0 && limit === 0) ? null : {offset, bytes};
}

/** The superblock device on which a file lies. btrfs shows files under device numbers that mountinfo does not know: there the path decides. */
function deviceHolding(path: string, mounts: readonly MountFact[]): string | null {
	try {
		const {dev} = statSync(path, {bigint: true});
		const device = deviceWords(dev);
		if (mounts.some(mount => mount.device === device)) return device;
	} catch {
		// A deleted image, or one that only another namespace sees.
	}
	return mountOf(path.replace(/ \(deleted\)$/, ''), mounts)?.device ?? null;
}

/** "major:minor" of a device number as stat(2) answers it on Linux. */
function deviceWords(device: bigint): string {
	const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
	const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
	return `${major}:${minor}`;
}

/**
 * Names of the disks that Azure gives a VM as temporary (resource) disk: by the link that Azure's udev rules make, else by its place on the
 * Hyper-V bus, as the agent looks for it (first generation: second IDE port; second generation: unit 1 of the SCSI controller with a fixed id).
 */
function resourceDisks(): ReadonlySet<string> {
	const names = new Set<string>();
	try {
		names.add(basename(realpathSync.native('/dev/disk/azure/resource')));
	} catch {
		// No such link: no Azure, or no udev rules.
	}
	const bus = '/sys/bus/vmbus/devices';
	for (const entry of entriesOf(bus)) {
		const id = textOf(join(bus, entry, 'device_id')) ?? '';
		if (id.startsWith('{00000000-0001')) blocksBeneath(join(bus, entry), /:\d+$/).forEach(name => names.add(name));
		if (id.startsWith('{f8b3781a-1e82-4818-a1c3-63d806ec15bb')) blocksBeneath(join(bus, entry), /:1$/).forEach(name => names.add(name));
	}
	return names;
}

/** Disks of the SCSI hosts under one device of the bus: hostN/targetN/H:C:T:L/block/NAME. */
function blocksBeneath(device: string, unit: RegExp): readonly string[] {
	let real = device;
	try {
		real = resolve(dirname(device), readlinkSync(device));
	} catch {
		// Not a link.
	}
	return entriesOf(real).filter(name => name.startsWith('host')).flatMap(host =>
		entriesOf(join(real, host)).filter(name => name.startsWith('target')).flatMap(target_ =>
			entriesOf(join(real, host, target_)).filter(name => unit.test(name)).flatMap(scsi => entriesOf(join(real, host, target_, scsi, 'block')))));
}
