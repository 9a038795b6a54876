import type {CycleEvent, CycleResult, PhaseEnded, PhaseName} from '../core/cycle-events.js';
import {afterInterruption, errorName, inAzure} from '../core/cycle-words.js';
import {duration} from '../core/durations.js';
import {findError} from '../core/errors.js';
import type {ErrorReference} from '../core/outcome.js';
import {outcomeWords} from '../core/verdict-words.js';

const phaseWords: Readonly<Record<PhaseName, string>> = {
	check: 'check',
	'pre-script': 'pre-script',
	freeze: 'freeze',
	snapshot: 'snapshot',
	thaw: 'thaw',
	'post-script': 'post-script',
};

/** Prints a cycle for people who do not watch a screen: whole sentences, a line each, nothing redrawn. Answers the lines of one event, without line ends. */
export function plainCycle(): (event: CycleEvent) => readonly string[] {
	let frozenSince: string | undefined;
	return event => {
		const time = event.at.slice(11, 19);
		const say = (text: string): string => `${time} ${text}`;
		switch (event.event) {
			case 'phase': {
				if (event.state === 'started') {
					const parts = [
						event.script,
						event.attempts === undefined ? undefined : `attempt ${event.attempt} of ${event.attempts}`,
						event.limitMs === undefined ? undefined : `limit ${duration(event.limitMs)}`,
						event.mounts?.join(', '),
						event.detail,
					].filter(part => part !== undefined);
					return [say(`${phaseWords[event.phase]} started${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`)];
				}

				const lines = [say(phaseEnded(event))];
				if (event.phase === 'freeze' && event.state === 'succeeded') {
					lines.push(say('FROZEN'));
				} else if (event.phase === 'thaw' && event.state === 'succeeded' && frozenSince !== undefined) {
					lines[0] = say(`thawed after ${duration(Date.parse(event.at) - Date.parse(frozenSince))}`);
				}

				return lines;
			}

			case 'output':
				return [say(`${event.phase} ${event.stream === 'stderr' ? '(stderr) ' : ''}| ${event.line}`)];
			case 'mount':
				if (event.state === 'freezing') frozenSince ??= event.at;
				return event.state === 'refused' || event.state === 'hung' ? [say(`${event.mount} ${event.state === 'hung' ? 'does not answer' : 'cannot be frozen'}${event.detail === undefined ? '' : ` (${event.detail})`}`)] : [];
			case 'warning':
				return [say(`Warning: ${event.message}`), ...(event.remedy === undefined ? [] : [`         → ${event.remedy}`])];
			case 'result':
				return ['', ...summary(event)];
		}
	};
}

function phaseEnded({phase, state, durationMs, detail, willRetry}: PhaseEnded): string {
	const took = durationMs === undefined ? '' : ` after ${duration(durationMs)}`;
	const why = detail === undefined ? '' : `: ${detail}`;
	switch (state) {
		case 'succeeded': return `${phaseWords[phase]} done${took}${why}`;
		case 'failed': return `${phaseWords[phase]} ${willRetry === true ? 'attempt ' : ''}failed${took}${why}`;
		case 'timed-out': return `${phaseWords[phase]} timed out${took}${why}`;
		case 'skipped': return `${phaseWords[phase]} skipped${why}`;
	}
}

/** What stays on the terminal after a cycle: the outcome, the windows, each error explained with a way out, what Azure would have made of it. */
export function summary(result: CycleResult): readonly string[] {
	const {outcome, errors, freezeWindowMs, quiesceWindowMs, mounts, snapshot, interrupted} = result;
	const kept = snapshot?.path !== undefined;
	const lines = [
		interrupted !== undefined
			? `The cycle was interrupted (${interrupted}): ${afterInterruption(result)}.`
			: outcome === 'failed'
				? 'The cycle failed.'
				: `${outcomeWords[outcome].replace(/^./, letter => letter.toUpperCase())} ${kept ? 'snapshot' : 'rehearsal'}.`,
		`  ${mounts.length === 0 ? 'nothing was frozen' : `frozen ${duration(freezeWindowMs)}`}, ${quiesceWindowMs === 0 ? 'the application was not held' : `application held ${duration(quiesceWindowMs)}`}${mounts.length === 0 ? '' : `: ${mounts.join(', ')}`}`,
	];
	if (kept) lines.push(`  snapshot ${snapshot.path}${outcome === 'failed' ? ' (kept and marked: failed)' : ''}`);
	lines.push(`  in Azure ${inAzure(result)}`);
	// That it was interrupted stands in the first line.
	for (const error of errors.filter(({name}) => interrupted === undefined || name !== 'Interrupted')) lines.push('', ...explained(error));
	return lines;
}

function explained(error: ErrorReference): readonly string[] {
	const entry = findError(error.name);
	if (entry === undefined) return [errorName(error)];
	return [`${errorName(error)}: ${entry.happened}`, ...entry.remedies.slice(0, 2).map(remedy => `  → ${remedy}`)];
}
