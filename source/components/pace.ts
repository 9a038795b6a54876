import {Cell} from './cell.js';

/** Five times a second is smooth enough, and what a serial console can just take. */
const usualMs = 200;
/** For a terminal that does not take even that. */
export const slowestPaceMs = 1000;

/** How often what moves by itself is drawn anew, in milliseconds, and since when (milliseconds since 1970). */
export const pace = new Cell({ms: usualMs, since: 0});

/** `slow`: the terminal cannot follow. */
export function setPace(slow: boolean): void {
	pace.set({ms: slow ? slowestPaceMs : usualMs, since: Date.now()});
}
