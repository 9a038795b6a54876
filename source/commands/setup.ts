import {exitCodes, Failure} from '../core/failure.js';
import type {Command} from './invocation.js';
import {readSurroundings, whyNoScreens} from './mode.js';

/** `quiesce setup`: the wizard; with `--answers`, `--check` or `--diff` without questions. */
export const run: Command = async invocation => {
	const {flags, mode} = invocation;
	if (flags.answers !== undefined || flags.check === true || flags.diff === true) {
		const {setUp} = await import('./headless-setup.js');
		return setUp(flags, mode);
	}

	throw new Failure(mode === 'json' ? 'The wizard does not answer in JSON.' : `The wizard needs a terminal, and ${whyNoScreens(readSurroundings()) ?? 'there is none here'}.`, {
		exitCode: exitCodes.usage,
		remedy: ['Give the answers as JSON instead: quiesce setup --answers FILE (- for standard input)', 'What they may be: templates/answers.schema.json, and quiesce setup --help'],
	});
};
