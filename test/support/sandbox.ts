import {chmodSync, chownSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readlinkSync, rmSync, writeFileSync} from 'node:fs';
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {kill, membersOfNamespace} from '../../source/system/processes.js';
import {plainEnvironment, start, type Ended, type RunOptions, type Started} from './process.js';

/** The top of the repository, from build/test/support. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));
/** The bundled command (`npm run build` makes it). */
export const bundledQuiesce = join(repository, 'dist/quiesce');

/** A file to put into the sandbox before anything runs. Missing parents are made (root, 755). */
export type SandboxFile = {
	/** Absolute, as seen inside: `/etc/azure/pre.sh`. Only directories of `overlays` and those of the sandbox itself are private. */
	readonly path: string;
	readonly content: string | Uint8Array;
	/** Default 0o600. */
	readonly mode?: number;
	/** Numeric owner and group; default 0. */
	readonly owner?: number;
};

export type SandboxOptions = {
	readonly files?: readonly SandboxFile[];
	/** Directories of which the sandbox gets a private, writable version (an overlay over the real one). Default: `/etc` and `/var/lib`. Each must exist. */
	readonly overlays?: readonly string[];
	/** What may be frozen at all (QUIESCE_FREEZE_ONLY); more can be added with `allow`. Default: nothing. */
	readonly fence?: readonly string[];
};

/**
 * A private view of the machine: a mount namespace of its own, in which `/etc` and `/var/lib` are writable copies, so that `/etc/azure`
 * can be filled and spoilt without the machine noticing. Lives until `end()`, or until the test's process is gone.
 */
export type Sandbox = {
	/** A directory of the sandbox's own, on the filesystem of temporary files; the same inside and outside. Removed at the end. */
	readonly directory: string;
	/** What quiesce gets as QUIESCE_STATE_DIR: `directory`/state. */
	readonly stateDirectory: string;
	/** The environment of everything that runs inside: the tests' own, UTF-8, without CI, with the state directory and the fence. */
	readonly environment: Readonly<Record<string, string>>;
	/** A path inside as a path that the test's own process can open: `inside('/etc/azure/pre.sh')`. */
	readonly inside: (path: string) => string;
	/** A command line that runs inside when it is started outside (for `terminal.ts`). */
	readonly commandLine: (command: string, parameters: readonly string[], directory?: string) => readonly string[];
	readonly run: (command: string, parameters: readonly string[], options?: RunOptions) => Promise<Ended>;
	/** Throws where the command does not succeed. */
	readonly must: (command: string, parameters: readonly string[], options?: RunOptions) => Promise<string>;
	readonly start: (command: string, parameters: readonly string[], options?: RunOptions) => Started;
	/** The bundled quiesce. `env` is added to the sandbox's environment. */
	readonly quiesce: (parameters: readonly string[], options?: RunOptions) => Promise<Ended>;
	readonly startQuiesce: (parameters: readonly string[], options?: RunOptions) => Started;
	/** The bundled quiesce as a user without any rights, also where that user may not go to the repository (/root is root's alone). Needs setpriv. */
	readonly quiesceAsNobody: (parameters: readonly string[], options?: RunOptions) => Promise<Ended>;
	readonly put: (file: SandboxFile) => void;
	/** Adds mounts to the fence. */
	readonly allow: (...mounts: readonly string[]) => void;
	/** The ids of the processes that run inside, without the sandbox's own. */
	readonly members: () => readonly number[];
	/** Ends every process inside, and the namespace with all that is mounted only there. End loop disks first. */
	readonly end: () => Promise<void>;
};

/** What a VM on Azure has, and a machine on which quiesce is used. */
const machinesOwn = ['/etc/azure', '/var/lib/waagent', '/var/lib/quiesce'];

/** Makes a sandbox. Needs root and mount namespaces: skip with `whyNoSandbox()`. */
export async function makeSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-test-'));
	chmodSync(directory, 0o755);
	const stateDirectory = join(directory, 'state');
	const fence = new Set(options.fence ?? []);
	const overlays = options.overlays ?? ['/etc', '/var/lib'];
	// The holder keeps the namespace alive while its input is open, that is as long as the test's process lives.
	const setUp = ['set -e', 'mkdir "$1/layers"', 'mount -t tmpfs -o mode=700 layers "$1/layers"'];
	for (const [index, path] of overlays.entries()) {
		setUp.push(
			`mkdir "$1/layers/${index}" "$1/layers/${index}-work"`,
			`chmod 755 "$1/layers/${index}"`,
			`mount -t overlay overlay -o "lowerdir=${path},upperdir=$1/layers/${index},workdir=$1/layers/${index}-work" "${path}"`,
		);
	}
	// What the machine itself has of Azure's is not in the private versions: here, behind mounts that stand, because sh ends at the first that does not.
	for (const path of machinesOwn.filter(path => overlays.some(overlay => path.startsWith(`${overlay}/`)))) setUp.push(`rm -rf "${path}"`);
	const holder = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', `${setUp.join('\n')}\necho ready\nexec cat`, 'sh', directory], {stdio: ['pipe', 'pipe', 'pipe']});
	let words = '';
	holder.stderr.setEncoding('utf8').on('data', (text: string) => {
		words += text;
	});
	await new Promise<void>((resolve, reject) => {
		holder.stdout.once('data', () => resolve());
		holder.once('close', () => reject(new Error(`the sandbox could not be made: ${words}`)));
	});
	const {pid} = holder;
	if (pid === undefined) throw new Error('the sandbox has no process');
	const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
	// While it is open, no other namespace can get the number of this one, whatever becomes of the holder.
	const pin = openSync(`/proc/${pid}/ns/mnt`, 'r');
	const enter = (command: string, parameters: readonly string[], at = repository): string[] =>
		['nsenter', `--target=${pid}`, '--mount', `--wd=${at}`, '--', command, ...parameters];
	const inside = (path: string): string => `/proc/${pid}/root${path}`;
	const environment = (): Record<string, string> => ({
		...plainEnvironment(),
		QUIESCE_STATE_DIR: stateDirectory,
		// An empty list could be taken for no fence at all: this one allows a place that does not exist.
		QUIESCE_FREEZE_ONLY: fence.size === 0 ? join(directory, 'nothing') : [...fence].join(':'),
	});
	const running = new Set<ChildProcess>();
	const startInside = (command: string, parameters: readonly string[], given: RunOptions = {}): Started => {
		const [program = '', ...words] = enter(command, parameters, given.cwd);
		const started = start(program, words, {...(given.input === undefined ? {} : {input: given.input}), env: {...environment(), ...given.env}});
		const {child} = started;
		running.add(child);
		child.once('close', () => running.delete(child));
		return started;
	};
	const must = async (command: string, parameters: readonly string[], given: RunOptions = {}): Promise<string> => {
		const end = await startInside(command, parameters, given).ended;
		if (end.exitCode !== 0) throw new Error(`${[command, ...parameters].join(' ')} ended with ${end.exitCode ?? end.signal}: ${end.stderr.trim()}`);
		return end.stdout;
	};
	const put = (file: SandboxFile): void => {
		const path = inside(file.path);
		mkdirSync(dirname(path), {recursive: true, mode: 0o755});
		writeFileSync(path, file.content);
		chownSync(path, file.owner ?? 0, file.owner ?? 0);
		chmodSync(path, file.mode ?? 0o600);
	};
	let over = false;
	const sandbox: Sandbox = {
		directory,
		stateDirectory,
		get environment() {
			return environment();
		},
		inside,
		commandLine: (command, parameters, at) => enter(command, parameters, at),
		run: async (command, parameters, given) => startInside(command, parameters, given).ended,
		must,
		start: startInside,
		quiesce: async (parameters, given) => startInside(bundledQuiesce, parameters, given).ended,
		startQuiesce: (parameters, given) => startInside(bundledQuiesce, parameters, given),
		quiesceAsNobody: async (parameters, given) => {
			const reachable = join(directory, 'repository');
			await must('sh', ['-c', '[ -d "$2" ] || { mkdir "$2" && mount --bind "$1" "$2"; }', 'sh', repository, reachable]);
			const command = join(reachable, relative(repository, bundledQuiesce));
			return startInside('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', command, ...parameters], {cwd: '/', ...given}).ended;
		},
		put,
		allow: (...mounts) => mounts.forEach(mount => fence.add(mount)),
		members: () => membersOfNamespace(namespace).filter(member => member !== pid),
		end: async () => {
			if (over) return;
			over = true;
			// What is only on its way in has no place there yet.
			for (const child of running) child.kill('SIGKILL');
			for (const process_ of membersOfNamespace(namespace)) {
				if (process_ !== pid) kill(process_);
			}
			const closed = once(holder, 'close');
			holder.kill('SIGKILL');
			await closed;
			closeSync(pin);
			rmSync(directory, {recursive: true, force: true});
		},
	};
	for (const file of options.files ?? []) sandbox.put(file);
	return sandbox;
}

/** For a test that wants to say why it cannot run the bundle. */
export function whyNoBundle(): string | false {
	return existsSync(bundledQuiesce) ? false : 'not built (npm run build)';
}
