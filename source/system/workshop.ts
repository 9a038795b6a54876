import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {closeSync, fstatSync, openSync, statSync} from 'node:fs';
import {setTimeout as delay} from 'node:timers/promises';
import {exitCodes, Failure} from '../core/failure.js';
import {lineTail, type LineTail} from '../core/line-tail.js';
import {findCommand} from './shell.js';

/** A program in the workshop. */
export type WorkshopCommand = {
	readonly program: string;
	/** What it is called in words, where `program` only starts it. */
	readonly name?: string;
	readonly parameters: readonly string[];
	/** Then it is killed. */
	readonly deadlineMs?: number;
	/** Standard input; empty where absent. */
	readonly input?: string;
	/** Added to PATH, HOME and LC_ALL. */
	readonly environment?: Readonly<Record<string, string>>;
};

/** How a program ended. Never thrown. `late`: the deadline ended it. */
export type WorkshopEnd = {
	readonly exitCode: number | null;
	readonly late: boolean;
	readonly stdout: string;
	readonly stderr: string;
	readonly durationMs: number;
};

/** A program under way. */
export type WorkshopProcess = {
	/** Resolves at the first line that matches, or when the program ends (`ended`), or at the deadline. Lines written before count. */
	until(pattern: RegExp, deadlineMs: number): Promise<'matched' | 'ended' | 'late'>;
	/** The last lines that it wrote, stdout and stderr together. */
	readonly lines: () => readonly string[];
	readonly ended: Promise<{readonly exitCode: number | null}>;
};

/**
 * A place apart, in which copies are mounted and servers are started: its own mounts, processes, network (none) and IPC. Everything in it ends with it,
 * and it ends with this process, however that ends: the kernel then unmounts what was mounted there.
 */
export type Workshop = {
	/** Runs a program as root, in the workshop's namespaces, with the machine's files. */
	run(command: WorkshopCommand): Promise<WorkshopEnd>;
	/** Starts one. */
	start(command: WorkshopCommand): WorkshopProcess;
	/** A path in the workshop, as a path that this process can open. Links in it are followed in this process's own files: only for paths without links. */
	readonly outside: (path: string) => string;
	/** Kills all that runs in it, and waits until it has ended. */
	clear(): Promise<void>;
	/** The first program that somebody else has killed, or the workshop itself: what came of it then says nothing. Null where there was none. */
	killedFromOutside(): Promise<string | null>;
	end(): Promise<void>;
};

const programs = ['unshare', 'nsenter', 'setpriv', 'chroot', 'timeout', 'losetup', 'mount', 'umount'];
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const defaultDeadlineMs = 60_000;
const endWithinMs = 5000;

/**
 * Lives until its input ends. It tells its own process id as the machine counts, which nsenter needs. Then, however this process has ended, it ends what works
 * here and frees what that worked on: the files that lie in the places given as parameters, and the loop devices on them. Nothing beneath those directories is
 * touched, because the machine's own files may be mounted there.
 */
const keeperScript = `
trap '' INT TERM HUP
read -r pid rest </proc/self/stat
mount -t proc proc /proc
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null
echo "ready $pid"
while read -r rest; do :; done
kill -KILL -1 2>/dev/null
for place; do
	for file in "$place"/*; do
		[ -f "$file" ] && [ ! -L "$file" ] || continue
		losetup --noheadings --output NAME --associated "$file" | while read -r device; do losetup --detach "$device"; done
		rm -f -- "$file"
	done
done
`;

/**
 * Makes a workshop. `places`: directories of its own; the files in them are removed at its end.
 * @throws Failure where this machine does not allow one, or lacks a program for it.
 */
export async function openWorkshop(places: readonly string[] = []): Promise<Workshop> {
	const missing = programs.filter(program => findCommand(program) === null);
	if (missing.length > 0) {
		throw new Failure(`To verify a snapshot quiesce needs ${missing.join(', ')}, which this machine does not have.`, {
			exitCode: exitCodes.usage,
			remedy: 'Install them; on Debian and Ubuntu: apt-get install util-linux mount coreutils',
		});
	}

	// Follows what the machine unmounts (slave), so that nothing of the machine stays mounted because of the workshop; shows it nothing.
	const keeper = spawn('unshare', ['--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child', '--propagation', 'slave', '--', 'sh', '-c', keeperScript, 'sh', ...places], {
		stdio: ['pipe', 'pipe', 'pipe'],
		// Away from the terminal: a ctrl-c is for quiesce, which then puts everything away.
		detached: true,
		cwd: '/',
		env: {PATH: searchPath, LC_ALL: 'C'},
	});
	keeper.stdin.on('error', () => {});
	const pid = await readyPid(keeper);
	const namespaces = pin(pid);
	const closed = once(keeper, 'close');
	const running = new Set<Promise<unknown>>();
	let sweeping = 0;
	let killed: string | null = null;

	const launch = (command: WorkshopCommand): ChildProcess => {
		// A deadline inside ends the program itself; nsenter stands between it and this process.
		const limit = command.deadlineMs === undefined ? [] : ['timeout', '-s', 'KILL', String(Math.max(0.1, command.deadlineMs / 1000))];
		const child = spawn('nsenter', [...namespaces.options, '--', ...limit, command.program, ...command.parameters], {
			stdio: ['pipe', 'pipe', 'pipe'],
			detached: true,
			cwd: '/',
			env: {PATH: searchPath, HOME: '/', LC_ALL: 'C', ...command.environment},
		});
		child.stdin?.on('error', () => {});
		child.stdin?.end(command.input ?? '');
		const began = performance.now();
		child.once('exit', (exitCode, signal) => {
			// The signal of a program is its nsenter's end; of one with a deadline, it is what `timeout` makes of it.
			const late = command.deadlineMs !== undefined && performance.now() - began >= command.deadlineMs;
			if ((signal === 'SIGKILL' || exitCode === 137) && !late && sweeping === 0) killed ??= command.name ?? command.program;
		});
		const gone = new Promise(resolve => {
			child.once('error', resolve);
			child.once('close', resolve);
		});
		running.add(gone);
		void gone.then(() => running.delete(gone));
		return child;
	};

	return {
		outside: path => `/proc/${pid}/root${path}`,
		async run(given) {
			const command = {deadlineMs: defaultDeadlineMs, ...given};
			const began = performance.now();
			const child = launch(command);
			const stdout = collect(child.stdout);
			const stderr = collect(child.stderr);
			const exitCode = await new Promise<number | null>(resolve => {
				child.once('error', () => resolve(null));
				child.once('close', resolve);
			});
			const durationMs = performance.now() - began;
			return {exitCode, late: exitCode === 137 && durationMs >= command.deadlineMs, stdout: stdout(), stderr: stderr(), durationMs};
		},
		start(command) {
			const child = launch(command);
			const tail = lineTail();
			child.stdout?.setEncoding('utf8').on('data', (text: string) => tail.take('stdout', text));
			child.stderr?.setEncoding('utf8').on('data', (text: string) => tail.take('stderr', text));
			const ended = new Promise<{exitCode: number | null}>(resolve => {
				child.once('error', () => resolve({exitCode: null}));
				child.once('close', exitCode => resolve({exitCode}));
			});
			return {lines: tail.lines, ended, until: async (pattern, deadlineMs) => waitFor(tail, ended, pattern, deadlineMs)};
		},
		async clear() {
			if (running.size === 0) return;
			// In its own process namespace -1 means everything in there, but neither the keeper nor anything outside. That it is its own is certain: see `pin`.
			sweeping += 1;
			const sweep = launch({program: 'sh', parameters: ['-c', 'kill -KILL -1']});
			await Promise.race([once(sweep, 'close'), delay(endWithinMs, undefined, {ref: false})]);
			await Promise.race([Promise.all(running), delay(endWithinMs, undefined, {ref: false})]);
			sweeping -= 1;
		},
		async killedFromOutside() {
			if (killed !== null) return killed;
			// In namespaces whose first process has ended the kernel starts nothing any more.
			const alive = launch({program: 'true', parameters: [], deadlineMs: defaultDeadlineMs});
			return (await once(alive, 'close'))[0] === 0 ? null : 'the process that keeps the copies apart';
		},
		async end() {
			keeper.stdin.end();
			const peaceful = await Promise.race([closed.then(() => true), delay(endWithinMs, false, {ref: false})]);
			namespaces.release();
			if (peaceful) return;
			keeper.kill('SIGKILL');
			// What waits for a disk that does not answer ends when the disk does.
			await Promise.race([closed, delay(endWithinMs, undefined, {ref: false})]);
		},
	};
}

const namespaceKinds = {mnt: 'mount', pid: 'pid', net: 'net', ipc: 'ipc', uts: 'uts'} as const;

type Pinned = {
	/** For nsenter. */
	readonly options: readonly string[];
	/** What is mounted there is unmounted when nobody has it open any more. */
	readonly release: () => void;
};

/**
 * The namespaces of a process, held open. By its number alone they could be another process's, once it has ended and the number is given away: its
 * namespaces would be the machine's, and everything on the machine would be killed in their place. They must not be this process's own.
 */
function pin(pid: number): Pinned {
	const opened: {readonly name: string; readonly option: string; readonly descriptor: number}[] = [];
	const release = (): void => {
		for (const {descriptor} of opened) closeSync(descriptor);
	};
	try {
		for (const [name, option] of Object.entries(namespaceKinds)) opened.push({name, option, descriptor: openSync(`/proc/${pid}/ns/${name}`, 'r')});
	} catch (error) {
		release();
		throw new Failure('The process that keeps the copies apart was killed from outside at its start.', {exitCode: exitCodes.usage, remedy: 'Try again.', cause: error});
	}

	const shared = opened.find(({name, descriptor}) => fstatSync(descriptor).ino === statSync(`/proc/self/ns/${name}`).ino);
	if (shared !== undefined) {
		release();
		throw new Error(`the workshop has no ${shared.option} namespace of its own`);
	}
	return {options: opened.map(({option, descriptor}) => `--${option}=/proc/${process.pid}/fd/${descriptor}`), release};
}

async function readyPid(keeper: ChildProcess): Promise<number> {
	return new Promise((resolve, reject) => {
		let words = '';
		let complaints = '';
		keeper.stderr?.setEncoding('utf8').on('data', (text: string) => {
			complaints += text;
		});
		keeper.stdout?.setEncoding('utf8').on('data', (text: string) => {
			words += text;
			const pid = /^ready (\d+)\n/m.exec(words)?.[1];
			if (pid !== undefined) resolve(Number(pid));
		});
		keeper.once('error', reject);
		keeper.once('close', () => reject(new Failure(`This machine does not let quiesce make namespaces of its own, which it needs to keep a copy apart: ${complaints.trim().split('\n')[0] ?? ''}`, {
			exitCode: exitCodes.usage,
			remedy: 'In a container, give it the right: docker run --privileged …. Otherwise verify on a VM.',
		})));
	});
}

async function waitFor(tail: LineTail, ended: Promise<unknown>, pattern: RegExp, deadlineMs: number): Promise<'matched' | 'ended' | 'late'> {
	const timer = new AbortController();
	try {
		return await Promise.race([
			tail.seen(pattern).then(() => 'matched' as const),
			// The last lines are read by then, because the pipes are closed.
			ended.then(() => (tail.lines().some(line => pattern.test(line)) ? 'matched' as const : 'ended' as const)),
			delay(deadlineMs, 'late' as const, {signal: timer.signal}),
		]);
	} finally {
		timer.abort();
	}
}

/** What one stream may bring; the rest is read and dropped. Characters. */
const mostOutput = 4 * 1024 * 1024;

function collect(stream: NodeJS.ReadableStream | null): () => string {
	let all = '';
	stream?.setEncoding('utf8').on('data', (text: string) => {
		if (all.length < mostOutput) all += text;
	});
	return () => all;
}
