import {judge} from '../../core/extension/index.js';
import type {ExtensionCheck} from '../../core/extension/types.js';
import type {ErrorReference, Verdict} from '../../core/outcome.js';
import type {Attempts} from './attempts.js';

const postScriptCodes: readonly (number | null)[] = [301, 309, 311];

/** What the extension would have made of a cycle in which the scripts did this: it is supposed to freeze as well as the cycle did. */
export function asAzure(check: ExtensionCheck, pre: Attempts | null, post: Attempts | null, freezeErrors: readonly ErrorReference[]): Verdict {
	const verdict = judge({check, pre: seen(pre), post: seen(post)});
	if (freezeErrors.length === 0) return verdict;
	const before = verdict.errors.filter(({code}) => !postScriptCodes.includes(code));
	// Errors that are quiesce's own mean nothing to the extension.
	return {outcome: 'failed', errors: [...before, ...freezeErrors.filter(({code}) => code !== null), ...verdict.errors.filter(error => !before.includes(error))]};
}

/** A script that was ended by an abort says nothing about itself. */
function seen(attempts: Attempts | null): Attempts['first'] {
	return attempts === null || (attempts.state === 'aborted' && attempts.attempts === 1) ? null : attempts.first;
}
