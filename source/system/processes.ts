import {readFileSync, readlinkSync} from 'node:fs';
import {entriesOf, textOf} from './pseudo-files.js';

/** A process, told apart from a later one with the same id by its start time (clock ticks since boot, field 22 of /proc/PID/stat). */
export type ProcessMark = {readonly pid: number; readonly start: string};

/** One process as /proc/PID/stat tells it (proc(5)). A zombie has state `Z`. */
export type ProcessFacts = ProcessMark & {
	/** The name, cut to 15 characters, as /proc/PID/comm shows it. */
	readonly name: string;
	readonly state: string;
	readonly parent: number;
	readonly group: number;
	readonly session: number;
	/** A thread of the kernel's own. */
	readonly ofKernel: boolean;
};

/** PF_KTHREAD in the flags of a process (include/linux/sched.h). */
const kernelThread = 0x0020_0000;

/** What is known of a process; null where there is none. */
export function readProcess(pid: number): ProcessFacts | null {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, in parentheses, may itself hold blanks and parentheses.
		const end = text.lastIndexOf(')');
		const words = text.slice(end + 2).split(' ');
		return {
			pid, name: text.slice(text.indexOf('(') + 1, end), state: words[0] ?? '?', parent: Number(words[1]), group: Number(words[2]), session: Number(words[3]), start: words[19] ?? '',
			ofKernel: (Number(words[6]) & kernelThread) !== 0,
		};
	} catch {
		return null;
	}
}

/** The ids of all processes. */
export function processIds(): readonly number[] {
	return entriesOf('/proc').filter(name => /^\d+$/.test(name)).map(Number);
}

/**
 * The ids of all processes but the kernel's own threads, most of which are named by their parent (kthreadd, always 2; not in a PID namespace) in one look,
 * where there may be hundreds. Where a kernel does not tell children (CONFIG_PROC_CHILDREN), and those of them that it leaves out: among the ids all the same.
 */
export function programIds(): readonly number[] {
	const kernels = readProcess(2)?.ofKernel === true ? textOf('/proc/2/task/2/children') : null;
	if (kernels === null) return processIds();
	const threads = new Set(kernels.split(' ').map(Number));
	return processIds().filter(pid => pid !== 2 && !threads.has(pid));
}

/** The mark of a living process; throws where there is none. */
export function markProcess(pid: number): ProcessMark {
	const found = readProcess(pid);
	if (found === null) throw new Error(`there is no process ${pid}`);
	return {pid, start: found.start};
}

/** True where it still runs; a zombie has ended, and only waits for its parent to notice. */
export function isRunning(found: ProcessFacts | null): found is ProcessFacts {
	return found !== null && found.state !== 'Z' && found.state !== 'X';
}

/** True where that very process still runs. */
export function isAlive(mark: ProcessMark): boolean {
	const found = readProcess(mark.pid);
	return isRunning(found) && found.start === mark.start;
}

/** Answers whether that very process is stopped (SIGSTOP, Ctrl-Z), and wakes it where it is, unless `wake` is false. */
export function wakeIfStopped(mark: ProcessMark, wake = true): boolean {
	const found = readProcess(mark.pid);
	if (found?.state !== 'T' || found.start !== mark.start) return false;
	try {
		if (wake) process.kill(mark.pid, 'SIGCONT');
	} catch {
		// It has ended meanwhile.
	}
	return true;
}

/**
 * SIGKILL; a process that has ended meanwhile is fine. What is no number of a process does nothing: to the kernel -1 is every process of the machine, 0 and
 * other negative ones are whole groups.
 */
export function kill(pid: number): void {
	if (!Number.isSafeInteger(pid) || pid <= 1) return;
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// It has ended by itself.
	}
}

/** The processes in a mount namespace, given as /proc/PID/ns/mnt names it. */
export function membersOfNamespace(namespace: string): readonly number[] {
	return processIds().filter(pid => {
		try {
			return readlinkSync(`/proc/${pid}/ns/mnt`) === namespace;
		} catch {
			return false;
		}
	});
}

/** The command line of a process in one line, shortened, without control characters; null where it cannot be read. */
export function commandLineOf(pid: number): string | null {
	try {
		const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(word => word !== '').join(' ');
		const shown = words === '' ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : words;
		const line = shown.replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, ' ');
		return line.length > 80 ? `${line.slice(0, 79)}…` : line;
	} catch {
		return null;
	}
}

/** Where a process works; null where it cannot be read. */
export function workingDirectoryOf(pid: number): string | null {
	try {
		return readlinkSync(`/proc/${pid}/cwd`);
	} catch {
		return null;
	}
}
