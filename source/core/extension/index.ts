import {errorReference} from '../errors.js';
import type {Verdict} from '../outcome.js';
import {iniSection} from './ini.js';
import {defaultSettings, readEffectiveSettings} from './settings.js';
import type {CycleObservation, EffectiveSettings, ExtensionCheck, ExtensionFacts, FileFacts, ScriptObservation, ScriptPlan} from './types.js';

/** What fits into a pipe that nobody reads. */
const pipeBytes = 65_536;

/** Errors after which the backup goes on whatever the configuration says, because it was not read, or not to its end. */
const settingsUnread: ReadonlySet<number> = new Set([304, 305, 313, 314, 316, 317]);

function textOf(facts: FileFacts): string {
	return new TextDecoder('utf-8').decode(facts.content ?? new Uint8Array());
}

/** Only the owner may have a permission. */
function isPrivate(facts: FileFacts): boolean {
	return (facts.mode & 0o077) === 0;
}

function workloadOf(facts: FileFacts): string | null {
	if (facts.kind !== 'file') return null;
	const name = iniSection(textOf(facts), 'workload')?.get('workload_name') ?? '';
	return ['oracle', 'mysql', 'mariadb', 'postgres'].includes(name) ? name : null;
}

/** The plugin host file that counts: the one in /etc/azure, else the shipped one; null where neither is there. */
function hostFileOf({hostConfiguration, shippedHostConfiguration}: Pick<ExtensionFacts, 'hostConfiguration' | 'shippedHostConfiguration'>): FileFacts | null {
	return hostConfiguration.kind === 'file' ? hostConfiguration : shippedHostConfiguration;
}

/** The path of the scripts' configuration that the plugin host file names; null where it names none. */
export function configurationPathOf(facts: Pick<ExtensionFacts, 'hostConfiguration' | 'shippedHostConfiguration'>): string | null {
	const host = hostFileOf(facts);
	const path = host === null ? undefined : iniSection(textOf(host), 'pre_post')?.get('pluginconfigpath0');
	return path === undefined || path === '' ? null : path;
}

type Host = {readonly timeoutSeconds: number; readonly plugins: number};

function hostOf(facts: ExtensionFacts): Host | 304 | 314 {
	const host = hostFileOf(facts);
	// Not installed: what the extension ships is assumed.
	if (host === null) return {timeoutSeconds: 1800, plugins: 1};
	const digits = [host.mode >> 3 & 7, host.mode & 7];
	if (digits.some(digit => digit !== 0 && digit !== 4) || host.owner !== 'root') return 314;
	const section = iniSection(textOf(host), 'pre_post');
	const whole = (name: string): number => /^[-+]?\d+$/.test(section?.get(name) ?? '') ? Number(section!.get(name)) : Number.NaN;
	const timeoutSeconds = whole('timeoutinseconds');
	const plugins = whole('numberofplugins');
	if (section === null || Number.isNaN(timeoutSeconds) || Number.isNaN(plugins)) return 304;
	for (let index = 0; index < Math.min(plugins, 100); index++) {
		if (!['pluginname', 'pluginpath', 'pluginconfigpath'].every(name => section.has(`${name}${index}`))) return 304;
	}

	return {timeoutSeconds, plugins};
}

function scriptError(plan: ScriptPlan | null, facts: ExtensionFacts, missing: number, permission: number): number {
	const script = plan === null ? undefined : facts.scripts.get(plan.location);
	if (script === undefined || script.kind !== 'file') return missing;
	return isPrivate(script) && script.owner === 'root' ? 0 : permission;
}

/** The extension's check of the files, before anything runs: the first failure wins. */
export function checkExtension(facts: ExtensionFacts): ExtensionCheck {
	const workload = workloadOf(facts.workload);
	const host = hostOf(facts);
	let settings: EffectiveSettings = defaultSettings(typeof host === 'number' ? 1800 : host.timeoutSeconds);
	const refuse = (code: number): ExtensionCheck => ({errors: [errorReference(code)], settings, settingsKnown: !settingsUnread.has(code), workload});
	if (typeof host === 'number') return refuse(host);
	if (host.plugins <= 0) return {errors: [], settings, settingsKnown: true, workload};

	const {configuration} = facts;
	if (configuration.kind !== 'file') return refuse(316);
	if ((configuration.mode & 0o100) !== 0 || !isPrivate(configuration) || configuration.owner !== 'root') return refuse(317);
	const read = readEffectiveSettings(configuration.content ?? new Uint8Array(), host.timeoutSeconds);
	if (typeof read === 'number') return refuse(read);
	settings = read;
	const code = scriptError(read.pre, facts, 302, 306) || scriptError(read.post, facts, 303, 307);
	return code === 0 ? {errors: [], settings, settingsKnown: true, workload} : refuse(code);
}

/** What the extension makes of one script's first run: 0, or an offset from the pre- or post-script's own codes. */
function fate(plan: ScriptPlan, seen: ScriptObservation, limitMs: number): 'ok' | 'failed' | 'timed-out' | 'lost' {
	if (plan.parameters === null) return 'lost';
	const blocked = seen.stdoutBytes > pipeBytes || seen.stderrBytes > pipeBytes;
	if (blocked || seen.timedOut || (limitMs > 0 && seen.durationMs > limitMs)) return Number.isFinite(limitMs) ? 'timed-out' : 'lost';
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
	const lesser = settings.fsFreezeEnabled ? 'file-system-consistent' : 'crash-consistent';
	if (check.errors.length > 0) {
		return {outcome: check.settingsKnown && !settings.continueBackupOnFailure && !settings.continueThrows ? 'failed' : lesser, errors: check.errors};
	}

	if (settings.pre === null || settings.post === null) return {outcome: 'application-consistent', errors: []};
	const unseen: ScriptObservation = {durationMs: 0, exitCode: 0, timedOut: false, stdoutBytes: 0, stderrBytes: 0};
	const before = codes.pre[fate(settings.pre, pre ?? unseen, settings.limitMs)];
	const after = codes.post[fate(settings.post, post ?? unseen, settings.limitMs)];
	const found = [before, after].filter(code => code !== 0);
	const failures = found.filter(code => code !== 310 && code !== 311);
	if (failures.length > 0 && settings.continueThrows) return {outcome: 'failed', errors: [errorReference(2)]};
	const errors = found.map(code => errorReference(code));
	if (found.length === 0) return {outcome: 'application-consistent', errors};
	const fails = failures.length > 0 && (!settings.continueBackupOnFailure || settings.freezeOffFailsHard);
	return {outcome: fails ? 'failed' : lesser, errors};
}

/** What the extension would do at the next backup, as far as the files tell: scripts that can run are supposed to succeed. */
export function predict(check: ExtensionCheck): Verdict {
	return judge({check, pre: null, post: null});
}
