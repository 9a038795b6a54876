import {speaksUnicode} from '../core/unicode.js';
import {wrap} from '../core/wrap.js';
import type {Observation} from './examine.js';
import type {Laboratory} from './laboratory.js';

/** For whom the demo speaks. */
export type Speech = {
	/** Columns that a line may have. */
	readonly width: number;
	/** More than ASCII can be shown. */
	readonly unicode: boolean;
};

/** That of the terminal of this process; where there is none, of a usual one. */
export function speechHere(): Speech {
	return {width: Math.max(30, Math.min(process.stdout.columns ?? 80, 80)), unicode: speaksUnicode(process.env)};
}

/** How long an attended demo keeps its disk frozen, so that one can see it. Seconds. */
export const holdSeconds = 2;

/** What is told before the demo begins. */
export function introduction(laboratory: Laboratory, unattended: boolean, {width, unicode}: Speech): string {
	const paragraph = (text: string): string => ` ${wrap(text, width - 2, ' ')}`;
	const lines = [
		'',
		` quiesce ${unicode ? '·' : '-'} demo`,
		'',
		paragraph(`A disk of 64 MB has been made in memory and mounted at ${laboratory.disk}. An application, the ledger, writes numbered records to it, each in two halves. This terminal alone sees it, with an /etc of its own: nothing on this machine is changed or frozen.`),
		'',
		paragraph(`The ledger has a pre-script and a post-script (${laboratory.preScript}, ${laboratory.postScript}). quiesce now sets them up for Azure Backup, as on a real VM, and runs a live cycle: the ledger is held, the disk frozen, copied and thawed, the ledger let go.`),
		'',
	];
	if (!unattended) {
		lines.push(
			paragraph(`The wizard's answers are filled in: Enter takes you through it. The disk then stays frozen for ${holdSeconds} s, so that you see it.`),
			'',
			unicode ? ' ⏎ start   ctrl-c leave' : ' enter start   ctrl-c leave',
		);
	}

	return `${lines.join('\n')}${unattended ? '\n' : ''}`;
}

/** What was found in the snapshot. */
export function report(snapshot: string | null, observations: readonly Observation[], {width, unicode}: Speech): string {
	if (snapshot === null) return '\n No snapshot was taken, so there is none to look into.\n';
	const [fine, bad] = unicode ? ['✔', '✖'] : ['ok', 'x '];
	return [
		'',
		` ${wrap(`The snapshot ${snapshot}, opened as if to restore it:`, width - 2, ' ')}`,
		'',
		...observations.map(observation => `   ${observation.fine ? fine : bad} ${wrap(observation.sentence, width - 5 - fine.length, ' '.repeat(4 + fine.length))}`),
		'',
	].join('\n');
}

/** What is told at the very end. */
export function afterwards({width}: Speech): string {
	return ['The demo\'s disk, its mounts and its processes are gone again.', 'On a VM of yours, begin with: sudo npx quiesce']
		.map(text => `\n ${wrap(text, width - 2, ' ')}`).join('').concat('\n');
}
