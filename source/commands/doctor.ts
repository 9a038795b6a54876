import {hasErrors} from '../core/checks/examination.js';
import {exitCodes} from '../core/failure.js';
import {examine} from '../operations/examine.js';
import {doctorJson, doctorLines} from '../output/plain-doctor.js';
import {type Command, defaultConfiguration} from './invocation.js';

/** `quiesce doctor`: what Azure will do at the next backup, why, and what to do about it. */
export const run: Command = async ({mode, flags}) => {
	const examination = await examine({
		configuration: flags.config ?? defaultConfiguration,
		...(flags.mount === undefined ? {} : {mounts: flags.mount}),
	});
	const text = mode === 'json'
		? JSON.stringify(doctorJson(examination))
		: doctorLines(examination, {ascii: !/utf-?8/i.test(process.env['LC_ALL'] || process.env['LC_CTYPE'] || process.env['LANG'] || ''), width: 80}).join('\n');
	process.stdout.write(`${text}\n`);
	return hasErrors(examination) ? exitCodes.findings : exitCodes.done;
};
