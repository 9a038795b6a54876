import type {CycleResult} from '../cycle-events.js';
import {exitCodes, type ExitCode} from '../failure.js';

/** How `quiesce cycle` ends after this result (README, "Exit codes"). */
export function exitCodeOf(result: Pick<CycleResult, 'outcome' | 'interrupted'>): ExitCode {
	switch (result.interrupted) {
		case 'SIGINT': return exitCodes.interrupted;
		case 'SIGTERM': return exitCodes.terminated;
		case 'SIGHUP': return exitCodes.hungUp;
		case undefined:
	}

	switch (result.outcome) {
		case 'application-consistent': return exitCodes.done;
		case 'file-system-consistent':
		case 'crash-consistent': return exitCodes.lessConsistent;
		case 'failed': return exitCodes.failed;
	}
}
