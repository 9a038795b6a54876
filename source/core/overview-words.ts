import {basename} from 'node:path';
import {ago, duration} from './durations.js';
import {isWithoutReport, withoutReport, type HistoryEntry} from './history.js';
import type {Outcome} from './outcome.js';
import type {Overview, Presence} from './overview.js';
import {outcomeWords} from './verdict-words.js';

/** One thing that the home screen tells. */
export type OverviewFact = {
	readonly label: 'Next backup' | 'Last backup' | 'Last cycle' | 'Right now';
	/** How good that is; `none`: there was none yet, `clear`: nothing is going on. */
	readonly state: Outcome | 'none' | 'clear' | 'running' | 'unfinished';
	/** Parts with ` · ` (the separator given) between them, the most important first. */
	readonly text: string;
	/** What can be left out where there is no room; empty where there is nothing more. */
	readonly aside: string;
};

export const notConfigured = 'Nothing is configured yet: backups of this VM are at best file-system consistent.';

/** How things stand: the next backup, the last ones, and what is frozen or held right now. `now`: milliseconds since 1970; `dot`: between two short facts. */
export function overviewFacts({scripts, filesystems, azure, cycle, verdict, configured, presence}: Overview, now: number, dot: string): readonly OverviewFact[] {
	const between = ` ${dot} `;
	const covered = filesystems === null ? '' : filesystems === 'off' ? 'freezing is off' : filesystems.length === 0 ? 'no filesystem' : `${filesystems.length} ${filesystems.length === 1 ? 'filesystem' : 'filesystems'}`;
	return [
		{label: 'Next backup', state: verdict.outcome, text: configured ? outcomeWords[verdict.outcome] : 'not set up', aside: [scripts === null ? '' : basename(scripts.pre), covered].filter(part => part !== '').join(between)},
		azure === null
			? {label: 'Last backup', state: 'none', text: 'none seen on this machine yet', aside: ''}
			: {label: 'Last backup', state: azure.outcome, text: [outcomeWords[azure.outcome], ago(now - Date.parse(azure.at))].join(between), aside: errorOf(azure)},
		cycle === null
			? {label: 'Last cycle', state: 'none', text: ['none yet', 'a rehearsal takes a few seconds'].join(between), aside: ''}
			: {label: 'Last cycle', state: cycle.outcome, text: [ago(now - Date.parse(cycle.at)), `frozen ${duration(cycle.freezeWindowMs)}`, `held ${duration(cycle.quiesceWindowMs)}`].join(between), aside: errorOf(cycle)},
		{label: 'Right now', ...presenceWords(presence), aside: ''},
	];
}

function errorOf(entry: HistoryEntry): string {
	const [error] = entry.errors;
	if (error === undefined) return isWithoutReport(entry) ? withoutReport.short : '';
	return error.code === null ? error.name : `${error.name} (${error.code})`;
}

function presenceWords(presence: Presence): Pick<OverviewFact, 'state' | 'text'> {
	const who = 'pid' in presence && presence.pid !== null ? ` (process ${presence.pid})` : '';
	switch (presence.is) {
		case 'nothing': return {state: 'clear', text: 'nothing is frozen or held'};
		case 'cycle': return {state: 'running', text: `a cycle of quiesce is running${who}`};
		case 'backup': return {state: 'running', text: `a backup is running${who}: w watches it`};
		case 'unfinished': return {state: 'unfinished', text: `a cycle came to no end: it is ${presence.mayBeFrozen ? 'thawed and ' : ''}ended now`};
	}
}
