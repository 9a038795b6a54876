import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Readable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import {planFreeze} from '../../source/core/freeze-plan.js';
import {startGuard} from '../../source/system/guard.js';
import type {GuardOrder} from '../../source/system/guard/types.js';
import type {BegunGuard} from '../../source/system/guard/beginning.js';
import {lineReader, monotonicMs} from '../../source/system/guard/protocol.js';
import {readMountFacts} from '../../source/system/mounts.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {pause} from '../../source/system/time.js';
import {makeLoopDisks} from '../support/loop-disk.js';
import {digits} from './figures.js';
import {coldAfterMs} from './in-turns.js';
import {within} from './laboratories.js';
import type {Stall} from './stall-probe.js';
import type {Section} from './table.js';

/** Each rests while the others are frozen. */
const disks = 4;
const shown = 8;

type Window = {readonly ms: number; readonly minorFaults: number; readonly majorFaults: number; readonly collections: number; readonly late: number};

/**
 * The worst freeze windows of many, of one filesystem, each by a guard of its own, as it is in a cycle; and what happened in the guard's process meanwhile: garbage
 * collections, late turns of its event loop, pages that were not there.
 */
export async function stalls({windows: count}: {readonly windows: number}): Promise<Section> {
	// The disks' own watchdog keeps no process running.
	const alive = setInterval(() => {}, 60_000);
	const fence = process.env['QUIESCE_FREEZE_ONLY'];
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-bench-stalls-'));
	const made = makeLoopDisks(Array.from({length: disks}, (_, index) => ({name: `d${index}`, type: 'ext4' as const})), {thawAfterSeconds: 60 + count * 10});
	try {
		return await within(made, async ({mounts}) => {
			process.env['QUIESCE_FREEZE_ONLY'] = mounts.join(':');
			const windows: Window[] = [];
			for (let run = 0; run < count; run++) {
				await pause(coldAfterMs / disks);
				const mount = mounts[run % mounts.length] ?? '';
				const {waves} = planFreeze(readMountFacts(), {requested: [mount], skip: [], fence: [mount]});
				windows.push(await once({waves, deadlineMs: 20_000, lockFile: join(directory, 'lock'), lockWaitMs: 0, journalFile: join(directory, 'cycle-bench.journal'), journalDevices: []}));
			}

			return section(windows);
		});
	} finally {
		if (fence === undefined) delete process.env['QUIESCE_FREEZE_ONLY'];
		else process.env['QUIESCE_FREEZE_ONLY'] = fence;
		rmSync(directory, {recursive: true, force: true});
		clearInterval(alive);
	}
}

async function once(order: GuardOrder): Promise<Window> {
	const {begun, stalls, told} = beginWatchedGuard();
	const guard = await startGuard(order, {begun});
	await guard.flush();
	const before = faults(guard.pid);
	const from = monotonicMs();
	const {frozen} = await guard.freeze(() => {});
	const {windowMs} = await guard.thaw();
	const to = monotonicMs();
	const after = faults(guard.pid);
	await guard.close();
	await told;
	if (!frozen) throw new Error('it was not frozen');
	const most = (what: Stall['what']): number => stalls.filter(stall => stall.what === what && stall.at < to && stall.at + stall.ms > from).reduce((sum, {ms}) => Math.max(sum, ms), 0);
	return {ms: windowMs, minorFaults: after.minor - before.minor, majorFaults: after.major - before.major, collections: most('collection'), late: most('late turn')};
}

/** A guard as beginGuard begins one, with the probe in it. */
function beginWatchedGuard(): {readonly begun: BegunGuard; readonly stalls: readonly Stall[]; readonly told: Promise<void>} {
	const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
	const child = spawn(process.execPath, ['--import', file('stall-probe.js'), file('../../source/guard.js')], {
		detached: true, cwd: '/', stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
		env: {PATH: process.env['PATH'], LANG: process.env['LANG'], HOME: process.env['HOME'], QUIESCE_FREEZE_ONLY: process.env['QUIESCE_FREEZE_ONLY'], UV_THREADPOOL_SIZE: '6'},
	});
	const stalls: Stall[] = [];
	const probe = child.stdio[3] as Readable;
	const told = new Promise<void>(resolve => {
		probe.once('close', () => resolve());
	});
	probe.setEncoding('utf8').on('data', lineReader<Stall>(stall => stalls.push(stall)));
	child.stdin?.on('error', () => {});
	return {begun: {child, filesystems: 1, ordered: false}, stalls, told};
}

function section(windows: readonly Window[]): Section {
	const of = (what: keyof Window): readonly number[] => windows.map(window => window[what]);
	const name = `The worst of ${windows.length.toLocaleString('en')} freeze windows, 1 filesystem, cold`;
	return {
		title: name,
		rows: [
			{what: 'freeze window', unit: 'ms', figures: of('ms'), note: `longest ${digits(Math.max(...of('ms')))} ms`},
			{what: 'longest garbage collection in it', unit: 'ms', figures: of('collections'), note: `in ${of('collections').filter(ms => ms > 0).length} windows, at most ${digits(Math.max(...of('collections')))} ms`},
			{what: 'latest turn of the event loop in it', unit: 'ms', figures: of('late'), note: `in ${of('late').filter(ms => ms > 0).length} windows, at most ${digits(Math.max(...of('late')))} ms`},
			{what: 'pages that were not there, in memory all the same', unit: 'faults', figures: of('minorFaults')},
			{what: 'pages that had to be read from a disk', unit: 'faults', figures: of('majorFaults'), goal: {mostWorst: 0}},
		],
		remarks: [
			`The ${Math.min(shown, windows.length)} longest, with what happened in the guard's process meanwhile: ${windows.toSorted((a, b) => b.ms - a.ms).slice(0, shown)
				.map(({ms, collections, late, minorFaults, majorFaults}) => `${digits(ms)} ms (${[collections > 0 ? `collection ${digits(collections)} ms` : '', late > 0 ? `turn ${digits(late)} ms late` : '', `${minorFaults} faults, ${majorFaults} from a disk`].filter(Boolean).join(', ')})`).join('; ')}.`,
			'A window may be longer than the calls because the processors were busy with something else: then the turn is late by as much, and no collection is there.',
		],
		skipped: [],
	};
}

/** Page faults of a process so far (fields 10 and 12 of /proc/PID/stat). */
function faults(pid: number): {readonly minor: number; readonly major: number} {
	const text = textOf(`/proc/${pid}/stat`) ?? '';
	const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
	return {minor: Number(words[7] ?? 0), major: Number(words[9] ?? 0)};
}
