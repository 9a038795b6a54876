import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {must, pidOf, run, type Ended} from './process.js';
import {until, type ScriptsRoom} from './scripts-lab.js';
import {firstReason, whyNoProgram, whyNoSandbox, type Reason} from './skip.js';

/** A systemd of a test's own: process 1 of namespaces that see the machine's files, but have a /run and control groups of their own, and no units but the test's. */
export type SystemdRoom = ScriptsRoom & {
	/** For what units write. */
	readonly directory: string;
	/** Writes units by their names, with their text; they have no default dependencies. */
	readonly units: (units: Readonly<Record<string, string>>) => Promise<void>;
	readonly systemctl: (...words: readonly string[]) => Promise<Ended>;
	/** `active`, `inactive`, `failed`, … */
	readonly stateOf: (unit: string) => Promise<string>;
	readonly end: () => Promise<void>;
};

const program = '/lib/systemd/systemd';

export function whyNoSystemd(): Reason {
	return firstReason(whyNoSandbox(), whyNoProgram('systemctl'), existsSync(program) ? false : 'no systemd here', controlGroups().length === 0 ? 'no control groups here' : false);
}

type ControlGroups = {readonly mount: string; readonly kind: 'unified' | 'named'};

/** The hierarchies that systemd works with. */
function controlGroups(): readonly ControlGroups[] {
	return readFileSync('/proc/self/mounts', 'utf8').split('\n').map(line => line.split(' ')).flatMap(([, mount = '', type, options = '']): readonly ControlGroups[] => {
		if (type === 'cgroup2') return [{mount, kind: 'unified'}];
		return type === 'cgroup' && options.split(',').includes('name=systemd') ? [{mount, kind: 'named'}] : [];
	});
}

/** What runs inside before systemd does. */
const setUp = `set -e
mount -t tmpfs -o mode=755 tmpfs /run
if [ "$1" = named ]; then
	mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
	mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/systemd
	mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
	mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
else
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
exec env -i PATH="$PATH" container=lxc SYSTEMD_UNIT_PATH="$2" SYSTEMD_LOG_TARGET=null ${program} --system --unit=test.target`;

/** Needs `whyNoSystemd()` to be false. */
export async function startSystemd(): Promise<SystemdRoom> {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-systemd-'));
	chmodSync(directory, 0o755);
	const unitPath = join(directory, 'units');
	mkdirSync(unitPath);
	for (const target of ['test', 'sysinit', 'basic', 'shutdown']) writeFileSync(join(unitPath, `${target}.target`), `[Unit]\nDescription=${target}\nDefaultDependencies=no\n`);
	const hierarchies = controlGroups();
	const groups = hierarchies.map(({mount}) => join(mount, basename(directory)));
	for (const group of groups) mkdirSync(group);
	const enterGroups = groups.map(group => `echo $$ >${group}/cgroup.procs`).join('; ');
	const outer = spawn('sh', [
		'-c', `${enterGroups}; exec unshare --pid --fork --kill-child --mount --mount-proc --cgroup --uts --ipc --net --propagation private sh -c "$0" sh "$1" "$2"`,
		setUp, hierarchies.some(({kind}) => kind === 'named') ? 'named' : 'unified', unitPath,
	], {stdio: ['ignore', 'ignore', 'pipe'], cwd: '/'});
	let words = '';
	outer.stderr.setEncoding('utf8').on('data', (text: string) => {
		words += text;
	});
	const closed = once(outer, 'exit');
	const end = async (): Promise<void> => {
		outer.kill('SIGKILL');
		await closed;
		for (const group of groups) await until('its control groups are empty', () => removed(group), 60_000);
		rmSync(directory, {recursive: true, force: true});
	};
	const child = (): string => readFileSync(`/proc/${pidOf(outer)}/task/${pidOf(outer)}/children`, 'utf8').trim();
	try {
		await until(`systemd is there: ${words}`, () => outer.exitCode !== null || (existsSync(`/proc/${pidOf(outer)}/task`) && /^\d+$/.test(child()) && readFileSync(`/proc/${child()}/cmdline`, 'utf8').startsWith(program)), 60_000);
		if (outer.exitCode !== null) throw new Error(`systemd does not start: ${words}`);
		const first = child();
		const enter = ['nsenter', `--target=${first}`, '--mount', '--pid', '--cgroup', '--uts', '--ipc', '--net', '--wd=/', '--'];
		const systemctl = async (...given: readonly string[]): Promise<Ended> => run(enter[0]!, [...enter.slice(1), 'systemctl', ...given]);
		await until('systemd answers', async () => (await systemctl('is-system-running')).stdout.trim() === 'running', 60_000);
		return {
			enter, systemctl, end, directory,
			root: `/proc/${first}/root`,
			units: async units => {
				for (const [name, text] of Object.entries(units)) writeFileSync(join(unitPath, name), `[Unit]\nDefaultDependencies=no\n${text}`);
				await must(enter[0]!, [...enter.slice(1), 'systemctl', 'daemon-reload']);
			},
			stateOf: async unit => (await systemctl('is-active', unit)).stdout.trim(),
		};
	} catch (error) {
		await end();
		throw error;
	}
}

/** A control group is removed from its leaves on, once nothing runs in it. */
function removed(group: string): boolean {
	try {
		for (const name of readdirSync(group, {withFileTypes: true})) if (name.isDirectory() && !removed(join(group, name.name))) return false;
		rmdirSync(group);
		return true;
	} catch {
		return !existsSync(group);
	}
}
