import {randomBytes} from 'node:crypto';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {basename, dirname, join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Application, ApplicationSettings} from '../../source/applications/index.js';
import {isRunning, kill, processIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {extensionEnvironment} from '../../source/system/scripts.js';
import {pidOf} from './process.js';

/** How a script ended that was run as the extension runs it. What it leaves behind must not hold its output. */
export type ScriptRun = {
	readonly exitCode: number | null;
	readonly output: string;
	readonly durationMs: number;
};

/** Other ways than the extension's to run a script. */
export type ScriptOptions = {
	/** Default: `sh`. */
	readonly shell?: readonly string[];
	/** Default: the one that the extension gives. */
	readonly environment?: Readonly<Record<string, string>>;
};

/** An application's scripts in a directory of their own, under a name of their own. */
export type ScriptsLab = {
	/** Names the scripts, their state and their log. */
	readonly name: string;
	readonly directory: string;
	/** Where the scripts keep their state: a filesystem in memory. */
	readonly state: string;
	readonly pre: (how?: ScriptOptions) => Promise<ScriptRun>;
	readonly post: (how?: ScriptOptions) => Promise<ScriptRun>;
	readonly start: (role: 'pre' | 'post', how?: ScriptOptions) => {readonly pid: number; readonly ended: Promise<ScriptRun>};
	/** Other settings from now on. */
	readonly configure: (settings: ApplicationSettings) => void;
	/** The administrator's log. */
	readonly log: () => string;
	/** The lines that are still in memory. */
	readonly memoryLog: () => string;
	/** What the pre-script left behind on purpose: the members of its leased sessions. */
	readonly left: () => readonly number[];
	/** One of those, by its words: waited for, as some come a moment later, and begin others that soon end. */
	readonly memberOf: (words: RegExp) => Promise<number>;
	readonly end: () => Promise<void>;
};

/** Namespaces in which the scripts run. `/run` is in memory there. */
export type ScriptsRoom = {
	/** A command that runs another one inside. */
	readonly enter: readonly string[];
	/** Its root directory, seen from outside. */
	readonly root: string;
};

/** Writes the scripts of an application as quiesce would, under a name that no other test has. */
export function placeScripts(application: Application, settings: ApplicationSettings = {}, room: ScriptsRoom = {enter: [], root: ''}): ScriptsLab {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-scripts-'));
	chmodSync(directory, 0o755);
	const name = `test-${application.name}-${randomBytes(4).toString('hex')}`;
	const logFile = join(directory, 'log');
	const configure = (given: ApplicationSettings): void => {
		// A busy machine may need longer than the 6 s that the scripts would take by themselves.
		for (const file of application.scripts({logFile, giveUp: '40', ...given}).files) {
			const path = join(directory, file.name.startsWith(`${application.name}-p`) || file.name === `${application.name}.conf` ? file.name.replace(application.name, name) : file.name);
			mkdirSync(join(path, '..'), {recursive: true, mode: 0o700});
			writeFileSync(path, file.content, {mode: file.mode});
			chmodSync(path, file.mode);
		}
	};
	configure(settings);
	const memory = room.root !== '' || isInMemory('/run') ? '/run' : '/dev/shm';
	const place = join(memory, 'quiesce', name);
	const state = room.root + place;
	const begun = new Set<ChildProcess>();
	const startScript = (role: 'pre' | 'post', {shell = ['sh'], environment = extensionEnvironment('/')}: ScriptOptions = {}): {readonly pid: number; readonly ended: Promise<ScriptRun>} => {
		const since = performance.now();
		const [command = 'sh', ...words] = [...room.enter, ...shell, join(directory, `${name}-${role}.sh`)];
		const child = spawn(command, words, {cwd: '/', env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true});
		begun.add(child);
		const ended = (async (): Promise<ScriptRun> => {
			const words: string[] = [];
			for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => words.push(text));
			const closed = once(child, 'close');
			const [exitCode] = (await once(child, 'exit')) as [number | null];
			const durationMs = performance.now() - since;
			begun.delete(child);
			const output = await Promise.race([closed.then(() => words.join('')), delay(5000, null, {ref: false})]);
			if (output === null) throw new Error(`something that the script left behind holds its output: ${words.join('')}`);
			return {exitCode, output, durationMs};
		})();
		return {pid: pidOf(child), ended};
	};
	const read = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
	const left = (): readonly number[] => processIds().filter(pid => {
		try {
			const found = readProcess(pid);
			if (!isRunning(found)) return false;
			const leader = readFileSync(`/proc/${found.session}/cmdline`, 'utf8');
			return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${place}/`) || leader.includes(`${place}/`);
		} catch {
			return false;
		}
	});
	return {
		name,
		directory,
		state,
		pre: async how => startScript('pre', how).ended,
		post: async how => startScript('post', how).ended,
		start: startScript,
		configure,
		log: () => read(logFile),
		memoryLog: () => read(join(state, 'log')),
		left,
		memberOf: async words => {
			let found: number | undefined;
			await until(`one of the sessions is ${String(words)}`, () => {
				found = left().find(pid => words.test(textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? ''));
				return found !== undefined;
			});
			return pidOf({pid: found});
		},
		end: async () => {
			for (const child of begun) child.kill('SIGKILL');
			left().forEach(kill);
			rmSync(state, {recursive: true, force: true});
			rmSync(directory, {recursive: true, force: true});
		},
	};
}

/** Looks until something is so; for what has no event that a test could wait for. Throws after `deadlineMs`. */
export async function until(what: string, look: () => boolean | Promise<boolean>, deadlineMs = 60_000): Promise<number> {
	const begun = performance.now();
	while (!await look()) {
		if (performance.now() - begun > deadlineMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
		await delay(20);
	}
	return performance.now() - begun;
}

/** The mark that a pre-script wrote, as its keys and values. */
export function readMark(directory: string): Readonly<Record<string, string>> {
	return Object.fromEntries(readFileSync(join(directory, '.quiesce-mark'), 'utf8').trim().split('\n').map(line => {
		const at = line.indexOf('=');
		return [line.slice(0, at), line.slice(at + 1)];
	}));
}

function isInMemory(place: string): boolean {
	const line = readFileSync('/proc/self/mounts', 'utf8').split('\n').find(words => words.split(' ')[1] === place);
	return line?.split(' ')[2] === 'tmpfs';
}

/** Lets the users of servers pass through the directories that tests make for root alone. */
export function letThrough(path: string): void {
	for (let at = path; at !== dirname(at); at = dirname(at)) {
		const {mode} = statSync(at);
		if (basename(at).startsWith('quiesce-') && (mode & 0o001) === 0) chmodSync(at, (mode & 0o777) | 0o011);
	}
}
