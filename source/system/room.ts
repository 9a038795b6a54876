import {chmodSync, chownSync, closeSync, constants, cpSync, existsSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {isWithin} from '../core/mount-facts.js';
import {readMounts} from './mounts.js';
import type {CopiedDisk} from './copied-disk.js';
import type {Workshop, WorkshopCommand, WorkshopEnd, WorkshopProcess} from './workshop.js';

/** Who runs a server in the room. */
export type Owner = {readonly uid: number; readonly gid: number};

export type RoomCommand = WorkshopCommand & {readonly owner: Owner};

/**
 * The root directory in which servers run on copies: the machine's programs, read-only, and the copies at the places of their originals, so that links and
 * absolute paths in them lead to copies too. Nothing else of the machine is in it: no live data, no sockets, no network. Programs have no capabilities,
 * and none of them is root's: root may do more than its capabilities say, to the kernel's settings for example.
 */
export type Room = {
	run(command: RoomCommand): Promise<WorkshopEnd>;
	start(command: RoomCommand): WorkshopProcess;
	/** Where the copies are, as seen in the room. */
	readonly copies: readonly string[];
	/** A path in the room as one that this process can open. Only for paths of which each part has been looked at: links lead out of the room. */
	readonly outside: (path: string) => string;
	/** Null where there is nothing. */
	ownerOf(path: string): Owner | null;
	/** Makes a directory for sockets and settings that only this owner may enter; answers its path in the room. */
	makeDirectory(name: string, owner: Owner): string;
	/** Writes a file into such a directory. */
	write(path: string, text: string, owner: Owner): void;
	/** Makes a user id known in the room, where the machine does not know it: some servers insist on a name. Answers the name. */
	nameOf(owner: Owner): string;
	/** Gives a file or a directory of a copy, with all in it, to another owner; or the directory alone. */
	giveTo(path: string, owner: Owner, how?: 'alone'): Promise<boolean>;
	/** Lets everybody pass through the directories above a path of a copy: those may be for root alone. */
	letThrough(path: string): Promise<void>;
	/** Unmounts the copies. */
	close(): Promise<void>;
};

/** Where the machine runs out of memory, what runs on a copy ends before anything else does. */
const firstToEnd = 'echo 1000 >/proc/self/oom_score_adj; exec chroot "$@"';
/** What may be kept in the room's own files, which are in memory, and in shared memory. */
const mostMemory = {files: '20%', shared: '10%'} as const;

/** Directories with the machine's programs and what those need. */
const programDirectories = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'opt'];
/** What programs look up about names, time and libraries; no secrets. */
const settings = ['passwd', 'group', 'nsswitch.conf', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'localtime', 'alternatives', 'protocols', 'services', 'ssl/openssl.cnf', 'crypto-policies'];
const ownDirectories = ['dev', 'proc', 'etc', 'tmp', 'run', 'copies', ...programDirectories];
const scratch = '/run/quiesce';
/** The Node that runs quiesce, as a program of the room. */
export const roomNode = `${scratch}/node`;

/** A disk that is to be seen in the room, and where its original was mounted. */
export type RoomDisk = {readonly disk: CopiedDisk; readonly mount: string};

/**
 * Furnishes a room in the workshop at `root`, an empty directory. The disks' filesystems are mounted; a string says why one could not be. Once
 * the signal is aborted nothing starts in it any more: `run` and `start` throw its reason.
 */
export async function openRoom(workshop: Workshop, root: string, disks: readonly RoomDisk[], signal: AbortSignal): Promise<Room | string> {
	const at = (path: string): string => join(root, path);
	const outside = (path: string): string => workshop.outside(at(path));
	const must = async (program: string, ...parameters: string[]): Promise<void> => {
		const run = await workshop.run({program, parameters});
		if (run.exitCode !== 0) throw new Error(`${program} ${parameters.join(' ')}: ${run.stderr.trim()}`);
	};

	await must('mount', '-t', 'tmpfs', '-o', `mode=755,nosuid,size=${mostMemory.files}`, 'quiesce-verify', root);
	for (const name of ownDirectories) {
		if (!programDirectories.includes(name)) makeOpen(outside(name));
	}
	chmodSync(outside('tmp'), 0o1777);
	await bringPrograms(workshop, root, must);
	await bringDevices(root, outside, must);
	for (const name of settings) {
		if (!existsSync(join('/etc', name))) continue;
		const directory = dirname(outside(join('etc', name)));
		if (!existsSync(directory)) makeOpen(directory);
		cpSync(join('/etc', name), outside(join('etc', name)), {recursive: true, dereference: name !== 'alternatives'});
	}
	makeOpen(outside(scratch));
	closeSync(openSync(outside(roomNode), 'wx', 0o755));
	await bindReadOnly(process.execPath, at(roomNode), must);

	const mounted: {readonly path: string; readonly disk: CopiedDisk}[] = [];
	const copies: string[] = [];
	const close = async (): Promise<void> => {
		await workshop.clear();
		for (const {path, disk} of mounted.splice(0).toReversed()) await disk.unmount(path);
	};
	// A directory before what is mounted within it.
	for (const [index, {disk, mount}] of disks.toSorted((a, b) => a.mount.length - b.mount.length).entries()) {
		const place = placeFor(mount, index);
		const way = clearWay(outside, place);
		const problem = way ?? await disk.mount(at(place));
		if (typeof problem === 'string') {
			await close();
			return problem;
		}

		mounted.push({path: at(place), disk});
		copies.push(...(mount === '/' ? await spreadRoot(root, place, outside, must) : [place]));
	}

	const line = (command: RoomCommand): WorkshopCommand => {
		signal.throwIfAborted();
		if (command.owner.uid === 0) throw new Error(`${command.program} would run as root on a copy`);
		return {...command, name: command.program, program: 'sh', parameters: ['-c', firstToEnd, 'chroot', ...words(command)]};
	};
	const words = (command: RoomCommand): readonly string[] => [
		root, 'setpriv', `--reuid=${command.owner.uid}`, `--regid=${command.owner.gid}`, '--clear-groups', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all',
		// The machine's own servers come first.
		'nice', '-n', '5', command.program, ...command.parameters,
	];
	return {
		run: async command => workshop.run(line(command)),
		start: command => workshop.start(line(command)),
		copies,
		outside,
		ownerOf(path) {
			const facts = lstatSync(outside(path), {throwIfNoEntry: false});
			return facts === undefined ? null : {uid: facts.uid, gid: facts.gid};
		},
		makeDirectory(name, {uid, gid}) {
			const path = join(scratch, name);
			mkdirSync(outside(path), {mode: 0o700});
			chownSync(outside(path), uid, gid);
			return path;
		},
		write(path, text, {uid, gid}) {
			writeFileSync(outside(path), text, {mode: 0o600, flag: 'wx'});
			chownSync(outside(path), uid, gid);
		},
		nameOf({uid, gid}) {
			const file = outside('etc/passwd');
			const known = readFileSync(file, 'utf8').split('\n').map(entry => entry.split(':')).find(entry => entry[2] === String(uid))?.[0];
			if (known !== undefined) return known;
			const name = `owner-${uid}`;
			writeFileSync(file, `${name}:x:${uid}:${gid}::/:/bin/false\n`, {flag: 'a'});
			return name;
		},
		giveTo: async (path, {uid, gid}, how) => (await workshop.run({program: 'chroot', parameters: [root, 'chown', how === 'alone' ? '-h' : '-hR', '--', `${uid}:${gid}`, path], deadlineMs: 10 * 60_000})).exitCode === 0,
		async letThrough(path) {
			const above = path.split('/').slice(1, -1).map((_, index, names) => `/${names.slice(0, index + 1).join('/')}`);
			if (above.length > 0) await workshop.run({program: 'chroot', parameters: [root, 'chmod', 'a+x', '--', ...above]});
		},
		close,
	};
}

/** A directory that the servers' users may enter, whatever the administrator's umask takes from others: with 077 none of them would come up. */
function makeOpen(path: string): void {
	mkdirSync(path);
	chmodSync(path, 0o755);
}

/** The original's own path, where the room has nothing else there. */
function placeFor(mount: string, index: number): string {
	const taken = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'etc', 'dev', 'proc', 'copies', 'run/quiesce'];
	return mount === '/' || taken.some(name => isWithin(mount, `/${name}`)) || ['/tmp', '/run', '/opt'].includes(mount) ? `/copies/${index}` : mount;
}

/** Makes the directories on the way to a mount point; some may lie in another copy, and a link there is not followed. */
function clearWay(outside: (path: string) => string, place: string): string | null {
	const parts = place.split('/').filter(part => part !== '');
	for (const index of parts.keys()) {
		const path = `/${parts.slice(0, index + 1).join('/')}`;
		const facts = lstatSync(outside(path), {throwIfNoEntry: false});
		if (facts === undefined) makeOpen(outside(path));
		else if (!facts.isDirectory()) return `in the copy ${path} is not a directory, and something was mounted at ${place}`;
	}

	return null;
}

async function bindReadOnly(from: string, to: string, must: (program: string, ...parameters: string[]) => Promise<void>): Promise<void> {
	await must('mount', '--bind', from, to);
	await must('mount', '-o', 'remount,bind,ro,nosuid', to);
}

async function bringPrograms(workshop: Workshop, root: string, must: (program: string, ...parameters: string[]) => Promise<void>): Promise<void> {
	for (const name of programDirectories) {
		const real = join('/', name);
		const facts = lstatSync(real, {throwIfNoEntry: false});
		if (facts?.isSymbolicLink() === true) {
			symlinkSync(readlinkSync(real), workshop.outside(join(root, name)));
		} else if (facts?.isDirectory() === true) {
			makeOpen(workshop.outside(join(root, name)));
			// A mount within is its own: read-only counts for one only.
			for (const mount of new Set([real, ...readMounts().map(one => one.mount).filter(one => isWithin(one, real)).toSorted()])) await bindReadOnly(mount, join(root, mount), must);
		}
	}
}

async function bringDevices(root: string, outside: (path: string) => string, must: (program: string, ...parameters: string[]) => Promise<void>): Promise<void> {
	for (const name of ['null', 'zero', 'full', 'random', 'urandom']) {
		closeSync(openSync(outside(join('dev', name)), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o666));
		await must('mount', '--bind', join('/dev', name), join(root, 'dev', name));
	}

	makeOpen(outside('dev/shm'));
	await must('mount', '-t', 'tmpfs', '-o', `mode=1777,nosuid,nodev,noexec,size=${mostMemory.shared}`, 'quiesce-verify', join(root, 'dev/shm'));
	symlinkSync('/proc/self/fd', outside('dev/fd'));
	await must('mount', '-t', 'proc', '-o', 'nosuid,nodev,noexec', 'proc', join(root, 'proc'));
	// The kernel's settings are in there, some of them for the whole machine.
	await must('mount', '-o', 'remount,bind,ro,nosuid,nodev,noexec', join(root, 'proc'));
}

/** Shows the directories of a copied root filesystem at their own places, save those that the room has already. */
async function spreadRoot(root: string, place: string, outside: (path: string) => string, must: (program: string, ...parameters: string[]) => Promise<void>): Promise<readonly string[]> {
	const shown: string[] = [];
	for (const entry of readdirSync(outside(place), {withFileTypes: true})) {
		if (!entry.isDirectory() || ownDirectories.includes(entry.name) || existsSync(outside(entry.name))) continue;
		makeOpen(outside(entry.name));
		await must('mount', '--bind', join(root, place, entry.name), join(root, entry.name));
		shown.push(`/${entry.name}`);
	}

	return shown;
}
