import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {planFreeze} from '../../source/core/freeze-plan.js';
import {startGuard, type GuardOrder} from '../../source/system/guard.js';
import {readMountFacts} from '../../source/system/mounts.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {pause} from '../../source/system/time.js';
import {makeLoopDisks} from '../support/loop-disk.js';
import type {Section} from './figures.js';

/** Between two windows: the kernel's grace periods make the first freeze after a pause the dear one. */
const coldAfterMs = 600;

/**
 * The worst freeze window of many, of one filesystem, each by a guard of its own: what a garbage collection, a page fault or a late turn of the event loop
 * would cost there. Takes about a second each.
 */
export async function stalls({windows}: {readonly windows: number}): Promise<Section> {
	// The disks' own watchdog, whose end is waited for, keeps no process running.
	const alive = setInterval(() => {}, 60_000);
	const disks = await makeLoopDisks([{name: 'one', type: 'ext4'}], {thawAfterSeconds: 60 + windows * 10});
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-bench-stalls-'));
	const fence = process.env['QUIESCE_FREEZE_ONLY'];
	process.env['QUIESCE_FREEZE_ONLY'] = disks.mounts.join(':');
	const took: number[] = [];
	const faults: number[] = [];
	try {
		const {waves} = planFreeze(readMountFacts(), {requested: disks.mounts, skip: [], fence: disks.mounts});
		const order: GuardOrder = {waves, deadlineMs: 20_000, lockFile: join(directory, 'lock'), lockWaitMs: 0, journalFile: join(directory, 'cycle-bench.journal'), journalDevices: []};
		for (let run = 0; run < windows; run++) {
			await pause(coldAfterMs);
			const guard = await startGuard(order);
			await guard.flush();
			const before = majorFaults(guard.pid);
			const {frozen} = await guard.freeze(() => {});
			const {windowMs} = await guard.thaw();
			faults.push(majorFaults(guard.pid) - before);
			await guard.close();
			if (!frozen) throw new Error('it was not frozen');
			took.push(windowMs);
		}
	} finally {
		if (fence === undefined) delete process.env['QUIESCE_FREEZE_ONLY'];
		else process.env['QUIESCE_FREEZE_ONLY'] = fence;
		await disks.end();
		rmSync(directory, {recursive: true, force: true});
		clearInterval(alive);
	}
	return {
		title: `The worst of ${windows.toLocaleString('en')} freeze windows`,
		skipped: [],
		rows: [
			{what: 'freeze window, 1 filesystem, cold', unit: 'ms', figures: took, note: `longest ${Math.max(...took).toFixed(1)} ms`},
			{what: 'pages that the guard had to read from a disk while it was frozen', unit: 'in all', figures: [faults.reduce((sum, count) => sum + count, 0)]},
		],
	};
}

/** Page faults of a process that needed a disk (field 12 of /proc/PID/stat). */
function majorFaults(pid: number): number {
	const text = textOf(`/proc/${pid}/stat`) ?? '';
	return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[9] ?? 0);
}
