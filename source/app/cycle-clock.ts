import {useNow} from '../components/clock.js';
import {slowestPaceMs} from '../components/pace.js';
import {isFrozen, phaseTime, runningPhase, type Progress} from '../core/progress.js';

/** A phase that has gone on for longer than this goes on: nobody looks for tenths any more. */
const quietAfterMs = 3000;

/** The clock of a live cycle: anew several times a second while anything is frozen or a phase is young, once a second in a long one. `lagMs`: how far the cycle's own clock is behind. */
export function useCycleClock(progress: Progress, lagMs = 0): number {
	const running = runningPhase(progress);
	return useNow(now => (running !== null && !isFrozen(progress) && (phaseTime(running, now - lagMs) ?? 0) > quietAfterMs ? slowestPaceMs : 0)) - lagMs;
}
