import {readlinkSync, realpathSync, statSync} from 'node:fs';
import {programIds} from './processes.js';
import {entriesOf, textOf} from './pseudo-files.js';

/** A process of a server, as detection needs it. What cannot be read is null or empty. */
export type ServerProcess = {
	readonly pid: number;
	/** /proc/PID/comm: the name, cut to 15 characters. */
	readonly name: string;
	readonly executable: string | null;
	readonly directory: string | null;
	readonly words: readonly string[];
	readonly parent: number;
};

/** The processes with one of these names whose files are the ones that this process sees: a server in a container has others. */
export function serverProcesses(names: readonly string[]): readonly ServerProcess[] {
	return programIds().flatMap(pid => {
		const name = textOf(`/proc/${pid}/comm`);
		if (name === null || !names.includes(name)) return [];
		const directory = linkOf(`/proc/${pid}/cwd`);
		if (!isSameFile(`/proc/${pid}/root/proc`, '/proc') && directory !== null && !seesAlike(pid, directory)) return [];
		const parent = /^PPid:\s*(\d+)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1];
		return [{
			pid,
			name,
			executable: linkOf(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '') ?? null,
			directory,
			words: (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0').filter(word => word !== ''),
			parent: Number(parent ?? 0),
		}];
	});
}

/** The paths of the sockets on which a process listens, as they were bound (unix(7), /proc/net/unix). */
export function listeningSockets(pid: number): readonly string[] {
	const own = new Set(entriesOf(`/proc/${pid}/fd`).flatMap(name => /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`) ?? '')?.[1] ?? []));
	// Num RefCount Protocol Flags Type St Inode Path; the flag is that of a listening one.
	return (textOf(`/proc/${pid}/net/unix`) ?? '').split('\n').flatMap(line => {
		const [, flags, inode, path] = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+) (\/.*)$/.exec(line) ?? [];
		return flags === '00010000' && inode !== undefined && path !== undefined && own.has(inode) ? [path] : [];
	});
}

/** True where a path leads a process to the same file as it leads this one. */
export function seesAlike(pid: number, path: string): boolean {
	return isSameFile(`/proc/${pid}/root${path}`, path);
}

/** A path without links; as it is where it leads nowhere. */
export function withoutLinks(path: string): string {
	try {
		return realpathSync.native(path);
	} catch {
		return path;
	}
}

/** Where a link leads, and nothing more; null where there is none. */
export function linkOf(path: string): string | null {
	try {
		return readlinkSync(path);
	} catch {
		return null;
	}
}

function isSameFile(one: string, other: string): boolean {
	try {
		const [a, b] = [statSync(one, {bigint: true}), statSync(other, {bigint: true})];
		return a.dev === b.dev && a.ino === b.ino;
	} catch {
		return false;
	}
}
