import {Cell} from './cell.js';

/** Five times a second is smooth enough, and what a serial console can just take. */
export const usualPaceMs = 200;
/** For a terminal that does not take even that, and for what has gone on for long and will go on. */
export const slowestPaceMs = 1000;

/** How often what moves by itself is drawn anew, in milliseconds. */
export const pace = new Cell(usualPaceMs);

/** `slow`: the terminal cannot follow. */
export function setPace(slow: boolean): void {
	pace.set(slow ? slowestPaceMs : usualPaceMs);
}
