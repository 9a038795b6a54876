import {setTimeout as delay} from 'node:timers/promises';
import {exitCodes, Failure} from '../core/failure.js';
import type {Provider} from './provider.js';

/** Stays frozen for as long as asked, and keeps nothing: the freeze window is real, the snapshot is not. */
export const rehearsal: Provider = {
	name: 'rehearsal',
	summary: 'freezes and thaws, keeps nothing',
	async prepare({id, holdMs, deadlineMs, frozen}) {
		if (frozen && holdMs >= deadlineMs) {
			throw new Failure(`Nothing stays frozen for ${holdMs / 1000} s: everything is thawed after ${deadlineMs / 1000} s, whatever happens.`, {
				exitCode: exitCodes.usage,
				remedy: `Hold for less: --hold ${Math.max(1, Math.floor(deadlineMs / 2000))}`,
			});
		}

		return {
			detail: holdMs === 0 ? 'rehearsal: nothing is kept' : `rehearsal: held for ${holdMs / 1000} s, nothing is kept`,
			async take(signal) {
				signal.throwIfAborted();
				if (holdMs > 0) await delay(holdMs, undefined, {signal});
			},
			keep: async () => ({provider: 'rehearsal', id}),
			release: async () => {},
		};
	},
};
