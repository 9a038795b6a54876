import type {PlannedTarget} from '../../core/freeze-plan.js';
import type {FreezeReport, MountReport, ThawReport} from './types.js';
import type {Errno, Native} from '../native.js';
import {pause, within} from '../time.js';
import type {Haste} from './haste.js';
import {monotonicMs, type MountChange, type ThawCause} from './protocol.js';
import type {ThirdLine} from './third-line.js';

export type OpenTarget = {readonly target: PlannedTarget; readonly descriptor: number};

export type FreezerParts = {
	readonly native: Native;
	readonly waves: readonly (readonly OpenTarget[])[];
	readonly deadlineMs: number;
	/** After so long without an answer of the kernel a freeze is given up and the others are thawed. */
	readonly hungAfterMs: number;
	readonly thirdLine: ThirdLine;
	readonly haste: Haste | null;
	/** True where the main process is gone: looked at before every freeze call. */
	readonly mainGone: () => boolean;
	/** Must not block. Called before a freeze call and after each call. */
	readonly onMount: (index: number, state: MountChange, durationMs: number, atMs: number, errno?: string) => void;
	/** Sends on its way, without blocking, what `onMount` was told: before the freeze calls that it announces. */
	readonly tellNow: () => void;
	/** Everything was thawed without the main process asking. */
	readonly onUnaskedThaw: (report: ThawReport, cause: ThawCause) => void;
};

/** Freezes and thaws, in the guard's process. Between the first freeze call and the last thaw it does nothing but that and telling of it. */
export type Freezer = {
	freeze(): Promise<FreezeReport>;
	/** May be called at any time and more than once; resolves when nothing is frozen by us any more, save what the kernel does not answer for. */
	thaw(cause: ThawCause): Promise<ThawReport>;
	/** True while something is or may be frozen by us. */
	readonly holds: () => boolean;
	/** After a thaw: resolves when every freeze call has come back from the kernel, however late, and what it froze is thawed. */
	readonly released: () => Promise<void>;
};

type Place = {
	readonly index: number;
	readonly wave: number;
	readonly open: OpenTarget;
	state: 'open' | 'freezing' | 'frozen' | 'refused' | 'thawing' | 'thawed';
	freezeMs: number;
	freezeErrno: string | undefined;
	thawReport: MountReport | undefined;
	/** Resolves when the thaw call in progress has come to an end. */
	thawing: Promise<void> | undefined;
};

/** How long a wave of thaws is waited for before the next one starts, and how often a thaw that failed is tried. */
const thawPatienceMs = 2000;
const thawAttempts = 5;

export function makeFreezer(parts: FreezerParts): Freezer {
	const {native, thirdLine} = parts;
	let number = 0;
	const places: Place[] = parts.waves.flatMap((wave, level) => wave.map(open => ({
		index: number++, wave: level, open, state: 'open' as Place['state'], freezeMs: 0, freezeErrno: undefined, thawReport: undefined, thawing: undefined,
	})));
	let startedAt: number | undefined;
	let lastThawAt: number | undefined;
	let deadline: NodeJS.Timeout | undefined;
	/** Set by the first reason to thaw; no freeze call is made any more. */
	let stopped: ThawCause | undefined;
	let running: Promise<ThawReport> | undefined;
	let unasked = false;
	const isStopped = (): boolean => stopped !== undefined;
	/** Every freeze call that was made. */
	const calls: Promise<void>[] = [];
	/** Wakes the wave that is being waited for. */
	let wake: () => void = () => {};

	const freezeOne = async (place: Place): Promise<void> => {
		const at = monotonicMs();
		let errno: Errno;
		try {
			errno = await native.freeze(place.open.descriptor);
		} catch {
			// The call was never made.
			errno = 'EAGAIN';
		}
		const now = monotonicMs();
		place.freezeMs = now - at;
		if (errno !== null) {
			place.state = 'refused';
			place.freezeErrno = errno;
			thirdLine.clear(place.index);
			parts.onMount(place.index, 'refused', place.freezeMs, now, errno);
			return;
		}
		place.state = 'frozen';
		parts.onMount(place.index, 'frozen', place.freezeMs, now);
		// It answered only after everything else was thawed.
		if (stopped !== undefined) await thawOne(place);
	};

	const thawOne = async (place: Place): Promise<void> => {
		place.thawing ??= (async () => {
			place.state = 'thawing';
			const at = monotonicMs();
			parts.onMount(place.index, 'thawing', 0, at);
			let errno: Errno = null;
			for (let attempt = 1; attempt <= thawAttempts; attempt++) {
				errno = await native.thaw(place.open.descriptor).catch(() => 'EAGAIN');
				// EINVAL: not frozen (any more); somebody else thawed it.
				if (errno === null || errno === 'EINVAL') break;
				await pause(100);
			}
			const now = monotonicMs();
			lastThawAt = now;
			const over = errno === null || errno === 'EINVAL';
			place.state = over ? 'thawed' : 'frozen';
			place.thawReport = {mount: place.open.target.mount, ok: over, durationMs: now - at, ...(errno === null ? {} : {errno})};
			if (over) {
				thirdLine.clear(place.index);
				parts.onMount(place.index, 'thawed', now - at, now, errno ?? undefined);
			} else {
				place.thawing = undefined;
				parts.onMount(place.index, 'hung', now - at, now, errno ?? undefined);
			}
		})();
		return place.thawing;
	};

	const thawAll = async (): Promise<ThawReport> => {
		clearTimeout(deadline);
		parts.haste?.end();
		for (let level = parts.waves.length - 1; level >= 0; level--) {
			const wave = places.filter(place => place.wave === level && (place.state === 'frozen' || place.state === 'thawing'));
			if (wave.length === 0) continue;
			await settled(wave.map(async place => thawOne(place)), thawPatienceMs);
		}
		// A freeze call that was still under way is thawed as soon as it returns.
		await settled(calls, thawPatienceMs);
		for (const place of places) {
			if (place.state === 'thawing') parts.onMount(place.index, 'hung', thawPatienceMs, monotonicMs(), 'ETIMEDOUT');
		}
		return report();
	};

	const report = (): ThawReport => ({
		mounts: places.flatMap((place): readonly MountReport[] => {
			if (place.thawReport !== undefined) return [place.thawReport];
			if (place.state === 'open' || place.state === 'refused') return [];
			return [{mount: place.open.target.mount, ok: false, durationMs: monotonicMs() - (startedAt ?? 0), errno: 'ETIMEDOUT', ...(place.state === 'freezing' ? {stillFreezing: true} : {})}];
		}),
		windowMs: startedAt === undefined || lastThawAt === undefined ? 0 : lastThawAt - startedAt,
		byDeadline: unasked,
		thawedByOthers: places.flatMap(({thawReport}) => (thawReport?.errno === 'EINVAL' ? [thawReport.mount] : [])),
	});

	const thaw = async (cause: ThawCause): Promise<ThawReport> => {
		const first = stopped === undefined;
		stopped ??= cause;
		if (first) unasked = startedAt !== undefined && cause !== 'asked' && cause !== 'refused' && cause !== 'closing';
		wake();
		running ??= thawAll().finally(() => {
			// What the kernel refused to thaw is tried again the next time.
			if (places.some(place => place.state === 'frozen')) running = undefined;
		});
		await running;
		const done = report();
		if (first && unasked) parts.onUnaskedThaw(done, cause);
		return done;
	};

	const freeze = async (): Promise<FreezeReport> => {
		const began = monotonicMs();
		startedAt = began;
		if (places.length > 0) {
			thirdLine.arm(Math.ceil(parts.deadlineMs / 1000) + 2);
			deadline = setTimeout(() => void thaw('deadline'), parts.deadlineMs);
		}
		/** Given up: what the kernel answers later does not count. */
		const late = new Set<Place>();
		for (let level = 0; level < parts.waves.length; level++) {
			if (isStopped()) break;
			const wave = places.filter(place => place.wave === level);
			// All intents are told before the first call, so that whoever outlives this process knows what may be frozen.
			thirdLine.mark(wave.map(({index}) => index));
			for (const place of wave) parts.onMount(place.index, 'freezing', 0, monotonicMs());
			parts.tellNow();
			// Only now: whoever outlives this process knows that it has to be ended.
			parts.haste?.begin();
			const woken = new Promise<void>(resolve => {
				wake = resolve;
			});
			const waveCalls: Promise<void>[] = [];
			for (const place of wave) {
				if (parts.mainGone()) {
					void thaw('main-gone');
					break;
				}
				place.state = 'freezing';
				waveCalls.push(freezeOne(place));
			}
			calls.push(...waveCalls);
			for (const place of wave) {
				if (place.state === 'open') {
					thirdLine.clear(place.index);
					parts.onMount(place.index, 'refused', 0, monotonicMs(), 'ECANCELED');
				}
			}
			await settled(waveCalls, parts.hungAfterMs, woken);
			if (stopped === undefined || stopped === 'deadline') {
				for (const place of wave) {
					if (place.state !== 'freezing') continue;
					late.add(place);
					parts.onMount(place.index, 'hung', monotonicMs() - began, monotonicMs(), 'ETIMEDOUT');
				}
			}
			if (late.size > 0 || wave.some(place => place.state === 'refused')) break;
		}
		const durationMs = monotonicMs() - began;
		parts.haste?.end();
		const frozen = stopped === undefined && places.every(place => place.state === 'frozen');
		if (!frozen) await thaw('refused');
		return {
			frozen,
			durationMs,
			mounts: places.flatMap((place): readonly MountReport[] => {
				const {mount} = place.open.target;
				if (place.state === 'open') return [];
				if (place.state === 'freezing' || late.has(place)) return [{mount, ok: false, durationMs, errno: 'ETIMEDOUT'}];
				if (place.freezeErrno !== undefined) return [{mount, ok: false, durationMs: place.freezeMs, errno: place.freezeErrno}];
				return [{mount, ok: true, durationMs: place.freezeMs}];
			}),
		};
	};

	let frozenOnce: Promise<FreezeReport> | undefined;
	return {
		freeze: async () => (frozenOnce ??= freeze()),
		thaw,
		released: async () => {
			await Promise.all(calls);
			await Promise.all(places.map(async ({thawing}) => thawing));
		},
		holds: () => places.some(place => place.state === 'freezing' || place.state === 'frozen' || place.state === 'thawing'),
	};
}

/** Waits for all of some calls, but not longer than `limitMs`, nor beyond `woken`. */
async function settled(calls: readonly Promise<void>[], limitMs: number, woken?: Promise<void>): Promise<void> {
	await within(Promise.race([Promise.all(calls), ...(woken === undefined ? [] : [woken])]), limitMs);
}
