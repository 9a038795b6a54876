import {runDemo} from '../demo/demo.js';
import type {Command} from './invocation.js';

/** `quiesce demo`: the whole story on a disk made for it. Not in the help: a newcomer meets it as `npm run demo`. */
export const run: Command = async invocation => runDemo({
	unattended: invocation.flags.unattended === true || invocation.mode !== 'interactive',
	quiesce: [process.execPath, process.argv[1] ?? ''],
	write: text => {
		process.stdout.write(text);
	},
});
