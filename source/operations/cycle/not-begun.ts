import type {CycleResult, Interruption} from '../../core/cycle-events.js';
import {ownError} from '../../core/errors.js';
import {checkExtension, predict} from '../../core/extension/index.js';
import type {Failure} from '../../core/failure.js';
import {gatherExtensionFacts} from '../../system/azure-files.js';
import type {Telling} from './telling.js';

/** Why nothing was run: a signal came while it waited for the lock, or it could not be made ready. */
export type NotBegun = {readonly interrupted: Interruption} | {readonly failure: Failure};

/** Tells of a cycle that came to its end before anything of it was run, as of any other: phase by phase, and with a result. */
export function tellNotBegun(telling: Telling, configuration: string, tookMs: number, why: NotBegun): CycleResult {
	const interrupted = 'interrupted' in why;
	const errors = [ownError(interrupted ? 'Interrupted' : 'NotReady')];
	telling.start('check');
	telling.end('check', 'failed', {durationMs: tookMs, errors, detail: interrupted ? 'interrupted before it began' : [why.failure.message, ...why.failure.remedies].join(' ')});
	for (const phase of ['pre-script', 'freeze', 'snapshot', 'thaw', 'post-script'] as const) telling.skip(phase, interrupted ? 'interrupted' : 'the check failed');
	const result: CycleResult = {
		event: 'result', outcome: 'failed', errors, freezeWindowMs: 0, quiesceWindowMs: 0, mounts: [], snapshot: null,
		azure: predict(checkExtension(gatherExtensionFacts(configuration))),
		...(interrupted ? {interrupted: why.interrupted} : {}),
	};
	telling.tell(result);
	return result;
}
