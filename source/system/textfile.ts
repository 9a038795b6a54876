import {closeSync, constants, fchmodSync, fsyncSync, openSync, renameSync, statSync, unlinkSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {randomHex} from './cryptography.js';

/**
 * Puts metrics into a folder of Prometheus' node exporter, as `quiesce.prom` (0644): written beside it under a name that the exporter does not read, synced,
 * renamed, so that nobody ever reads half of them. Follows no link in that place. Answers the path. Throws a Failure (2) where that is impossible.
 */
export function writeTextfile(directory: string, text: string): string {
	const path = join(directory, 'quiesce.prom');
	const beside = join(directory, `.quiesce.prom.${randomHex(6)}`);
	let descriptor: number | null = null;
	try {
		if (!statSync(directory).isDirectory()) throw new Error('it is not a directory');
		descriptor = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
		const bytes = Buffer.from(text);
		for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
		fchmodSync(descriptor, 0o644);
		fsyncSync(descriptor);
		renameSync(beside, path);
		return path;
	} catch (error) {
		if (descriptor !== null) removeIfThere(beside);
		throw new Failure(`The metrics cannot be written into ${directory}: ${error instanceof Error ? error.message : String(error)}.`, {
			remedy: "Name the folder that the node exporter was given as --collector.textfile.directory; it must be there, and this user must be able to write to it.",
			exitCode: exitCodes.usage,
			cause: error,
		});
	} finally {
		if (descriptor !== null) closeSync(descriptor);
	}
}

function removeIfThere(path: string): void {
	try {
		unlinkSync(path);
	} catch {
		// It has its final name already.
	}
}
