import {Cell} from '../../components/cell.js';
import type {Examination} from '../../core/checks/examination.js';
import type {Finding} from '../../core/checks/finding.js';
import type {ExamineOptions} from '../../operations/examine.js';
import type {MendPlan} from '../../operations/mend.js';
import type {ChangeWatch} from '../../system/change-watch.js';
import type * as Machine from './machine-access.js';

/** All that the doctor's screen shows, but for where the pointer stands. */
export type DoctorState = {
	/** Null until the first answer is there. */
	readonly examination: Examination | null;
	readonly busy: 'examining' | 'mending' | null;
	/** When the answer was given. */
	readonly checkedAt: Date | null;
	/** The titles of what was mended since the screen was opened, and has not come back. */
	readonly mended: readonly {readonly id: string; readonly title: string}[];
	/** What is about to be changed, while it is shown and not yet agreed to. */
	readonly plan: MendPlan | null;
	/** What could not be mended the last time, a sentence each. */
	readonly refused: readonly string[];
	readonly watching: boolean;
	/** What nobody expected to be thrown; for the view to throw where it is drawn. */
	readonly failure: {readonly error: unknown} | null;
};

/** Examines, mends and watches on behalf of the screen; lives as long as that is open. */
export class DoctorSession {
	readonly state = new Cell<DoctorState>({examination: null, busy: null, checkedAt: null, mended: [], plan: null, refused: [], watching: false, failure: null});
	readonly #options: ExamineOptions;
	/** Null until the first look. */
	#machine: typeof Machine | null = null;
	#watches: readonly ChangeWatch[] = [];
	#watched = '';
	#again = false;
	#closed = false;

	/** `before`: how a session of the same place stood when it was covered; it is shown until the new answer is there. */
	constructor(options: ExamineOptions, before?: DoctorState) {
		this.#options = options;
		if (before !== undefined) this.state.set({...before, busy: null, plan: null});
	}

	/** Looks at everything; where that is under way already, once more after it. */
	check(): void {
		if (this.state.read().busy !== null) {
			this.#again = true;
			return;
		}

		this.#set({busy: 'examining', refused: []});
		void this.#work(async machine => this.#take(await machine.examine(this.#options)));
	}

	/** Works out what mending would change, to be shown. */
	propose(findings: readonly Finding[]): void {
		if (this.#machine === null || this.state.read().busy !== null || findings.length === 0) return;
		this.#set({plan: this.#machine.planMends(findings), refused: []});
	}

	/** Leaves everything as it is. */
	decline(): void {
		this.#set({plan: null});
	}

	/** Changes what was shown, and looks again. */
	accept(): void {
		const {plan, busy} = this.state.read();
		if (plan === null || busy !== null) return;
		this.#set({plan: null, busy: 'mending'});
		void this.#work(async machine => {
			const {mended, refused, examination} = await machine.applyMends(plan, this.#options);
			this.#set({
				mended: [...this.state.read().mended, ...mended.map(({finding: {id, title}}) => ({id, title}))],
				refused: refused.map(({finding, why}) => `${finding.title}: ${why}`),
			});
			this.#take(examination);
		});
	}

	/** Looks again whenever one of the files changes; a second time ends that. */
	toggleWatching(): void {
		this.#set({watching: !this.state.read().watching});
		this.#arm();
	}

	close(): void {
		this.#closed = true;
		this.#arm();
	}

	#take(examination: Examination): void {
		const still = new Set(examination.findings.map(({id}) => id));
		this.#set({examination, busy: null, checkedAt: new Date(), mended: this.state.read().mended.filter(({id}) => !still.has(id))});
	}

	async #work(work: (machine: typeof Machine) => Promise<void>): Promise<void> {
		try {
			this.#machine ??= await import('./machine-access.js');
			await work(this.#machine);
		} catch (error) {
			this.#set({failure: {error}});
		}

		this.#set({busy: null});
		this.#arm();
		if (!this.#again || this.#closed) return;
		this.#again = false;
		this.check();
	}

	#arm(): void {
		const {watching, examination} = this.state.read();
		const files = watching && !this.#closed ? examination?.files ?? [] : [];
		const key = files.join('\n');
		if (key === this.#watched) return;
		this.#watched = key;
		for (const watch of this.#watches) watch.close();
		this.#watches = files.flatMap(path => this.#machine?.watchFile(path, () => this.check()) ?? []);
	}

	#set(change: Partial<DoctorState>): void {
		if (!this.#closed) this.state.set({...this.state.read(), ...change});
	}
}
