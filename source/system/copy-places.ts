import {lstatSync, mkdirSync, readdirSync, rmSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {isAlive, markProcess} from './processes.js';
import {openStateDirectory} from './state-directory.js';

/** Directories for copies, of this process alone. */
export type CopyPlaces = {
	/** Best first: in quiesce's state, and beside the snapshot where that is another filesystem (only there a copy may be free). */
	readonly places: readonly string[];
	/** Where things are mounted in the workshop: an empty directory. */
	readonly mountPoint: string;
	/** Removes them with all that is in them. */
	remove(): void;
};

const prefix = '.verify-';

/** Makes them, and removes what a verification that was killed has left. @throws Failure where the state directory cannot be used. */
export function makeCopyPlaces(snapshot: string): CopyPlaces {
	const state = openStateDirectory();
	const beside = dirname(snapshot);
	const {pid, start} = markProcess(process.pid);
	const parents = [state, ...(isOurs(beside) && statSync(beside).dev !== statSync(state).dev ? [beside] : [])];
	const places: string[] = [];
	const remove = (): void => {
		for (const place of places) rmSync(place, {recursive: true, force: true});
	};
	try {
		for (const parent of parents) {
			sweep(parent);
			const place = join(parent, `${prefix}${pid}-${start}`);
			mkdirSync(place, {mode: 0o700});
			places.push(place);
		}

		const mountPoint = join(places[0]!, 'mount');
		mkdirSync(mountPoint, {mode: 0o700});
		return {places, mountPoint, remove};
	} catch (error) {
		remove();
		throw error;
	}
}

/** Removes the places of processes that are gone. */
function sweep(parent: string): void {
	for (const name of readdirSync(parent)) {
		const match = /^\.verify-(\d+)-(\d+)$/.exec(name);
		if (match === null || isAlive({pid: Number(match[1]), start: match[2]!})) continue;
		rmSync(join(parent, name), {recursive: true, force: true});
	}
}

/** A directory that nobody else can write to. */
function isOurs(directory: string): boolean {
	const facts = lstatSync(directory, {throwIfNoEntry: false});
	return facts !== undefined && facts.isDirectory() && facts.uid === (process.geteuid?.() ?? 0) && (facts.mode & 0o022) === 0;
}
