import type {CycleResult} from './cycle-events.js';
import type {ErrorReference} from './outcome.js';
import {outcomeWords} from './verdict-words.js';

/** An error in a list: `Pre-ScriptTimeout (308)`; quiesce's own have no code. */
export function errorName({name, code}: ErrorReference): string {
	return code === null ? name : `${name} (${code})`;
}

/** After which the application may still be held. */
const holding: readonly (number | null)[] = [301, 309];

/** What an interruption has left behind, as the end of a sentence about a cycle that was interrupted. */
export function afterInterruption({errors, freezeWindowMs, quiesceWindowMs}: Pick<CycleResult, 'errors' | 'freezeWindowMs' | 'quiesceWindowMs'>): string {
	const frozen = errors.some(({name}) => name === 'ThawFailed' || name === 'FreezeHung');
	const held = quiesceWindowMs > 0 && errors.some(({name, code}) => holding.includes(code) || name === 'ScriptChanged');
	if (frozen) return `something may still be frozen${held ? ', and the application may still be held' : ''}`;
	if (held) return 'everything is thawed, but the application may still be held';
	return freezeWindowMs === 0 && quiesceWindowMs === 0 ? 'nothing was frozen or held' : 'everything is thawed, and nothing is held';
}

/** What Azure's extension would have made of the same cycle, and its errors where they are not the cycle's own. */
export function inAzure({azure, outcome, errors}: Pick<CycleResult, 'azure' | 'outcome' | 'errors'>): string {
	const words = outcomeWords[azure.outcome];
	// Quiesce's own errors are none of the extension's.
	const codes = errors.flatMap(({code}) => code ?? []);
	if (azure.outcome === outcome && azure.errors.length === codes.length && azure.errors.every(({code}, index) => code === codes[index])) return `${words} as well`;
	return azure.errors.length === 0 ? words : `${words}: ${azure.errors.map(errorName).join(', ')}`;
}
