import {iniSection} from './ini.js';

/** The settings of the extension's freezer in vmbackup.conf that matter here too. */
export type Tunables = {
	/** Mount points that `MountsToSkip` leaves out: taken to the letter, blanks included. */
	readonly skip: readonly string[];
	/** After how long a freeze is thawed whatever happens. */
	readonly deadlineMs: number;
};

/** The extension's own default: it thaws by itself then. */
const defaultDeadlineMs = 60_000;

/** Reads the text of vmbackup.conf; null where there is none. */
export function readTunables(text: string | null): Tunables {
	const section = text === null ? null : iniSection(text, 'SnapshotThread');
	const timeout = Number(section?.get('timeout'));
	return {
		skip: (section?.get('mountstoskip') ?? '').split(',').filter(word => word !== ''),
		deadlineMs: Number.isInteger(timeout) && timeout >= 1 && timeout <= 3600 ? timeout * 1000 : defaultDeadlineMs,
	};
}
