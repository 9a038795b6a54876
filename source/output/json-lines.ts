import type {CycleEvent} from '../core/cycle-events.js';

/** One event as a line of NDJSON, its line end included. */
export function jsonLine(event: CycleEvent): string {
	return `${JSON.stringify(event)}\n`;
}
