import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {accessSync, closeSync, constants, openSync, readlinkSync, statSync} from 'node:fs';
import {delimiter, join, sep} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {exitCodes, Failure} from '../core/failure.js';
import {kill, membersOfNamespace} from '../system/processes.js';

/** The laboratory in which the demo plays: a mount namespace with a disk, an application and an /etc of its own (templates/demo/laboratory.sh). */
export type Laboratory = {
	/** The "VM disk", the only thing that may be frozen. */
	readonly disk: string;
	/** The pipes of the ledger: the parameter of its scripts. */
	readonly control: string;
	/** Where a snapshot can be mounted. */
	readonly snapshotMount: string;
	/** Where quiesce keeps its state and its snapshots, on the "host's" filesystem. */
	readonly state: string;
	readonly preScript: string;
	readonly postScript: string;
	/** Copies of the disk's image take no time. */
	readonly reflinks: boolean;
	/** A path in the laboratory, as a path that this process can open. */
	readonly inside: (path: string) => string;
	/** A command line that runs in the laboratory when it is started here. */
	readonly commandLine: (command: string, parameters: readonly string[]) => readonly [string, readonly string[]];
	/** What quiesce is given in its environment. */
	readonly environment: Readonly<Record<string, string>>;
	/** @throws Failure where somebody else has ended it. */
	readonly mustLive: () => void;
	/** Ends everything in it; resolves when nothing of it is left. */
	readonly end: () => Promise<void>;
};

/** How long the last processes may take to be gone. Milliseconds. */
const goneWithinMs = 5000;

const programs = ['unshare', 'nsenter', 'mount', 'umount', 'losetup', 'mkfs.ext4', 'e2fsck', 'fsfreeze'];
const searchPath = [process.env['PATH'] ?? '', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(delimiter);

/** @throws Failure where the demo cannot run here: what is missing, and what to do. */
export function checkMachine(): void {
	if (process.geteuid?.() !== 0) {
		throw new Failure('The demo makes a disk and mounts it, which needs root.', {exitCode: exitCodes.notRoot, remedy: 'Run it as root: sudo npm run demo'});
	}
	const missing = programs.filter(program => !onPath(program));
	if (missing.length > 0) {
		throw new Failure(`The demo needs ${missing.join(', ')}, which this machine does not have.`, {
			exitCode: exitCodes.usage,
			remedy: 'Install them; on Debian and Ubuntu: apt-get install util-linux mount e2fsprogs',
		});
	}
	if (spawnSync('unshare', ['-m', '--propagation', 'private', 'true'], {env: {...process.env, PATH: searchPath}}).status !== 0) {
		throw new Failure('The demo needs a mount namespace of its own, and this machine does not allow one.', {
			exitCode: exitCodes.usage,
			remedy: 'In a container, give it the right to mount: docker run --privileged …. Otherwise run the demo on a VM.',
		});
	}
	try {
		accessSync('/dev/loop-control', constants.R_OK | constants.W_OK);
	} catch (cause) {
		throw new Failure('The demo keeps its disk in a file, and this machine has no loop devices (/dev/loop-control).', {
			exitCode: exitCodes.usage,
			remedy: ['Load the driver: modprobe loop', 'In a container, run the demo with: docker run --privileged …'],
			cause,
		});
	}
}

/** Makes the laboratory. @throws Failure where that does not succeed; nothing is left of it then. */
export async function openLaboratory(): Promise<Laboratory> {
	const templates = templatesDirectory();
	const base = chooseBase([process.execPath, templates]);
	const keeper = spawn('unshare', ['-m', '--propagation', 'private', 'sh', join(templates, 'laboratory.sh'), base, process.execPath, templates], {
		stdio: ['pipe', 'pipe', 'pipe'],
		// In a session of its own, so that neither a closed terminal nor a ctrl-c ends it before it has cleaned up.
		detached: true,
		cwd: '/',
		env: {...process.env, PATH: searchPath},
	});
	const closed = once(keeper, 'close');
	const filesystem = await ready(keeper);
	const {pid} = keeper;
	if (pid === undefined) throw new Error('the laboratory has no process');
	const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
	// While it is open, no other namespace can get the number of this one.
	const pin = openSync(`/proc/${pid}/ns/mnt`, constants.O_RDONLY);
	const at = (name: string): string => join(base, name);
	return {
		disk: at('vm-disk'),
		control: at('ledger'),
		snapshotMount: at('snapshot'),
		state: at('host/quiesce'),
		preScript: '/etc/ledger/pre.sh',
		postScript: '/etc/ledger/post.sh',
		reflinks: filesystem !== 'none',
		inside: path => `/proc/${pid}/root${path}`,
		commandLine: (command, parameters) => ['nsenter', [`--target=${pid}`, '--mount', '--wd=/', '--', command, ...parameters]],
		environment: {PATH: searchPath, QUIESCE_FREEZE_ONLY: at('vm-disk'), QUIESCE_STATE_DIR: at('host/quiesce')},
		mustLive: () => {
			if (keeper.exitCode !== null || keeper.signalCode !== null) throw new Failure('The demo\'s laboratory was ended by somebody else.', {exitCode: exitCodes.failed, remedy: 'Run the demo again.'});
		},
		end: async () => {
			keeper.stdin.end();
			await closed;
			// Something may be on its way out, and where the keeper itself was killed nothing has been ended. That they are gone is told only when they are.
			const end = Date.now() + goneWithinMs;
			for (let left = membersOfNamespace(namespace); left.length > 0 && Date.now() < end; left = membersOfNamespace(namespace)) {
				for (const pid of left) kill(pid);
				await delay(10);
			}

			closeSync(pin);
		},
	};
}

/** Waits for the keeper's word. */
async function ready(keeper: ChildProcess): Promise<string> {
	let words = '';
	let complaints = '';
	return new Promise((resolve, reject) => {
		keeper.stderr?.setEncoding('utf8').on('data', (text: string) => {
			complaints += text;
		});
		keeper.stdout?.setEncoding('utf8').on('data', (text: string) => {
			words += text;
			const filesystem = /^ready (\w+)\n/m.exec(words)?.[1];
			if (filesystem !== undefined) resolve(filesystem);
		});
		keeper.once('error', reject);
		keeper.once('close', () => {
			const why = /^problem (.*)$/m.exec(words)?.[1] ?? complaints.trim();
			reject(new Failure(`The demo's disk could not be made: ${why === '' ? 'it ended without a word' : why}.`, {
				exitCode: exitCodes.usage,
				remedy: 'In a container, run the demo with: docker run --privileged …. Otherwise run it on a VM.',
			}));
		});
	});
}

/** An unimportant directory that stays hidden behind the laboratory's own; it may not hide quiesce itself. */
function chooseBase(needed: readonly string[]): string {
	const base = ['/mnt', '/srv', '/media', '/opt'].find(candidate => isDirectory(candidate) && !needed.some(path => path.startsWith(candidate + sep)));
	if (base === undefined) throw new Failure('The demo needs a directory to mount its disk in (/mnt, /srv, /media or /opt), and finds none.', {exitCode: exitCodes.usage, remedy: 'Make one: mkdir /mnt'});
	return base;
}

/** templates/demo, seen from dist/ and from build/source/demo/. */
function templatesDirectory(): string {
	const found = ['../templates/demo', '../../../templates/demo'].map(way => fileURLToPath(new URL(way, import.meta.url))).find(isDirectory);
	if (found === undefined) throw new Failure('The demo\'s files (templates/demo) are not there.', {remedy: 'Install quiesce again with: npm ci'});
	return found;
}

function isDirectory(path: string): boolean {
	return statSync(path, {throwIfNoEntry: false})?.isDirectory() ?? false;
}

function onPath(program: string): boolean {
	return searchPath.split(delimiter).some(directory => {
		try {
			accessSync(join(directory, program), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
}
