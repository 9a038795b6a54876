import {hold, refuseLongHold} from './hold.js';
import type {Provider} from './provider.js';

/** Stays frozen for as long as asked, and keeps nothing: the freeze window is real, the snapshot is not. */
export const rehearsal: Provider = {
	name: 'rehearsal',
	summary: 'freezes and thaws, keeps nothing',
	async prepare(order) {
		const {id, holdMs} = order;
		refuseLongHold(order);
		return {
			detail: holdMs === 0 ? 'rehearsal: nothing is kept' : `rehearsal: held for ${holdMs / 1000} s, nothing is kept`,
			take: async signal => hold(holdMs, signal),
			keep: async () => ({provider: 'rehearsal', id}),
			release: async () => {},
		};
	},
};
