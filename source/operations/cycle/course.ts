import type {CycleHappening, Interruption} from '../../core/cycle-events.js';
import {ownError} from '../../core/errors.js';
import {Failure} from '../../core/failure.js';
import type {ErrorReference} from '../../core/outcome.js';
import type {JournalStep} from '../../system/journal.js';
import type {Preparation} from './preparation.js';
import {messageOf, Telling} from './telling.js';

/** What all parts of one cycle share: what it stands on, whom it tells, what it notes, which errors it met, and whether it was interrupted. */
export class Course {
	readonly ready: Preparation;
	readonly telling: Telling;
	/** In the order in which they were met. */
	readonly errors: ErrorReference[] = [];
	/** Mount points that could not be thawed. */
	stuck: readonly string[] = [];
	/** The state directory lies on one of them: it can be read but not written. */
	stateStuck = false;
	readonly #aborting = new AbortController();
	#interrupted: Interruption | undefined;
	#bug: unknown;

	constructor(ready: Preparation, tell: (happening: CycleHappening) => void) {
		this.ready = ready;
		this.telling = new Telling(tell);
	}

	get interrupted(): Interruption | undefined {
		return this.#interrupted;
	}

	/** Aborted when the cycle is interrupted. */
	get signal(): AbortSignal {
		return this.#aborting.signal;
	}

	/** A thrown thing that nobody expected. */
	get bug(): unknown {
		return this.#bug;
	}

	abort(signal: Interruption): void {
		if (this.#interrupted !== undefined) return;
		this.#interrupted = signal;
		this.#aborting.abort(new Failure(`The cycle was interrupted (${signal}).`));
	}

	met(error: unknown): void {
		this.telling.warn('unexpected', messageOf(error));
		if (error instanceof Failure) this.errors.push(ownError('SnapshotFailed'));
		else this.#bug ??= error;
	}

	/** On disk before the thing happens. Throws where it cannot be written. */
	note(...steps: readonly JournalStep[]): void {
		this.ready.journal.append(...steps);
	}

	/** Where nothing may be left undone because a note cannot be written. */
	tryNote(...steps: readonly JournalStep[]): void {
		if (this.stateStuck) return;
		try {
			this.note(...steps);
		} catch (error) {
			this.telling.warn('journal', messageOf(error));
		}
	}
}
