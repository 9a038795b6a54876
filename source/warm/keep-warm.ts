import {pathToFileURL} from 'node:url';
import {startupSnapshot} from 'node:v8';
import {takeBlindfoldOff} from './blindfold.js';

declare global {
	/** Where the program lies that is run (a URL), for what is looked for beside it. The build puts it in the place of import.meta.url. */
	var quiesceProgram: string;
}

/**
 * Keeps what is loaded now, in V8's start-up snapshot, and says what is done with it when Node is started from that: `start` gets the words of the command
 * line. Only for the build (node --build-snapshot).
 */
export function keepWarm(start: (words: readonly string[]) => void): void {
	takeBlindfoldOff();
	startupSnapshot.setDeserializeMainFunction(() => {
		const [, program = '', ...words] = process.argv;
		globalThis.quiesceProgram = pathToFileURL(program).href;
		start(words);
	});
}
