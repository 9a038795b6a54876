import type {CycleResult} from '../cycle-events.js';
import {duration} from '../durations.js';
import {errorTable, findError} from '../errors.js';
import type {ErrorEntry} from '../errors/entry.js';
import type {ErrorReference} from '../outcome.js';
import {shellWord} from '../shell-word.js';
import type {CycleFacts} from './facts.js';
import type {Phases} from './phases.js';

/** Why a backup came to less than it could have, for people: sentences, and what to do; null where there is nothing to be done. */
export type Cause = {readonly happened: string; readonly remedy: string | null};

/** The error of the table that a message about a failed snapshot is about; undefined where it names none. */
export function snapshotError(message: string | undefined): ErrorEntry | undefined {
	if (message === undefined) return undefined;
	return findError(/SnapshotRateExceeded/.test(message) ? '173' : message);
}

/** The cause of the first of the result's errors; where the log knows it better than the extension's code, by the log. */
export function causeOf(facts: CycleFacts, phases: Phases, result: CycleResult): Cause | null {
	const {exception} = facts;
	// What was met first is less than what ended the backup.
	const error = (exception === null ? undefined : result.errors.find(({code}) => code === 2)) ?? result.errors[0];
	if (error === undefined) {
		if (result.outcome === 'crash-consistent') return phases.thaw.state === 'failed' ? thawCause(facts) : {happened: 'Nothing was frozen while the snapshot was taken.', remedy: null};
		return result.outcome === 'failed' && facts.report === null ? {happened: 'The extension ended before it had said what became of it.', remedy: null} : null;
	}
	const entry = findError(error.name) ?? errorTable.find(({code}) => code !== null && code === error.code);
	const known = error.code === 2 ? exceptionCause(facts, phases) : snapshotCause(facts, error);
	const happened = known?.happened ?? entry?.happened ?? `The extension reports ${error.name}.`;
	const detail = dislikedWords(facts, error) ?? Object.entries(phases).find(([phase, {errors, state}]) => phase !== 'check' && (state === 'failed' || state === 'timed-out') && errors.some(({name}) => name === error.name))?.[1].detail;
	const named = [error.name, ...(error.code === null ? [] : [String(error.code)])].join(', ');
	const saysMore = detail !== undefined && known === null && !happened.startsWith(detail);
	return {happened: `${happened} (${named}${saysMore ? `; ${detail}` : ''})`, remedy: known === null ? withPath(remedyOf(entry) ?? `See: quiesce explain ${error.code ?? error.name}`, facts, error) : known.remedy};
}

/** Errors of the check that are about a file, and those of the pre-script. */
const fileErrors: ReadonlySet<number> = new Set([302, 303, 306, 307, 314, 316, 317]);
const preScriptErrors: ReadonlySet<number> = new Set([300, 302, 306, 308, 310]);

/** The file that the check did not like; null where the error is about none. */
export function dislikedWords({disliked}: CycleFacts, {code}: ErrorReference): string | null {
	return code !== null && fileErrors.has(code) ? disliked : null;
}

/** The table's words for any script, with the path of this one. */
function withPath(remedy: string, {looked}: CycleFacts, {code}: ErrorReference): string {
	const path = looked[code !== null && preScriptErrors.has(code) ? 2 : 3];
	return path === undefined ? remedy : remedy.replaceAll(/PATH-OF-THE-SCRIPT(?:\.$)?/g, () => shellWord(path));
}

/** The first thing to try that is not what is being done just now: to look at this backup. */
function remedyOf(entry: ErrorEntry | undefined): string | null {
	return entry?.remedies.find(remedy => !remedy.includes('quiesce watch')) ?? null;
}

function thawCause({freezes}: CycleFacts): Cause {
	const freeze = freezes.at(-1);
	if (freeze?.helperLost === true) return {happened: 'safefreeze was killed while the filesystems were frozen: the extension cannot trust the snapshot.', remedy: null};
	const took = freeze === undefined || freeze.frozenAt === null || freeze.thawedAt === null ? '' : ` after ${duration(freeze.thawedAt - freeze.frozenAt)}`;
	return {
		happened: `The filesystems thawed by themselves${took}, before the snapshot was complete.`,
		remedy: 'Raise timeout in the section [SnapshotThread] of /etc/azure/vmbackup.conf, or find out why the snapshot takes so long.',
	};
}

/** Code 2 stands for several things. */
function exceptionCause(facts: CycleFacts, phases: Phases): Cause | null {
	if (facts.exception !== null) {
		const isContinue = [facts.pre, facts.post].some(({end, decidedAt}) => (end === 'failed' || end === 'timed-out') && decidedAt === null);
		const failed = (['pre-script', 'post-script'] as const).filter(script => phases[script].state === 'failed' || phases[script].state === 'timed-out').map(script => `the ${script}`);
		return {
			happened: `The extension itself ended with an exception${failed.length === 0 ? '' : `, after ${failed.join(' and ')} had failed`}: ${facts.exception}.`,
			remedy: isContinue ? 'Write continueBackupOnFailure without quotes, as true or false: quiesce setup.' : 'Update the backup extension, or reinstall it.',
		};
	}
	if (phases.thaw.state === 'failed') return thawCause(facts);
	if (facts.freezes.at(-1)?.result?.allFailed === true) return {happened: 'None of the disks\' snapshots could be taken.', remedy: remedyOf(findError('76'))};
	return null;
}

/** The code can be a later, general one: "no network" for a disk with too many snapshots. */
function snapshotCause({snapshotFailures: [said], report}: CycleFacts, {code}: ErrorReference): Cause | null {
	const first = snapshotError(said);
	return first === undefined || code === null || code !== report?.code || first.code === code ? null : {happened: first.happened, remedy: remedyOf(first)};
}
