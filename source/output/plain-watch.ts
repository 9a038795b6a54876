import type {CycleEvent, CycleResult} from '../core/cycle-events.js';
import type {CycleStory} from '../core/extension-log/cycle.js';
import {duration} from '../core/durations.js';
import {outcomeWords} from '../core/verdict-words.js';
import {plainCycle} from './plain-cycle.js';

/** Prints followed backups for people who do not watch a screen: a line each, nothing redrawn. Answers the lines of one event, without line ends. */
export function plainWatch(): (event: CycleEvent, story: CycleStory) => readonly string[] {
	let print = plainCycle();
	let cycle: number | null = null;
	return (event, story) => {
		const heading = story.number === cycle ? [] : [title(story), ''];
		if (story.number !== cycle) print = plainCycle();
		cycle = story.number;
		if (event.event === 'result') return [...heading, '', ...backupSummary(event), ''];
		const mark = event.seen === 'outside' ? ' (seen from outside)' : '';
		if (event.event === 'mount' && event.seen === 'outside') return [...heading, `${event.at.slice(11, 19)} ${event.mount} ${event.state}${mark}`];
		const [first, ...rest] = print(event);
		return [...heading, ...(first === undefined ? [] : [`${first}${mark}`]), ...rest];
	};
}

function title(story: CycleStory): string {
	const {task} = story.facts;
	return `Azure backup of ${timeWords(story.beganAt)}${task === null ? '' : `, task ${task}`}`;
}

/** `2026-11-23 11:09:19 UTC`. */
export function timeWords(at: number): string {
	return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** What a backup came to. */
export function backupSummary({outcome, errors, freezeWindowMs, quiesceWindowMs, mounts}: CycleResult): readonly string[] {
	const words = outcomeWords[outcome];
	const lines = [outcome === 'failed' ? 'The backup failed: there is no recovery point.' : `${words.replace(/^./, letter => letter.toUpperCase())} recovery point.`];
	const windows = [
		...(freezeWindowMs > 0 ? [`frozen ${duration(freezeWindowMs)}`] : []),
		...(quiesceWindowMs > 0 ? [`application held ${duration(quiesceWindowMs)}`] : []),
	];
	if (windows.length > 0) lines.push(`  ${windows.join(', ')}${mounts.length === 0 ? '' : `: ${mounts.join(', ')}`}`);
	for (const {name, code} of errors) lines.push(`  ${name}${code === null ? '' : ` (${code})`}   quiesce explain ${code ?? name}`);
	return lines;
}

/** Where a backup stands that is not over, in one line. `now`: milliseconds since 1970. */
export function standing(story: CycleStory, now: number): string {
	const running = Object.entries(story.phases).find(([, {state}]) => state === 'running');
	if (story.silentSince !== null) return `Still running: the log has been silent since ${timeWords(story.silentSince)}, because the extension writes nothing while it freezes.`;
	if (running === undefined) return `Still running: the last line of importance is of ${timeWords(story.lastAt)}.`;
	const [name, {startedAt}] = running;
	return `Still running: ${name}${startedAt === null ? '' : `, since ${timeWords(startedAt)}${now - startedAt < 86_400_000 ? ` (${duration(now - startedAt)})` : ''}`}.`;
}
