/** Numbers by chance, the same ones for the same seed (mulberry32). */
export type Chance = {
	/** At least 0, less than 1. */
	readonly next: () => number;
	/** A whole number from `from` to `to`, both included. */
	readonly whole: (from: number, to: number) => number;
	readonly pick: <Item>(items: readonly Item[]) => Item;
};

export function chanceFrom(seed: number): Chance {
	let state = seed >>> 0;
	const next = (): number => {
		state = (state + 0x6D2B79F5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
	return {
		next,
		whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
		pick: items => items[Math.floor(next() * items.length)]!,
	};
}
