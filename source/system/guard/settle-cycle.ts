import {closeSync, constants, openSync, readFileSync} from 'node:fs';
import type {PlannedTarget} from '../../core/freeze-plan.js';
import type {SettledCycle, SettledMount} from '../../core/settlement.js';
import {removeEmptyFamilies} from '../families.js';
import {readMounts} from '../mounts.js';
import type {Native} from '../native.js';
import {within} from '../time.js';
import type {UnfinishedCycle} from '../unfinished-cycles.js';
import {endHasteOf, gracePeriods} from './haste.js';
import {settleScripts, type SettleOptions} from './aftermath.js';

/** How long an answer of the kernel to a thaw is waited for. */
const thawPatienceMs = 10_000;

/** Thaws what a dead cycle may have left frozen, in reverse. */
export async function thawLeftovers(cycle: UnfinishedCycle, native: Native): Promise<readonly SettledMount[]> {
	const mounts: SettledMount[] = [];
	if (cycle.hastened) endHasteOf(gracePeriods);
	if (cycle.mayBeFrozen) {
		for (const wave of cycle.waves.toReversed()) mounts.push(...await Promise.all(wave.map(async target => thawTarget(target, native))));
	}
	return mounts;
}

/** Does what a dead cycle owed, once its leftovers are thawed (`mounts`). The caller holds the lock. Never throws for what it finds. */
export async function settleCycle(cycle: UnfinishedCycle, mounts: readonly SettledMount[], options: Pick<SettleOptions, 'by' | 'onOutput'>): Promise<SettledCycle> {
	const stillFrozen = mounts.some(({state}) => state === 'hung' || state === 'refused');
	const scripts = await settleScripts({
		// After a restart its process ids are somebody else's.
		pre: cycle.sameBoot ? cycle.pre : null, postStarted: cycle.sameBoot ? cycle.postFamily : null, post: cycle.post, limitMs: cycle.limitMs, retries: cycle.allRetries,
	}, cycle.path, {...options, stillFrozen});
	removeEmptyFamilies();
	return {cycle: cycle.cycle, at: cycle.at, restarted: !cycle.sameBoot, mounts, scripts, postScript: cycle.post?.path ?? null};
}

async function thawTarget({mount, device}: PlannedTarget, native: Native): Promise<SettledMount> {
	let descriptor: number;
	try {
		descriptor = openSync(mount, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	} catch {
		return {mount, state: 'gone'};
	}
	try {
		const id = Number(/^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1]);
		const found = readMounts().find(one => one.id === id);
		if (found?.device !== device || found.mount !== mount) return {mount, state: 'gone'};
		return await thawOpened(mount, descriptor, native);
	} finally {
		closeSync(descriptor);
	}
}

/** Thaws through a descriptor. */
export async function thawOpened(mount: string, descriptor: number, native: Native): Promise<SettledMount> {
	const errno = await within(native.thaw(descriptor), thawPatienceMs);
	if (errno === undefined) return {mount, state: 'hung'};
	if (errno === null) return {mount, state: 'thawed'};
	return errno === 'EINVAL' ? {mount, state: 'was-not-frozen'} : {mount, state: 'refused', errno};
}
