import {spawn} from 'node:child_process';
import {boundedLines} from '../core/output-lines.js';
import {makeFamily} from './families.js';

/** How to start one script, exactly as the extension would: `sh path parameters…`. */
export type ScriptCommand = {
	/** As configured; relative ones are relative to `directory`. */
	readonly path: string;
	readonly parameters: readonly string[];
	readonly directory: string;
	/** The whole environment: HOME, LANG, PATH, PWD. */
	readonly environment: Readonly<Record<string, string>>;
};

/** How a script ended. Never thrown. */
export type ScriptEnd = {
	readonly exitCode: number | null;
	readonly signal: string | null;
	/** The time limit (or an abort) ended it, with everything that it had started. */
	readonly endedBy: 'itself' | 'limit' | 'abort';
	readonly durationMs: number;
	readonly stdoutBytes: number;
	readonly stderrBytes: number;
	/** Where `sh` itself could not be started (E2BIG, ENOENT …). */
	readonly startError?: Error;
};

/** A family is everything that one script started, in whatever session or group: it can be ended as a whole. */
export type ScriptFamily = {
	/** What another process (the guard) needs to end the same family: plain data for the journal. */
	readonly handle: FamilyHandle;
	/** Process ids alive now. */
	members(): Promise<readonly number[]>;
	/** SIGKILL for all of it, repeated until nothing is left; resolves then. */
	end(): Promise<void>;
	/** Ends only what still is in the script's own session; what made itself a daemon stays. Answers how many were ended and how many stay. */
	endSession(): Promise<{readonly ended: number; readonly stayed: number}>;
	/** Gives up the means of control (removes an empty cgroup); what still runs goes on. */
	release(): Promise<void>;
};

export type FamilyHandle = {
	readonly cgroup: string | null;
	readonly leader: number;
	/** The leader's start time in clock ticks (/proc/PID/stat, field 22), so that a recycled id is not mistaken for it. */
	readonly leaderStart: string;
};

export type ScriptOptions = {
	/** From the start; then the whole family is ended. None where absent or infinite. */
	readonly limitMs?: number;
	/** Ends the whole family when aborted. */
	readonly signal?: AbortSignal;
	/** One line of output, cleaned for a terminal and bounded (core/output-lines.ts). */
	readonly onOutput?: (stream: 'stdout' | 'stderr', line: string) => void;
	/** For tests: do without control groups, as on a machine that has none. */
	readonly withoutControlGroup?: boolean;
};

export type StartedScript = {
	readonly family: ScriptFamily;
	/** Resolves as soon as the script itself has ended, whoever still holds its pipes; never rejects. */
	readonly ended: Promise<ScriptEnd>;
};

/** The environment that the extension hands to scripts: it runs under the guest agent, a system service of root's. */
export function extensionEnvironment(directory: string): Readonly<Record<string, string>> {
	return {
		HOME: '/root',
		LANG: 'C.UTF-8',
		PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
		PWD: directory,
	};
}

/** The longest limit that a timer takes; a longer one is no limit here (the plugin host caps at 30 minutes anyway). */
const longestTimer = 2 ** 31 - 1;

/**
 * Starts `sh path parameters…` as the head of a family of its own. `node:child_process` and not execa, because the script must be followed by its
 * exit alone: its pipes may be held open for hours by what it left behind on purpose, and go on being drained then, so that a held database
 * session does not die of a closed pipe.
 *
 * The first `sh` only enters the control group and becomes the second one by exec, so nothing that the script starts can be outside of it.
 */
export function startScript(command: ScriptCommand, options: ScriptOptions = {}): StartedScript {
	const begun = performance.now();
	const family = makeFamily(options.withoutControlGroup === true);
	const bytes = {stdout: 0, stderr: 0};
	const ended = Promise.withResolvers<ScriptEnd>();
	let endedBy: ScriptEnd['endedBy'] = 'itself';
	const finish = (exitCode: number | null, signal: string | null, startError?: Error): void => {
		ended.resolve({
			exitCode,
			signal,
			endedBy,
			durationMs: performance.now() - begun,
			stdoutBytes: bytes.stdout,
			stderrBytes: bytes.stderr,
			...(startError === undefined ? {} : {startError}),
		});
	};

	const words = family.cgroup === null
		? [command.path, ...command.parameters]
		: ['-c', 'echo 0 >"$0/cgroup.procs" && exec sh "$@"', family.cgroup, command.path, ...command.parameters];
	let child;
	try {
		child = spawn('sh', words, {
			cwd: command.directory,
			env: {...command.environment},
			stdio: ['ignore', 'pipe', 'pipe'],
			detached: true,
		});
	} catch (error) {
		// A NUL in a parameter, or more parameters than the kernel takes.
		finish(null, null, error as Error);
		return {family, ended: ended.promise};
	}

	if (child.pid !== undefined) family.begin(child.pid);
	const end = (reason: 'limit' | 'abort'): void => {
		endedBy = reason;
		void family.end();
	};

	const timer = options.limitMs !== undefined && options.limitMs <= longestTimer ? setTimeout(end, options.limitMs, 'limit') : undefined;
	const onAbort = (): void => end('abort');
	if (options.signal?.aborted === true) {
		onAbort();
	} else {
		options.signal?.addEventListener('abort', onAbort, {once: true});
	}

	const lines = (['stdout', 'stderr'] as const).map(stream => {
		const collector = boundedLines(line => options.onOutput?.(stream, line));
		const pipe = child[stream];
		pipe.on('data', (chunk: Buffer) => {
			bytes[stream] += chunk.length;
			collector.take(chunk);
		});
		// Unread it would block its writer; read, it must not keep quiesce running when all else is done.
		pipe.on('error', () => {});
		return {collector, pipe};
	});

	const settle = (exitCode: number | null, signal: string | null, startError?: Error): void => {
		clearTimeout(timer);
		options.signal?.removeEventListener('abort', onAbort);
		// What is in the pipes already belongs to the script: one turn of the loop reads it, whoever still holds the other end.
		setImmediate(() => setImmediate(() => {
			for (const {collector, pipe} of lines) {
				collector.flush();
				(pipe as unknown as {unref?: () => void}).unref?.();
			}

			finish(exitCode, signal, startError);
		}));
	};

	child.once('error', error => settle(null, null, error));
	child.once('exit', (exitCode, signal) => settle(exitCode, signal));
	return {family, ended: ended.promise};
}

