import {wrap} from '../core/wrap.js';
import type {Observation} from './examine.js';
import type {Laboratory} from './laboratory.js';

/** What is told before the demo begins. */
export function introduction(laboratory: Laboratory, unattended: boolean): string {
	const width = Math.min(process.stdout.columns ?? 80, 80) - 2;
	const paragraph = (text: string): string => ` ${wrap(text, width, ' ')}`;
	const lines = [
		'',
		' quiesce · demo',
		'',
		paragraph(`A disk of 64 MB has been made in memory and mounted at ${laboratory.disk}. An application, the ledger, writes numbered records to it, each in two halves. This terminal alone sees it, with an /etc of its own: nothing on this machine is changed or frozen.`),
		'',
		paragraph(`The ledger has a pre-script and a post-script (${laboratory.preScript}, ${laboratory.postScript}). quiesce now sets them up for Azure Backup, as on a real VM, and runs a live cycle: the ledger is held, the disk frozen, copied and thawed, the ledger let go.`),
		'',
	];
	if (!unattended) lines.push(paragraph("The wizard's answers are filled in: Enter takes you through it."), '', ' ⏎ start   ctrl-c leave');
	return `${lines.join('\n')}${unattended ? '\n' : ''}`;
}

/** What was found in the snapshot. */
export function report(snapshot: string | null, observations: readonly Observation[]): string {
	if (snapshot === null) return '\n No snapshot was taken, so there is none to look into.\n';
	return [
		'',
		` ${wrap(`The snapshot ${snapshot}, opened as if to restore it:`, 78, ' ')}`,
		'',
		...observations.map(({fine, sentence}) => `   ${fine ? '✔' : '✖'} ${wrap(sentence, 73, '     ')}`),
		'',
	].join('\n');
}

/** What is told at the very end. */
export const afterwards = `
 The demo's disk, its mounts and its processes are gone again.
 On a VM of yours, begin with: sudo npx quiesce
`;
