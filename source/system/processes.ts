import {readFileSync} from 'node:fs';

/** A process, told apart from a later one with the same id by its start time (clock ticks since boot, field 22 of /proc/PID/stat). */
export type ProcessMark = {readonly pid: number; readonly start: string};

/** State letter and start time of a process; null where there is none. A zombie has state `Z`. */
export function readProcess(pid: number): {readonly state: string; readonly parent: number; readonly session: number; readonly start: string} | null {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, in parentheses, may itself hold blanks and parentheses.
		const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
		return {state: words[0] ?? '?', parent: Number(words[1]), session: Number(words[3]), start: words[19] ?? ''};
	} catch {
		return null;
	}
}

/** The mark of a living process; throws where there is none. */
export function markProcess(pid: number): ProcessMark {
	const found = readProcess(pid);
	if (found === null) throw new Error(`there is no process ${pid}`);
	return {pid, start: found.start};
}

/** True where that very process still runs (a zombie does not). */
export function isAlive(mark: ProcessMark): boolean {
	const found = readProcess(mark.pid);
	return found !== null && found.start === mark.start && found.state !== 'Z' && found.state !== 'X';
}

/** The command line of a process in one line, shortened; null where it cannot be read. */
export function commandLineOf(pid: number): string | null {
	try {
		const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(word => word !== '').join(' ');
		const shown = words === '' ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : words;
		return shown.length > 80 ? `${shown.slice(0, 79)}…` : shown;
	} catch {
		return null;
	}
}
