import {setTimeout as delay} from 'node:timers/promises';
import type {SnapshotReference} from '../../core/cycle-events.js';
import {freezes, wantsLesser, takesSnapshot} from '../../core/cycle/decide.js';
import {errorReference, ownError} from '../../core/errors.js';
import {Failure} from '../../core/failure.js';
import type {ErrorReference} from '../../core/outcome.js';
import {thawedStep} from '../../system/journal.js';
import {unlessAborted, within} from '../../system/time.js';
import type {Course} from './course.js';
import {releaseWithinMs, type Preparation} from './preparation.js';
import {describeRefusals, freezeErrors} from './refusals.js';
import {messageOf} from './telling.js';

/** A flush that the disk does not come to an end with must not hold the application: the freeze itself flushes again. */
const flushWithinMs = 5000;

/** The middle of a cycle, between its scripts: freeze, snapshot, thaw. */
export class FreezeWindow {
	freezing: 'frozen' | 'failed' | 'off' = 'off';
	windowMs = 0;
	/** Of the freeze alone. */
	errors: readonly ErrorReference[] = [];
	/** That were frozen. */
	mounts: readonly string[] = [];
	snapshotTaken = false;
	/** It was tried, and failed by itself; not where it was interrupted. */
	snapshotFailed = false;
	/** Something that was frozen could not be thawed. */
	stuckFrozen = false;
	/** ISO 8601. */
	snapshotAt: string | undefined;
	readonly #course: Course;
	/** True from the first freeze call on: then something has to be thawed, or to be made sure of. */
	#asked = false;

	constructor(course: Course) {
		this.#course = course;
	}

	/** Freezes where that is decided, and takes the snapshot where there is to be one. */
	async open(preScriptSucceeded: boolean): Promise<void> {
		const {plan, check, guard, unopened} = this.#course.ready;
		const decision = {continueBackupOnFailure: check.settings.continueBackupOnFailure || !check.settingsKnown, fsFreezeEnabled: check.settings.fsFreezeEnabled, disks: plan.disks, preScriptSucceeded};
		const targets = plan.waves.flat();
		if (this.#course.interrupted !== undefined || !takesSnapshot(decision)) {
			const why = this.#course.interrupted === undefined ? 'continueBackupOnFailure is off, and there are several disks' : 'interrupted';
			this.#course.telling.skip('freeze', why);
			return this.#course.telling.skip('snapshot', why);
		}

		if (!decision.fsFreezeEnabled) this.#course.telling.skip('freeze', 'fsFreezeEnabled is off');
		else if (!freezes(decision)) this.#course.telling.skip('freeze', 'not worth it: the scripts failed, and this is the snapshot of a single disk');
		else if (targets.length === 0) {
			this.freezing = 'frozen';
			this.#course.telling.skip('freeze', 'there is no filesystem to freeze');
		} else {
			if (unopened.length > 0) this.#refuse(targets.map(({mount}) => mount), unopened);
			else await this.#freeze(targets.map(({mount}) => mount));
			if (this.#course.interrupted !== undefined || (this.freezing === 'failed' && !wantsLesser(decision))) return this.#course.telling.skip('snapshot', this.#course.interrupted === undefined ? 'the freeze failed' : 'interrupted');
		}

		await this.#snapshot(guard.lost);
	}

	/** As the extension, which opens all of them before it freezes the first. */
	#refuse(mounts: readonly string[], unopened: Preparation['unopened']): void {
		this.#course.telling.start('freeze', {mounts});
		for (const {mount, errno} of unopened) this.#course.telling.mount(mount, 'refused', 0, errno);
		this.#failed([errorReference(123)], 0, unopened.map(({mount, errno}) => `${mount} cannot be opened (${errno})`).join('; '));
	}

	#failed(errors: readonly ErrorReference[], durationMs: number, detail: string): void {
		this.freezing = 'failed';
		this.errors = errors;
		this.#course.errors.push(...errors);
		this.#course.telling.end('freeze', errors.some(({code}) => code === 122) ? 'timed-out' : 'failed', {durationMs, errors, detail});
	}

	async #freeze(mounts: readonly string[]): Promise<void> {
		const {guard, deadlineMs} = this.#course.ready;
		this.#course.telling.start('freeze', {mounts, thawsAfterMs: deadlineMs});
		const began = performance.now();
		// The journal is on the disk while the guard flushes: what is written between the flush and the freeze has to be flushed again, by then with everybody waiting.
		const flushed = within(guard.flush(), flushWithinMs);
		this.#course.note({step: 'freezing', ...(guard.hastens ? {hastened: true} : {})});
		await flushed;
		this.#asked = true;
		const report = await guard.freeze(this.#course.telling.mount);
		if (!report.frozen) return this.#failed(freezeErrors(report.mounts), performance.now() - began, describeRefusals(report.mounts));
		this.mounts = mounts;
		this.freezing = 'frozen';
		this.#course.telling.end('freeze', 'succeeded', {durationMs: performance.now() - began});
	}

	async #snapshot(lost: AbortSignal): Promise<void> {
		const {snapshot, order: {holdMs}} = this.#course.ready;
		this.#course.telling.start('snapshot', {detail: snapshot.detail});
		const began = performance.now();
		const frozen = this.freezing === 'frozen' && this.mounts.length > 0;
		try {
			this.snapshotAt = new Date().toISOString();
			const stop = frozen ? AbortSignal.any([lost, this.#course.signal]) : this.#course.signal;
			await this.#take(stop);
			// Interrupted now, it is complete all the same.
			if (holdMs > 0) await delay(holdMs, undefined, {signal: stop}).catch(() => {});
			if (frozen) lost.throwIfAborted();
			this.snapshotTaken = true;
			this.#course.telling.end('snapshot', 'succeeded', {durationMs: performance.now() - began});
		} catch (error) {
			const interrupted = this.#course.interrupted !== undefined;
			this.snapshotFailed = !interrupted;
			const wasLost = frozen && lost.aborted;
			const errors = interrupted ? [] : [wasLost ? this.#whyLost(lost) : ownError('SnapshotFailed')];
			this.#course.errors.push(...errors);
			this.#course.telling.end('snapshot', 'failed', {durationMs: performance.now() - began, errors, detail: interrupted ? 'interrupted' : messageOf(wasLost ? lost.reason : error)});
		}
	}

	/** Takes it within its limit: where nothing is frozen no deadline of the guard's ends it. One that hangs in the kernel notices no abort, and must hold nothing. */
	async #take(stop: AbortSignal): Promise<void> {
		const {snapshot, snapshotLimitMs} = this.#course.ready;
		const limit = new AbortController();
		const timer = setTimeout(() => limit.abort(new Failure(`The snapshot was not taken within ${snapshotLimitMs / 1000} s.`)), snapshotLimitMs);
		const signal = AbortSignal.any([stop, limit.signal]);
		try {
			await unlessAborted(snapshot.take(signal), signal);
		} finally {
			clearTimeout(timer);
		}
	}

	/** Thaws; may be called whatever happened before. */
	async close(): Promise<void> {
		const {guard, plan, stateDevices} = this.#course.ready;
		if (!this.#asked) return this.#course.telling.skip('thaw', 'nothing was frozen');
		if (this.freezing === 'frozen') this.#course.telling.start('thaw', {mounts: this.mounts});
		const report = await guard.thaw(this.#course.telling.mount);
		this.windowMs = report.windowMs;
		const left = report.mounts.filter(({ok}) => !ok);
		const failed = left.filter(({stillFreezing}) => stillFreezing !== true);
		this.stuckFrozen = failed.length > 0;
		this.#course.stuck = left.map(({mount}) => mount);
		this.#course.stateStuck = plan.waves.flat().some(({mount, device}) => this.#course.stuck.includes(mount) && stateDevices.includes(device));
		if (this.stuckFrozen) this.#course.errors.push(ownError('ThawFailed'));
		this.#course.tryNote(thawedStep(this.#course.stuck));
		if (this.freezing !== 'frozen' && failed.length === 0) return this.#course.telling.skip('thaw', left.length > 0 ? 'nothing stayed frozen that the kernel has answered for' : 'nothing stayed frozen');
		const took = report.mounts.map(({durationMs}) => durationMs);
		if (this.snapshotTaken && this.freezing === 'frozen' && (report.byDeadline || report.thawedByOthers.length > 0)) {
			// Thawed while the snapshot was under way, or right after it: nobody knows.
			this.snapshotTaken = false;
			this.snapshotFailed = true;
			this.#course.errors.push(report.byDeadline ? this.#whyLost(guard.lost) : ownError('SnapshotFailed'));
			if (report.thawedByOthers.length > 0) this.#course.telling.warn('thawed-by-others', `Somebody else thawed ${report.thawedByOthers.join(', ')} while the snapshot was taken.`, 'Look for another backup, or for fsfreeze -u in somebody\'s script.');
		}

		this.#course.telling.end('thaw', failed.length === 0 ? 'succeeded' : 'failed', {durationMs: Math.max(0, ...took), ...(failed.length === 0 ? {} : {detail: describeRefusals(failed)})});
	}

	#whyLost(lost: AbortSignal): ErrorReference {
		return messageOf(lost.reason).startsWith('The deadline') ? ownError('SnapshotFailed') : ownError('GuardLost');
	}

	/** Completes the snapshot after everything else, or removes what there is of it. */
	async keepSnapshot(mark: Parameters<Preparation['snapshot']['keep']>[0]): Promise<{readonly reference: SnapshotReference | null; readonly failed: boolean}> {
		const {snapshot} = this.#course.ready;
		if (this.snapshotTaken) {
			try {
				return {reference: await snapshot.keep(mark), failed: false};
			} catch (error) {
				this.snapshotFailed = true;
				this.#course.errors.push(ownError('SnapshotFailed'));
				this.#course.telling.warn('snapshot-not-kept', `The snapshot was taken, but could not be completed: ${messageOf(error)}`, 'Look for space and errors where it was to be kept, and run the cycle again.');
			}
		}

		await within(snapshot.release().catch(() => {}), releaseWithinMs);
		return {reference: null, failed: true};
	}
}
