import type {PhaseEnd, PhaseName} from '../cycle-events.js';
import type {ErrorReference} from '../outcome.js';

/** One phase as far as the log tells. Times in milliseconds since 1970 UTC. */
export type PhaseStory = {
	readonly state: 'pending' | 'running' | PhaseEnd;
	readonly startedAt: number | null;
	/** For a skipped phase: when that was clear. */
	readonly endedAt: number | null;
	readonly errors: readonly ErrorReference[];
	readonly detail?: string;
	readonly limitMs?: number;
	/** Of the freeze: so long after it everything is thawed whatever happens. */
	readonly thawsAfterMs?: number;
	readonly script?: string;
	readonly mounts?: readonly string[];
	/** 2 where the extension tries a second way to the snapshot. */
	readonly attempt?: number;
};

export type Phases = Readonly<Record<PhaseName, PhaseStory>>;
