import {createInterface} from 'node:readline/promises';
import {exitCodes, Failure} from '../core/failure.js';
import {isSettled} from '../core/settlement-words.js';
import {thaw} from '../operations/thaw.js';
import {thawJson, thawLines} from '../output/plain-thaw.js';
import {endProcess} from '../system/ending.js';
import {openOutput} from '../system/streams.js';
import type {Command, Invocation} from './invocation.js';

/** How long a reader that has stopped reading is waited for. */
const drainWithinMs = 2000;

/** `quiesce thaw [DIR …]`: thaws what dead cycles left frozen and ends them; what is named, whoever froze it. Exit code 5 where something stays frozen or may stay held. */
export const run: Command = async invocation => {
	const {mode, operands} = invocation;
	const output = openOutput(1);
	const aside = openOutput(2);
	const result = await thaw({
		directories: operands,
		confirm: async mounts => confirm(mounts, invocation),
		onCycle: ({cycle}) => aside.write(`Settling the cycle ${cycle} …\n`),
		onOutput: (stream, line) => aside.write(`post-script ${stream === 'stderr' ? '(stderr) ' : ''}| ${line}\n`),
	});
	output.write(mode === 'json' ? `${JSON.stringify(thawJson(result))}\n` : `${thawLines(result).join('\n')}\n`);
	const out = await Promise.all([output, aside].map(async stream => stream.drain(drainWithinMs)));
	const exitCode = isSettled(result) ? exitCodes.done : exitCodes.failed;
	return out.every(Boolean) ? exitCode : endProcess(exitCode);
};

async function confirm(mounts: readonly string[], {mode, flags}: Invocation): Promise<boolean> {
	if (flags.yes === true) return true;
	const consequence = `Whoever froze ${mounts.join(', ')} relies on it: a snapshot being taken there would be spoilt.`;
	if (mode !== 'interactive') {
		throw new Failure(`Thawing what somebody else may have frozen has to be confirmed. ${consequence}`, {remedy: `Where that is meant: quiesce thaw --yes ${mounts.join(' ')}`, exitCode: exitCodes.usage});
	}
	const dialogue = createInterface({input: process.stdin, output: process.stderr});
	try {
		// An end of the input is no yes.
		const closed = new Promise<string>(resolve => {
			dialogue.once('close', () => resolve(''));
		});
		const answer = await Promise.race([dialogue.question(`${consequence}\nThaw now? Type yes: `), closed]);
		return answer.trim().toLowerCase() === 'yes';
	} finally {
		dialogue.close();
	}
}
