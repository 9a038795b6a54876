import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {must as mustHere, run as runHere} from './process.js';
import type {Sandbox} from './sandbox.js';

export type LoopDiskType = 'ext3' | 'ext4' | 'xfs' | 'btrfs';

export type LoopDiskOrder = {
	/** Names the image (`NAME.img`) and the mount point. */
	readonly name: string;
	readonly type: LoopDiskType;
	/** Default: the least that mkfs takes: ext 16, xfs 300, btrfs 128. Sparse. */
	readonly megabytes?: number;
	/** The name of an earlier disk in whose filesystem this one's image lies. */
	readonly on?: string;
	/** Options for `mount -o`. */
	readonly options?: string;
};

export type LoopDisk = {
	readonly name: string;
	readonly type: LoopDiskType;
	readonly image: string;
	/** `/dev/loopN`. */
	readonly device: string;
	readonly mount: string;
};

export type LoopDisks = {
	/** Holds the images and the mount points. */
	readonly directory: string;
	/** In the order in which they were asked for. */
	readonly disks: readonly LoopDisk[];
	readonly mounts: readonly string[];
	/** Throws for a name that was not asked for. */
	readonly disk: (name: string) => LoopDisk;
	/** Thaws all of them; one that is not frozen is fine. */
	readonly thaw: () => Promise<void>;
	/** True where a filesystem is frozen. Asks by thawing, so it is not any more afterwards. */
	readonly wasFrozen: (name: string) => Promise<boolean>;
	/** Thaws, unmounts, detaches, removes. */
	readonly end: () => Promise<void>;
};

export type LoopDisksOptions = {
	/** Mount them inside a sandbox (and add them to its fence); default: in the test's own namespace. */
	readonly sandbox?: Sandbox;
	/** When they are thawed whatever happens, in seconds from now; they are thawed as well when the test's process is gone. Default 60. */
	readonly thawAfterSeconds?: number;
};

const leastMegabytes: Readonly<Record<LoopDiskType, number>> = {ext3: 16, ext4: 16, xfs: 300, btrfs: 128};

/** Makes real filesystems in image files and mounts them. Needs root: skip with `whyNoLoopDisks('xfs')`. */
export async function makeLoopDisks(orders: readonly LoopDiskOrder[], options: LoopDisksOptions = {}): Promise<LoopDisks> {
	const {sandbox} = options;
	const must = sandbox?.must ?? mustHere;
	const run = sandbox?.run ?? runHere;
	const directory = mkdtempSync(join(sandbox?.directory ?? tmpdir(), 'quiesce-disks-'));
	const disks: LoopDisk[] = [];
	let watchdog: ChildProcess | undefined;

	const thaw = async (): Promise<void> => {
		// Innermost last: an outer frozen filesystem would hold up what the inner one writes at its thaw.
		for (const disk of disks) await run('fsfreeze', ['-u', disk.mount]);
	};
	const end = async (): Promise<void> => {
		await thaw();
		for (const disk of disks.splice(0).toReversed()) {
			await unmount(disk.mount);
			await run('losetup', ['-d', disk.device]);
		}
		if (watchdog !== undefined && watchdog.exitCode === null) {
			const closed = once(watchdog, 'close');
			watchdog.stdin?.end();
			await closed;
		}
		rmSync(directory, {recursive: true, force: true});
	};

	const unmount = async (mount: string): Promise<void> => {
		// Another test's namespace, made meanwhile or ending just now, may still hold a mount of what lies within. It tells nobody when it is gone: then this
		// one goes with it, and the loop device too.
		for (const until = performance.now() + 2000; performance.now() < until; await delay(100)) {
			const end = await run('umount', [mount]);
			if (end.exitCode === 0) return;
			if (!end.stderr.includes('busy')) throw new Error(`umount ${mount} ended with ${end.exitCode ?? end.signal}: ${end.stderr.trim()}`);
		}

		await must('umount', ['--lazy', mount]);
	};

	try {
		for (const order of orders) {
			const below = order.on === undefined ? directory : find(disks, order.on).mount;
			const image = join(below, `${order.name}.img`);
			const mount = join(directory, order.name);
			mkdirSync(mount);
			if (order.on === undefined) truncate(image, order.megabytes ?? leastMegabytes[order.type]);
			else await must('truncate', ['-s', `${order.megabytes ?? leastMegabytes[order.type]}M`, image]);
			await must(`mkfs.${order.type}`, [...mkfsOptions(order.type), image]);
			const device = (await must('losetup', ['--find', '--show', image])).trim();
			try {
				await must('mount', [...(order.options === undefined ? [] : ['-o', order.options]), device, mount]);
			} catch (error) {
				await run('losetup', ['-d', device]);
				throw error;
			}
			disks.push({name: order.name, type: order.type, image, device, mount});
		}
		watchdog = startWatchdog(disks.map(disk => disk.mount), options.thawAfterSeconds ?? 60, sandbox);
	} catch (error) {
		await end();
		throw error;
	}
	const all = [...disks];
	sandbox?.allow(...all.map(disk => disk.mount));
	return {
		directory,
		disks: all,
		mounts: all.map(disk => disk.mount),
		disk: name => find(all, name),
		thaw,
		wasFrozen: async name => (await run('fsfreeze', ['-u', find(all, name).mount])).exitCode === 0,
		end,
	};
}

/** A process in a session of its own that thaws at the deadline, or as soon as its input closes: whatever becomes of the test, nothing stays frozen. */
function startWatchdog(mounts: readonly string[], seconds: number, sandbox: Sandbox | undefined): ChildProcess {
	const script = 'trap "" INT TERM HUP; timeout "$0" cat >/dev/null; for mount; do fsfreeze -u "$mount" 2>/dev/null; done; :';
	const command = ['sh', '-c', script, String(seconds), ...mounts];
	const [program = 'sh', ...words] = sandbox === undefined ? command : sandbox.commandLine('sh', command.slice(1), '/');
	const child = spawn(program, words, {stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/'});
	// Neither keeps the test's process alive; the pipe closes with it.
	child.unref();
	child.stdin.on('error', () => {});
	(child.stdin as unknown as {unref: () => void}).unref();
	return child;
}

function mkfsOptions(type: LoopDiskType): string[] {
	switch (type) {
		case 'ext3':
		case 'ext4':
			// No initialisation in the background, which would write at moments of its own.
			return ['-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard'];
		case 'xfs':
		case 'btrfs':
			return ['-q', '-f', '-K'];
	}
}

function truncate(path: string, megabytes: number): void {
	const file = openSync(path, 'wx', 0o600);
	ftruncateSync(file, megabytes * 1024 * 1024);
	closeSync(file);
}

function find(disks: readonly LoopDisk[], name: string): LoopDisk {
	const disk = disks.find(candidate => candidate.name === name);
	if (disk === undefined) throw new Error(`no loop disk ${name} was asked for`);
	return disk;
}
