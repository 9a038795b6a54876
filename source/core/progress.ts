import {phaseNames, type CycleEvent, type CycleResult, type CycleWarning, type MountState, type PhaseEnd, type PhaseEnded, type PhaseName, type PhaseStarted} from './cycle-events.js';
import type {ErrorReference} from './outcome.js';

/** One phase as it is shown. Points in time are milliseconds since 1970, as in the events; null where not known or not there. */
export type PhaseProgress = {
	readonly name: PhaseName;
	readonly state: 'pending' | 'running' | PhaseEnd;
	/** Of the first attempt: the limit is one for all of them. */
	readonly startedAt: number | null;
	readonly durationMs: number | null;
	readonly limitMs: number | null;
	readonly attempt: number | null;
	/** How many there may be at most. */
	readonly attempts: number | null;
	readonly script: string | null;
	readonly mounts: readonly string[];
	readonly detail: string | null;
	readonly errors: readonly ErrorReference[];
};

/** What one filesystem is doing, and since when. */
export type MountProgress = {
	readonly mount: string;
	readonly state: MountState['state'];
	readonly since: number;
	readonly durationMs: number | null;
	readonly detail: string | null;
};

/** One line that a script wrote. */
export type OutputProgress = {
	/** Counts from 1, so that a line keeps its identity while others leave. */
	readonly number: number;
	readonly phase: 'pre-script' | 'post-script';
	readonly stream: 'stdout' | 'stderr';
	readonly line: string;
};

/** All that a screen shows of a cycle; made from its events alone, so that a watched backup is shown like a cycle of our own. */
export type Progress = {
	/** All six, in their order. */
	readonly phases: readonly PhaseProgress[];
	/** In the order in which they were first heard of. */
	readonly mounts: readonly MountProgress[];
	/** The latest lines, oldest first. */
	readonly output: readonly OutputProgress[];
	readonly startedAt: number | null;
	/** When the first filesystem was frozen. */
	readonly frozenAt: number | null;
	/** When the last one was thawed. */
	readonly thawedAt: number | null;
	/** How long after `frozenAt` everything is thawed whatever happens. */
	readonly thawsAfterMs: number | null;
	/** When the pre-script had ended: from then on the application is held. */
	readonly heldAt: number | null;
	/** When the post-script had ended. */
	readonly releasedAt: number | null;
	readonly warnings: readonly CycleWarning[];
	readonly result: CycleResult | null;
	/** When the result came. */
	readonly endedAt: number | null;
};

/** How many lines of output are kept: more than a screen shows. */
const mostLines = 200;
const mostWarnings = 50;

/** What there is to show before anything has happened. `known`: what the phases are known to be about already (the scripts' names, the mounts). */
export function initialProgress(known: Partial<Record<PhaseName, Partial<Pick<PhaseProgress, 'script' | 'mounts' | 'detail'>>>> = {}): Progress {
	return {
		phases: phaseNames.map(name => ({
			name, state: 'pending', startedAt: null, durationMs: null, limitMs: null, attempt: null, attempts: null, errors: [],
			script: known[name]?.script ?? null, mounts: known[name]?.mounts ?? [], detail: known[name]?.detail ?? null,
		})),
		mounts: [], output: [], startedAt: null, frozenAt: null, thawedAt: null, thawsAfterMs: null, heldAt: null, releasedAt: null, warnings: [], result: null, endedAt: null,
	};
}

/** One event later. */
export function foldProgress(progress: Progress, event: CycleEvent): Progress {
	const at = Date.parse(event.at);
	const next: Progress = {...progress, startedAt: progress.startedAt ?? at};
	switch (event.event) {
		case 'phase':
			return event.state === 'started' ? started(next, event, at) : ended(next, event, at);
		case 'output': {
			const number = (next.output.at(-1)?.number ?? 0) + 1;
			const {phase, stream, line} = event;
			return {...next, output: [...next.output, {number, phase, stream, line}].slice(-mostLines)};
		}
		case 'mount':
			return mount(next, event, at);
		case 'warning':
			return {...next, warnings: [...next.warnings, event].slice(-mostWarnings)};
		case 'result':
			return {...next, result: event, endedAt: at, releasedAt: next.heldAt === null ? null : next.releasedAt ?? at};
	}
}

function withPhase(progress: Progress, name: PhaseName, change: (phase: PhaseProgress) => PhaseProgress): Progress {
	return {...progress, phases: progress.phases.map(phase => (phase.name === name ? change(phase) : phase))};
}

function started(progress: Progress, event: PhaseStarted, at: number): Progress {
	const next = withPhase(progress, event.phase, phase => ({
		...phase,
		state: 'running',
		startedAt: phase.startedAt ?? at,
		limitMs: event.limitMs ?? phase.limitMs,
		attempt: event.attempt ?? phase.attempt,
		attempts: event.attempts ?? phase.attempts,
		script: event.script ?? phase.script,
		mounts: event.mounts ?? phase.mounts,
		detail: event.detail ?? null,
	}));
	return event.phase === 'freeze' ? {...next, thawsAfterMs: event.thawsAfterMs ?? next.thawsAfterMs} : next;
}

function ended(progress: Progress, event: PhaseEnded, at: number): Progress {
	const next = withPhase(progress, event.phase, phase => ({
		...phase,
		// Between two attempts the phase goes on.
		state: event.willRetry === true ? 'running' : event.state,
		durationMs: event.willRetry === true ? null : event.durationMs ?? null,
		attempt: event.attempt ?? phase.attempt,
		detail: event.detail ?? (event.state === 'succeeded' ? phase.detail : null),
		errors: event.errors ?? phase.errors,
	}));
	if (event.willRetry === true || event.state === 'skipped') return next;
	switch (event.phase) {
		case 'pre-script':
			return {...next, heldAt: next.heldAt ?? at};
		case 'post-script':
			return {...next, releasedAt: at};
		case 'freeze':
			// Seen from outside there are no single mounts: then the phase's end is the freeze.
			return event.state === 'succeeded' ? {...next, frozenAt: next.frozenAt ?? at} : next;
		case 'thaw':
			return event.state === 'succeeded' && next.frozenAt !== null ? {...next, thawedAt: next.thawedAt ?? at} : next;
		case 'check':
		case 'snapshot':
			return next;
	}
}

function mount(progress: Progress, event: MountState, at: number): Progress {
	const known = progress.mounts.find(one => one.mount === event.mount);
	const one: MountProgress = {
		mount: event.mount, state: event.state, since: known?.state === event.state ? known.since : at, durationMs: event.durationMs ?? null, detail: event.detail ?? null,
	};
	const mounts = known === undefined ? [...progress.mounts, one] : progress.mounts.map(other => (other === known ? one : other));
	const frozenAt = progress.frozenAt ?? (event.state === 'frozen' ? at : null);
	const still = mounts.some(({state}) => state === 'frozen' || state === 'thawing' || state === 'hung');
	// A later freeze after a first, partial one has been taken back opens the window again.
	const thawedAt = frozenAt === null || still ? null : event.state === 'thawed' ? at : progress.thawedAt;
	return {...progress, mounts, frozenAt, thawedAt};
}

/** True while anything is frozen, as far as the events tell. */
export function isFrozen(progress: Progress): boolean {
	return progress.frozenAt !== null && progress.thawedAt === null && progress.result === null;
}

/** How long the filesystems have been, or were, frozen; null where none was. */
export function freezeWindowOf(progress: Progress, now: number): number | null {
	if (progress.result !== null) return progress.frozenAt === null ? null : progress.result.freezeWindowMs;
	return progress.frozenAt === null ? null : Math.max(0, (progress.thawedAt ?? now) - progress.frozenAt);
}

/** How long the application has been, or was, held; null where it was not. */
export function quiesceWindowOf(progress: Progress, now: number): number | null {
	if (progress.heldAt === null) return null;
	return progress.result === null ? Math.max(0, (progress.releasedAt ?? now) - progress.heldAt) : progress.result.quiesceWindowMs;
}

/** How long a phase took, or has been running; null where it has not begun. */
export function phaseTime(phase: PhaseProgress, now: number): number | null {
	if (phase.durationMs !== null) return phase.durationMs;
	return phase.state === 'running' && phase.startedAt !== null ? Math.max(0, now - phase.startedAt) : null;
}

/** The phase that runs; null before the first and between two. */
export function runningPhase(progress: Progress): PhaseProgress | null {
	return progress.phases.find(({state}) => state === 'running') ?? null;
}
