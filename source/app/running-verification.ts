import {Cell} from '../components/cell.js';
import type {VerifyResult} from '../core/verification.js';
import {foldSteps, type StepRow} from '../core/verification-steps.js';
import {verifySnapshot} from '../operations/verify.js';
import {setCurrentWork, type WorkSignal} from './current-work.js';

/** A verification and how far it is. Belongs to the process, as a cycle does: its copies are removed before quiesce ends. */
export class RunningVerification {
	readonly steps = new Cell<readonly StepRow[]>([]);
	/** The first signal that asked for its end. */
	readonly aborting = new Cell<WorkSignal | null>(null);
	/** Null where it was aborted; its copies are gone then. Rejects with a Failure where it could not be tried. */
	readonly ended: Promise<VerifyResult | null>;
	readonly #abort = new AbortController();

	/** `words`: what stays on the terminal of it. */
	constructor(snapshot: string, words: (result: VerifyResult | null) => string) {
		this.ended = this.#live(snapshot);
		setCurrentWork({abort: this.abort, ended: this.ended.then(words)});
	}

	/** Where one wants to be when it has stopped; null where nobody at the screen stopped it. */
	stopped: 'back' | 'leave' | null = null;

	/** Somebody at the screen wants no more of it. The last word counts. */
	readonly stop = (to: 'back' | 'leave'): void => {
		this.stopped = to;
		this.abort('SIGINT');
	};

	readonly abort = (signal: WorkSignal): void => {
		if (this.aborting.read() !== null) return;
		this.aborting.set(signal);
		this.#abort.abort();
	};

	async #live(snapshot: string): Promise<VerifyResult | null> {
		try {
			return await verifySnapshot(snapshot, {signal: this.#abort.signal}, step => this.steps.set(foldSteps(this.steps.read(), step, Date.now())));
		} catch (error) {
			if (this.#abort.signal.aborted) return null;
			throw error;
		} finally {
			setCurrentWork(null);
		}
	}
}
