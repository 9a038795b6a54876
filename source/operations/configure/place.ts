import {dirname} from 'node:path';
import type {Action} from '../../core/config/plan.js';
import type {AnswerProblem} from '../../core/config/settings.js';
import type {Failure} from '../../core/failure.js';
import {lookAt, type Look} from '../../system/file-look.js';
import {whyNotWritable, whyUnsafe} from '../../system/safe-directory.js';

/** More than any configuration has, in bytes. */
export const mostConfigurationBytes = 1024 * 1024;

/** Azure refuses a configuration that others may read. */
export const configurationMode = 0o600;

/** A problem with a place on the machine. */
export function placeProblem(path: string, message: string, expected: string): AnswerProblem {
	return {key: '', value: path, expected, message};
}

function fromFailure(path: string, failure: Failure): AnswerProblem {
	return {...placeProblem(path, failure.message, 'a directory that only root can write to'), remedies: failure.remedies};
}

/** Why the configuration cannot be written where it is to be, and the directories that must be made for it. `writes`: something of it is to change. */
export function planPlace(path: string, look: Look, writes: boolean): {readonly problems: readonly AnswerProblem[]; readonly actions: readonly Action[]} {
	const expected = 'a regular file with one name';
	const wrong = (message: string): {problems: readonly AnswerProblem[]; actions: readonly Action[]} => ({problems: [placeProblem(path, message, expected)], actions: []});
	switch (look.kind) {
		case 'link':
			return wrong(`${path} is a symbolic link, and quiesce does not write through links. Name the real file with --config, or remove the link.`);
		case 'directory':
			return wrong(`${path} is a directory, not a file. Move it away.`);
		case 'other':
			return wrong(`${path} is not a regular file (a pipe, a device, a socket). Move it away.`);
		case 'file':
			if (look.links > 1) return wrong(`${path} is a hard link: the same file has ${look.links} names, and quiesce does not change a file that has others. See where they are: find / -xdev -samefile ${path}`);
			if (look.size > mostConfigurationBytes) return wrong(`${path} is larger than 1 MB, which no configuration is. Move it away.`);
			if (look.content === null) return wrong(`${path} cannot be read.`);
			break;
		case 'missing':
			break;
	}

	if (look.kind === 'file' && !writes) {
		// Nobody needs to write there; that nobody else may is still wanted.
		const why = whyUnsafe(dirname(path));
		return {problems: why === null ? [] : [fromFailure(path, why)], actions: []};
	}

	return planDirectory(dirname(path), 0o755);
}

/** Whether files can be written into a directory; a missing one is made where the directory above it allows. `made`: directories that are made before it. */
export function planDirectory(path: string, mode: number, made: ReadonlySet<string> = new Set()): {readonly problems: readonly AnswerProblem[]; readonly actions: readonly Action[]} {
	if (lookAt(path, 0).kind !== 'missing') {
		const why = whyNotWritable(path);
		return {problems: why === null ? [] : [fromFailure(path, why)], actions: []};
	}

	const above = dirname(path);
	// What is made itself belongs to root, in a place that was looked at.
	const why = made.has(above) && lookAt(above, 0).kind === 'missing' ? null : whyNotWritable(above);
	if (why !== null) return {problems: [fromFailure(path, why)], actions: []};
	return {problems: [], actions: [{kind: 'make-directory', path, mode, sentence: `make the directory ${path} (root, ${mode.toString(8)})`}]};
}
