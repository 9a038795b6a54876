import type {CycleResult, CycleWarning} from '../cycle-events.js';
import type {StatusReport} from '../extension-status/report.js';
import {transitionalCode} from '../extension-status/report.js';
import {duration} from '../durations.js';
import {isNearLimit} from '../limits.js';
import {outcomes} from '../outcome.js';
import {shellWord} from '../shell-word.js';
import {outcomeWords} from '../verdict-words.js';
import {causeOf} from './causes.js';
import type {CycleFacts, FreezeFacts} from './facts.js';
import type {PhaseStory, Phases} from './phases.js';

const warning = (id: string, message: string, remedy?: string | null): CycleWarning => ({event: 'warning', id, message, ...(remedy === undefined || remedy === null ? {} : {remedy})});

const lookForAnother = 'Look for a second backup or a quiesce cycle at the same time.';

/** What an administrator should know while the cycle runs. `over`: nothing more will come of it. */
export function tellWarnings(facts: CycleFacts, phases: Phases, status: StatusReport | null, over: boolean): readonly CycleWarning[] {
	const freeze = facts.freezes.at(-1);
	return [
		...(freeze === undefined ? [] : tellFreezeWarnings(freeze)),
		...(['pre-script', 'post-script'] as const).flatMap(script => {
			const {retries, end} = script === 'pre-script' ? facts.pre : facts.post;
			return [
				...(retries > 0 ? [warning(`${script}-retries`, `The extension logged retries of the ${script}, and ran it only once.`, 'Retry inside the script itself.')] : []),
				...(end === 'timed-out' ? [warning(`${script}-left-running`, `The extension did not end the ${script} at its limit: it ran on${script === 'pre-script' ? ', perhaps through the freeze and the snapshot' : ''}.`, 'Look whether it still runs, and whether the application takes writes.')] : []),
				...nearLimit(`${script}-near-limit`, `The ${script}`, phases[script]),
			];
		}),
		...(over ? tellPostScriptMissed(facts, phases) : []),
		...(over && facts.plugins === 0 && facts.report?.code === 0 ? [warning('no-script-ran', 'No script ran: the plugin host file names no plugin. Azure calls this application-consistent all the same, although nothing held the application.', 'Set numberOfPlugins in /etc/azure/VMSnapshotPluginHost.conf to 1, or delete the file, so that the extension\'s own counts.')] : []),
		...(over ? tellFailedDisks(facts, status) : []),
	];
}

function tellFreezeWarnings(freeze: FreezeFacts): readonly CycleWarning[] {
	const {lockTaken, frozenAt, thawSentAt, thawedAt, failedAt, refused, notThawed, holdSeconds, late, helperLost, mounts} = freeze;
	const found: CycleWarning[] = [];
	if (lockTaken === false && (frozenAt ?? failedAt ?? thawedAt) !== null) {
		found.push(warning('lock-not-taken', 'Somebody else held the lock: the extension tried for 35 seconds, and froze without it.', lookForAnother));
	}
	const busy = refused.find(({message}) => /busy/i.test(message));
	if (busy !== undefined) {
		found.push(warning('foreign-thaw', `${busy.mount} had been frozen by somebody else. safefreeze then thawed every filesystem of its list, that one included: whoever froze it has lost the freeze.`, 'Look for a second backup at the same time, and do not trust what it took.'));
	}
	for (const {mount, message} of notThawed) {
		found.push(warning('not-thawed', `${mount} could not be thawed: ${message}.`, `Look whether it takes writes; where not: quiesce thaw ${shellWord(mount)}`));
	}
	if (helperLost) {
		found.push(warning('may-be-frozen', `safefreeze was killed while it held the freeze. Nobody has thawed since: ${mounts.join(', ')} may still be frozen.`, `Look whether they take writes; where not: quiesce thaw ${mounts.map(shellWord).join(' ')}`));
	}
	if (frozenAt !== null && failedAt !== null) {
		const took = thawedAt === null ? '' : ` They stayed frozen for ${duration(thawedAt - frozenAt)}, until safefreeze thawed by itself.`;
		found.push(warning('frozen-in-vain', `The filesystems were frozen only after the extension had given up waiting, and nobody told safefreeze to thaw.${took}`, 'Back up when the disks have less to write, or raise SafeFreezeWaitInSeconds in the section [SnapshotThread] of /etc/azure/vmbackup.conf.'));
	}
	const holdMs = (holdSeconds ?? 0) * 1000;
	if (frozenAt !== null && failedAt === null && thawedAt !== null && thawSentAt !== null && late === null && isNearLimit(thawedAt - frozenAt, holdMs)) {
		found.push(warning('freeze-near-limit', `The filesystems were frozen for ${duration(thawedAt - frozenAt)}, and safefreeze thaws after ${duration(holdMs)}: a little longer, and the snapshot is lost.`, 'Raise timeout in the section [SnapshotThread] of /etc/azure/vmbackup.conf, or back up when there is less to write.'));
	}
	return found;
}

/** A pre-script that began, and nobody who would let the application go again. */
function tellPostScriptMissed(facts: CycleFacts, phases: Phases): readonly CycleWarning[] {
	if (facts.pre.beganAt === null || phases['post-script'].state !== 'skipped') return [];
	const path = facts.workload === null ? facts.looked[3] : undefined;
	return [warning('post-script-never-ran', 'The pre-script ran, and the post-script never did: the application may still be held.', `Look whether the application takes writes; where not, let it go by hand${path === undefined ? '.' : `: sudo sh ${shellWord(path)}`}`)];
}

function tellFailedDisks({disksFailed: [said], freezes, report}: CycleFacts, status: StatusReport | null): readonly CycleWarning[] {
	if (said === undefined) return [];
	if (freezes.at(-1)?.result?.allFailed === true) return [warning('disk-snapshot-failed', `The host's reason: ${said}.`)];
	const {count, failed} = status?.snapshots ?? {count: 0, failed: 0};
	const which = failed > 0 ? `${failed} of ${count} disks` : 'one of the disks at least';
	const all = report?.code === 0 || report?.code === 1 ? ' The extension reports a success all the same: whether Azure keeps such a recovery point, only the vault shows.' : '';
	return [warning('disk-snapshot-failed', `The host could not take the snapshot of ${which}: ${said}.${all}`, all === '' ? null : 'Look in the vault whether this recovery point is there, and run the backup again.')];
}

function nearLimit(id: string, what: string, phase: PhaseStory): readonly CycleWarning[] {
	if (phase.state !== 'succeeded' || phase.startedAt === null || phase.endedAt === null) return [];
	const took = phase.endedAt - phase.startedAt;
	// The extension looks every few seconds only: what it logs is up to one poll too long, and never more than the limit.
	if (!isNearLimit(took, phase.limitMs)) return [];
	return [warning(id, `${what} took up to ${duration(took)} of the ${duration(phase.limitMs ?? 0)} that it may take.`, 'Raise timeoutInSeconds (quiesce setup), or make the script faster.')];
}

/** What the recovery point is, where it is less than it could be, in a sentence. */
export function consistencySentence({outcome}: CycleResult): string {
	return outcome === 'failed' ? 'There is no recovery point of this backup.' : `The recovery point is ${outcomeWords[outcome]}, not application-consistent.`;
}

/** Which consistency the recovery point really has, where it is less than it could be, and where Azure's own word for it cannot be trusted. */
export function tellConsistency(facts: CycleFacts, result: CycleResult, phases: Phases): readonly CycleWarning[] {
	const found: CycleWarning[] = [];
	const {outcome, azure} = result;
	if (outcome !== 'application-consistent') {
		const cause = causeOf(facts, phases, result);
		const scriptFailed = [phases['pre-script'], phases['post-script']].some(({state}) => state === 'failed' || state === 'timed-out');
		const more = [
			...(outcome === 'crash-consistent' && facts.mayBeCrashConsistent ? ['Azure takes it all the same where a VM has one disk, and a try before has failed.'] : []),
			...(outcome === 'failed' && phases.snapshot.state === 'succeeded' ? ['The snapshot was taken, and reported as failed.'] : []),
			...(outcome === 'failed' && scriptFailed && facts.settings?.freeze === false && facts.pre.goesOn && facts.post.goesOn ? ['Where freezing is switched off, a failed script fails the backup, whatever continueBackupOnFailure says.'] : []),
		];
		found.push(warning('less-consistent', [consistencySentence(result), ...(cause === null ? [] : [cause.happened]), ...more].join(' '), cause?.remedy));
	}
	const told = outcomes.indexOf(azure.outcome) < outcomes.indexOf(outcome);
	if (told) {
		const truth = outcome === 'failed' ? 'There is none: no snapshot could be taken.'
			: `It is ${outcomeWords[outcome]}: ${phases.thaw.state === 'failed' ? 'the filesystems thawed before the snapshot was complete' : 'nothing was frozen while the snapshot was taken'}.`;
		found.push(warning('reported-better', `Azure was told that this recovery point is ${outcomeWords[azure.outcome]}. ${truth}`));
	} else if (outcome === 'file-system-consistent' || outcome === 'crash-consistent') {
		found.push(warning('reported-success', 'Azure reports this backup as a success: the portal shows no error.'));
	}
	return found;
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
