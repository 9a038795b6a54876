import {closeSync, constants, fchmodSync, fchownSync, fsyncSync, linkSync, openSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {SafeDirectory} from './safe-directory.js';

/** Makes a file where there is none, with its final owner (and the group of the same number) and permissions, and all of its content on the disk. */
export function createFile(place: string, bytes: Uint8Array, mode: number, owner: number): void {
	const descriptor = openSync(place, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
	try {
		fchownSync(descriptor, owner, owner);
		fchmodSync(descriptor, mode);
		for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
		fsyncSync(descriptor);
	} finally {
		closeSync(descriptor);
	}
}

/** Keeps a backup under a name that is not taken, complete or not at all, and answers its path. `fresh`: where it is written first. */
export function keepBackup(directory: SafeDirectory, name: string, bytes: Uint8Array, fresh: string): string {
	createFile(fresh, bytes, 0o600, 0);
	for (let number = 1; ; number++) {
		const free = number === 1 ? name : `${name}-${number}`;
		try {
			linkSync(fresh, directory.at(free));
			return join(directory.path, free);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === 'EEXIST' && number < 100) continue;
			throw error;
		}
	}
}
