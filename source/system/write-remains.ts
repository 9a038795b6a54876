import {lstatSync, readdirSync, unlinkSync, type Stats} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {randomHex} from './cryptography.js';
import {isAlive, markProcess} from './processes.js';

/*
 * Files are written beside the one whose place they take. Where that is cut short (kill -9, no power), they stay; their names say which process wrote them, so that
 * the next write can take them away without touching what another one is writing.
 */

/** `.NAME.new-PROCESS-START-RANDOM`: the start time tells the process from a later one of the same number. */
const pattern = /^\..+\.(?:new|old)-(\d{1,10})-(\d{1,20})-[\da-f]{12}$/s;

/** How much of a file's name the name of what is written beside it holds: no name has more than 255 bytes. */
const mostNameBytes = 180;

let start: string | undefined;

/** A name in the same directory that nobody else has. `old`: a second name of the present file, for as long as the change can be taken back. */
export function nameBeside(name: string, kind: 'new' | 'old'): string {
	start ??= markProcess(process.pid).start;
	return `.${Buffer.from(name).subarray(0, mostNameBytes).toString()}.${kind}-${process.pid}-${start}-${randomHex(6)}`;
}

/** Takes away what processes that are gone have left of their writes: regular files of root's (or of this user). `directory`: one in which only root can replace files. */
export function removeWriteRemains(directory: string): void {
	for (const {path} of remainsIn(directory)) {
		try {
			unlinkSync(path);
		} catch {
			// Another process was quicker, or it cannot be written there, which is told where it matters.
		}
	}
}

/** How many names a file has, of which `path` is one, without those that a write which was cut short has left beside it. */
export function namesOf(path: string, {dev, ino, nlink}: Stats): number {
	if (nlink < 2) return nlink;
	return nlink - remainsIn(dirname(path)).filter(({path: other, facts}) => basename(other) !== basename(path) && facts.dev === dev && facts.ino === ino).length;
}

function remainsIn(directory: string): ReadonlyArray<{readonly path: string; readonly facts: Stats}> {
	let names: readonly string[];
	try {
		names = readdirSync(directory);
	} catch {
		return [];
	}
	return names.flatMap(name => {
		const [, pid, begun] = pattern.exec(name) ?? [];
		if (pid === undefined || begun === undefined || isAlive({pid: Number(pid), start: begun})) return [];
		const path = join(directory, name);
		const facts = lstatSync(path, {throwIfNoEntry: false});
		return facts?.isFile() === true && (facts.uid === 0 || facts.uid === process.geteuid?.()) ? [{path, facts}] : [];
	});
}
