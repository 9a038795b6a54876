import type {SnapshotReference} from '../core/cycle-events.js';
import type {PlannedTarget} from '../core/freeze-plan.js';
import type {MountFacts} from '../core/mount-facts.js';
import type {ErrorReference, Outcome} from '../core/outcome.js';

/** What a snapshot is to be taken of. */
export type SnapshotOrder = {
	/** The cycle's id: letters, digits, dashes. */
	readonly id: string;
	/** Absolute, without links; snapshots that are kept on this machine lie in `snapshots` beneath it. */
	readonly stateDirectory: string;
	/** The filesystems of the cycle, whether or not they will be frozen. */
	readonly targets: readonly PlannedTarget[];
	readonly facts: MountFacts;
	/** Whether the filesystems will be frozen meanwhile. */
	readonly frozen: boolean;
	/** How long everything stays frozen after it was taken. */
	readonly holdMs: number;
	/** So long it may take, the hold not counted: everything waits for it, or, where nothing is frozen, the application. Then it is given up. */
	readonly limitMs: number;
};

/** What a snapshot is marked with once its cycle has come to its end. */
export type SnapshotMark = {
	/** When it was taken, ISO 8601 UTC. */
	readonly at: string;
	readonly outcome: Outcome;
	readonly errors: readonly ErrorReference[];
	/** Whether the pre-script ran, and to a good end; and the applications that it holds and marks. */
	readonly preScriptSucceeded: boolean;
	readonly applications: readonly string[];
	readonly interrupted?: string;
};

/** A snapshot that can be taken. All that could keep it from being taken, and all that has to be loaded for it, lies behind it. */
export type PreparedSnapshot = {
	/** One short clause for people: where it goes. */
	readonly detail: string;
	/** Takes it; rejects where it cannot, or was aborted. Writes nowhere but to its own destination, and loads and starts nothing. */
	take(signal: AbortSignal): Promise<void>;
	/** After the thaw and the post-script: completes what was taken and answers where it is. */
	keep(mark: SnapshotMark): Promise<SnapshotReference>;
	/** Removes what there is of it. */
	release(): Promise<void>;
};

/** A way to take snapshots. */
export type Provider = {
	readonly name: string;
	/** One line for people. */
	readonly summary: string;
	/** Throws a Failure (exit 2) where it cannot take this one: nothing has been run or frozen then. */
	prepare(order: SnapshotOrder): Promise<PreparedSnapshot>;
};

/** The beginning of a detail: how long everything stays frozen afterwards. */
export function heldFor(holdMs: number): string {
	return holdMs === 0 ? '' : `held for ${holdMs / 1000} s, `;
}
