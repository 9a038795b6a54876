import {errorReference} from '../errors.js';
import type {Verdict} from '../outcome.js';
import {longestTimeoutSeconds, readHost} from './host.js';
import {loadPlugins} from './plugins.js';
import {defaultSettings, hostLimit} from './settings.js';
import {readWorkload} from './workload.js';
import type {CycleObservation, EffectiveSettings, ExtensionCheck, ExtensionFacts, ScriptObservation, ScriptPlan} from './types.js';

/** With a limit of 0 the extension looks once, at once: what ends sooner than this may have been lucky. */
const soonMs = 100;

/** The extension's check of the files, before anything runs: the first failure wins. */
export function checkExtension(facts: ExtensionFacts): ExtensionCheck {
	const workload = readWorkload(facts.workload, facts.workloadInstances);
	const common = {workload: workload?.name ?? null, workloadErrors: (workload?.errors ?? []).map(code => errorReference(code))};
	const host = readHost(facts);
	const defaults = defaultSettings(typeof host === 'number' ? longestTimeoutSeconds : host.timeoutSeconds);
	if (typeof host === 'number') return {errors: [errorReference(host)], settings: defaults, companions: [], settingsKnown: false, ...common};

	const {code, goesOn, fsFreezeEnabled, runs} = loadPlugins(host, facts);
	const last = runs.at(-1);
	// The last plugin's way of polling is the host's too, and what it says of freezing holds for all.
	const hostLimitMs = hostLimit(host.timeoutSeconds, (last ?? defaults).pollSeconds);
	if (code === 0) return {errors: [], settings: last ?? defaults, companions: runs.slice(0, -1).map(run => ({...run, hostLimitMs})), settingsKnown: true, ...common};
	const settings = goesOn === null || last === undefined ? {...defaults, fsFreezeEnabled} : {...last, fsFreezeEnabled};
	return {errors: [errorReference(code)], settings, companions: [], settingsKnown: goesOn !== null, ...common};
}

/** What the extension makes of one script's first run; `lost`: its plugin host gets no result in time. */
function fate(plan: ScriptPlan, seen: ScriptObservation, {limitMs, hostLimitMs, pollSeconds}: EffectiveSettings): 'ok' | 'failed' | 'timed-out' | 'lost' {
	if (plan.parameters === null) return 'lost';
	const late = seen.blocks || seen.timedOut || seen.durationMs > Math.max(limitMs, soonMs);
	// The end is noticed at the next poll, by the host at one of its own.
	const pollMs = pollSeconds * 1000;
	const noticedMs = late ? limitMs : Math.ceil(seen.durationMs / pollMs) * pollMs;
	if (noticedMs > hostLimitMs) return 'lost';
	if (late) return 'timed-out';
	if (seen.exitCode === 0) return 'ok';
	return plan.retriesUsable ? 'failed' : 'lost';
}

const codes = {
	pre: {ok: 0, failed: 300, 'timed-out': 308, lost: 310},
	post: {ok: 0, failed: 301, 'timed-out': 309, lost: 311},
} as const;

/** What the extension would have made of a cycle in which the scripts did what was seen. */
export function judge({check, pre, post}: CycleObservation): Verdict {
	const {settings} = check;
	if (check.workload !== null) return {outcome: check.workloadErrors.length > 0 ? 'file-system-consistent' : 'application-consistent', errors: check.workloadErrors};
	const lesser = settings.fsFreezeEnabled ? 'file-system-consistent' : 'crash-consistent';
	if (check.errors.length > 0) return {outcome: check.settingsKnown && !settings.continueBackupOnFailure ? 'failed' : lesser, errors: check.errors};
	if (settings.pre === null || settings.post === null) return {outcome: 'application-consistent', errors: []};
	if (settings.hostLimitMs <= 0) return {outcome: 'failed', errors: [errorReference(2)]};

	const runs = [...check.companions.map(companion => ({settings: companion, ...beside(companion, {check, pre, post})})), {settings, pre, post}];
	const before = endOf(runs.map(run => fateOf(run.settings, 'pre', run.pre)), 'pre');
	const after = endOf(runs.map(run => fateOf(run.settings, 'post', run.post)), 'post');
	const codesFound = [...before.codes, ...after.codes];
	// It stops with an exception as soon as it puts a failure and the setting together; what it had found of a plugin that never answered it has logged by then.
	if (before.throws || after.throws) return {outcome: 'failed', errors: (before.throws || before.codes.length === 0 ? [2] : before.codes).map(code => errorReference(code))};
	const errors = codesFound.map(code => errorReference(code));
	if (errors.length === 0) return {outcome: 'application-consistent', errors};
	return {outcome: settings.freezeOffFailsHard || before.stops || after.stops ? 'failed' : lesser, errors};
}

type Fate = {readonly end: 'ok' | 'failed' | 'timed-out' | 'lost'; readonly settings: EffectiveSettings};

function fateOf(settings: EffectiveSettings, which: 'pre' | 'post', seen: ScriptObservation | null): Fate {
	const plan = settings[which];
	if (plan === null) return {end: 'ok', settings};
	const unseen: ScriptObservation = {durationMs: 0, exitCode: plan.missing ? 2 : 0, timedOut: false, blocks: false, stdoutBytes: 0, stderrBytes: 0};
	return {end: fate(plan, seen ?? unseen, settings), settings};
}

/** What the host makes of all its plugins' scripts of one kind. Where one never answers it asks none. */
function endOf(fates: readonly Fate[], which: 'pre' | 'post'): {readonly codes: readonly number[]; readonly stops: boolean; readonly throws: boolean} {
	if (fates.some(({end}) => end === 'lost')) return {codes: [codes[which].lost], stops: false, throws: false};
	const failures = fates.filter(({end}) => end !== 'ok');
	return {
		codes: failures.map(({end}) => codes[which][end]),
		stops: failures.some(({settings}) => !settings.continueAfterFailure),
		throws: failures.some(({settings}) => settings.continueThrows),
	};
}

/** What the scripts of an earlier plugin did: seen where they are the very same, else nothing is known. */
function beside(companion: EffectiveSettings, {check: {settings}, pre, post}: CycleObservation): Pick<CycleObservation, 'pre' | 'post'> {
	const same = (which: 'pre' | 'post'): boolean => companion[which]?.location === settings[which]?.location && JSON.stringify(companion[which]?.parameters) === JSON.stringify(settings[which]?.parameters);
	return {pre: same('pre') ? pre : null, post: same('post') ? post : null};
}

/** What the extension would do at the next backup, as far as the files tell: scripts that can run are supposed to succeed. */
export function predict(check: ExtensionCheck): Verdict {
	return judge({check, pre: null, post: null});
}
