import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';

export type RunOptions = {
	/** Standard input; nothing (end of file at once) by default. */
	readonly input?: string;
	/** The whole environment of the process. Default: that of the tests, without CI. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly cwd?: string;
};

/** How a process ended, and all that it wrote. */
export type Ended = {
	/** Null where a signal ended it. */
	readonly exitCode: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly stdout: string;
	readonly stderr: string;
	/** Standard output as NDJSON: one object a line. Throws, with the line, where one is no JSON. */
	readonly json: () => unknown[];
};

/** A process under way. */
export type Started = {
	readonly pid: number;
	readonly child: ChildProcess;
	readonly kill: (signal: NodeJS.Signals) => void;
	/** Resolves when the process has ended and its output is closed. Never rejects for an exit code. */
	readonly ended: Promise<Ended>;
	/** Resolves once standard output and standard error together match; rejects, with all that was written, when the process ends first or after `deadlineMs` (default 60 s). */
	readonly until: (pattern: string | RegExp, deadlineMs?: number) => Promise<void>;
	/** What was written so far. */
	readonly output: () => {readonly stdout: string; readonly stderr: string};
};

/** The tests' own environment without what would make a program think that nobody is looking. */
export function plainEnvironment(): Record<string, string> {
	const {CI: _ci, QUIESCE_STATE_DIR: _state, STATE_DIRECTORY: _systemd, NO_COLOR: _color, FORCE_COLOR: _force, NODE_TEST_CONTEXT: _test, TERM: _terminal, ...rest} = process.env;
	return {...(rest as Record<string, string>), LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TERM: 'xterm-256color'};
}

/** Starts a process and collects what it writes. */
export function start(command: string, parameters: readonly string[], options: RunOptions = {}): Started {
	const child = spawn(command, parameters, {
		env: (options.env ?? plainEnvironment()) as NodeJS.ProcessEnv,
		stdio: 'pipe',
		...(options.cwd === undefined ? {} : {cwd: options.cwd}),
	});
	let stdout = '';
	let stderr = '';
	const watchers = new Set<() => void>();
	const told = (): void => {
		for (const watcher of watchers) watcher();
	};
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
		told();
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
		told();
	});
	// A program that does not read its input may end before it is written.
	child.stdin.on('error', () => {});
	child.stdin.end(options.input ?? '');
	const ended = (async (): Promise<Ended> => {
		const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
		return {exitCode, signal, stdout, stderr, json: () => parseLines(stdout)};
	})();
	// A failed start is reported to whoever awaits `ended`, and to nobody else.
	ended.catch(() => {});
	return {
		pid: pidOf(child),
		child,
		kill: signal => void child.kill(signal),
		ended,
		output: () => ({stdout, stderr}),
		until: (pattern, deadlineMs = 60_000) => new Promise((resolve, reject) => {
			const finish = (problem?: string): void => {
				clearTimeout(timer);
				watchers.delete(look);
				child.off('close', gone);
				if (problem === undefined) resolve();
				else reject(new Error(`${problem}: ${String(pattern)}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`));
			};
			const matches = (): boolean => (typeof pattern === 'string' ? (stdout + stderr).includes(pattern) : pattern.test(stdout + stderr));
			const look = (): void => {
				if (matches()) finish();
			};
			const gone = (): void => finish(matches() ? undefined : 'the process ended without writing this');
			const timer = setTimeout(() => finish(`not written within ${deadlineMs} ms`), deadlineMs);
			watchers.add(look);
			child.once('close', gone);
			if (child.exitCode !== null && child.stdout.readableEnded) gone();
			else look();
		}),
	};
}

/** Runs a process to its end. */
export async function run(command: string, parameters: readonly string[], options: RunOptions = {}): Promise<Ended> {
	return start(command, parameters, options).ended;
}

/** Runs a process that must succeed (set-up and clean-up of tests); throws with its words where it does not. */
export async function must(command: string, parameters: readonly string[], options: RunOptions = {}): Promise<string> {
	const end = await run(command, parameters, options);
	if (end.exitCode !== 0) throw new Error(`${[command, ...parameters].join(' ')} ended with ${end.exitCode ?? end.signal}: ${end.stderr.trim()}`);
	return end.stdout;
}

function parseLines(text: string): unknown[] {
	return text.split('\n').filter(line => line !== '').map(line => {
		try {
			return JSON.parse(line) as unknown;
		} catch {
			throw new Error(`no JSON: ${line}`);
		}
	});
}

/** The process of a child. Throws where it could not be started: no number stands for none, as -1 would be every process of the machine. */
export function pidOf(child: {readonly pid?: number | undefined} | undefined): number {
	if (child?.pid === undefined) throw new Error('it could not be started');
	return child.pid;
}

/** Sends a signal to one process, and never to a group or to everything. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
	if (!Number.isSafeInteger(pid) || pid <= 1) throw new Error(`${pid} is no process to send ${signal} to`);
	process.kill(pid, signal);
}
