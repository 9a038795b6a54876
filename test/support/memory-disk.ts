import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import type {Sandbox} from './sandbox.js';

/** A disk in memory (zram) with a filesystem that is mounted inside a sandbox: a whole disk for everybody, unlike a loop device. */
export type MemoryDisk = {
	/** `/dev/zramN`. */
	readonly device: string;
	readonly mount: string;
	/** Unmounts and removes it. */
	readonly end: () => Promise<void>;
};

const control = '/sys/class/zram-control';

/** For a test that wants to say why it cannot have such disks. */
export function whyNoMemoryDisks(): string | false {
	return existsSync(`${control}/hot_add`) ? false : 'no disks in memory here (modprobe zram)';
}

/** Adds the mount to the sandbox's fence. End it before the sandbox. */
export async function makeMemoryDisk(sandbox: Sandbox, name: string, type: 'ext2' | 'ext4' | 'xfs', megabytes = 64): Promise<MemoryDisk> {
	const number = readFileSync(`${control}/hot_add`, 'utf8').trim();
	const device = `/dev/zram${number}`;
	const mount = `${sandbox.directory}/${name}`;
	const end = async (): Promise<void> => {
		await sandbox.run('fsfreeze', ['-u', mount]);
		await sandbox.run('umount', [mount]);
		writeFileSync(`/sys/block/zram${number}/reset`, '1');
		writeFileSync(`${control}/hot_remove`, number);
	};
	try {
		writeFileSync(`/sys/block/zram${number}/disksize`, `${megabytes}M`);
		await sandbox.must(`mkfs.${type}`, ['-q', device]);
		await sandbox.must('sh', ['-c', 'mkdir "$3" && mount -t "$1" "$2" "$3"', 'sh', type, device, mount]);
	} catch (error) {
		await end();
		throw error;
	}

	sandbox.allow(mount);
	return {device, mount, end};
}
