import type {CycleResult, CycleWarning} from '../cycle-events.js';
import {errorTable, findError} from '../errors.js';
import type {StatusReport} from '../extension-status/report.js';
import {transitionalCode} from '../extension-status/report.js';
import {duration} from '../durations.js';
import {isNearLimit} from '../limits.js';
import {outcomes, type ErrorReference} from '../outcome.js';
import {outcomeWords} from '../verdict-words.js';
import type {CycleFacts} from './facts.js';
import type {PhaseStory, Phases} from './story.js';

const warning = (id: string, message: string, remedy?: string): CycleWarning => ({event: 'warning', id, message, ...(remedy === undefined ? {} : {remedy})});

/** What an administrator should know while the cycle runs. */
export function tellWarnings(facts: CycleFacts, phases: Phases): readonly CycleWarning[] {
	const found: CycleWarning[] = [];
	const freeze = facts.freezes.at(-1);
	if (freeze?.lockTaken === false && (freeze.frozenAt ?? freeze.failedAt ?? freeze.thawedAt) !== null) {
		found.push(warning('lock-not-taken', 'Somebody else held the lock: the extension tried for 35 seconds, and froze without it.', 'Look for a second backup or a quiesce cycle at the same time.'));
	}
	const busy = freeze?.refused.find(({message}) => /busy/i.test(message));
	if (busy !== undefined) {
		found.push(warning('foreign-thaw', `${busy.mount} had been frozen by somebody else. safefreeze then thawed every filesystem of its list, that one included: whoever froze it has lost the freeze.`, 'Look for a second backup at the same time, and do not trust what it took.'));
	}
	for (const {mount, message} of freeze?.notThawed ?? []) {
		found.push(warning('not-thawed', `${mount} could not be thawed: ${message}.`, `Look whether it takes writes; where not: quiesce thaw ${mount}`));
	}
	for (const script of ['pre-script', 'post-script'] as const) {
		const {retries, end} = script === 'pre-script' ? facts.pre : facts.post;
		if (retries > 0) found.push(warning(`${script}-retries`, `The extension logged ${retries === 1 ? 'a retry' : `${retries} retries`} of the ${script}, and ran it only once.`, 'Retry inside the script itself.'));
		if (end === 'timed-out') found.push(warning(`${script}-left-running`, `The extension did not end the ${script} at its limit: it ran on${script === 'pre-script' ? ', perhaps through the freeze and the snapshot' : ''}.`, 'Look whether it still runs, and whether the application takes writes.'));
		found.push(...nearLimit(`${script}-near-limit`, `The ${script}`, phases[script]));
	}
	const holdMs = (freeze?.holdSeconds ?? 0) * 1000;
	if (freeze !== undefined && freeze.frozenAt !== null && freeze.thawedAt !== null && freeze.late === null && isNearLimit(freeze.thawedAt - freeze.frozenAt, holdMs)) {
		found.push(warning('freeze-near-limit', `The filesystems were frozen for ${duration(freeze.thawedAt - freeze.frozenAt)}, and safefreeze thaws after ${duration(holdMs)}: a little longer, and the snapshot is lost.`, 'Raise timeout in the section [SnapshotThread] of /etc/azure/vmbackup.conf, or back up when there is less to write.'));
	}
	if (facts.disksFailed.length > 0) found.push(warning('disk-snapshot-failed', `The host could not take the snapshot of ${facts.disksFailed.length === 1 ? 'one disk' : `${facts.disksFailed.length} disks`}: ${facts.disksFailed[0]!}.`));
	return found;
}

function nearLimit(id: string, what: string, phase: PhaseStory): readonly CycleWarning[] {
	if (phase.state !== 'succeeded' || phase.startedAt === null || phase.endedAt === null) return [];
	const took = phase.endedAt - phase.startedAt;
	// The extension looks every few seconds only: what it logs is up to one poll too long, and never more than the limit.
	if (!isNearLimit(took, phase.limitMs)) return [];
	return [warning(id, `${what} took up to ${duration(took)} of the ${duration(phase.limitMs ?? 0)} that it may take.`, 'Raise timeoutInSeconds (quiesce setup), or make the script faster.')];
}

/** Which consistency the recovery point really has, where it is less than it could be, and where Azure's own word for it cannot be trusted. */
export function tellConsistency(result: CycleResult, phases: Phases): readonly CycleWarning[] {
	const found: CycleWarning[] = [];
	if (result.outcome !== 'application-consistent') {
		const [error] = result.errors;
		const what = result.outcome === 'failed' ? 'There is no recovery point of this backup.' : `The recovery point is ${outcomeWords[result.outcome]}, not application-consistent.`;
		found.push(warning('less-consistent', [what, ...reason(error, phases, result)].join(' '), remedyFor(error)));
	}
	if (result.outcome !== 'failed' && outcomes.indexOf(result.azure.outcome) < outcomes.indexOf(result.outcome)) {
		found.push(warning('reported-better', `Azure was told that this recovery point is ${outcomeWords[result.azure.outcome]}. It is ${outcomeWords[result.outcome]}: nothing was frozen while the snapshot was taken.`));
	} else if (result.outcome === 'file-system-consistent' || result.outcome === 'crash-consistent') {
		found.push(warning('reported-success', 'Azure reports this backup as a success: the portal shows no error.'));
	}
	return found;
}

function reason(error: ErrorReference | undefined, phases: Phases, result: CycleResult): readonly string[] {
	if (error === undefined) return result.outcome === 'crash-consistent' ? ['Nothing was frozen while the snapshot was taken.'] : [];
	const entry = findError(error.name) ?? errorTable.find(({code}) => code !== null && code === error.code);
	const detail = Object.entries(phases).find(([phase, {errors, state}]) => phase !== 'check' && state === 'failed' && errors.some(({name}) => name === error.name))?.[1].detail;
	return [`${entry?.happened ?? `The extension reports ${error.name}.`} (${error.name}${error.code === null ? '' : `, ${error.code}`}${detail === undefined ? '' : `; ${detail}`})`];
}

function remedyFor(error: ErrorReference | undefined): string | undefined {
	if (error === undefined) return undefined;
	return findError(error.name)?.remedies[0] ?? `See: quiesce explain ${error.code ?? error.name}`;
}

/** Where the log and the status file of the same backup say different things. `over`: both have come to rest. */
export function tellDisagreement(facts: CycleFacts, status: StatusReport | null, over: boolean): readonly CycleWarning[] {
	if (status === null) return [];
	const code = facts.report?.code ?? null;
	if (code === null && status.code !== transitionalCode) {
		return [warning('log-and-status-disagree', `The status file says that this backup has ended (code ${status.code}); the log has no end of it.`, 'The log may have been rotated, cut off, or silenced (WriteLog, LoggingOff in /etc/azure/vmbackup.conf). What follows is the status file\'s word.')];
	}
	if (code !== null && status.code !== transitionalCode && status.code !== code) {
		return [warning('log-and-status-disagree', `The log says that this backup ended with code ${code}, the status file says ${status.code}. Azure reads the status file.`)];
	}
	if (over && code !== null && status.code === transitionalCode) {
		return [warning('log-and-status-disagree', `The log says that this backup has ended (code ${code}); its status file still says that it is running. Azure reads the status file, and may wait until it gives up.`)];
	}
	return [];
}
