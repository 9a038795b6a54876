import {errorReference} from '../errors.js';
import type {Verdict} from '../outcome.js';
import {longestTimeoutSeconds, readHost} from './host.js';
import {defaultSettings, readEffectiveSettings} from './settings.js';
import {readWorkload} from './workload.js';
import type {CycleObservation, EffectiveSettings, ExtensionCheck, ExtensionFacts, FileFacts, ScriptObservation, ScriptPlan} from './types.js';

/** What fits into a pipe that nobody reads. */
const pipeBytes = 65_536;

/** With a limit of 0 the extension looks once, at once: what ends sooner than this may have been lucky. */
const soonMs = 100;

/** Only the owner may have a permission. */
function isPrivate(facts: FileFacts): boolean {
	return (facts.mode & 0o077) === 0;
}

function scriptError(plan: ScriptPlan | null, facts: ExtensionFacts, missing: number, permission: number): number {
	if (plan === null) return 0;
	if (!plan.locationUsable) return 304;
	const script = facts.scripts.get(plan.location);
	if (script === undefined || script.kind !== 'file') return missing;
	return isPrivate(script) && script.owner === 'root' ? 0 : permission;
}

/** The extension's check of the files, before anything runs: the first failure wins. */
export function checkExtension(facts: ExtensionFacts): ExtensionCheck {
	const workload = readWorkload(facts.workload);
	const common = {workload: workload?.name ?? null, workloadErrors: (workload?.errors ?? []).map(code => errorReference(code))};
	const host = readHost(facts);
	const defaults = defaultSettings(typeof host === 'number' ? longestTimeoutSeconds : host.timeoutSeconds);
	const refuse = (code: number, settings: EffectiveSettings = defaults, settingsKnown = false): ExtensionCheck =>
		({errors: [errorReference(code)], settings, settingsKnown, ...common});
	if (typeof host === 'number') return refuse(host);
	if (host.plugins <= 0) return {errors: [], settings: defaults, settingsKnown: true, ...common};

	const {configuration} = facts;
	const configurationError = configuration.kind !== 'file' ? 316
		: (configuration.mode & 0o100) !== 0 || !isPrivate(configuration) || configuration.owner !== 'root' ? 317 : 0;
	if (configurationError !== 0) return refuse(configurationError);
	if (!host.loadable) return refuse(304);
	const read = readEffectiveSettings(configuration.content ?? new Uint8Array(), host.timeoutSeconds);
	if ('refused' in read) return refuse(host.complete ? read.refused : 304, {...defaults, fsFreezeEnabled: read.fsFreezeEnabled});
	const code = scriptError(read.pre, facts, 302, 306) || scriptError(read.post, facts, 303, 307);
	// Where it stops at a type it has not taken over what it had read.
	if (code === 304) return refuse(code);
	if (!host.complete) return refuse(304, read, true);
	return code === 0 ? {errors: [], settings: read, settingsKnown: true, ...common} : refuse(code, read, true);
}

/** What the extension makes of one script's first run; `lost`: its plugin host gets no result in time. */
function fate(plan: ScriptPlan, seen: ScriptObservation, {limitMs, hostLimitMs, pollSeconds}: EffectiveSettings): 'ok' | 'failed' | 'timed-out' | 'lost' {
	if (plan.parameters === null) return 'lost';
	const blocked = seen.stdoutBytes > pipeBytes || seen.stderrBytes > pipeBytes;
	const late = blocked || seen.timedOut || seen.durationMs > Math.max(limitMs, soonMs);
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

	const unseen: ScriptObservation = {durationMs: 0, exitCode: 0, timedOut: false, stdoutBytes: 0, stderrBytes: 0};
	const before = codes.pre[fate(settings.pre, pre ?? unseen, settings)];
	const after = codes.post[fate(settings.post, post ?? unseen, settings)];
	const found = [before, after].filter(code => code !== 0);
	const failures = found.filter(code => code !== 310 && code !== 311);
	if (failures.length > 0 && settings.continueThrows) return {outcome: 'failed', errors: [errorReference(2)]};
	const errors = found.map(code => errorReference(code));
	if (found.length === 0) return {outcome: 'application-consistent', errors};
	const fails = settings.freezeOffFailsHard || (failures.length > 0 && !settings.continueAfterFailure);
	return {outcome: fails ? 'failed' : lesser, errors};
}

/** What the extension would do at the next backup, as far as the files tell: scripts that can run are supposed to succeed. */
export function predict(check: ExtensionCheck): Verdict {
	return judge({check, pre: null, post: null});
}
