import {checkExtension} from '../../core/extension/index.js';
import type {ExtensionCheck, ExtensionFacts, ScriptPlan} from '../../core/extension/types.js';
import {exitCodes, Failure} from '../../core/failure.js';
import {planFreeze, type FreezePlan} from '../../core/freeze-plan.js';
import {devicesBeneath, type MountFacts} from '../../core/mount-facts.js';
import type {SettledCycle} from '../../core/settlement.js';
import {findProvider} from '../../providers/index.js';
import type {PreparedSnapshot} from '../../providers/provider.js';
import {extensionDirectory, gatherExtensionFacts, gatherTunables} from '../../system/azure-files.js';
import {removeEmptyFamilies} from '../../system/families.js';
import {startGuard, type GuardStart} from '../../system/guard.js';
import type {Guard} from '../../system/guard/types.js';
import {findUnopened, type UnopenedTarget} from '../../system/guard/places.js';
import {openJournal, readBootId, removeRemains, type Journal} from '../../system/journal.js';
import {extensionLockFile} from '../../system/lock.js';
import {readFence, readMountFacts, resolveDirectories} from '../../system/mounts.js';
import {markProcess} from '../../system/processes.js';
import {isSameFile, readScript} from '../../system/script-identity.js';
import {makeWaiting, type WaitingScript} from '../../system/script-gate.js';
import {extensionEnvironment} from '../../system/scripts.js';
import type {ScriptCommand} from '../../system/script-types.js';
import {keepSpareDescriptors, type SpareDescriptors} from '../../system/spare-descriptors.js';
import {openStateDirectory} from '../../system/state-directory.js';
import {unlessAborted, within} from '../../system/time.js';
import {resume} from '../resume.js';

/** What is left of a snapshot that cannot be removed in time is removed before the next one. */
export const releaseWithinMs = 5000;

/** What is asked of a cycle. */
export type CycleOrder = {
	readonly configuration: string;
	/** Directories that were named; empty: what the extension would freeze. */
	readonly mounts: readonly string[];
	/** A provider's name. */
	readonly provider: string;
	/** How long everything stays frozen after the snapshot was taken. */
	readonly holdMs: number;
	/** How long to wait where another cycle, or the extension, holds the lock. */
	readonly lockWaitMs: number;
};

/** One script as a cycle runs it. */
export type PlannedScript = {
	readonly plan: ScriptPlan;
	readonly command: ScriptCommand;
	/** What it was when it was checked; null where that is too much to keep. */
	readonly content: Uint8Array | null;
	readonly retries: number;
};

/** A script that waits, and the mark that it makes when it runs. */
export type WaitingRole = {readonly role: 'pre' | 'post'; readonly ranMark: string | undefined; readonly script: WaitingScript};

/** Everything that a cycle stands on, made before anything is run. */
export type Preparation = {
	readonly id: string;
	/** What earlier cycles had left, which has been settled. */
	readonly resumed: readonly SettledCycle[];
	readonly order: CycleOrder;
	readonly facts: ExtensionFacts;
	readonly check: ExtensionCheck;
	readonly scripts: {readonly pre: PlannedScript; readonly post: PlannedScript} | null;
	/** The script whose parameters no program can be given (a NUL, or too long), which keeps both from running. */
	readonly unusable: 'pre' | 'post' | null;
	readonly plan: FreezePlan;
	/** Filesystems of the plan that cannot be opened: with one of them nothing is frozen. */
	readonly unopened: readonly UnopenedTarget[];
	readonly mounts: MountFacts;
	readonly stateDirectory: string;
	/** The superblock devices that a write to the state directory may have to wait for. */
	readonly stateDevices: readonly string[];
	readonly journal: Journal;
	readonly guard: Guard;
	/** Scripts that have been started as far as that is possible before they run. */
	readonly waiting: readonly WaitingRole[];
	/** For the post-script: where nothing can be opened any more it could not be started. */
	readonly spare: SpareDescriptors;
	readonly snapshot: PreparedSnapshot;
	/** How long the snapshot may take, the hold not counted. */
	readonly snapshotLimitMs: number;
	readonly deadlineMs: number;
	/** How long all of this took. */
	readonly tookMs: number;
};

/** How many times as long as a frozen one a snapshot may take where nothing is frozen. */
const unfrozenFactor = 10;

/**
 * Looks at everything, takes the lock, and makes the guard ready. Throws a Failure where the cycle cannot begin: nothing has been run then, nothing
 * was frozen, and nothing stays behind, save a guard that was `begun` and is not ordered yet. Throws where the signal is aborted before all
 * is ready.
 */
export async function prepareCycle(order: CycleOrder, start: GuardStart): Promise<Preparation> {
	const began = performance.now();
	const resumed = (await resume()).cycles;
	const provider = findProvider(order.provider);
	const tunables = gatherTunables();
	const mounts = readMountFacts();
	const plan = planFreeze(mounts, {requested: resolveDirectories(order.mounts), skip: tunables.skip, fence: readFence()});
	const unopened = findUnopened(plan.waves.flat());
	const toFreeze = plan.waves.map(wave => wave.filter(({mount}) => !unopened.some(one => one.mount === mount))).filter(wave => wave.length > 0);
	const stateDirectory = openStateDirectory();
	const stateDevices = devicesBeneath(stateDirectory, mounts);
	const id = nameOfNow();
	const journal = openJournal(stateDirectory, id);
	let starting: Promise<Guard> | undefined;
	let waiting: Preparation['waiting'] = [];
	let spare: SpareDescriptors | undefined;
	let preparing: Promise<PreparedSnapshot> | undefined;
	try {
		journal.append({step: 'begun', cycle: id, bootId: readBootId(), main: markProcess(process.pid)});
		starting = startGuard({waves: toFreeze, deadlineMs: tunables.deadlineMs, lockFile: extensionLockFile, lockWaitMs: order.lockWaitMs, journalFile: journal.path, journalDevices: stateDevices}, start);
		// While the guard makes itself ready.
		const facts = gatherExtensionFacts(order.configuration);
		const check = checkExtension(facts);
		const scripts = commandsOf(check);
		const unusable = check.errors.length > 0 ? null : check.settings.pre?.parameters === null ? 'pre' : check.settings.post?.parameters === null ? 'post' : null;
		waiting = scripts === null ? [] : makeScriptsWait(scripts, journal);
		spare = keepSpareDescriptors();
		refuseReplaced(waiting, scripts);
		removeEmptyFamilies();
		removeRemains(stateDirectory);
		refuseLongHold(order.holdMs, tunables.deadlineMs, check.settings.fsFreezeEnabled);
		const guard = await starting;
		journal.append({step: 'guard', guard: markProcess(guard.pid)}, {step: 'mounts', waves: toFreeze});
		// Where nothing is frozen only the application waits for it.
		const snapshotLimitMs = check.settings.fsFreezeEnabled ? tunables.deadlineMs - order.holdMs : unfrozenFactor * tunables.deadlineMs;
		preparing = provider.prepare({
			id, stateDirectory, facts: mounts, targets: plan.waves.flat(), frozen: check.settings.fsFreezeEnabled, holdMs: order.holdMs, limitMs: snapshotLimitMs,
		});
		const snapshot = await (start.signal === undefined ? preparing : unlessAborted(preparing, start.signal));
		return {id, resumed, order, facts, check, scripts, unusable, plan, unopened, mounts, stateDirectory, stateDevices, journal, guard, waiting, spare, snapshot, snapshotLimitMs, deadlineMs: tunables.deadlineMs, tookMs: performance.now() - began};
	} catch (error) {
		spare?.release();
		for (const {script} of waiting) await script.dismiss();
		// Also where nobody has waited for it to the end.
		await within(preparing?.then(async snapshot => snapshot.release()).catch(() => {}) ?? Promise.resolve(), releaseWithinMs);
		await (await starting?.catch(() => undefined))?.close();
		journal.finish('cycle');
		throw error;
	}
}

/** `2026-11-23T14-02-11Z`, and a few letters: a name for files that sorts by time. */
function nameOfNow(): string {
	return `${new Date().toISOString().replace(/\.\d+Z$/, 'Z').replaceAll(':', '-')}-${Math.floor(Math.random() * 0x10000).toString(16).padStart(4, '0')}`;
}

/** The scripts as they would be started, each what it was when it was checked; null where none will run. */
function commandsOf(check: ExtensionCheck): Preparation['scripts'] {
	const {pre, post} = check.settings;
	if (check.errors.length > 0 || pre === null || post === null || pre.parameters === null || post.parameters === null) return null;
	const directory = extensionDirectory();
	const planned = (plan: ScriptPlan): PlannedScript => {
		const command = {path: plan.location, parameters: plan.parameters ?? [], directory, environment: extensionEnvironment(directory)};
		const {identity, content} = readScript(command);
		// What the check has seen: another one may have been put there since.
		if (identity.owner !== 0 || (identity.mode & 0o077) !== 0) throw new Error(`${plan.location} does not belong to root alone any more`);
		return {plan, command: {...command, identity}, content, retries: plan.retries};
	};
	try {
		return {pre: planned(pre), post: planned(post)};
	} catch (error) {
		throw changedMeanwhile(error instanceof Error ? error.message : String(error), error);
	}
}

function changedMeanwhile(why: string, cause?: unknown): Failure {
	return new Failure(`A script has changed while it was checked: ${why}.`, {exitCode: exitCodes.failed, remedy: 'Run the cycle again.', cause});
}

/** Nothing begins where what was opened to be run is not what was checked: the post-script would be refused when the application is held already. */
function refuseReplaced(waiting: readonly WaitingRole[], scripts: Preparation['scripts']): void {
	for (const {role, script: {gate}} of waiting) {
		const command = scripts?.[role].command;
		if (command?.identity === undefined || gate === null || gate.opened === null || isSameFile(gate.opened, command.identity)) continue;
		throw changedMeanwhile(`another file was put in the place of ${command.path}`);
	}
}

/** The post-script waits as well, so that it can be let go at once after the thaw; only in a control group of its own, because it is alive beside the pre-script. */
function makeScriptsWait({pre, post}: NonNullable<Preparation['scripts']>, journal: Journal): readonly WaitingRole[] {
	const role = (name: WaitingRole['role'], {command}: PlannedScript): WaitingRole => {
		const ranMark = journal.armMark(name);
		return {role: name, ranMark, script: makeWaiting(command, ranMark)};
	};
	const first = role('pre', pre);
	return first.script.family.cgroup === null ? [first] : [first, role('post', post)];
}

function refuseLongHold(holdMs: number, deadlineMs: number, frozen: boolean): void {
	if (!frozen || holdMs < deadlineMs) return;
	throw new Failure(`Nothing stays frozen for ${holdMs / 1000} s: everything is thawed after ${deadlineMs / 1000} s, whatever happens.`, {
		exitCode: exitCodes.usage,
		remedy: deadlineMs < 2000 ? 'Leave out --hold.' : `Hold for less: --hold ${Math.floor(deadlineMs / 2000)}`,
	});
}

/** A failure that makes a failed cycle of it: also one that says nothing about its exit code, which is no bug here. Null for any other thing. */
export function asFailedCycle(error: unknown): {readonly failure: Failure} | null {
	return error instanceof Failure && (error.exitCode === exitCodes.failed || error.exitCode === exitCodes.bug) ? {failure: error} : null;
}
