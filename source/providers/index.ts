import {exitCodes, Failure} from '../core/failure.js';
import {image} from './image.js';
import type {Provider} from './provider.js';
import {rehearsal} from './rehearsal.js';

/** All ways to take a snapshot; the first is the default. A new one is a file here and an entry in this list. */
export const providers: readonly Provider[] = [rehearsal, image];

/** The provider of a name. Throws a Failure (exit 2) for a name that there is not. */
export function findProvider(name: string): Provider {
	const found = providers.find(provider => provider.name === name);
	if (found !== undefined) return found;
	throw new Failure(`There is no snapshot provider "${name}".`, {
		exitCode: exitCodes.usage,
		remedy: `Choose one of these: ${providers.map(provider => `--snapshot ${provider.name} (${provider.summary})`).join(', ')}`,
	});
}
