import type {ErrorReference, Outcome, Verdict} from '../outcome.js';
import {errorReference} from '../errors.js';
import {phaseNames, type CycleResult} from '../cycle-events.js';
import type {StatusReport} from '../extension-status/report.js';
import {transitionalCode} from '../extension-status/report.js';
import type {CycleFacts} from './facts.js';
import {namedError} from './story.js';
import type {Phases} from './phases.js';

/** The code with which a cycle ended: the log's word, else the status file's. Null where neither has one. */
export function finalCode(facts: CycleFacts, status: StatusReport | null): number | null {
	return facts.report?.code ?? (status === null || status.code === transitionalCode ? null : status.code);
}

/** All errors, in the order of the phases; then what the extension itself reported, where that is not among them. */
export function errorsOf(facts: CycleFacts, phases: Phases, status: StatusReport | null): readonly ErrorReference[] {
	const errors: ErrorReference[] = [];
	const add = (error: ErrorReference): void => {
		if (!errors.some(known => known.name === error.name && known.code === error.code)) errors.push(error);
	};
	for (const phase of phaseNames) phases[phase].errors.forEach(add);
	for (const {error} of facts.workloadErrors) {
		if (error !== null) add(namedError(error));
	}
	const code = finalCode(facts, status);
	if (code !== null && code > transitionalCode) add(errorReference(code));
	// 2 is also what a snapshot that lost its freeze is reported with: then it stands there already.
	if (code === 2) add(errorReference(2));
	// Only the status file remembers a script's error whose lines are lost.
	const health = status?.healthCode ?? null;
	if (health !== null && health > transitionalCode) add(errorReference(health));
	return errors;
}

/** What Azure was told. */
export function reportedVerdict(facts: CycleFacts, errors: readonly ErrorReference[], status: StatusReport | null): Verdict {
	const code = finalCode(facts, status);
	if (code !== 0 && code !== 1) return {outcome: 'failed', errors};
	// The rule for VMs with one disk: the extension says so in the status file, and does so wherever its own way to the snapshot has failed.
	const result = facts.freezes.at(-1)?.result ?? null;
	if (status?.crashConsistent === true || (facts.mayBeCrashConsistent && result !== null && (!result.good || result.code > 1))) return {outcome: 'crash-consistent', errors};
	return {outcome: code === 0 ? 'application-consistent' : 'file-system-consistent', errors};
}

/**
 * What the recovery point really is. The code is right except where nothing was frozen: then a "file-system consistent" one is crash-consistent, and so is
 * any whose freeze failed and which was taken all the same (the rule for VMs with one disk); and except where no snapshot was taken.
 */
export function realOutcome(facts: CycleFacts, phases: Phases, reported: Outcome): Outcome {
	// No disk's snapshot could be taken, and the extension reports a success all the same: in the flow of workload.conf, and with a single disk.
	if (reported === 'failed' || facts.freezes.at(-1)?.result?.allFailed === true) return 'failed';
	if (reported === 'crash-consistent') return reported;
	const {state} = phases.freeze;
	if (state === 'failed' || state === 'timed-out' || phases.thaw.state === 'failed') return 'crash-consistent';
	const seenUnfrozen = state === 'skipped' && (facts.settings?.freeze === false || facts.freezes.length > 0);
	return reported === 'file-system-consistent' && seenUnfrozen ? 'crash-consistent' : reported;
}

/** From the first filesystem frozen to the last one thawed, over all tries. */
export function freezeWindowOf(facts: CycleFacts): number {
	return facts.freezes.reduce((sum, {frozenAt, thawedAt, helperLost}) => {
		const until = helperLost ? facts.report?.at ?? facts.lastAt : thawedAt;
		return frozenAt === null || until === null ? sum : sum + Math.max(0, until - frozenAt);
	}, 0);
}

/** From the end of the pre-script to the end of the post-script. */
export function quiesceWindowOf(facts: CycleFacts, phases: Phases): number {
	const from = phases['pre-script'].endedAt;
	if (phases['pre-script'].startedAt === null || from === null) return 0;
	return Math.max(0, (phases['post-script'].state === 'skipped' ? facts.report?.at : phases['post-script'].endedAt) ?? facts.lastAt, from) - from;
}

/** The result of a cycle that is over. */
export function resultOf(facts: CycleFacts, phases: Phases, status: StatusReport | null): CycleResult {
	const errors = errorsOf(facts, phases, status);
	const azure = reportedVerdict(facts, errors, status);
	const outcome = realOutcome(facts, phases, azure.outcome);
	const frozen = facts.freezes.findLast(({frozenAt}) => frozenAt !== null);
	const name = facts.task ?? status?.task ?? null;
	return {
		event: 'result',
		outcome,
		errors,
		freezeWindowMs: freezeWindowOf(facts),
		quiesceWindowMs: quiesceWindowOf(facts, phases),
		mounts: frozen?.mounts ?? [],
		snapshot: outcome === 'failed' || name === null ? null : {provider: 'azure-backup', id: name},
		azure,
	};
}
