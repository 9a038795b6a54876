import {closeSync, constants, openSync, readFileSync} from 'node:fs';
import type {PlannedTarget} from '../../core/freeze-plan.js';
import {devicesBeneath, isHidden, type MountFact} from '../../core/mount-facts.js';
import {isStuck, type SettledCycle, type SettledMount} from '../../core/settlement.js';
import {removeEmptyFamilies} from '../families.js';
import {readMountFacts, readMounts} from '../mounts.js';
import type {Errno} from '../native.js';
import type {UnfinishedCycle} from '../unfinished-cycles.js';
import {endHasteOf, gracePeriods} from './haste.js';
import {settleScripts, type SettleOptions} from './aftermath.js';
import {thawApart} from './thaw-process.js';

/** Thaws what a dead cycle may have left frozen, in reverse. */
export async function thawLeftovers(cycle: UnfinishedCycle): Promise<readonly SettledMount[]> {
	const mounts: SettledMount[] = [];
	if (cycle.hastened) endHasteOf(gracePeriods);
	if (cycle.mayBeFrozen) {
		for (const wave of cycle.waves.toReversed()) mounts.push(...await thawWave(wave));
	}
	return mounts;
}

/** Does what a dead cycle owed, once its leftovers are thawed (`mounts`). The caller holds the lock. Never throws for what it finds. */
export async function settleCycle(cycle: UnfinishedCycle, mounts: readonly SettledMount[], options: Pick<SettleOptions, 'by' | 'onOutput'>): Promise<SettledCycle> {
	const stuck = mounts.filter(isStuck).map(({mount}) => mount);
	const beneath = stuck.length === 0 ? [] : devicesBeneath(cycle.path, readMountFacts());
	const journalStuck = cycle.waves.flat().some(({mount, device}) => stuck.includes(mount) && beneath.includes(device));
	const scripts = await settleScripts({
		// After a restart its process ids are somebody else's.
		pre: cycle.sameBoot ? cycle.pre : null, postStarted: cycle.sameBoot ? cycle.postFamily : null, post: cycle.post, limitMs: cycle.limitMs, retries: cycle.allRetries,
	}, cycle.path, {...options, stuck, journalStuck});
	removeEmptyFamilies();
	return {cycle: cycle.cycle, at: cycle.at, restarted: !cycle.sameBoot, mounts, scripts, postScript: cycle.post?.path ?? null};
}

async function thawWave(wave: readonly PlannedTarget[]): Promise<readonly SettledMount[]> {
	const found = wave.map(target => ({target, opened: openTarget(target)}));
	const open = found.flatMap(({opened}) => (typeof opened === 'number' ? [opened] : []));
	try {
		const answers = await thawApart(open);
		return found.map(({target: {mount}, opened}) => (typeof opened === 'number' ? settledMount(mount, answers[open.indexOf(opened)]) : {mount, state: opened}));
	} finally {
		for (const descriptor of open) closeSync(descriptor);
	}
}

/** What came of a thaw. Undefined: the kernel has not answered. */
export function settledMount(mount: string, errno: Errno | undefined): SettledMount {
	if (errno === undefined) return {mount, state: 'hung'};
	if (errno === null) return {mount, state: 'thawed'};
	return errno === 'EINVAL' ? {mount, state: 'was-not-frozen'} : {mount, state: 'refused', errno};
}

/** Opens the planned filesystem, by its mount point, or, where something else is there by now, by any other that leads to it. */
function openTarget({mount, device}: PlannedTarget): number | 'gone' | 'hidden' {
	const mounts = readMounts();
	const others = mounts.filter(one => one.device === device);
	for (const path of [mount, ...others.filter(one => !isHidden(one, mounts)).map(one => one.mount)]) {
		const descriptor = openOn(path, device, mounts);
		if (descriptor !== null) return descriptor;
	}
	return others.length === 0 ? 'gone' : 'hidden';
}

/** Null where the path leads to another filesystem, or nowhere. */
function openOn(path: string, device: string, mounts: readonly MountFact[]): number | null {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	} catch {
		return null;
	}
	const id = Number(/^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]);
	if (mounts.find(one => one.id === id)?.device === device) return descriptor;
	closeSync(descriptor);
	return null;
}
