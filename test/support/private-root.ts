import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readlinkSync, realpathSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {kill, membersOfNamespace} from '../../source/system/processes.js';
import {must, pidOf, plainEnvironment, run, type RunOptions, start, type Started} from './process.js';
import {repository} from './sandbox.js';

/** A machine within the machine: its `/` is a filesystem in an image file, which can be frozen without the real one noticing. */
export type PrivateRoot = {
	/** A path in it as the test can open it. */
	readonly inside: (path: string) => string;
	/** The quiesce in it, with `/` (its own) as the fence. */
	readonly startQuiesce: (parameters: readonly string[], options?: RunOptions) => Started;
	/** Starts any program that is in it. */
	readonly start: (command: string, parameters: readonly string[]) => Started;
	/** True where its root was frozen; it is not any more then. */
	readonly wasFrozen: () => Promise<boolean>;
	/** Where each process in it is in the kernel: what to look at when something waits. */
	readonly stacks: () => Promise<string>;
	readonly members: () => readonly number[];
	readonly end: () => Promise<void>;
};

const programs = ['sh', 'cat', 'sleep', 'timeout', 'fsfreeze', 'mkdir', 'uname', 'readlink', 'umount'];

/** Makes it: an image with Node, the bundle, a shell and a handful of programs, entered by pivot_root in a mount namespace of its own. */
export async function makePrivateRoot(type: 'ext4' | 'xfs', files: Readonly<Record<string, {readonly content: string; readonly mode: number}>>): Promise<PrivateRoot> {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-root-'));
	const tree = join(directory, 'tree');
	fillTree(tree, await librariesOf([realpathSync(process.execPath), ...programs.map(programPath)]), files);
	const image = join(directory, 'root.img');
	await must('truncate', ['-s', '700M', image]);
	await must(`mkfs.${type}`, type === 'ext4' ? ['-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard', image] : ['-q', image]);
	const setUp = `set -e
mkdir "$1/root"
mount -o loop "$1/root.img" "$1/root"
cp -a "$1/tree/." "$1/root"
rm -r "$1/tree"
sync -f "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs run run
if mount -t cgroup2 none sys/fs/cgroup 2>/dev/null; then :; fi
mount --make-rprivate .
pivot_root . old
umount -l /old
echo ready
exec /bin/cat`;
	const holder = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', setUp, 'sh', directory], {stdio: ['pipe', 'pipe', 'pipe']});
	let words = '';
	holder.stderr.setEncoding('utf8').on('data', (text: string) => {
		words += text;
	});
	await new Promise<void>((resolve, reject) => {
		holder.stdout.once('data', () => resolve());
		holder.once('close', () => reject(new Error(`the private root could not be made: ${words}`)));
	});
	const pid = pidOf(holder);
	const root = `/proc/${pid}/root`;
	mustBePrivate(root);
	const watchdog = spawn('sh', ['-c', 'trap "" INT TERM HUP; timeout 120 cat >/dev/null; fsfreeze -u "$0" 2>/dev/null', root], {stdio: ['pipe', 'ignore', 'ignore'], detached: true});
	const namespace = readlinkSync(`/proc/${pid}/ns/mnt`);
	// While it is open, no other namespace can get the number of this one.
	const pin = openSync(`/proc/${pid}/ns/mnt`, 'r');
	const members = (): readonly number[] => membersOfNamespace(namespace).filter(member => member !== pid);
	const enter = (command: string, parameters: readonly string[], options: RunOptions = {}): Started => {
		mustBePrivate(root);
		// The fence is meant inside, and set only there.
		return start('nsenter', [`--target=${pid}`, '--mount', '--root', '--wd=/', '--', '/bin/sh', '-c', 'export QUIESCE_FREEZE_ONLY=/; exec "$@"', 'sh', command, ...parameters], {
			...options,
			env: {...plainEnvironment(), PATH: '/usr/sbin:/usr/bin:/sbin:/bin', QUIESCE_FREEZE_ONLY: join(directory, 'nothing'), ...options.env},
		});
	};
	const wasFrozen = async (): Promise<boolean> => (await run('fsfreeze', ['-u', root])).exitCode === 0;
	return {
		inside: path => `${root}${path}`,
		startQuiesce: (parameters, options) => enter('/opt/quiesce/dist/quiesce', parameters, options),
		start: enter,
		wasFrozen, members,
		stacks: async () => (await run('sh', ['-c', 'for pid; do echo "== $pid $(tr "\\0" " " <"/proc/$pid/cmdline") $(cat "/proc/$pid/wchan")"; cat "/proc/$pid/stack"; done', 'sh', ...members().map(String)])).stdout,
		end: async () => {
			await wasFrozen();
			for (const member of members()) kill(member);
			watchdog.stdin.end();
			const closed = once(holder, 'close');
			holder.kill('SIGKILL');
			await closed;
			closeSync(pin);
			rmSync(directory, {recursive: true, force: true});
		},
	};
}

/** The machine's own root can never be meant: the private one must be another filesystem, on a loop device. */
function mustBePrivate(root: string): void {
	const own = statSync('/', {bigint: true}).dev;
	const other = statSync(`${root}/.`, {bigint: true}).dev;
	if (other === own || (other >> 8n & 0xfffn) !== 7n) throw new Error('the private root is not private: nothing is done');
}

function fillTree(tree: string, libraries: readonly string[], files: Readonly<Record<string, {readonly content: string; readonly mode: number}>>): void {
	for (const name of ['proc', 'sys', 'dev', 'run', 'old', 'tmp', 'bin', 'root', 'etc/azure', 'var/lib', 'opt/quiesce/node_modules']) mkdirSync(join(tree, name), {recursive: true, mode: 0o755});
	for (const path of libraries) {
		const target = join(tree, path);
		mkdirSync(dirname(target), {recursive: true});
		cpSync(realpathSync(path), target);
	}
	for (const name of programs) cpSync(realpathSync(programPath(name)), join(tree, 'bin', name));
	const node = realpathSync(process.execPath);
	const home = join(tree, 'opt/quiesce');
	const platform = basename(dirname(dirname(node)));
	mkdirSync(join(home, 'node_modules', platform, 'bin'), {recursive: true});
	cpSync(node, join(home, 'node_modules', platform, 'bin/node'));
	for (const name of ['koffi', '@koromix']) {
		const from = join(repository, 'node_modules', name);
		if (existsSync(from)) cpSync(realpathSync(from), join(home, 'node_modules', name), {recursive: true});
	}
	for (const name of ['dist', 'package.json', 'templates']) cpSync(join(repository, name), join(home, name), {recursive: true});
	for (const [path, {content, mode}] of Object.entries(files)) {
		mkdirSync(dirname(join(tree, path)), {recursive: true});
		writeFileSync(join(tree, path), content, {mode});
	}
}

function programPath(name: string): string {
	const found = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].map(place => join(place, name)).find(path => existsSync(path));
	if (found === undefined) throw new Error(`no ${name} here`);
	return found;
}

/** The shared libraries of some programs, and what loads them, as ldd tells. */
async function librariesOf(paths: readonly string[]): Promise<readonly string[]> {
	const text = await must('ldd', paths);
	return [...new Set([...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(match => match[1]!))];
}
