import {useState, useSyncExternalStore} from 'react';

/**
 * A value that is read and changed at once, also by two keys that arrive before the screen is drawn again; what is drawn follows.
 */
export class Cell<Value> {
	#value: Value;
	readonly #listeners = new Set<() => void>();

	constructor(value: Value) {
		this.#value = value;
	}

	readonly read = (): Value => this.#value;

	readonly set = (value: Value): void => {
		if (Object.is(value, this.#value)) return;
		this.#value = value;
		for (const listener of this.#listeners) listener();
	};

	readonly subscribe = (listener: () => void): (() => void) => {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	};
}

/** A cell of the component's own, and its value for drawing. */
export function useCell<Value>(initial: () => Value): readonly [Value, Cell<Value>] {
	const [cell] = useState(() => new Cell(initial()));
	return [useSyncExternalStore(cell.subscribe, cell.read), cell];
}

/** What a cell that lives elsewhere holds. */
export function useCellValue<Value>(cell: Cell<Value>): Value {
	return useSyncExternalStore(cell.subscribe, cell.read);
}
