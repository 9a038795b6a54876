import type {Interruption} from '../core/cycle-events.js';

/** A signal that ends what is under way. */
export type WorkSignal = Interruption;

/** What the app must know about something of this process that is not over yet, and leaves something behind where it is cut off: a cycle, a verification. */
export type CurrentWork = {
	/** Answers what stays on the terminal. Rejects where nothing was begun. */
	readonly ended: Promise<string>;
	/** Brings it to its end: a cycle thaws and runs the post-script, a verification removes its copies. Only the first one counts. */
	readonly abort: (signal: WorkSignal) => void;
};

let current: CurrentWork | null = null;

export function currentWork(): CurrentWork | null {
	return current;
}

export function setCurrentWork(work: CurrentWork | null): void {
	// Whoever waits for it hears of it; where nobody does, a rejection is no fault of its own.
	work?.ended.catch(() => {});
	current = work;
}
