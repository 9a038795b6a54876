import {readPath} from '../system/inspection.js';
import {defaultConfiguration, type Command} from './invocation.js';

/** `quiesce` alone: the set-up where nothing is configured yet, else the home screen. */
export const run: Command = async invocation => {
	const {kind} = readPath(invocation.flags.config ?? defaultConfiguration, 0).facts;
	const {openApp} = await import('../app/app.js');
	return openApp({view: kind === 'missing' ? 'setup' : 'home'}, invocation);
};
