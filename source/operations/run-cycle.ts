import type {CycleEvent, CycleHappening, CycleResult, EventSink, Interruption} from '../core/cycle-events.js';
import {Failure} from '../core/failure.js';
import {historyFold} from '../core/history.js';
import type {GuardStart} from '../system/guard.js';
import {appendHistory} from '../system/history-store.js';
import {Cycle} from './cycle/cycle.js';
import {tellNotBegun} from './cycle/not-begun.js';
import {asFailedCycle, prepareCycle, type CycleOrder, type Preparation} from './cycle/preparation.js';
import {Telling} from './cycle/telling.js';

export type {CycleOrder} from './cycle/preparation.js';

/** A cycle under way. */
export type CycleRun = {
	/** Resolves after the last event, when nothing is frozen or held any more. Rejects only for a bug, and then too after the result. */
	readonly ended: Promise<CycleResult>;
};

export type CycleStart = GuardStart & {
	/** Aborted with an Interruption: thaws, runs the post-script, and ends; a cycle that still waits for the lock ends without having done anything. */
	readonly signal: AbortSignal;
};

/**
 * Begins a live cycle: check, pre-script, freeze, snapshot, thaw, post-script. Its events go to the sink as they happen; the last one is the result.
 * Rejects with a Failure where nothing was begun: exit code 7 where another cycle or the extension holds the lock, 2 for a mount or a provider that will not do.
 */
export async function startCycle(order: CycleOrder, sink: EventSink, start: CycleStart): Promise<CycleRun> {
	const {signal} = start;
	const began = performance.now();
	let preparation: Preparation;
	try {
		preparation = await prepareCycle(order, start);
	} catch (error) {
		const why = signal.aborted ? {interrupted: interruptionOf(signal)} : asFailedCycle(error);
		if (why === null) throw error;
		const telling = new Telling(happening => sink({...happening, at: new Date().toISOString()}));
		return {ended: Promise.resolve(tellNotBegun(telling, order.configuration, performance.now() - began, why))};
	}

	const history = historyFold(preparation.id, 'quiesce');
	const tell = (happening: CycleHappening): void => {
		const event = {...happening, at: new Date().toISOString()};
		if (event.event === 'result') remember(event);
		else history.take(event);
		sink(event);
	};

	/** Before the result is told, because it is the last event: a history that cannot be written is told too. */
	const remember = (event: CycleEvent): void => {
		history.take(event);
		const entry = history.entry();
		try {
			if (cycle.stateStuck) throw new Failure('This cycle is not in the history: what the state directory lies on is still frozen.');
			if (entry !== null) appendHistory(preparation.stateDirectory, entry);
		} catch (error) {
			tell({event: 'warning', id: 'history', message: error instanceof Error ? error.message : String(error)});
		}
	};

	const cycle = new Cycle(preparation, tell);
	const abort = (): void => cycle.abort(interruptionOf(signal));
	if (signal.aborted) abort();
	else signal.addEventListener('abort', abort, {once: true});
	return {ended: cycle.run()};
}

function interruptionOf(signal: AbortSignal): Interruption {
	return signal.reason as Interruption;
}
