import {Cell} from '../../components/cell.js';
import type {CycleEvent} from '../../core/cycle-events.js';
import type {CycleStory} from '../../core/extension-log/cycle.js';
import {narrate} from '../../core/extension-log/narrator.js';
import {foldProgress, initialProgress, type Progress} from '../../core/progress.js';
import type {FollowOrder, FollowView, Following} from '../../operations/follow.js';

export type WatchState = {
	/** Null until the log has been read. */
	readonly view: FollowView | null;
	/** Of the latest backup, seen from outside where the log is silent. */
	readonly progress: Progress;
	/** A backup that was seen running: it stays on the screen when it has ended. */
	readonly watched: string | null;
	readonly failure: {readonly error: unknown} | null;
};

/** Follows the extension while its screen is open. */
export class WatchSession {
	readonly state: Cell<WatchState>;
	readonly #order: FollowOrder;
	readonly #memory: Map<string, unknown>;
	#following: Following | null = null;
	#closed = false;

	/** `memory`: where it is kept which backup was seen running, while the screen is covered by another one. */
	constructor(order: FollowOrder, memory: Map<string, unknown>) {
		this.#order = order;
		this.#memory = memory;
		const watched = memory.get('watched');
		this.state = new Cell<WatchState>({view: null, progress: initialProgress(), watched: typeof watched === 'string' ? watched : null, failure: null});
	}

	/** Reads the log, and follows it from there. */
	begin(): void {
		this.#follow().catch((error: unknown) => {
			if (!this.#closed) this.state.set({...this.state.read(), failure: {error}});
		});
	}

	/** The backup that has ended has been looked at. */
	dismiss(): void {
		this.#memory.delete('watched');
		this.state.set({...this.state.read(), watched: null});
	}

	close(): void {
		this.#closed = true;
		this.#following?.close();
	}

	async #follow(): Promise<void> {
		// Only now, so that the first frame need not wait for it.
		const {follow} = await import('../../operations/follow.js');
		if (this.#closed) return;
		// What is drawn is made anew from all that is known: an event that was corrected leaves nothing behind.
		const following = await follow(this.#order, {events: () => {}, changed: view => this.#show(view)});
		if (this.#closed) following.close();
		else this.#following = following;
	}

	#show(view: FollowView): void {
		if (this.#closed) return;
		const {latest} = view;
		const watched = latest !== null && latest.end === null ? latest.id : this.state.read().watched;
		this.#memory.set('watched', watched);
		this.state.set({view, progress: latest === null ? initialProgress() : progressOf(latest, view.outside), watched, failure: null});
	}
}

/** What the live screen shows of a backup. */
export function progressOf(story: CycleStory, outside: readonly CycleEvent[] = []): Progress {
	return [...narrate(story), ...outside].reduce(foldProgress, initialProgress());
}
