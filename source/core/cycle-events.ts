import type {ErrorReference, Outcome, Verdict} from './outcome.js';

/** The six phases of a cycle, in their order. */
export const phaseNames = ['check', 'pre-script', 'freeze', 'snapshot', 'thaw', 'post-script'] as const;
export type PhaseName = (typeof phaseNames)[number];
export type PhaseEnd = 'succeeded' | 'failed' | 'timed-out' | 'skipped';

/** A phase begins. A retried script starts its phase again with the next `attempt`. */
export type PhaseStarted = {
	readonly event: 'phase';
	readonly phase: PhaseName;
	readonly state: 'started';
	/** 1 for the first run of a script; absent in phases without attempts. */
	readonly attempt?: number;
	/** How many runs there may be at most: retries + 1. */
	readonly attempts?: number;
	/** How long this phase may last at most, over all its attempts. */
	readonly limitMs?: number;
	/** The script that runs. */
	readonly script?: string;
	/** The mounts that the phase is about (freeze, thaw). */
	readonly mounts?: readonly string[];
	/** Of the freeze: how long after it everything is thawed whatever happens. */
	readonly thawsAfterMs?: number;
	/** One short clause for people: what is being done. */
	readonly detail?: string;
};

/** A phase ends, or one attempt of it (`willRetry`). */
export type PhaseEnded = {
	readonly event: 'phase';
	readonly phase: PhaseName;
	readonly state: PhaseEnd;
	/** Absent for a skipped phase. */
	readonly durationMs?: number;
	readonly attempt?: number;
	/** True where another attempt follows. */
	readonly willRetry?: boolean;
	/** The errors that the phase met. */
	readonly errors?: readonly ErrorReference[];
	/** One short clause for people: why it failed, or why it was skipped. */
	readonly detail?: string;
};

/** One line that a script wrote (bounded: a long one arrives in pieces, a flood is counted instead of shown). */
export type OutputLine = {
	readonly event: 'output';
	readonly phase: 'pre-script' | 'post-script';
	readonly stream: 'stdout' | 'stderr';
	readonly line: string;
};

/** What one filesystem is doing. `hung`: the kernel has not answered the freeze or thaw call for some seconds. */
export type MountState = {
	readonly event: 'mount';
	readonly mount: string;
	readonly state: 'freezing' | 'frozen' | 'refused' | 'thawing' | 'thawed' | 'hung';
	/** How long the call took. */
	readonly durationMs?: number;
	readonly detail?: string;
};

/** Something that an administrator should know, without an influence on the outcome. */
export type CycleWarning = {
	readonly event: 'warning';
	/** Kebab-case, stable. */
	readonly id: string;
	readonly message: string;
	readonly remedy?: string;
};

/** Where the snapshot is; null in a result without one. */
export type SnapshotReference = {
	readonly provider: string;
	readonly id: string;
	/** Absent where nothing was kept (rehearsal). */
	readonly path?: string;
};

/** The last event of every cycle, also of an interrupted one. */
export type CycleResult = {
	readonly event: 'result';
	readonly outcome: Outcome;
	readonly errors: readonly ErrorReference[];
	/** From the first filesystem frozen to the last one thawed; 0 where nothing was frozen. */
	readonly freezeWindowMs: number;
	/** From the end of the pre-script to the end of the post-script; 0 where the pre-script did not run. */
	readonly quiesceWindowMs: number;
	/** What was frozen. */
	readonly mounts: readonly string[];
	readonly snapshot: SnapshotReference | null;
	/** What Azure's extension would have made of the very same cycle. */
	readonly azure: Verdict;
	/** Where a signal ended the cycle. */
	readonly interrupted?: Interruption;
};

/** A signal that ends a cycle before its time. */
export type Interruption = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export type CycleHappening = PhaseStarted | PhaseEnded | OutputLine | MountState | CycleWarning | CycleResult;

/**
 * One event of a cycle, as it stands in a line of `cycle --json`. `at` is ISO 8601 UTC with milliseconds. `seen`: only where a cycle is followed, and its
 * log does not say it (yet): `outside`, by looking at the machine, `status`, in the extension's status file.
 */
export type CycleEvent = CycleHappening & {readonly at: string; readonly seen?: 'outside' | 'status'};

/** Whatever takes events: a printer, a screen, the history. Must not throw and must not block. */
export type EventSink = (event: CycleEvent) => void;
