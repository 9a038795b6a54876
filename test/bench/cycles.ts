import type {CycleEvent, PhaseName} from '../../source/core/cycle-events.js';
import {makeCycleLab, type CycleEnd} from '../support/cycle-lab.js';
import {pause} from '../../source/system/time.js';
import {bundledQuiesce} from '../support/sandbox.js';
import {median} from './figures.js';
import {coldAfterMs, inTurns} from './in-turns.js';
import {within} from './laboratories.js';
import {Stopwatch, type Programs} from './programs.js';
import type {Section} from './table.js';

/** Recorded of the extension with two filesystems: from the pre-script's end to the snapshot, and from its end to the post-script. */
const extension = {beforeMs: 8000, afterMs: 1000} as const;

/** Whole cycles on two filesystems: what quiesce adds to the time for which the application is held, what a rehearsal takes, and what a loud script costs. */
export async function cycles(programs: Programs, {repeats, megabytes}: {readonly repeats: number; readonly megabytes: number}): Promise<Section> {
	return within(makeCycleLab({disks: [{name: 'one', type: 'ext4'}, {name: 'two', type: 'ext4'}], pre: 'exit 0', post: 'exit 0', thawAfterSeconds: 1800}), async lab => {
		const watch = new Stopwatch(programs, lab.sandbox);
		const windows: {readonly before: number; readonly after: number}[] = [];
		for (let run = 0; run < repeats; run++) {
			await pause(coldAfterMs);
			windows.push(held(await lab.cycle()));
		}

		const byHand = 'sh /etc/azure/pre.sh && for mount; do fsfreeze -f "$mount"; done; for mount; do fsfreeze -u "$mount"; done; sh /etc/azure/post.sh';
		const whole = await inTurns([
			{name: 'quiesce', measure: () => watch.exit([bundledQuiesce, ...lab.arguments()]).ms},
			{name: 'by hand', measure: () => watch.exit(['sh', '-c', byHand, 'sh', ...lab.disks.mounts]).ms},
			{name: 'node', measure: () => watch.exit([process.execPath, '-e', '0']).ms},
		], repeats, coldAfterMs);
		const node = whole('node');
		const target = whole('by hand').map((ms, index) => ms + 1.5 * (node[index] ?? Number.NaN));

		const times = Math.max(3, Math.ceil(repeats / 3));
		const quiet = Array.from({length: times}, () => watch.exit([bundledQuiesce, ...lab.arguments()]));
		lab.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o700, content: `#!/bin/sh\nhead -c ${megabytes}M /dev/zero\n`});
		const loud: typeof quiet = [];
		const cat: number[] = [];
		for (let run = 0; run < times; run++) {
			loud.push(watch.exit([bundledQuiesce, ...lab.arguments()]));
			cat.push(watch.exit(['sh', '-c', `head -c ${megabytes}M /dev/zero | cat >/dev/null`]).ms);
		}

		const idle = median(quiet.map(({ms}) => ms));
		const recorded = (ms: number): {readonly name: string; readonly figures: readonly number[]} => ({name: 'the extension, as recorded', figures: [ms]});
		return {
			title: 'Whole cycles, 2 filesystems',
			rows: [
				{what: "held for nothing: the pre-script's end to the snapshot, cold freeze included, and the snapshot's end to the post-script", unit: 'ms', figures: windows.map(({before, after}) => before + after), peer: recorded(extension.beforeMs + extension.afterMs), goal: {above: 90}},
				{what: 'the same', unit: 'ms', figures: windows.map(({before, after}) => before + after), goal: {most: 100}},
				{what: "of this, the pre-script's end to the snapshot", unit: 'ms', figures: windows.map(({before}) => before), peer: recorded(extension.beforeMs)},
				{what: "of this, the snapshot's end to the post-script", unit: 'ms', figures: windows.map(({after}) => after), peer: recorded(extension.afterMs)},
				{what: 'a whole rehearsal, command to exit', unit: 'ms', figures: whole('quiesce'), peer: {name: 'sh with fsfreeze between the scripts, plus 1.5 × node -e 0', figures: target}, goal: {below: 1}, limit: 'Two Nodes start, the second as soon as the first can begin it: on an idle machine the guard is ready some 60 ms after that, and the scripts, the freeze and the thaw take 15 more. Where processors are short the two wait for each other.'},
				{what: 'the same', unit: 'ms', figures: whole('quiesce'), peer: {name: 'sh with fsfreeze between the scripts', figures: whole('by hand')}},
				{what: `most memory of a process of the cycle while a script writes ${megabytes} MB`, unit: 'MB', figures: loud.map(({megabytes}) => megabytes), peer: {name: 'a quiet cycle', figures: quiet.map(({megabytes}) => megabytes)}, goal: {below: 1.3}},
				{what: `time to take ${megabytes} MB from a script`, unit: 'ms', figures: loud.map(({ms}) => Math.max(1, ms - idle)), peer: {name: 'cat >/dev/null', figures: cat}, goal: {below: 2}, note: `${Math.round(megabytes / (median(cat) / 1000))} MB/s with cat`},
			],
			skipped: [],
		};
	});
}

/** Milliseconds between the ends and beginnings that a cycle tells. */
function held({events, result}: CycleEnd): {readonly before: number; readonly after: number} {
	if (result.outcome !== 'application-consistent') throw new Error(`the cycle was ${result.outcome}`);
	const at = (phase: PhaseName, began: boolean): number => {
		const found = events.find((event): event is CycleEvent & {event: 'phase'} => event.event === 'phase' && event.phase === phase && (event.state === 'started') === began);
		return Date.parse(found?.at ?? '');
	};
	return {before: at('snapshot', true) - at('pre-script', false), after: at('post-script', true) - at('snapshot', false)};
}
