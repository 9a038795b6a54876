import {closeSync, constants, fstatSync, openSync, readSync, writeFileSync} from 'node:fs';
import {Socket} from 'node:net';
import {findError} from '../core/errors.js';
import {UnreadPipe} from '../core/extension/unread-pipe.js';
import {Failure} from '../core/failure.js';
import {boundedLines} from '../core/output-lines.js';
import {loadNative} from './native.js';
import {makeWaiting, type WaitingScript} from './script-gate.js';
import {changeOf} from './script-identity.js';
import type {FamilyHandle, ScriptCommand, ScriptFamily} from './script-types.js';
import {longestTimerMs} from './time.js';

/** How a script ended. Never thrown. */
export type ScriptEnd = {
	readonly exitCode: number | null;
	readonly signal: string | null;
	/** The time limit (or an abort) ended it, with everything that it had started. */
	readonly endedBy: 'itself' | 'limit' | 'abort';
	readonly durationMs: number;
	readonly stdoutBytes: number;
	readonly stderrBytes: number;
	/** True where one of its pipes would have been full, had nobody read it. */
	readonly overflows: boolean;
	/** Where it was not started: `sh` could not be (E2BIG, ENOENT …), the script was not what had been checked, or `beforeStart` threw. */
	readonly startError?: Error;
	/** True where it was not started because it has been changed since the check (the error ScriptChanged). */
	readonly changed?: boolean;
};

export type ScriptOptions = {
	/**
	 * Called when the script's family is known and before its first line runs; the script starts when it has resolved, and does not start where it
	 * throws, nor where this process dies meanwhile. The place to tell the journal and the guard.
	 */
	readonly beforeStart?: (family: FamilyHandle) => Promise<void> | void;
	/** The path of a file that the script's own process makes, or empties, when it starts: whoever cleans up after this process knows by it that the script ran. */
	readonly ranMark?: string;
	/** One of the same command and the same mark that waits already; it is not used where it has ended meanwhile. */
	readonly waiting?: WaitingScript;
	/**
	 * With it, what only root can have changed since the check is run all the same, and this is told first: whatever held the application must release it. What
	 * somebody else than root could have put there is never run.
	 */
	readonly onChanged?: (what: string) => void;
	/** The content that was checked: it is run in the place of another one that root has put there since. Without it, that other one is. */
	readonly checked?: Uint8Array;
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

/** How often the last lines of a flood are shown while it goes on. */
const catchUpEveryMs = 1000;

/** What one read takes from a pipe at most: what it holds. Bytes. */
const readAtOnce = 256 * 1024;

/** What a pipe holds whose script writes more than any pipe, bytes: the most that the kernel gives without being asked to (pipe-max-size). */
const pipeOfFlood = 1024 * 1024;

/** How often a pipe is read at its script's end, at most: what is left behind may write on and on. */
const mostReadsAtEnd = 64;

/** The environment that the extension hands to scripts: it runs under the guest agent, a system service of root's. */
export function extensionEnvironment(directory: string): Readonly<Record<string, string>> {
	return {
		HOME: '/root',
		LANG: 'C.UTF-8',
		PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
		PWD: directory,
	};
}

/**
 * Starts `sh path parameters…` as the head of a family of its own. `node:child_process`, because the script must be followed by its
 * exit alone: its pipes may be held open for hours by what it left behind on purpose, and go on being drained then, so that a held database
 * session does not die of a closed pipe.
 *
 * Its output goes to pipes, as with the extension: Node's own are sockets, on which `>/dev/stderr` fails. The family holds their other ends too,
 * so that a script that outlives this process does not die of a closed pipe in the middle of its work.
 */
export function startScript(command: ScriptCommand, options: ScriptOptions = {}): StartedScript {
	let begun = performance.now();
	const waiting = options.waiting?.waits() === true ? options.waiting : makeWaiting(command, options.ranMark, options.withoutControlGroup);
	waiting.take();
	const {family} = waiting;
	const bytes = {stdout: 0, stderr: 0};
	const ended = Promise.withResolvers<ScriptEnd>();
	let endedBy: ScriptEnd['endedBy'] = 'itself';
	let timer: NodeJS.Timeout | undefined;
	const catchingUp = setInterval(() => pipes.forEach(({collector}) => collector.catchUp()), catchUpEveryMs);
	/** Of a file in memory. */
	let instead: number | undefined;
	let over = false;
	let overflows = false;
	const finish = (exitCode: number | null, signal: string | null, notStarted: Partial<ScriptEnd> = {}): void => {
		if (over) return;
		if (instead !== undefined) closeSync(instead);
		clearTimeout(timer);
		clearInterval(catchingUp);
		options.signal?.removeEventListener('abort', onAbort);
		over = true;
		ended.resolve({exitCode, signal, endedBy, durationMs: performance.now() - begun, stdoutBytes: bytes.stdout, stderrBytes: bytes.stderr, overflows, ...notStarted});
	};
	const end = async (reason: 'limit' | 'abort'): Promise<void> => {
		endedBy = reason;
		const left = await family.end();
		// One that waits for a frozen filesystem ends only after the thaw: nobody shall wait for that.
		if (left.length === 0 || over) return;
		pipes.forEach(({endPackets}) => endPackets());
		finish(null, 'SIGKILL');
	};
	const onAbort = (): void => void end('abort');

	if (waiting.gate === null) {
		finish(null, null, {startError: waiting.error ?? new Error('it could not be started')});
		return {family, ended: ended.promise};
	}
	const {child, readers, writers, opened, letGo} = waiting.gate;

	const pipes = (['stdout', 'stderr'] as const).map((stream, index) => {
		const collector = boundedLines(line => options.onOutput?.(stream, line));
		const unread = new UnreadPipe();
		const buffer = Buffer.allocUnsafe(readAtOnce);
		let writer = writers[index] ?? null;
		// Write by write it is read only as long as that decides something: it takes longer.
		const endPackets = (bytes?: number): void => {
			if (writer === null) return;
			loadNative().endPackets(writer, bytes);
			closeSync(writer);
			writer = null;
		};
		const take = (count: number): void => {
			bytes[stream] += count;
			if (writer !== null) unread.packet(count);
			if (unread.blocks) {
				overflows = true;
				// A flood comes: with more room its writer and its reader wait less for each other.
				endPackets(pipeOfFlood);
			}
			collector.take(buffer.subarray(0, count));
		};
		const pipe = new Socket({
			fd: readers[index] ?? -1, readable: true, writable: false,
			// One buffer for all of it: a script that writes gigabytes must not make the garbage collector work for each piece.
			onread: {
				buffer,
				callback: count => {
					take(count);
					return true;
				},
			},
		});
		// Nothing is handed on by the stream itself; it only has to flow.
		pipe.resume();
		pipe.on('error', () => {});
		// What is in it already belongs to the script, whoever still holds the other end.
		const empty = (): void => {
			for (let reads = 0; reads < mostReadsAtEnd && !pipe.destroyed; reads++) {
				const count = readNow(readers[index] ?? -1, buffer);
				if (count === 0) break;
				take(count);
			}
			endPackets();
		};
		return {collector, pipe, empty, endPackets};
	});
	const settle = (exitCode: number | null, signal: string | null, notStarted?: Partial<ScriptEnd>): void => void setImmediate(() => setImmediate(() => {
		if (over) return;
		for (const {collector, pipe, empty} of pipes) {
			empty();
			collector.flush();
			// Unread it would block its writer; read, it must not keep quiesce running when all else is done.
			pipe.unref();
		}
		finish(exitCode, signal, notStarted);
	}));
	let refused: Partial<ScriptEnd> | undefined;
	child.once('error', error => settle(null, null, {startError: error}));
	child.once('exit', (exitCode, signal) => (refused === undefined ? settle(exitCode, signal) : settle(null, null, refused)));

	if (options.signal?.aborted === true) onAbort();
	else options.signal?.addEventListener('abort', onAbort, {once: true});
	void (async () => {
		// The caller has what this function answers by then.
		await Promise.resolve();
		try {
			await options.beforeStart?.(family.handle);
			const change = command.identity === undefined ? null : changeOf(command, command.identity, opened);
			if (change !== null && change.byRoot !== null && options.onChanged !== undefined) {
				if (change.byRoot === 'other' && options.checked !== undefined) instead = inMemory(options.checked);
				options.onChanged(`${change.what} ${change.byRoot === 'same' ? 'What was checked was run all the same.' : instead === undefined ? 'Only root can have done that, so it was run as it is now.' : 'What was checked was run in its place.'}`);
			} else if (change !== null) refused = {changed: true, startError: new Failure(change.what, {remedy: findError('ScriptChanged')?.remedies ?? []})};
		} catch (error) {
			refused = {startError: error as Error};
		}
		begun = performance.now();
		if (refused === undefined && !over && options.limitMs !== undefined && options.limitMs <= longestTimerMs) timer = setTimeout(() => void end('limit'), options.limitMs);
		letGo(refused === undefined, instead === undefined ? undefined : `/proc/${process.pid}/fd/${instead}`);
	})();
	return {family, ended: ended.promise};
}

/** A descriptor of a file without a name that holds this: nothing is written to a filesystem, which may be frozen. */
function inMemory(content: Uint8Array): number {
	const descriptor = loadNative().memoryFile();
	writeFileSync(descriptor, content);
	return descriptor;
}

/** Reads what there is without waiting; 0 where there is nothing. */
function readNow(descriptor: number, buffer: Buffer): number {
	try {
		return readSync(descriptor, buffer);
	} catch {
		return 0;
	}
}

/**
 * Takes what a script of a process that has died still writes, and throws it away, so that it does not wait for a reader. Answers how to stop; nothing
 * is done where the script has ended.
 */
export function drainOutputOf(leader: number): () => void {
	const pipes = [4, 5].flatMap(number => {
		try {
			// The ends to read from, which the script's own process keeps open.
			const descriptor = openSync(`/proc/${leader}/fd/${number}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
			if (!fstatSync(descriptor).isFIFO()) {
				closeSync(descriptor);
				return [];
			}
			const pipe = new Socket({fd: descriptor, readable: true, writable: false});
			pipe.on('error', () => {});
			pipe.resume();
			return [pipe];
		} catch {
			return [];
		}
	});
	return () => pipes.forEach(pipe => void pipe.destroy());
}
