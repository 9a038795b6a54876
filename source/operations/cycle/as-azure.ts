import {judge} from '../../core/extension/index.js';
import type {ExtensionCheck} from '../../core/extension/types.js';
import type {ErrorReference, Verdict} from '../../core/outcome.js';
import type {Attempts} from './attempts.js';

/** The pre-script's plugin host gave up: the backup goes on all the same. */
const goesOn = 310;
const postScriptCodes: readonly (number | null)[] = [301, 309, 311];

/** What the extension would have made of a cycle in which the scripts did this: it is supposed to freeze, and to take its snapshot, as well as the cycle did. */
export function asAzure(check: ExtensionCheck, pre: Attempts | null, post: Attempts | null, window: {readonly errors: readonly ErrorReference[]; readonly snapshotFailed: boolean}): Verdict {
	const verdict = judge({check, pre: seen(pre), post: seen(post)});
	if (window.errors.length === 0 && !window.snapshotFailed) return verdict;
	const before = verdict.errors.filter(({code}) => !postScriptCodes.includes(code));
	// It would not have come as far as the freeze.
	if (verdict.outcome === 'failed' && before.some(({code}) => code !== goesOn)) return verdict;
	// Errors that are quiesce's own mean nothing to the extension.
	return {outcome: 'failed', errors: [...before, ...window.errors.filter(({code}) => code !== null), ...verdict.errors.filter(error => !before.includes(error))]};
}

/** A script that was ended by an abort says nothing about itself. */
function seen(attempts: Attempts | null): Attempts['first'] {
	return attempts === null || (attempts.state === 'aborted' && attempts.attempts === 1) ? null : attempts.first;
}
