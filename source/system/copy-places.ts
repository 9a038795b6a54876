import {lstatSync, mkdirSync, readdirSync, rmSync, statSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {releaseLeftLoops} from './loop-device.js';
import {isAlive, markProcess} from './processes.js';
import {wordsOf} from './safe-directory.js';
import {openStateDirectory} from './state-directory.js';

/** Directories for copies, of this process alone. */
export type CopyPlaces = {
	/** Best first: in quiesce's state, and beside the snapshot where that is another filesystem (only there a copy may be free). */
	readonly places: readonly string[];
	/** Where things are mounted in the workshop: an empty directory. */
	readonly mountPoint: string;
	/** Removes them with all that is in them. */
	remove(): Promise<void>;
};

const prefix = '.verify-';

/** Makes them, and removes what a verification that was killed has left. @throws Failure where the state directory cannot be used. */
export async function makeCopyPlaces(snapshot: string): Promise<CopyPlaces> {
	const state = openStateDirectory();
	const beside = dirname(snapshot);
	const {pid, start} = markProcess(process.pid);
	const parents = [state, ...(isOurs(beside) && statSync(beside).dev !== statSync(state).dev ? [beside] : [])];
	await releaseLeftLoops(isLeft);
	const places: string[] = [];
	const remove = async (): Promise<void> => {
		for (const place of places) rmSync(place, {recursive: true, force: true});
		// What was attached by a losetup that was killed before it had said so.
		await releaseLeftLoops(directory => places.includes(directory));
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
		await remove();
		throw new Failure(`No copy can be made in ${parents.join(' or ')}: ${wordsOf(error)}.`, {
			exitCode: exitCodes.usage,
			remedy: 'Have the copy made elsewhere: set QUIESCE_STATE_DIR to a directory that root can write to.',
			cause: error,
		});
	}
}

/** Removes the places of processes that are gone. */
function sweep(parent: string): void {
	for (const name of readdirSync(parent)) {
		try {
			if (isLeft(name)) rmSync(join(parent, name), {recursive: true, force: true});
		} catch {
			// What cannot be removed is in nobody's way.
		}
	}
}

/** True for a place whose process is gone. */
function isLeft(directory: string): boolean {
	const match = /^\.verify-(\d+)-(\d+)$/.exec(basename(directory));
	return match !== null && !isAlive({pid: Number(match[1]), start: match[2]!});
}

/** A directory that nobody else can write to. */
function isOurs(directory: string): boolean {
	const facts = lstatSync(directory, {throwIfNoEntry: false});
	return facts !== undefined && facts.isDirectory() && facts.uid === (process.geteuid?.() ?? 0) && (facts.mode & 0o022) === 0;
}
