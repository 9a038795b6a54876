import {resolve} from 'node:path';
import type {CycleHappening, CycleResult, SnapshotReference} from '../../core/cycle-events.js';
import {decideOutcome, freezes, goesOnUnfrozen, takesSnapshot} from '../../core/cycle/decide.js';
import {errorReference, ownError} from '../../core/errors.js';
import {Failure} from '../../core/failure.js';
import type {ErrorReference} from '../../core/outcome.js';
import type {HeldScripts} from '../../system/guard.js';
import {heldApplications} from '../../system/held-applications.js';
import type {JournalStep} from '../../system/journal.js';
import type {ScriptFamily} from '../../system/scripts.js';
import {within} from '../../system/time.js';
import {asAzure} from './as-azure.js';
import {runAttempts, type Attempts} from './attempts.js';
import type {Preparation} from './preparation.js';
import {describeRefusals, freezeErrors} from './refusals.js';
import {messageOf, Telling, tenths} from './telling.js';
import {warningsBefore, warningsOfScript} from './warnings.js';

/** A flush that the disk does not come to an end with must not hold the application: the freeze itself flushes again. */
const flushWithinMs = 5000;

/**
 * One cycle from its check to its result. Whatever happens in between: what was frozen is thawed, and after a pre-script that was started the post-script
 * runs. The steps stand in `run`, in their order.
 */
export class Cycle {
	readonly #ready: Preparation;
	readonly #telling: Telling;
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
		this.#telling = new Telling(tell);
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
		this.#telling.tell(result);
		if (this.#bug !== undefined) throw this.#bug;
		return result;
	}

	#check(): void {
		const {check, plan, tookMs, unusable} = this.#ready;
		this.#telling.start('check');
		for (const warning of warningsBefore(this.#ready)) this.#telling.tell(warning);
		this.#errors.push(...check.errors, ...(unusable === null ? [] : [errorReference(unusable === 'pre' ? 310 : 311)]));
		const filesystems = plan.waves.flat().length;
		const detail = check.errors.length > 0
			? 'neither script will run'
			: `configuration, scripts, ${filesystems} ${filesystems === 1 ? 'filesystem' : 'filesystems'}`;
		this.#telling.end('check', check.errors.length > 0 ? 'failed' : 'succeeded', {durationMs: tookMs, detail, ...(check.errors.length > 0 ? {errors: check.errors} : {})});
	}

	async #runPre(): Promise<void> {
		const {scripts} = this.#ready;
		const why = this.#whyNoScripts();
		if (scripts === null || why !== null) return this.#telling.skip('pre-script', why ?? '');
		const post = scripts.post.command;
		const limitMs = this.#limitMs();
		this.#note({step: 'pre-starting', post, limitMs, retries: scripts.post.retries});
		this.#pre = await runAttempts({
			phase: 'pre-script', command: scripts.pre.command, limitMs, retries: scripts.pre.retries, signal: this.#aborting.signal, tell: this.#telling.tell,
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
		for (const warning of warningsOfScript('pre-script', this.#pre, scripts.pre.retries)) this.#telling.tell(warning);
	}

	async #freezeAndSnapshot(): Promise<void> {
		const {plan, check, guard} = this.#ready;
		const decision = {continueBackupOnFailure: check.settings.continueBackupOnFailure || !check.settingsKnown, fsFreezeEnabled: check.settings.fsFreezeEnabled, disks: plan.disks, preScriptSucceeded: this.#pre?.state === 'succeeded'};
		const targets = plan.waves.flat();
		if (this.#interrupted !== undefined || !takesSnapshot(decision)) {
			const why = this.#interrupted === undefined ? 'continueBackupOnFailure is off, and there are several disks' : 'interrupted';
			this.#telling.skip('freeze', why);
			return this.#telling.skip('snapshot', why);
		}

		if (!decision.fsFreezeEnabled) this.#telling.skip('freeze', 'fsFreezeEnabled is off');
		else if (!freezes(decision)) this.#telling.skip('freeze', 'not worth it: the scripts failed, and this is the snapshot of a single disk');
		else if (targets.length === 0) {
			this.#freezing = 'frozen';
			this.#telling.skip('freeze', 'there is no filesystem to freeze');
		} else {
			await this.#freeze(targets.map(({mount}) => mount));
			if (this.#interrupted !== undefined || (this.#freezing === 'failed' && !goesOnUnfrozen(decision))) return this.#telling.skip('snapshot', this.#interrupted === undefined ? 'the freeze failed' : 'interrupted');
		}

		await this.#snapshot(guard.lost);
	}

	async #freeze(mounts: readonly string[]): Promise<void> {
		const {guard, deadlineMs} = this.#ready;
		this.#telling.start('freeze', {mounts, thawsAfterMs: deadlineMs});
		const began = performance.now();
		await within(guard.flush(), flushWithinMs);
		this.#note({step: 'freezing', ...(guard.hastens ? {hastened: true} : {})});
		this.#freezeAsked = true;
		const report = await guard.freeze(this.#telling.mount);
		this.#frozenMounts = report.frozen ? mounts : [];
		this.#freezing = report.frozen ? 'frozen' : 'failed';
		this.#freezeErrors = report.frozen ? [] : freezeErrors(report.mounts);
		this.#errors.push(...this.#freezeErrors);
		this.#telling.end('freeze', report.frozen ? 'succeeded' : this.#freezeErrors.some(({code}) => code === 122) ? 'timed-out' : 'failed', {
			durationMs: performance.now() - began,
			...(report.frozen ? {} : {errors: this.#freezeErrors, detail: describeRefusals(report.mounts)}),
		});
	}

	async #snapshot(lost: AbortSignal): Promise<void> {
		const {snapshot} = this.#ready;
		this.#telling.start('snapshot', {detail: snapshot.detail});
		const began = performance.now();
		const frozen = this.#freezing === 'frozen' && this.#frozenMounts.length > 0;
		try {
			this.#snapshotAt = new Date().toISOString();
			await snapshot.take(frozen ? AbortSignal.any([lost, this.#aborting.signal]) : this.#aborting.signal);
			if (frozen) lost.throwIfAborted();
			this.#snapshotTaken = true;
			this.#telling.end('snapshot', 'succeeded', {durationMs: performance.now() - began});
		} catch (error) {
			const interrupted = this.#interrupted !== undefined;
			const errors = interrupted ? [] : [lost.aborted ? this.#whyLost(lost) : ownError('SnapshotFailed')];
			this.#errors.push(...errors);
			this.#telling.end('snapshot', 'failed', {durationMs: performance.now() - began, errors, detail: interrupted ? 'interrupted' : messageOf(lost.aborted ? lost.reason : error)});
		}
	}

	async #thaw(): Promise<void> {
		const {guard} = this.#ready;
		if (!this.#freezeAsked) return this.#telling.skip('thaw', 'nothing was frozen');
		if (this.#freezing === 'frozen') this.#telling.start('thaw', {mounts: this.#frozenMounts});
		const report = await guard.thaw(this.#telling.mount);
		this.#freezeWindowMs = report.windowMs;
		const failed = report.mounts.filter(({ok}) => !ok);
		this.#stuck = failed.length > 0;
		if (this.#stuck) this.#errors.push(ownError('ThawFailed'));
		this.#tryNote({step: 'thawed'});
		if (this.#freezing !== 'frozen' && failed.length === 0) return this.#telling.skip('thaw', 'nothing stayed frozen');
		const took = report.mounts.map(({durationMs}) => durationMs);
		if (this.#snapshotTaken && this.#freezing === 'frozen' && (report.byDeadline || report.thawedByOthers.length > 0)) {
			// Thawed while the snapshot was under way, or right after it: nobody knows.
			this.#snapshotTaken = false;
			this.#errors.push(report.byDeadline ? this.#whyLost(guard.lost) : ownError('SnapshotFailed'));
			if (report.thawedByOthers.length > 0) this.#telling.warn('thawed-by-others', `Somebody else thawed ${report.thawedByOthers.join(', ')} while the snapshot was taken.`, 'Look for another backup, or for fsfreeze -u in somebody\'s script.');
		}

		this.#telling.end('thaw', failed.length === 0 ? 'succeeded' : 'failed', {durationMs: Math.max(0, ...took), ...(failed.length === 0 ? {} : {detail: describeRefusals(failed)})});
	}

	async #runPost(): Promise<void> {
		const {scripts} = this.#ready;
		const held = this.#held;
		if (held === null || scripts === null) return this.#telling.skip('post-script', this.#whyNoScripts() ?? 'the pre-script did not run');
		this.#post = await runAttempts({
			phase: 'post-script', command: scripts.post.command, limitMs: this.#limitMs(), retries: scripts.post.retries, tell: this.#telling.tell,
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
		for (const warning of warningsOfScript('post-script', this.#post, scripts.post.retries)) this.#telling.tell(warning);
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
			if (stayed > 0) this.#telling.warn('pre-script-daemons', `${stayed === 1 ? 'A process' : `${stayed} processes`} that the pre-script had made independent of itself still ${stayed === 1 ? 'runs' : 'run'}, and ${stayed === 1 ? 'was' : 'were'} left alone.`, 'Where it only holds the application, let the post-script end it.');
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
		const outcome = this.#bug === undefined && !this.#stuck ? decided : 'failed';
		const pre = scripts?.pre.command;
		const held = {preScriptSucceeded: this.#pre?.state === 'succeeded', applications: pre === undefined ? [] : heldApplications(resolve(pre.directory, pre.path))};
		const mark = {...held, at: this.#snapshotAt ?? new Date().toISOString(), outcome, errors: this.#errors, ...(this.#interrupted === undefined ? {} : {interrupted: this.#interrupted})};
		const {reference, failed} = await this.#keepSnapshot(mark);
		// Before the guard gives up the lock: whoever dies in between leaves nothing that looks owed.
		try {
			// Left for quiesce thaw where something is frozen still.
			if (this.#stuck) journal.close();
			else journal.finish('cycle');
		} catch (error) {
			this.#telling.warn('journal', `The cycle's journal could not be closed: ${messageOf(error)}`, 'Everything was thawed and the post-script ran. quiesce thaw clears it away.');
		}

		await guard.close().catch(error => this.#met(error));

		return {
			event: 'result',
			outcome: failed ? 'failed' : outcome,
			errors: this.#errors,
			freezeWindowMs: tenths(this.#freezeWindowMs),
			quiesceWindowMs: tenths(this.#quiesceWindowMs),
			mounts: this.#frozenMounts,
			snapshot: reference,
			azure: asAzure(check, this.#pre, this.#post, this.#freezeErrors),
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
				this.#telling.warn('snapshot-not-kept', `The snapshot was taken, but could not be completed: ${messageOf(error)}`, 'Look for space and errors where it was to be kept, and run the cycle again.');
			}
		}

		await snapshot.release().catch(() => {});
		return {reference: null, failed: true};
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
		this.#telling.warn('unexpected', message);
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
			this.#telling.warn('journal', messageOf(error));
		}
	}

	#endScript(phase: 'pre-script' | 'post-script', {state, durationMs, attempts, detail}: Attempts, codes: {readonly failed: number; readonly 'timed-out': number}): void {
		const errors = state === 'failed' ? [errorReference(codes.failed)] : state === 'timed-out' ? [errorReference(codes['timed-out'])] : state === 'changed' ? [ownError('ScriptChanged')] : [];
		this.#errors.push(...errors);
		this.#telling.end(phase, state === 'succeeded' || state === 'timed-out' ? state : 'failed', {durationMs, attempt: attempts, ...(errors.length === 0 ? {} : {errors}), ...(detail === undefined ? {} : {detail})});
	}
}
