import type {PathLook} from '../core/wizard/types.js';
import {openPlaces, readPath, similarPaths} from '../system/inspection.js';
import {readWithShell} from '../system/shell-reading.js';

/** What lies at a path, for somebody who names a script: what it is, whose, whether `sh` can read it. Changes and runs nothing; never throws. */
export async function lookAtPath(path: string): Promise<PathLook> {
	const {facts} = readPath(path, 0);
	const isFile = facts.kind === 'file';
	return {
		path,
		kind: facts.kind,
		owner: facts.owner,
		mode: facts.mode,
		syntax: isFile ? (await readWithShell([{path, check: false}], null))[0]!.syntax : null,
		openPlaces: isFile ? openPlaces(path) : [],
		similar: facts.kind === 'missing' ? similarPaths(path) : [],
	};
}
