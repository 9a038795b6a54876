import {resolve} from 'node:path';
import type {CycleHappening, CycleResult, PhaseEnded, PhaseName, PhaseStarted, SnapshotReference} from '../../core/cycle-events.js';
import {decideOutcome, freezes, goesOnUnfrozen, takesSnapshot} from '../../core/cycle/decide.js';
import {errorReference, ownError} from '../../core/errors.js';
import {judge} from '../../core/extension/index.js';
import {Failure} from '../../core/failure.js';
import type {ErrorReference, Verdict} from '../../core/outcome.js';
import type {FreezeReport, HeldScripts, MountReport} from '../../system/guard.js';
import {heldApplications} from '../../system/held-applications.js';
import type {JournalStep} from '../../system/journal.js';
import type {ScriptFamily} from '../../system/scripts.js';
import {runAttempts, type Attempts} from './attempts.js';
import type {Preparation} from './preparation.js';
import {warningsBefore, warningsOfScript} from './warnings.js';

type PhaseDetails = Omit<PhaseStarted, 'event' | 'phase' | 'state'>;

/** A flush that the disk does not come to an end with must not hold the application: the freeze itself flushes again. */
const flushWithinMs = 5000;

/**
 * One cycle from its check to its result. Whatever happens in between: what was frozen is thawed, and after a pre-script that was started the post-script
 * runs. The steps stand in `run`, in their order.
 */
export class Cycle {
	readonly #ready: Preparation;
	readonly #tell: (happening: CycleHappening) => void;
	readonly #aborting = new AbortController();
	readonly #errors: ErrorReference[] = [];
	#interrupted: CycleResult['interrupted'];
	#pre: Attempts | null = null;
	#post: Attempts | null = null;
	/** What the guard would have to do about the scripts. */
	#held: HeldScripts | null = null;
	#preFamily: ScriptFamily | null = null;
	#preEndedAt = 0;
	#quiesceWindowMs = 0;
	#freezing: 'frozen' | 'failed' | 'off' = 'off';
	/** True from the first freeze call on: then something has to be thawed, or to be made sure of. */
	#freezeAsked = false;
	#freezeWindowMs = 0;
	#freezeErrors: readonly ErrorReference[] = [];
	#frozenMounts: readonly string[] = [];
	/** Something could not be thawed: what lies there, the journal perhaps, can be read but not written. */
	#stuck = false;
	#snapshotTaken = false;
	#snapshotAt: string | undefined;
	/** A thrown thing that nobody expected. */
	#bug: unknown;

	constructor(ready: Preparation, tell: (happening: CycleHappening) => void) {
		this.#ready = ready;
		this.#tell = tell;
	}

	abort(signal: NonNullable<CycleResult['interrupted']>): void {
		if (this.#interrupted !== undefined) return;
		this.#interrupted = signal;
		this.#aborting.abort(new Failure(`The cycle was interrupted (${signal}).`));
	}

	async run(): Promise<CycleResult> {
		try {
			this.#check();
			await this.#runPre();
			await this.#freezeAndSnapshot();
		} catch (error) {
			this.#met(error);
		}

		// Each of these can be called whatever happened before, and does what is still owed.
		await this.#thaw().catch(error => this.#met(error));
		await this.#runPost().catch(error => this.#met(error));
		await this.#endLeftOvers().catch(error => this.#met(error));
		const result = await this.#conclude();
		this.#tell(result);
		if (this.#bug !== undefined) throw this.#bug;
		return result;
	}

	#check(): void {
		const {check, plan, tookMs, unusable} = this.#ready;
		this.#start('check');
		for (const warning of warningsBefore(this.#ready)) this.#tell(warning);
		this.#errors.push(...check.errors, ...(unusable === null ? [] : [errorReference(unusable === 'pre' ? 310 : 311)]));
		const filesystems = plan.waves.flat().length;
		const detail = check.errors.length > 0
			? 'neither script will run'
			: `configuration, scripts, ${filesystems} ${filesystems === 1 ? 'filesystem' : 'filesystems'}`;
		this.#end('check', check.errors.length > 0 ? 'failed' : 'succeeded', {durationMs: tookMs, detail, ...(check.errors.length > 0 ? {errors: check.errors} : {})});
	}

	async #runPre(): Promise<void> {
		const {scripts} = this.#ready;
		const why = this.#whyNoScripts();
		if (scripts === null || why !== null) return this.#skip('pre-script', why ?? '');
		const post = scripts.post.command;
		const limitMs = this.#limitMs();
		this.#note({step: 'pre-starting', post, limitMs, retries: scripts.post.retries});
		this.#pre = await runAttempts({
			phase: 'pre-script', command: scripts.pre.command, limitMs, retries: scripts.pre.retries, signal: this.#aborting.signal, tell: this.#tell,
			ranMark: this.#ready.journal.armMark('pre'),
			beforeStart: async family => {
				this.#note({step: 'pre-started', family});
				this.#held = {pre: family, postStarted: null, post, limitMs, retries: scripts.post.retries};
				await this.#ready.guard.hold(this.#held);
			},
			onEnded: exitCode => this.#tryNote({step: 'pre-ended', exitCode}),
		});
		this.#preEndedAt = performance.now();
		this.#preFamily = this.#pre.family;
		if (!this.#pre.ran) {
			// Nothing is held, so nothing is to be released.
			this.#held = null;
			await this.#ready.guard.hold(null);
		}

		this.#endScript('pre-script', this.#pre, {failed: 300, 'timed-out': 308});
		for (const warning of warningsOfScript('pre-script', this.#pre, scripts.pre.retries)) this.#tell(warning);
	}

	async #freezeAndSnapshot(): Promise<void> {
		const {plan, check, guard} = this.#ready;
		const decision = {continueBackupOnFailure: check.settings.continueBackupOnFailure || !check.settingsKnown, fsFreezeEnabled: check.settings.fsFreezeEnabled, disks: plan.disks, preScriptSucceeded: this.#pre?.state === 'succeeded'};
		const targets = plan.waves.flat();
		if (this.#interrupted !== undefined || !takesSnapshot(decision)) {
			const why = this.#interrupted === undefined ? 'continueBackupOnFailure is off, and there are several disks' : 'interrupted';
			this.#skip('freeze', why);
			return this.#skip('snapshot', why);
		}

		if (!decision.fsFreezeEnabled) this.#skip('freeze', 'fsFreezeEnabled is off');
		else if (!freezes(decision)) this.#skip('freeze', 'not worth it: the scripts failed, and this is the snapshot of a single disk');
		else if (targets.length === 0) {
			this.#freezing = 'frozen';
			this.#skip('freeze', 'there is no filesystem to freeze');
		} else {
			await this.#freeze(targets.map(({mount}) => mount));
			if (this.#interrupted !== undefined || (this.#freezing === 'failed' && !goesOnUnfrozen(decision))) return this.#skip('snapshot', this.#interrupted === undefined ? 'the freeze failed' : 'interrupted');
		}

		await this.#snapshot(guard.lost);
	}

	async #freeze(mounts: readonly string[]): Promise<void> {
		const {guard, deadlineMs} = this.#ready;
		this.#start('freeze', {mounts, thawsAfterMs: deadlineMs});
		const began = performance.now();
		let timer: NodeJS.Timeout | undefined;
		await Promise.race([guard.flush(), new Promise(resolve => {
			timer = setTimeout(resolve, flushWithinMs);
		})]);
		clearTimeout(timer);
		this.#note({step: 'freezing'});
		this.#freezeAsked = true;
		const report = await guard.freeze((mount, state, durationMs, detail) => this.#tell({event: 'mount', mount, state, ...(state === 'freezing' ? {} : {durationMs: tenths(durationMs)}), ...(detail === undefined ? {} : {detail})}));
		this.#frozenMounts = report.frozen ? mounts : [];
		this.#freezing = report.frozen ? 'frozen' : 'failed';
		this.#freezeErrors = report.frozen ? [] : freezeErrors(report);
		this.#errors.push(...this.#freezeErrors);
		this.#end('freeze', report.frozen ? 'succeeded' : this.#freezeErrors.some(({code}) => code === 122) ? 'timed-out' : 'failed', {
			durationMs: performance.now() - began,
			...(report.frozen ? {} : {errors: this.#freezeErrors, detail: report.mounts.filter(({ok}) => !ok).map(describeRefusal).join('; ')}),
		});
	}

	async #snapshot(lost: AbortSignal): Promise<void> {
		const {snapshot} = this.#ready;
		this.#start('snapshot', {detail: snapshot.detail});
		const began = performance.now();
		const frozen = this.#freezing === 'frozen' && this.#frozenMounts.length > 0;
		try {
			this.#snapshotAt = new Date().toISOString();
			await snapshot.take(frozen ? AbortSignal.any([lost, this.#aborting.signal]) : this.#aborting.signal);
			if (frozen) lost.throwIfAborted();
			this.#snapshotTaken = true;
			this.#end('snapshot', 'succeeded', {durationMs: performance.now() - began});
		} catch (error) {
			const interrupted = this.#interrupted !== undefined;
			const errors = interrupted ? [] : [lost.aborted ? this.#whyLost(lost) : ownError('SnapshotFailed')];
			this.#errors.push(...errors);
			this.#end('snapshot', 'failed', {durationMs: performance.now() - began, errors, detail: interrupted ? 'interrupted' : messageOf(lost.aborted ? lost.reason : error)});
		}
	}

	async #thaw(): Promise<void> {
		const {guard} = this.#ready;
		if (!this.#freezeAsked) return this.#skip('thaw', 'nothing was frozen');
		if (this.#freezing === 'frozen') this.#start('thaw', {mounts: this.#frozenMounts});
		const report = await guard.thaw((mount, state, durationMs, detail) => this.#tell({event: 'mount', mount, state, ...(state === 'thawing' ? {} : {durationMs: tenths(durationMs)}), ...(detail === undefined ? {} : {detail})}));
		this.#freezeWindowMs = report.windowMs;
		const failed = report.mounts.filter(({ok}) => !ok);
		this.#stuck = failed.length > 0;
		this.#tryNote({step: 'thawed'});
		if (this.#freezing !== 'frozen' && failed.length === 0) return this.#skip('thaw', 'nothing stayed frozen');
		const took = report.mounts.map(({durationMs}) => durationMs);
		if (this.#snapshotTaken && this.#freezing === 'frozen' && (report.byDeadline || report.thawedByOthers.length > 0)) {
			// Thawed while the snapshot was under way, or right after it: nobody knows.
			this.#snapshotTaken = false;
			this.#errors.push(report.byDeadline ? this.#whyLost(guard.lost) : ownError('SnapshotFailed'));
			if (report.thawedByOthers.length > 0) this.#tell({event: 'warning', id: 'thawed-by-others', message: `Somebody else thawed ${report.thawedByOthers.join(', ')} while the snapshot was taken.`, remedy: 'Look for another backup, or for fsfreeze -u in somebody\'s script.'});
		}

		this.#end('thaw', failed.length === 0 ? 'succeeded' : 'failed', {durationMs: Math.max(0, ...took), ...(failed.length === 0 ? {} : {detail: failed.map(describeRefusal).join('; ')})});
	}

	async #runPost(): Promise<void> {
		const {scripts} = this.#ready;
		const held = this.#held;
		if (held === null || scripts === null) return this.#skip('post-script', this.#whyNoScripts() ?? 'the pre-script did not run');
		this.#post = await runAttempts({
			phase: 'post-script', command: scripts.post.command, limitMs: this.#limitMs(), retries: scripts.post.retries, tell: this.#tell,
			ranMark: this.#stuck ? undefined : this.#ready.journal.armMark('post'),
			beforeStart: async (family, attempt) => {
				this.#tryNote({step: 'post-starting', attempt, by: 'cycle'});
				this.#tryNote({step: 'post-started', family});
				await this.#ready.guard.hold({...held, postStarted: family});
			},
			onEnded: (exitCode, willRetry) => {
				this.#tryNote({step: 'post-ended', exitCode, willRetry});
			},
		});
		this.#quiesceWindowMs = performance.now() - this.#preEndedAt;
		this.#endScript('post-script', this.#post, {failed: 301, 'timed-out': 309});
		for (const warning of warningsOfScript('post-script', this.#post, scripts.post.retries)) this.#tell(warning);
	}

	/** What a successful pre-script left behind on purpose has lived until now. */
	async #endLeftOvers(): Promise<void> {
		await this.#post?.family?.release();
		const family = this.#preFamily;
		if (family !== null) await this.#endFamily(family);
		await this.#ready.guard.hold(null);
	}

	async #endFamily(family: ScriptFamily): Promise<void> {
		if (this.#pre?.state !== 'succeeded' || this.#post?.state !== 'succeeded' || this.#interrupted !== undefined) {
			await family.end();
		} else {
			const {stayed} = await family.endSession();
			if (stayed > 0) this.#tell({event: 'warning', id: 'pre-script-daemons', message: `${stayed === 1 ? 'A process' : `${stayed} processes`} that the pre-script had made independent of itself still ${stayed === 1 ? 'runs' : 'run'}, and ${stayed === 1 ? 'was' : 'were'} left alone.`, remedy: 'Where it only holds the application, let the post-script end it.'});
		}

		await family.release();
	}

	async #conclude(): Promise<CycleResult> {
		const {check, plan, guard, journal, scripts} = this.#ready;
		if (this.#interrupted !== undefined) this.#errors.push(ownError('Interrupted'));
		const decided = decideOutcome({
			scriptsSucceeded: this.#pre?.state === 'succeeded' && this.#post?.state === 'succeeded',
			continueBackupOnFailure: check.settings.continueBackupOnFailure || !check.settingsKnown,
			fsFreezeEnabled: check.settings.fsFreezeEnabled,
			freezing: this.#freezing, disks: plan.disks, snapshotSucceeded: this.#snapshotTaken, interrupted: this.#interrupted !== undefined,
		});
		const outcome = this.#bug === undefined ? decided : 'failed';
		const pre = scripts?.pre.command;
		const held = {preScriptSucceeded: this.#pre?.state === 'succeeded', applications: pre === undefined ? [] : heldApplications(resolve(pre.directory, pre.path))};
		const mark = {...held, at: this.#snapshotAt ?? new Date().toISOString(), outcome, errors: this.#errors, ...(this.#interrupted === undefined ? {} : {interrupted: this.#interrupted})};
		const {reference, failed} = await this.#keepSnapshot(mark);
		await guard.close().catch(error => this.#met(error));
		try {
			// Left for quiesce thaw where something is frozen still.
			if (this.#stuck) journal.close();
			else journal.finish('cycle');
		} catch (error) {
			this.#tell({event: 'warning', id: 'journal', message: `The cycle's journal could not be closed: ${messageOf(error)}`, remedy: 'Everything was thawed and the post-script ran. quiesce thaw clears it away.'});
		}

		return {
			event: 'result',
			outcome: failed ? 'failed' : outcome,
			errors: this.#errors,
			freezeWindowMs: tenths(this.#freezeWindowMs),
			quiesceWindowMs: tenths(this.#quiesceWindowMs),
			mounts: this.#frozenMounts,
			snapshot: reference,
			azure: this.#azure(),
			...(this.#interrupted === undefined ? {} : {interrupted: this.#interrupted}),
		};
	}

	async #keepSnapshot(mark: Parameters<Preparation['snapshot']['keep']>[0]): Promise<{readonly reference: SnapshotReference | null; readonly failed: boolean}> {
		const {snapshot} = this.#ready;
		if (this.#snapshotTaken) {
			try {
				return {reference: await snapshot.keep(mark), failed: false};
			} catch (error) {
				this.#errors.push(ownError('SnapshotFailed'));
				this.#tell({event: 'warning', id: 'snapshot-not-kept', message: `The snapshot was taken, but could not be completed: ${messageOf(error)}`, remedy: 'Look for space and errors where it was to be kept, and run the cycle again.'});
			}
		}

		await snapshot.release().catch(() => {});
		return {reference: null, failed: true};
	}

	/** What the extension would have made of the same: it is supposed to freeze as well as this cycle did. */
	#azure(): Verdict {
		const {check} = this.#ready;
		const seen = (attempts: Attempts | null): Attempts['first'] => (attempts === null || (attempts.state === 'aborted' && attempts.attempts === 1) ? null : attempts.first);
		const verdict = judge({check, pre: seen(this.#pre), post: seen(this.#post)});
		if (this.#freezeErrors.length === 0) return verdict;
		const pre = verdict.errors.filter(({code}) => code !== 301 && code !== 309 && code !== 311);
		return {outcome: 'failed', errors: [...pre, ...this.#freezeErrors, ...verdict.errors.filter(error => !pre.includes(error))]};
	}

	/** Why neither script runs, as a clause, or null. */
	#whyNoScripts(): string | null {
		const {check, unusable} = this.#ready;
		if (this.#interrupted !== undefined && this.#pre === null) return 'interrupted';
		if (check.errors.length > 0) return 'the check failed';
		const {pre, post} = check.settings;
		if (pre === null || post === null) return 'the plugin host file says that there are no scripts to run';
		return unusable === null ? null : `the parameters of the ${unusable}-script cannot be handed to a program`;
	}

	/** The extension's effective limit; its host's own where the configuration sets none (NaN). */
	#limitMs(): number {
		const {limitMs, hostTimeoutSeconds} = this.#ready.check.settings;
		return Math.min(limitMs, hostTimeoutSeconds * 1000);
	}

	#whyLost(lost: AbortSignal): ErrorReference {
		return messageOf(lost.reason).startsWith('The deadline') ? ownError('SnapshotFailed') : ownError('GuardLost');
	}

	#met(error: unknown): void {
		const message = messageOf(error);
		this.#tell({event: 'warning', id: 'unexpected', message});
		if (error instanceof Failure) this.#errors.push(ownError('SnapshotFailed'));
		else this.#bug ??= error;
	}

	/** On disk before the thing happens. Throws where it cannot be written. */
	#note(step: JournalStep): void {
		this.#ready.journal.append(step);
	}

	/** Where nothing may be left undone because a note cannot be written. */
	#tryNote(step: JournalStep): void {
		if (this.#stuck) return;
		try {
			this.#note(step);
		} catch (error) {
			this.#tell({event: 'warning', id: 'journal', message: messageOf(error)});
		}
	}

	#start(phase: PhaseName, details: PhaseDetails = {}): void {
		this.#tell({event: 'phase', phase, state: 'started', ...details});
	}

	#end(phase: PhaseName, state: PhaseEnded['state'], {durationMs, ...details}: Omit<PhaseEnded, 'event' | 'phase' | 'state'> & {readonly durationMs: number}): void {
		this.#tell({event: 'phase', phase, state, durationMs: tenths(durationMs), ...details});
	}

	#skip(phase: PhaseName, detail: string): void {
		this.#tell({event: 'phase', phase, state: 'skipped', detail});
	}

	#endScript(phase: 'pre-script' | 'post-script', {state, durationMs, attempts, detail}: Attempts, codes: {readonly failed: number; readonly 'timed-out': number}): void {
		const errors = state === 'failed' ? [errorReference(codes.failed)] : state === 'timed-out' ? [errorReference(codes['timed-out'])] : state === 'changed' ? [ownError('ScriptChanged')] : [];
		this.#errors.push(...errors);
		this.#end(phase, state === 'succeeded' || state === 'timed-out' ? state : 'failed', {durationMs, attempt: attempts, ...(errors.length === 0 ? {} : {errors}), ...(detail === undefined ? {} : {detail})});
	}
}

/** The documentation's codes for what the kernel said. */
function freezeErrors({mounts}: FreezeReport): readonly ErrorReference[] {
	const hung = mounts.some(({errno}) => errno === 'ETIMEDOUT');
	return [errorReference(hung ? 122 : 121), ...(hung ? [ownError('FreezeHung')] : [])];
}

const refusals: Readonly<Record<string, string>> = {
	EBUSY: 'is frozen by somebody else already',
	EOPNOTSUPP: 'cannot be frozen (its type does not support it)',
	EPERM: 'may not be frozen by this process (SELinux, or a container)',
	EIO: 'reports an input/output error',
	EROFS: 'is read-only after an error',
	ETIMEDOUT: 'does not answer: the kernel has not come back from the call',
	ECANCELED: 'was not frozen, because another one refused',
};

function describeRefusal({mount, errno}: MountReport): string {
	return `${mount} ${refusals[errno ?? ''] ?? `refused (${errno ?? 'no reason given'})`}`;
}

function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** Milliseconds as they are told: to a tenth. */
function tenths(milliseconds: number): number {
	return Math.round(milliseconds * 10) / 10;
}
