import type {CycleEvent, CycleHappening, CycleResult, EventSink} from '../core/cycle-events.js';
import {Failure} from '../core/failure.js';
import {historyFold} from '../core/history.js';
import type {BegunGuard} from '../system/guard/beginning.js';
import {appendHistory} from '../system/history-store.js';
import {asFailedCycle, prepareCycle, type CycleOrder} from './cycle/preparation.js';
import {Cycle} from './cycle/cycle.js';

export type {CycleOrder} from './cycle/preparation.js';

/** A cycle under way. */
export type CycleRun = {
	readonly id: string;
	/** Resolves after the last event, when nothing is frozen or held any more. Rejects only for a bug, and then too after the result. */
	readonly ended: Promise<CycleResult>;
	/** Thaws, runs the post-script, and ends: what a signal asks for. Only the first one counts. */
	abort(signal: NonNullable<CycleResult['interrupted']>): void;
};

/**
 * Begins a live cycle: check, pre-script, freeze, snapshot, thaw, post-script. Its events go to the sink as they happen; the last one is the result. `begun`: a
 * guard that was begun for it.
 * Rejects with a Failure where nothing was begun: exit code 7 where another cycle or the extension holds the lock, 2 for a mount or a provider that will not do.
 */
export async function startCycle(order: CycleOrder, sink: EventSink, begun?: BegunGuard): Promise<CycleRun> {
	const preparation = await prepareCycle(order, begun).catch((error: unknown) => {
		throw asFailedCycle(error);
	});
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
	return {
		id: preparation.id,
		ended: cycle.run(),
		abort: signal => cycle.abort(signal),
	};
}
