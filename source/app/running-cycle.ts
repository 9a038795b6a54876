import {setTimeout as delay} from 'node:timers/promises';
import {Cell} from '../components/cell.js';
import type {CycleEvent, CycleResult} from '../core/cycle-events.js';
import {foldProgress, initialProgress, isFrozen, type Progress} from '../core/progress.js';
import {setCurrentWork, type WorkSignal} from './current-work.js';
import {startCycle, type CycleOrder} from '../operations/run-cycle.js';
import {countWaiting} from '../system/waiting-processes.js';

/** How often is counted who waits, while anything is frozen: the kernel tells nobody. Milliseconds. */
const countEveryMs = 1000;

/** What is known about a cycle besides its progress: it waits for the lock and makes ready, runs, or is over. */
export type CycleStage = 'preparing' | 'running' | 'ended';

/**
 * A cycle and its progress. Belongs to the process, not to a screen: screens come and look at the cells; only `abort` changes its fate.
 */
export class RunningCycle {
	readonly progress = new Cell<Progress>(initialProgress());
	readonly stage = new Cell<CycleStage>('preparing');
	/** The first signal that asked for its end. */
	readonly aborting = new Cell<WorkSignal | null>(null);
	/** While it waits for the lock: who holds it. */
	readonly holder = new Cell<string | null>(null);
	/** How many processes wait for a frozen filesystem; null where that cannot be told. */
	readonly waiting = new Cell<number | null>(null);
	/** Rejects with a Failure where nothing was begun. */
	readonly ended: Promise<CycleResult>;
	readonly #summarise: (progress: Progress, result: CycleResult) => string;
	readonly #interruption = new AbortController();
	#latest: Progress = initialProgress();
	#scheduled = false;
	/** While somebody counts who waits for the frozen filesystems. */
	#counting: AbortController | null = null;

	constructor(order: CycleOrder, summarise: (progress: Progress, result: CycleResult) => string) {
		this.#summarise = summarise;
		this.ended = this.#live(order);
		this.ended.catch(() => {});
		setCurrentWork({abort: this.abort, ended: this.ended.then(this.summary)});
	}

	/** Thaws, runs the post-script, and ends. Only the first one counts. */
	readonly abort = (signal: WorkSignal): void => {
		if (this.aborting.read() !== null || this.stage.read() === 'ended') return;
		this.aborting.set(signal);
		this.#interruption.abort(signal);
	};

	/** What stays on the terminal. */
	readonly summary = (result: CycleResult): string => this.#summarise(this.#latest, result);

	async #live(order: CycleOrder): Promise<CycleResult> {
		try {
			const run = await startCycle(order, event => this.#take(event), {signal: this.#interruption.signal, onWaiting: holder => this.holder.set(holder)});
			this.stage.set('running');
			return await run.ended;
		} finally {
			this.#counting?.abort();
			this.#flush();
			this.stage.set('ended');
			setCurrentWork(null);
		}
	}

	/** Never blocks and never throws: it is called in the middle of a freeze. A flood of lines is drawn once a turn. */
	#take(event: CycleEvent): void {
		this.#latest = foldProgress(this.#latest, event);
		this.#count(isFrozen(this.#latest));
		if (this.#scheduled) return;
		this.#scheduled = true;
		setImmediate(() => this.#flush());
	}

	#flush(): void {
		this.#scheduled = false;
		this.progress.set(this.#latest);
	}

	/** Begins and ends counting with the freeze. A freeze that is shorter than the first interval is not looked at. */
	#count(frozen: boolean): void {
		if (frozen === (this.#counting !== null)) return;
		this.#counting?.abort();
		this.#counting = frozen ? new AbortController() : null;
		if (this.#counting === null) this.waiting.set(null);
		else void this.#countUntil(this.#counting.signal);
	}

	async #countUntil(signal: AbortSignal): Promise<void> {
		for (;;) {
			const over = await delay(countEveryMs, false, {signal}).catch(() => true);
			if (over) return;
			const waiting = await countWaiting(signal);
			if (signal.aborted) return;
			this.waiting.set(waiting);
		}
	}
}
