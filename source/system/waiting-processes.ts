import {processIds} from './processes.js';
import {entriesOf, textOf} from './pseudo-files.js';

/** Where in the kernel a task stands that wants to write to a frozen filesystem: since Linux 5.7, and before. */
const freezeWaits = new Set(['percpu_rwsem_wait', '__percpu_down_read', 'percpu_down_read', '__sb_start_write', 'sb_start_write']);

/** How long is looked at a time: whoever counts in the middle of a freeze must not be kept from thawing. Milliseconds. */
const sliceMs = 3;

/**
 * How many processes wait for a frozen filesystem at this moment; null where the kernel does not tell where its tasks wait. Looks at every task, a few
 * milliseconds at a time, and stops (with null) when the signal is given.
 */
export async function countWaiting(signal: AbortSignal): Promise<number | null> {
	let waiting = 0;
	let told = false;
	let until = performance.now() + sliceMs;
	for (const pid of processIds()) {
		if (performance.now() > until) {
			await new Promise(resolve => {
				setImmediate(resolve);
			});
			until = performance.now() + sliceMs;
		}
		if (signal.aborted) return null;
		const places = entriesOf(`/proc/${pid}/task`).map(task => textOf(`/proc/${pid}/task/${task}/wchan`));
		told ||= places.some(place => place !== null && place !== '0' && place !== '');
		if (places.some(place => place !== null && freezeWaits.has(place))) waiting++;
	}
	return told ? waiting : null;
}
