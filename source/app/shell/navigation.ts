import {Cell} from '../../components/cell.js';
import type {Leaving, Route} from '../view.js';
import {views, type ViewModule} from './views.js';

/** One view of the stack. */
export type StackEntry = {readonly number: number; readonly route: Route; readonly module: ViewModule | null; readonly memory: Map<string, unknown>};

/** Which views are open, one on top of the other; only the uppermost is drawn. */
export class Navigation {
	readonly stack = new Cell<readonly StackEntry[]>([]);
	/** Resolves when the app is to be left. Rejects with what kept a view from being loaded. */
	readonly left: Promise<Leaving>;
	readonly #hold: () => () => void;
	#leave: (leaving: Leaving) => void = () => {};
	#fail: (error: unknown) => void = () => {};
	#number = 0;

	/** `hold`: keeps keys back while a view is loaded; answers what lets them through. */
	constructor(hold: () => () => void) {
		this.#hold = hold;
		this.left = new Promise((resolve, reject) => {
			this.#leave = resolve;
			this.#fail = reject;
		});
		// It is awaited only once the first view is there.
		this.left.catch(() => {});
	}

	readonly open = (route: Route): void => void this.show(route);

	/** Opens a view, and resolves when it is there. */
	readonly show = async (route: Route): Promise<void> => this.#show(route, entry => [...this.stack.read(), entry]);

	readonly replace = (route: Route): void => void this.#show(route, entry => [...this.stack.read().slice(0, -1), entry]);

	readonly back = (): void => {
		if (this.stack.read().length > 1) this.stack.set(this.stack.read().slice(0, -1));
		else this.#leave({exitCode: 0});
	};

	readonly leave = (leaving: Leaving): void => this.#leave(leaving);

	/** Ends the app with what was thrown. */
	readonly fail = (error: unknown): void => this.#fail(error);

	async #show(route: Route, change: (entry: StackEntry) => readonly StackEntry[]): Promise<void> {
		const release = this.#hold();
		try {
			const module = await views[route.view]?.() ?? null;
			this.#number++;
			this.stack.set(change({number: this.#number, route, module, memory: new Map()}));
		} catch (error) {
			this.#fail(error);
		} finally {
			// After the view has been drawn and listens.
			setImmediate(release);
		}
	}
}
