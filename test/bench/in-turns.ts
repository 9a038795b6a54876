import {pause} from '../../source/system/time.js';
import type {Figures} from './figures.js';

/** One way to do what is compared, and how it is measured. */
export type Way = {readonly name: string; readonly measure: () => Promise<number> | number};

/** The kernel's grace periods make the first freeze after a pause the dear one, and that is the one that counts: filesystems rest for so long before. */
export const coldAfterMs = 700;

/** Measures all ways one right after another, again and again, each time beginning with the next one; before each a rest of so long. */
export async function inTurns(ways: readonly Way[], repeats: number, restMs = 0): Promise<(name: string) => Figures> {
	const measured = new Map<string, number[]>(ways.map(({name}) => [name, Array.from({length: repeats}, () => Number.NaN)]));
	for (let run = 0; run < repeats; run++) {
		for (let turn = 0; turn < ways.length; turn++) {
			const way = ways[(run + turn) % ways.length];
			if (way === undefined) continue;
			if (restMs > 0) await pause(restMs);
			(measured.get(way.name) ?? [])[run] = await way.measure();
		}
	}

	return name => measured.get(name) ?? [];
}
