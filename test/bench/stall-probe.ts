// Loaded into the guard's process by the bench: tells, over descriptor 3, of garbage collections and late turns of the event loop when they happen.
import {writeSync} from 'node:fs';
import {PerformanceObserver} from 'node:perf_hooks';

/** Milliseconds; a turn that comes later than this is told. */
const lateMs = 2;
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export type Stall = {readonly what: 'collection' | 'late turn'; /** CLOCK_MONOTONIC, milliseconds. */ readonly at: number; readonly ms: number};

function tell(stall: Stall): void {
	try {
		writeSync(3, `${JSON.stringify(stall)}\n`);
	} catch {
		// Nobody listens any more.
	}
}

new PerformanceObserver(list => {
	for (const {startTime, duration} of list.getEntries()) tell({what: 'collection', at: startTime + offset, ms: duration});
}).observe({entryTypes: ['gc']});

let last = performance.now();
setInterval(() => {
	const now = performance.now();
	if (now - last - 1 > lateMs) tell({what: 'late turn', at: last + offset, ms: now - last - 1});
	last = now;
}, 1);
