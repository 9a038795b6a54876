import {makeCycleLab, type CycleLab} from '../support/cycle-lab.js';
import {pause} from '../../source/system/time.js';
import type {Figures} from './figures.js';
import {guestAgent, hurried, quiesce, serial, shellLoop, threads, type Freezer} from './freezers.js';
import {coldAfterMs, inTurns} from './in-turns.js';
import {within} from './laboratories.js';
import type {Programs} from './programs.js';
import type {Goal, Growth, Row, Section} from './table.js';

/** Recorded of the extension with two filesystems: frozen before the snapshot began. */
const extensionFrozenMs = 970;
/** How long writers write before anything is frozen. */
const loadForMs = 1500;

const filesystems = (count: number): string => `${count} ${count === 1 ? 'filesystem' : 'filesystems'}`;

/** Frozen time that the snapshot does not need, side by side with whoever else freezes: rested, and while every filesystem is written to. */
export async function freezeWindow(programs: Programs, {counts, repeats}: {readonly counts: readonly number[]; readonly repeats: number}): Promise<Section> {
	const rows: Row[] = [];
	const ours = new Map<number, Figures>();
	const waits: number[] = [];
	const peers = [threads, hurried, serial, shellLoop, guestAgent];
	for (const count of counts) {
		await within(lab(count), async lab => {
			const ways = [quiesce, ...(count > 64 ? [threads, hurried] : peers)].filter(({whyNot}) => whyNot === false);
			const of = await inTurns(ways.map(way => measured(way, lab, programs)), count > 64 ? Math.ceil(repeats * 0.6) : repeats, coldAfterMs);
			ours.set(count, of(quiesce.name));
			for (const {name} of ways.slice(1)) rows.push(row(`${filesystems(count)}, cold`, of, name, goalAgainst(name, count)));
			const {of: loaded, waits: longest} = await underLoad(lab, programs, Math.ceil(repeats * 0.6));
			rows.push(row(`${filesystems(count)}, under write load`, loaded, threads.name, {below: 1.3}));
			// Hundreds of thousands: more than one call takes words.
			if (count <= 2) for (const wait of longest) waits.push(wait);
		});
	}

	const two = ours.get(2);
	if (two !== undefined) rows.push({what: `${filesystems(2)}, cold`, unit: 'ms', figures: two, peer: {name: 'the extension, as recorded', figures: [extensionFrozenMs]}, goal: {above: 15}});
	if (waits.length > 0) rows.push({what: 'a 4 kB write with fdatasync while cycles run, 1 and 2 filesystems', unit: 'ms', figures: waits, note: `longest ${Math.round(waits.reduce((most, wait) => Math.max(most, wait), 0))} ms`});
	const [least, ...more] = counts;
	const growth = more.map((count): Growth => ({what: 'freeze window, cold', unit: 'ms', of: 'filesystems', small: {size: least ?? 1, figures: ours.get(least ?? 1) ?? []}, large: {size: count, figures: ours.get(count) ?? []}}));
	const remarks = ['Nearly all of a freeze is waiting for the kernel\'s grace periods. quiesce hurries them while its calls are under way (`/sys/kernel/rcu_expedited`), which nobody else does; "the same, hurried" is what the threaded calls take with that.'];
	return {title: 'Freeze window', rows, growth, remarks, skipped: peers.flatMap(({name, whyNot}) => (whyNot === false ? [] : [`${name} (${whyNot})`]))};
}

async function lab(count: number): Promise<CycleLab> {
	return makeCycleLab({disks: Array.from({length: count}, (_, index) => ({name: `d${index}`, type: 'ext4' as const})), pre: 'exit 0', post: 'exit 0', thawAfterSeconds: 1800});
}

function measured({name, freeze}: Freezer, lab: CycleLab, programs: Programs): {readonly name: string; readonly measure: () => Promise<number>} {
	return {name, measure: async () => freeze(lab, programs)};
}

/** The same while a thread writes on each of the filesystems; and how long its writes waited. */
async function underLoad(lab: CycleLab, programs: Programs, repeats: number): Promise<{readonly of: (name: string) => Figures; readonly waits: Figures}> {
	const writers = lab.sandbox.start(programs.load, lab.disks.mounts);
	try {
		await pause(loadForMs);
		const of = await inTurns([quiesce, threads].map(way => measured(way, lab, programs)), repeats, coldAfterMs);
		writers.kill('SIGTERM');
		const {stdout, stderr, exitCode} = await writers.ended;
		if (exitCode !== 0) throw new Error(`the load ended early: ${stderr}`);
		return {of, waits: stdout.trim().split('\n').map(Number)};
	} finally {
		writers.kill('SIGKILL');
		await writers.ended;
	}
}

function row(what: string, of: (name: string) => Figures, peer: string, goal: Goal | undefined): Row {
	return {what, unit: 'ms', figures: of(quiesce.name), peer: {name: peer, figures: of(peer)}, ...(goal === undefined ? {} : {goal})};
}

function goalAgainst(name: string, count: number): Goal | undefined {
	if (name === threads.name) return {below: 1.3};
	return name === serial.name && count === 64 ? {above: 20} : undefined;
}
