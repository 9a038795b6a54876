import {Cell} from '../../components/cell.js';
import {Failure} from '../../core/failure.js';
import type {Overview} from '../../core/overview.js';
import {settledCycleLines} from '../../core/settlement-words.js';
import type {OverviewChange} from '../../operations/overview.js';
import type {ChangeWatch} from '../../system/change-watch.js';

/** How many findings of the doctor there are. */
export type FindingCounts = {readonly errors: number; readonly warnings: number};

export type HomeState = {
	/** Null until the first look. */
	readonly overview: Overview | null;
	readonly findings: FindingCounts | null;
	/** What was made up for that earlier cycles had left, or why it could not be. */
	readonly settled: readonly string[];
};

/** Several changes of one moment are one, and a log that grows is looked at no more often than this. */
const patienceMs = 1000;

/** Looks at how things stand, for as long as the home screen is open: at once, and whenever something may have changed. */
export class HomeSession {
	readonly state = new Cell<HomeState>({overview: null, findings: null, settled: []});
	readonly #configuration: string;
	readonly #mounts: readonly string[];
	/** Unfinished cycles that have been seen to: once each, or what cannot be settled would be tried for ever. */
	readonly #seenTo = new Set<string>();
	#watch: ChangeWatch | null = null;
	#watched = '';
	#timer: NodeJS.Timeout | null = null;
	/** What is to be looked at when the timer rings, or when the look that is under way has ended. */
	#wanted: OverviewChange | null = null;
	#busy = false;
	#closed = false;

	constructor(configuration: string, mounts: readonly string[]) {
		this.#configuration = configuration;
		this.#mounts = mounts;
	}

	/** Looks at everything. */
	look(): void {
		this.#wanted = 'settings';
		void this.#work();
	}

	close(): void {
		this.#closed = true;
		this.#watch?.close();
		if (this.#timer !== null) clearTimeout(this.#timer);
	}

	#changed(what: OverviewChange): void {
		if (this.#wanted !== 'settings') this.#wanted = what;
		this.#timer ??= setTimeout(() => {
			this.#timer = null;
			void this.#work();
		}, patienceMs);
	}

	async #work(): Promise<void> {
		if (this.#busy || this.#closed) return;
		this.#busy = true;
		while (this.#wanted !== null && !this.#closed) {
			const what = this.#wanted;
			this.#wanted = null;
			await this.#lookOnce(what);
		}
		this.#busy = false;
	}

	async #lookOnce(what: OverviewChange): Promise<void> {
		// Only now, so that the first frame need not wait for it.
		const {lookAround, watchOverview} = await import('../../operations/overview.js');
		if (this.#closed) return;
		let overview = lookAround(this.#configuration, this.#mounts);
		this.#set({overview});
		const {presence} = overview;
		if (presence.is === 'unfinished' && !this.#seenTo.has(presence.since)) {
			this.#seenTo.add(presence.since);
			const {resume} = await import('../../operations/resume.js');
			this.#set({settled: await resume().then(({cycles}) => cycles.flatMap(settledCycleLines), failureLines)});
			if (this.#closed) return;
			overview = lookAround(this.#configuration, this.#mounts);
			this.#set({overview});
		}
		const key = JSON.stringify(overview.scripts);
		if (this.#watch === null || key !== this.#watched) {
			this.#watch?.close();
			this.#watched = key;
			this.#watch = watchOverview(overview, changed => this.#changed(changed));
		}
		if (what === 'settings') await this.#examine();
	}

	async #examine(): Promise<void> {
		const {examine} = await import('../../operations/examine.js');
		const examination = await examine({configuration: this.#configuration, ...(this.#mounts.length === 0 ? {} : {mounts: this.#mounts})}).catch(() => null);
		if (examination === null) return;
		const count = (severity: string): number => examination.findings.filter(finding => finding.severity === severity).length;
		this.#set({findings: {errors: count('error'), warnings: count('warning')}});
	}

	#set(change: Partial<HomeState>): void {
		if (!this.#closed) this.state.set({...this.state.read(), ...change});
	}
}

function failureLines(error: unknown): readonly string[] {
	return [error instanceof Error ? error.message : String(error), ...(error instanceof Failure ? error.remedies.map(remedy => `  ${remedy}`) : [])];
}
