import {heldFor, type Provider} from './provider.js';

/** Keeps nothing: the freeze window is real, the snapshot is not. */
export const rehearsal: Provider = {
	name: 'rehearsal',
	summary: 'freezes and thaws, keeps nothing',
	prepare: async ({id, holdMs}) => ({
		detail: `rehearsal: ${heldFor(holdMs)}nothing is kept`,
		take: async signal => signal.throwIfAborted(),
		keep: async () => ({provider: 'rehearsal', id}),
		release: async () => {},
	}),
};
