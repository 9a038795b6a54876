import {closeSync, openSync} from 'node:fs';
import {exitCodes, Failure} from '../core/failure.js';

/** What starting a script takes at most: its pipes, those with which Node follows it, and a few for whatever else is under way. */
const enough = 20;

/** Descriptors that are kept free for later. */
export type SpareDescriptors = {
	/** Gives them up for what is started next. May be called more than once. */
	readonly release: () => void;
};

/** Keeps as many descriptors as starting a script takes. Throws a Failure (5) where this process may not open that many. */
export function keepSpareDescriptors(): SpareDescriptors {
	const kept: number[] = [];
	const release = (): void => kept.splice(0).forEach(descriptor => closeSync(descriptor));
	try {
		while (kept.length < enough) kept.push(openSync('/dev/null', 'r'));
	} catch (error) {
		release();
		const {code} = error as NodeJS.ErrnoException;
		const whose = code === 'ENFILE' ? 'this machine has too many files open' : 'quiesce may not open as many files as it needs';
		throw new Failure(`The post-script might not be started when its time comes: ${code === 'EMFILE' || code === 'ENFILE' ? whose : String(error)}.`, {
			exitCode: exitCodes.failed, remedy: code === 'ENFILE' ? 'Look at sysctl fs.file-nr, and run the cycle again.' : 'Raise the limit (ulimit -n 1024), and run the cycle again.', cause: error,
		});
	}
	return {release};
}
