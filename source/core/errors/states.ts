import type {ErrorEntry} from './entry.js';

/** Codes of the extension that are no errors, and stand where errors do: in its log, its status file and the portal. */
export const stateCodes: readonly ErrorEntry[] = [
	{
		name: 'success_appconsistent', code: 0, aliases: [],
		happened: 'Both scripts succeeded, and the snapshot was taken.',
		effect: 'The backup is application-consistent.',
		remedies: ['Nothing needs to be done.'],
	},
	{
		name: 'success', code: 1, aliases: [],
		happened: 'The snapshot was taken, but the scripts did not hold the application: one of them failed, or was refused, or there are none.',
		effect: 'The backup is file-system consistent; with fsFreezeEnabled off not even that, and the extension does not say so.',
		remedies: ['See why: quiesce watch --once.', 'See whether it is so tonight as well: quiesce doctor.'],
	},
	{
		name: 'SuccessAlreadyProcessedInput', code: 3, aliases: [],
		happened: 'The extension was started once more for a backup that it had already made.',
		effect: 'None: no script runs, and no snapshot is taken again.',
		remedies: ['Nothing needs to be done.'],
	},
	{
		name: 'ExtensionTempTerminalState', code: 4, aliases: ['Transitioning state in extension'],
		happened: 'The extension is at work.',
		effect: 'None yet. Where it stays so for hours the extension has died, or could not write its end.',
		remedies: ['Look on: quiesce watch.', 'Look whether something is still frozen or held: quiesce doctor.'],
	},
];
