import {mountLine, settledCycleLines} from '../core/settlement-words.js';
import type {ThawResult} from '../core/settlement.js';

/** What `quiesce thaw --json` answers. */
export function thawJson({cycles, named}: ThawResult): unknown {
	return {
		cycles: cycles.map(({cycle, at, restarted, mounts, scripts, postScript}) => ({
			id: cycle, at, restarted, mounts,
			preScriptEnded: scripts.endedPre,
			postScript: {path: postScript, ...scripts.post},
			processesLeft: scripts.left,
		})),
		directories: named,
	};
}

/** The same for people, a sentence a line. */
export function thawLines({cycles, named}: ThawResult): readonly string[] {
	if (cycles.length === 0 && named.length === 0) return ['Nothing to do: every cycle of quiesce came to its end, so nothing of its making is frozen or held.'];
	return [...named.map(mountLine), ...cycles.flatMap(settledCycleLines)];
}
