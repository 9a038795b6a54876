import type {CycleResult} from '../core/cycle-events.js';

export type CycleSignal = NonNullable<CycleResult['interrupted']>;

/** What the app must know about a cycle of this process that is not over yet, to end it before it ends itself. */
export type CurrentCycle = {
	/** Rejects where nothing was begun. */
	readonly ended: Promise<CycleResult>;
	/** Thaws, runs the post-script, and ends. Only the first one counts. */
	readonly abort: (signal: CycleSignal) => void;
	/** What stays on the terminal. */
	readonly summary: (result: CycleResult) => string;
};

let current: CurrentCycle | null = null;

export function currentCycle(): CurrentCycle | null {
	return current;
}

export function setCurrentCycle(cycle: CurrentCycle | null): void {
	current = cycle;
}
