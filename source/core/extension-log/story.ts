import {errorReference, findError} from '../errors.js';
import type {ErrorReference} from '../outcome.js';
import {dislikedWords, snapshotError} from './causes.js';
import type {CycleFacts, FreezeFacts, ScriptFacts} from './facts.js';
import type {Script} from './markers.js';
import type {PhaseStory, Phases} from './phases.js';

const pending: PhaseStory = {state: 'pending', startedAt: null, endedAt: null, errors: []};
const skipped = (at: number, detail: string): PhaseStory => ({state: 'skipped', startedAt: null, endedAt: at, errors: [], detail});

/** Codes with which the extension says that the snapshot itself failed. */
const snapshotCodes: ReadonlySet<number> = new Set([76, 85, 173, 402, 556, 761]);

/** The error of a name as the extension writes it; an unknown one keeps its name. */
export function namedError(name: string): ErrorReference {
	const known = findError(name);
	return known === undefined ? {name, code: null} : {name: known.name, code: known.code};
}

/** The phases of a cycle. `over`: nothing more will come, what has not happened by now will not happen. */
export function tellPhases(facts: CycleFacts, over: boolean): Phases {
	const endAt = facts.report?.at ?? facts.lastAt;
	const freeze = tellFreeze(facts, over, endAt);
	const snapshot = tellSnapshot(facts, freeze, over, endAt);
	return {
		check: tellCheck(facts, over, endAt),
		'pre-script': tellPre(facts, over, endAt),
		freeze,
		snapshot,
		thaw: tellThaw(facts, freeze, over, endAt),
		'post-script': tellPost(facts, over, endAt),
	};
}

function tellCheck(facts: CycleFacts, over: boolean, endAt: number): PhaseStory {
	const startedAt = facts.checkBeganAt ?? facts.workload?.at ?? null;
	const base = {startedAt, errors: []};
	if (facts.refused !== null) {
		const error = namedError(facts.refused.error);
		const file = dislikedWords(facts, error);
		return {...base, state: 'failed', endedAt: facts.refused.at, errors: [error], detail: `${error.name}${error.code === null ? '' : ` (${error.code})`}${file === null ? '' : `: ${file}`}`};
	}
	if (facts.workload !== null) return {...base, state: 'succeeded', endedAt: facts.workload.at, detail: `workload.conf names ${facts.workload.name}: the configured scripts are not used`};
	const wentOn = facts.pre.beganAt ?? facts.pre.decidedAt ?? facts.freezes[0]?.askedAt ?? null;
	if (facts.appEnabledAt !== null && (facts.validated?.code === 0 || wentOn !== null)) return {...base, state: 'succeeded', endedAt: facts.appEnabledAt};
	if (startedAt === null) return over && wentOn === null ? skipped(endAt, 'the extension stopped before it') : pending;
	return over ? {...base, state: 'failed', endedAt: endAt} : {...base, state: 'running', endedAt: null};
}

/** The effective limit: the configured seconds rounded up to whole polls. Undefined where it is not in the log, or endless. */
export function limitOf(facts: CycleFacts): number | undefined {
	if (facts.settings === null) return undefined;
	const {timeoutSeconds, polls} = facts.settings;
	if (!(timeoutSeconds > 0) || !(polls > 0)) return undefined;
	return Math.round(Math.ceil(polls - 1e-9) * (timeoutSeconds / polls) * 1000);
}

function scriptBase(facts: CycleFacts, index: 2 | 3): {readonly limitMs?: number; readonly script?: string} {
	const limitMs = limitOf(facts);
	const script = facts.workload === null ? facts.looked[index] : undefined;
	return {...(limitMs === undefined ? {} : {limitMs}), ...(script === undefined ? {} : {script})};
}

function endOfScript(script: ScriptFacts, codes: {readonly failed: number; readonly timedOut: number}): Pick<PhaseStory, 'state' | 'endedAt' | 'errors' | 'detail'> | null {
	switch (script.end) {
		case null:
			return null;
		case 'succeeded':
			return {state: 'succeeded', endedAt: script.endedAt, errors: []};
		case 'failed':
			return {state: 'failed', endedAt: script.endedAt, errors: [errorReference(codes.failed)], detail: script.exitCode?.startsWith('-') === true ? `ended by signal ${script.exitCode.slice(1)}` : `exit code ${script.exitCode ?? '?'}`};
		case 'timed-out':
			return {state: 'timed-out', endedAt: script.endedAt, errors: [errorReference(codes.timedOut)], detail: 'the extension does not end it: it runs on'};
	}
}

function tellPre(facts: CycleFacts, over: boolean, endAt: number): PhaseStory {
	if (facts.refused !== null) return skipped(facts.refused.at, 'the check failed');
	const {pre} = facts;
	const base = {startedAt: pre.beganAt, endedAt: null, errors: [], ...scriptBase(facts, 2)};
	if (facts.workload !== null) return tellWorkloadScript(facts, 'pre-script', facts.workloadFailedAt ?? facts.snapshotterAt ?? facts.freezes[0]?.askedAt ?? null, over, endAt);
	const end = endOfScript(pre, {failed: 300, timedOut: 308});
	if (end !== null) return {...base, startedAt: pre.beganAt ?? pre.endedAt, ...end};
	if (pre.decidedAt !== null) {
		if (facts.plugins === 0) return skipped(pre.decidedAt, 'the plugin host file names no plugin');
		return {...base, startedAt: pre.beganAt ?? facts.appEnabledAt ?? pre.decidedAt, state: 'timed-out', endedAt: pre.decidedAt, errors: [errorReference(310)], detail: 'its thread in the extension never answered'};
	}
	if (pre.beganAt === null) return over ? skipped(endAt, 'the extension stopped before it') : pending;
	return over ? {...base, state: 'failed', endedAt: endAt} : {...base, state: 'running'};
}

function tellPost(facts: CycleFacts, over: boolean, endAt: number): PhaseStory {
	const {post} = facts;
	const freeze = lastFreeze(facts);
	const base = {startedAt: post.beganAt, endedAt: null, errors: [], ...scriptBase(facts, 3)};
	if (facts.workload !== null) return tellWorkloadScript(facts, 'post-script', over ? endAt : null, over, endAt);
	const end = endOfScript(post, {failed: 301, timedOut: 309});
	if (end !== null) return {...base, startedAt: post.beganAt ?? post.endedAt, ...end};
	if (post.decidedAt !== null && facts.plugins !== 0) {
		return {...base, startedAt: post.beganAt ?? facts.postScriptsAt ?? post.decidedAt, state: 'timed-out', endedAt: post.decidedAt, errors: [errorReference(311)], detail: 'its thread in the extension never answered'};
	}
	// After a failed freeze the script's lines come behind the report, or never (LoggingOff): it runs unseen.
	const unseen = freeze !== undefined && freeze.silentAt !== null && freeze.frozenAt === null && facts.refused === null && facts.plugins !== 0 && (!over || facts.report !== null);
	if (post.beganAt === null && unseen) return pending;
	if (post.beganAt === null) return over ? skipped(endAt, facts.plugins === 0 ? 'the plugin host file names no plugin' : facts.refused === null ? 'the extension stopped before it' : 'the check failed') : pending;
	return over ? {...base, state: 'failed', endedAt: endAt} : {...base, state: 'running'};
}

/**
 * The extension's own database scripts (workload.conf): their ends are not logged. That the first one failed is said before the freeze, with which error only
 * at the very end; of several errors that is the first.
 */
function tellWorkloadScript(facts: CycleFacts, which: Script, endedAt: number | null, over: boolean, endAt: number): PhaseStory {
	const script = which === 'pre-script' ? facts.pre : facts.post;
	if (script.beganAt === null) return over || endedAt !== null ? skipped(endedAt ?? endAt, `the extension did not run its own scripts for ${facts.workload?.name ?? 'the database'}`) : pending;
	const base = {startedAt: script.beganAt, errors: [], detail: `the extension's own script for ${facts.workload?.name ?? 'the database'}`};
	if (endedAt === null && !over) return {...base, state: 'running', endedAt: null};
	const [told] = facts.workloadErrors;
	const failed = which === 'pre-script' ? facts.workloadFailedAt !== null : facts.workloadFailedAt === null && told !== undefined;
	if (!failed) return {...base, state: 'succeeded', endedAt: endedAt ?? endAt};
	return {...base, state: 'failed', endedAt: endedAt ?? endAt, errors: told?.error === undefined || told.error === null ? [] : [namedError(told.error)], ...(told === undefined ? {} : {detail: told.message})};
}

function lastFreeze(facts: CycleFacts): FreezeFacts | undefined {
	return facts.freezes.at(-1);
}

/** Has the cycle gone past the freeze, so that what has not begun will not begin? */
function pastFreezing(facts: CycleFacts): number | null {
	return facts.postScriptsAt ?? facts.post.beganAt ?? facts.post.endedAt;
}

function freezeErrorCode(facts: CycleFacts, freeze: FreezeFacts): number {
	const code = facts.report?.code ?? null;
	if (code !== null && code >= 121 && code <= 124) return code;
	if (freeze.failure?.includes('timed-out') === true) return 122;
	return freeze.failure?.includes('open failed') === true ? 123 : 121;
}

function tellFreeze(facts: CycleFacts, over: boolean, endAt: number): PhaseStory {
	const freeze = lastFreeze(facts);
	const past = pastFreezing(facts) ?? (over ? endAt : null);
	if (freeze === undefined) return past === null ? pending : skipped(past, facts.pre.goesOn ? 'no snapshot was taken' : 'the pre-script failed, and the backup was not to go on');
	if (freeze.askedAt === null && freeze.frozenAt === null && freeze.failedAt === null) {
		// The snapshot came without a freeze; or the log begins in the midst of it.
		const at = freeze.snapshotBeganAt ?? past;
		return at === null ? pending : skipped(at, facts.settings?.freeze !== false && freeze.snapshotBeganAt === null ? 'no snapshot was taken' : 'freezing is switched off');
	}
	if (freeze.skipped) return skipped(freeze.askedAt ?? freeze.frozenAt ?? endAt, 'there is no filesystem to freeze');
	const base = {
		startedAt: freeze.askedAt ?? freeze.frozenAt ?? freeze.failedAt, endedAt: null, errors: [], mounts: freeze.mounts,
		...(facts.freezes.length > 1 ? {attempt: facts.freezes.length} : {}),
		...(freeze.holdSeconds === null ? {} : {thawsAfterMs: freeze.holdSeconds * 1000}),
	};
	// With 122 reported, the line that the extension has given up is still to come.
	if (freeze.frozenAt !== null && freeze.failedAt === null && facts.report?.code !== 122) return {...base, state: 'succeeded', endedAt: freeze.frozenAt};
	const code = freezeErrorCode(facts, freeze);
	const reportsIt = facts.report?.code === code;
	if (freeze.failedAt !== null || (reportsIt && over)) {
		const [refusal] = freeze.refused;
		const why = refusal === undefined ? code === 122 ? undefined : freeze.failure ?? undefined : `${refusal.mount}: ${refusal.message}`;
		return {...base, state: code === 122 ? 'timed-out' : 'failed', endedAt: freeze.failedAt ?? endAt, errors: [errorReference(code)], ...(why === undefined ? {} : {detail: why})};
	}
	const went = freeze.snapshotBeganAt ?? freeze.result?.at ?? past;
	return went === null ? {...base, state: 'running'} : {...base, state: 'succeeded', endedAt: went};
}

/** Was the snapshot taken, as far as the log goes? */
function tellSnapshot(facts: CycleFacts, freezePhase: PhaseStory, over: boolean, endAt: number): PhaseStory {
	const freeze = lastFreeze(facts);
	const past = pastFreezing(facts) ?? (over ? endAt : null);
	const begun = freeze?.snapshotBeganAt ?? null;
	if (freeze === undefined || begun === null) {
		const unfrozen = freezePhase.state === 'failed' || freezePhase.state === 'timed-out';
		// Where the lines of the freeze were dropped (LoggingOff), only the result is left.
		const dropped = freeze !== undefined && freeze.silentAt !== null && !freeze.logged;
		if (freeze !== undefined && freeze.result !== null && !unfrozen && dropped) return {state: freeze.result.good ? 'succeeded' : 'failed', startedAt: freeze.result.at, endedAt: freeze.result.at, errors: []};
		const at = past ?? freeze?.result?.at ?? null;
		return at === null ? pending : skipped(at, unfrozen ? 'the freeze failed' : facts.tooLate ? 'the backup had been asked for too long ago' : facts.snapshotFailures.length > 0 ? 'it could not be asked for' : 'the backup did not go on');
	}
	const base = {
		startedAt: begun, endedAt: null, errors: [],
		...(freeze.snapshotBy === null ? {} : {detail: freeze.snapshotBy.startsWith('Guest') ? 'from inside the VM' : 'by the host'}),
		...(facts.freezes.length > 1 ? {attempt: facts.freezes.length} : {}),
	};
	const code = facts.report?.code ?? null;
	if (freeze.result === null && past === null) return {...base, state: 'running'};
	const reported = code !== null && snapshotCodes.has(code);
	const good = isSnapshotGood(facts, freeze, freezePhase);
	const endedAt = freeze.snapshotEndedAt ?? freeze.result?.at ?? past;
	if (good) return {...base, state: 'succeeded', endedAt};
	// The first word of the extension can be more than what it reports in the end: "too many snapshots", say.
	const [said] = facts.snapshotFailures;
	const named = snapshotError(said);
	const why = freeze.late !== null ? 'the filesystems thawed before it was complete' : named?.happened.replace(/\.$/, '') ?? (freeze.result?.allFailed === true ? 'none of the disks\' snapshots could be taken' : said);
	const errors = reported ? [errorReference(code)]
		: code === 2 || (code === null && freeze.result?.inconsistent === true) ? [errorReference(2)]
			: named === undefined || freeze.late !== null ? [] : [{name: named.name, code: named.code}];
	return {...base, state: 'failed', endedAt, errors, ...(why === undefined ? {} : {detail: why})};
}

function isSnapshotGood({report, snapshotFailures}: CycleFacts, {result}: FreezeFacts, {state: frozen}: PhaseStory): boolean {
	const code = report?.code ?? null;
	if (code !== null && snapshotCodes.has(code)) return false;
	if (result === null) return code !== 2;
	if (result.allFailed) return false;
	// A VM with one disk gets its snapshot also where the freeze failed (121, 122); that there was no thaw to send counts for nothing then.
	if (frozen === 'failed' || frozen === 'timed-out') return true;
	return result.good && (snapshotFailures.length === 0 || code === 0 || code === 1);
}

function tellThaw(facts: CycleFacts, freezePhase: PhaseStory, over: boolean, endAt: number): PhaseStory {
	const freeze = lastFreeze(facts);
	const past = pastFreezing(facts) ?? (over ? endAt : null);
	if (freeze === undefined || freeze.frozenAt === null || freezePhase.state === 'timed-out' || freezePhase.state === 'failed') {
		if (freezePhase.state === 'failed' || freezePhase.state === 'timed-out' || freezePhase.state === 'skipped') return past === null ? pending : skipped(past, freeze !== undefined && freeze.frozenAt !== null ? 'nobody asked for it: safefreeze thawed at its own time-out' : 'nothing was frozen');
		if (past === null) return pending;
		const sentAt = freeze?.thawSentAt ?? null;
		return sentAt === null ? skipped(past, 'nothing was frozen') : {state: 'succeeded', startedAt: sentAt, endedAt: past, errors: []};
	}
	const base = {errors: [], mounts: freeze.mounts.toReversed(), ...(facts.freezes.length > 1 ? {attempt: facts.freezes.length} : {})};
	const {thawSentAt, thawedAt} = freeze;
	const failed = (at: number, detail: string): PhaseStory => ({...base, state: 'failed', startedAt: thawSentAt ?? at, endedAt: at, detail});
	const at = thawedAt ?? past;
	if (at === null) return thawSentAt === null ? {...pending, mounts: base.mounts} : {...base, state: 'running', startedAt: thawSentAt, endedAt: null};
	const [stuck] = freeze.notThawed;
	if (stuck !== undefined) return failed(at, `${stuck.mount}: ${stuck.message}`);
	// Without the line that the thaw was sent, safefreeze has ended by itself; unless such lines are dropped.
	if (freeze.helperLost) return failed(at, 'safefreeze was killed before it had thawed');
	if (freeze.late !== null || (thawedAt !== null && thawSentAt === null && freeze.logged)) return failed(at, 'safefreeze thawed by itself at its time-out, before it was told to');
	if (thawedAt === null && facts.report === null) return failed(at, 'the log does not say whether it was thawed');
	return {...base, state: 'succeeded', startedAt: thawSentAt ?? at, endedAt: at};
}
