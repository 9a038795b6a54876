import {exitCodes} from '../core/failure.js';
import {lookAround} from '../operations/overview.js';
import {homeLines} from '../output/plain-home.js';
import {defaultConfiguration, type Command} from './invocation.js';

/** `quiesce` alone at a terminal that shows no screens, or for a reader who has no use for them: how things stand, in plain text. */
export const run: Command = async ({flags}) => {
	process.stdout.write(`${homeLines(lookAround(flags.config ?? defaultConfiguration, flags.mount ?? []), Date.now()).join('\n')}\n`);
	return exitCodes.done;
};
