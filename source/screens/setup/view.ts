import type {WizardEvent, WizardState} from '../../core/wizard/types.js';

/** What every screen of the wizard is given. */
export type SetupProps = {
	readonly state: WizardState;
	/** The state as it is now, also between two keys of which the first has not been drawn yet. */
	readonly read: () => WizardState;
	/** An event of this screen; one that comes after the screen has changed is dropped. */
	readonly send: (event: WizardEvent) => void;
	/** Back, from the first screen out of the wizard. */
	readonly back: () => void;
	/** Ctrl-C. */
	readonly leave: () => void;
	/** Paths that begin with a text, directories with a slash at the end. */
	readonly complete: (text: string) => readonly string[];
	/** The rehearsal begins, or the wizard ends. */
	readonly finish: (rehearse: boolean) => void;
	/** ISO 8601 UTC, when the wizard was opened: for "3 h ago". */
	readonly now: string;
};
