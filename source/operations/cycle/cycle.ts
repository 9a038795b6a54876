import {resolve} from 'node:path';
import type {CycleHappening, CycleResult, Interruption} from '../../core/cycle-events.js';
import {decideOutcome} from '../../core/cycle/decide.js';
import {errorReference, ownError} from '../../core/errors.js';
import {scriptLimitMs} from '../../core/extension/settings.js';
import type {HeldScripts} from '../../system/guard/types.js';
import {heldApplications} from '../../system/held-applications.js';
import {noteCommand} from '../../system/noted-command.js';
import type {ScriptFamily} from '../../system/script-types.js';
import {asAzure} from './as-azure.js';
import {runAttempts, type Attempts, type AttemptsOrder} from './attempts.js';
import {Course} from './course.js';
import {FreezeWindow} from './freeze-window.js';
import type {Preparation} from './preparation.js';
import {describeCheck} from './refusals.js';
import {messageOf, tenths} from './telling.js';
import {warningsBefore, warningsOfScript} from './warnings.js';

/**
 * One cycle from its check to its result. Whatever happens in between: what was frozen is thawed, and after a pre-script that was started the post-script
 * runs. The steps stand in `run`, in their order.
 */
export class Cycle {
	readonly #course: Course;
	readonly #window: FreezeWindow;
	#pre: Attempts | null = null;
	#post: Attempts | null = null;
	/** What the guard would have to do about the scripts. */
	#held: HeldScripts | null = null;
	#preFamily: ScriptFamily | null = null;
	#preEndedAt = 0;
	#quiesceWindowMs = 0;

	constructor(ready: Preparation, tell: (happening: CycleHappening) => void) {
		this.#course = new Course(ready, tell);
		this.#window = new FreezeWindow(this.#course);
	}

	abort(signal: Interruption): void {
		this.#course.abort(signal);
	}

	/** True where the state directory cannot be written to, because what it lies on could not be thawed. */
	get stateStuck(): boolean {
		return this.#course.stateStuck;
	}

	async run(): Promise<CycleResult> {
		try {
			this.#check();
			await this.#runPre();
			await this.#window.open(this.#pre?.state === 'succeeded');
		} catch (error) {
			this.#course.met(error);
		}

		// Each of these can be called whatever happened before, and does what is still owed.
		await this.#window.close().catch(error => this.#course.met(error));
		await this.#runPost().catch(error => this.#course.met(error));
		await this.#endLeftOvers().catch(error => this.#course.met(error));
		const result = await this.#conclude();
		this.#course.telling.tell(result);
		if (this.#course.bug !== undefined) throw this.#course.bug;
		return result;
	}

	#check(): void {
		const {check, facts, plan, tookMs, unusable} = this.#course.ready;
		this.#course.telling.start('check');
		for (const warning of warningsBefore(this.#course.ready)) this.#course.telling.tell(warning);
		const errors = [...check.errors, ...(unusable === null ? [] : [errorReference(unusable === 'pre' ? 310 : 311)])];
		this.#course.errors.push(...errors);
		const filesystems = plan.waves.flat().length;
		if (errors.length > 0) this.#course.telling.end('check', 'failed', {durationMs: tookMs, errors, detail: `${describeCheck(errors, check, facts.configuration.path)}neither script will run`});
		else this.#course.telling.end('check', 'succeeded', {durationMs: tookMs, detail: `configuration, scripts, ${filesystems} ${filesystems === 1 ? 'filesystem' : 'filesystems'}`});
	}

	async #runPre(): Promise<void> {
		const {scripts, facts} = this.#course.ready;
		const why = this.#whyNoScripts();
		if (scripts === null || why !== null) return this.#course.telling.skip('pre-script', why ?? '');
		const post = scripts.post.command;
		const limitMs = this.#limitMs();
		this.#course.note({step: 'pre-starting', post: noteCommand(post, facts.configuration.path), limitMs, retries: scripts.post.retries});
		this.#pre = await runAttempts({
			phase: 'pre-script', command: scripts.pre.command, limitMs, retries: scripts.pre.retries, signal: this.#course.signal, tell: this.#course.telling.tell,
			...this.#waiting('pre'),
			beforeStart: async family => {
				this.#course.note({step: 'pre-started', family});
				this.#held = {pre: family, postStarted: null, post, limitMs, retries: scripts.post.retries};
				await this.#course.ready.guard.hold(this.#held);
			},
			onEnded: exitCode => this.#course.tryNote({step: 'pre-ended', exitCode}),
		});
		this.#preEndedAt = performance.now();
		this.#preFamily = this.#pre.family;
		if (!this.#pre.ran) {
			// Nothing is held, so nothing is to be released.
			this.#held = null;
			await this.#course.ready.guard.hold(null);
		}

		this.#endScript('pre-script', this.#pre, {failed: 300, 'timed-out': 308});
		for (const warning of warningsOfScript('pre-script', this.#pre, scripts.pre.retries)) this.#course.telling.tell(warning);
	}

	async #runPost(): Promise<void> {
		const {scripts} = this.#course.ready;
		const held = this.#held;
		if (held === null || scripts === null) return this.#course.telling.skip('post-script', this.#whyNoScripts() ?? 'the pre-script did not run');
		this.#course.ready.spare.release();
		this.#post = await runAttempts({
			phase: 'post-script', command: scripts.post.command, limitMs: this.#limitMs(), retries: scripts.post.retries, tell: this.#course.telling.tell,
			...this.#waiting('post'),
			beforeStart: async (family, attempt) => {
				this.#course.tryNote({step: 'post-starting', attempt, by: 'cycle'}, {step: 'post-started', family});
				await this.#course.ready.guard.hold({...held, postStarted: family});
			},
			checked: scripts.post.content,
			onChanged: what => this.#course.telling.warn('post-script-changed', what, 'Change a script only while no cycle runs.'),
			onEnded: (exitCode, willRetry) => {
				this.#course.tryNote({step: 'post-ended', exitCode, willRetry});
			},
		});
		this.#quiesceWindowMs = performance.now() - this.#preEndedAt;
		this.#endScript('post-script', this.#post, {failed: 301, 'timed-out': 309});
		for (const warning of warningsOfScript('post-script', this.#post, scripts.post.retries)) this.#course.telling.tell(warning);
	}

	/** What a successful pre-script left behind on purpose has lived until now. */
	async #endLeftOvers(): Promise<void> {
		this.#course.ready.spare.release();
		for (const {script} of this.#course.ready.waiting) await script.dismiss();
		await this.#post?.family?.release();
		const family = this.#preFamily;
		if (family !== null) await this.#endFamily(family);
		await this.#course.ready.guard.hold(null);
	}

	async #endFamily(family: ScriptFamily): Promise<void> {
		if (this.#pre?.state !== 'succeeded' || this.#post?.state !== 'succeeded' || this.#course.interrupted !== undefined) {
			await family.end();
		} else {
			const {stayed} = await family.endSession();
			if (stayed > 0) this.#course.telling.warn('pre-script-daemons', `${stayed === 1 ? 'A process' : `${stayed} processes`} that the pre-script had made independent of itself still ${stayed === 1 ? 'runs' : 'run'}, and ${stayed === 1 ? 'was' : 'were'} left alone.`, 'Where it only holds the application, let the post-script end it.');
		}

		await family.release();
	}

	async #conclude(): Promise<CycleResult> {
		const {check, plan, guard, journal, scripts} = this.#course.ready;
		// A signal that comes from now on is too late to change anything.
		const {interrupted} = this.#course;
		const signalled = interrupted === undefined ? {} : {interrupted};
		if (interrupted !== undefined) this.#course.errors.push(ownError('Interrupted'));
		const decided = decideOutcome({
			scriptsSucceeded: this.#pre?.state === 'succeeded' && this.#post?.state === 'succeeded',
			continueBackupOnFailure: check.settings.continueBackupOnFailure || !check.settingsKnown,
			fsFreezeEnabled: check.settings.fsFreezeEnabled,
			freezing: this.#window.freezing, disks: plan.disks, snapshotSucceeded: this.#window.snapshotTaken, interrupted: interrupted !== undefined,
		});
		const outcome = this.#course.bug === undefined && !this.#window.stuckFrozen ? decided : 'failed';
		const pre = scripts?.pre.command;
		const held = {preScriptSucceeded: this.#pre?.state === 'succeeded', applications: pre === undefined ? [] : heldApplications(resolve(pre.directory, pre.path))};
		const mark = {...held, at: this.#window.snapshotAt ?? new Date().toISOString(), outcome, errors: this.#course.errors, ...signalled};
		const {reference, failed} = await this.#window.keepSnapshot(mark);
		// Before the guard gives up the lock: whoever dies in between leaves nothing that looks owed.
		try {
			// Left for quiesce thaw where something is frozen still.
			if (this.#course.stuck.length > 0) journal.close();
			else journal.finish('cycle');
		} catch (error) {
			this.#course.telling.warn('journal', `The cycle's journal could not be closed: ${messageOf(error)}`, 'Everything was thawed and the post-script ran. quiesce thaw clears it away.');
		}

		await guard.close().catch(error => this.#course.met(error));

		return {
			event: 'result',
			outcome: failed ? 'failed' : outcome,
			errors: this.#course.errors,
			freezeWindowMs: tenths(this.#window.windowMs),
			quiesceWindowMs: tenths(this.#quiesceWindowMs),
			mounts: this.#window.mounts,
			snapshot: reference,
			azure: asAzure(check, this.#pre, this.#post, this.#window),
			...signalled,
		};
	}

	/** A script that waits already, or the mark for one that is started only now. */
	#waiting(role: 'pre' | 'post'): Pick<AttemptsOrder, 'waiting' | 'ranMark'> {
		const {waiting, journal} = this.#course.ready;
		// The mark may lie on what could not be thawed: whoever made it would hang.
		if (this.#course.stateStuck) return {ranMark: undefined};
		const found = waiting.find(one => one.role === role);
		return found === undefined ? {ranMark: journal.armMark(role)} : {waiting: found.script, ranMark: found.ranMark};
	}

	/** Why neither script runs, as a clause, or null. */
	#whyNoScripts(): string | null {
		const {check, unusable} = this.#course.ready;
		if (this.#course.interrupted !== undefined && this.#pre === null) return 'interrupted';
		if (check.errors.length > 0) return 'the check failed';
		const {pre, post} = check.settings;
		if (pre === null || post === null) return 'the plugin host file says that there are no scripts to run';
		return unusable === null ? null : `the parameters of the ${unusable}-script cannot be handed to a program`;
	}

	/** The extension's effective limit; its host's own where the configuration sets none (NaN). */
	#limitMs(): number {
		return scriptLimitMs(this.#course.ready.check.settings);
	}

	#endScript(phase: 'pre-script' | 'post-script', {state, durationMs, attempts, detail}: Attempts, codes: {readonly failed: number; readonly 'timed-out': number}): void {
		const errors = state === 'failed' ? [errorReference(codes.failed)] : state === 'timed-out' ? [errorReference(codes['timed-out'])] : state === 'changed' ? [ownError('ScriptChanged')] : [];
		this.#course.errors.push(...errors);
		this.#course.telling.end(phase, state === 'succeeded' || state === 'timed-out' ? state : 'failed', {durationMs, attempt: attempts, ...(errors.length === 0 ? {} : {errors}), ...(detail === undefined ? {} : {detail})});
	}
}
