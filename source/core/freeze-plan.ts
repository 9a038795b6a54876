import {exitCodes, Failure} from './failure.js';
import {refusedByFence, type Fence} from './fence.js';
import {holdersOf, isHidden, mountOf, type MountFact, type MountFacts} from './mount-facts.js';

/** One filesystem to freeze: the mount point through which it is reached, and its superblock's device ("major:minor"). */
export type PlannedTarget = {readonly mount: string; readonly device: string; readonly type: string};

export type FreezePlan = {
	/** One after another; within a wave all at once. Thawed in reverse. */
	readonly waves: readonly (readonly PlannedTarget[])[];
	/** What an administrator might expect to be frozen and is not, with the reason as a clause. */
	readonly excluded: readonly {readonly mount: string; readonly type: string; readonly reason: string}[];
	/** How many distinct whole disks lie under the frozen filesystems (a loop device counts as one). */
	readonly disks: number;
};

export type FreezeOptions = {
	/** Directories that were named, as absolute paths without links; empty: what Azure's extension would freeze. */
	readonly requested: readonly string[];
	/** The extension's `MountsToSkip`, compared as text; `/` in it has no effect. */
	readonly skip: readonly string[];
	readonly fence: Fence;
};

/** The filesystems that the extension freezes; no other is frozen here either. */
export const freezableTypes: readonly string[] = ['ext3', 'ext4', 'xfs', 'btrfs'];

/** Types that hold no data of their own on a disk: not worth a word when they are left out. */
const backgroundTypes = new Set(['autofs', 'binfmt_misc', 'bpf', 'cgroup', 'cgroup2', 'configfs', 'debugfs', 'devpts', 'devtmpfs', 'efivarfs', 'fusectl', 'hugetlbfs', 'mqueue',
	'nsfs', 'overlay', 'proc', 'pstore', 'ramfs', 'rpc_pipefs', 'securityfs', 'selinuxfs', 'squashfs', 'sysfs', 'tmpfs', 'tracefs']);

/**
 * Decides what to freeze and in which order. Throws a Failure (exit 2) for a named directory that cannot be frozen: no mount point, a type that
 * is not supported, outside the fence.
 */
export function planFreeze(facts: MountFacts, options: FreezeOptions): FreezePlan {
	const {targets, excluded} = options.requested.length === 0 ? everything(facts, options) : named(facts, options);
	const devices = targets.map(target => target.device);
	const disks = new Set(devices.flatMap(device => facts.devices[device]?.disks ?? []));
	return {waves: inWaves(targets, facts), excluded, disks: disks.size};
}

type Chosen = {readonly targets: readonly PlannedTarget[]; readonly excluded: FreezePlan['excluded']};

/** What the extension would freeze, less what the fence forbids. */
function everything(facts: MountFacts, options: FreezeOptions): Chosen {
	const targets = new Map<string, MountFact>();
	/** A filesystem that is to be left out is not to be frozen through a part of it that is mounted elsewhere. */
	const skipped = new Map<string, MountFact>();
	const excluded: {mount: string; type: string; reason: string}[] = [];
	for (const mount of inOrderOfPreference(facts.mounts)) {
		if (backgroundTypes.has(mount.type)) continue;
		const reason = whyNot(mount, facts, options);
		const twin = targets.get(mount.device);
		const spared = skipped.get(mount.device);
		if (twin !== undefined) excluded.push({mount: mount.mount, type: mount.type, reason: `it is the same filesystem as ${twin.mount}, which is frozen`});
		else if (spared !== undefined) excluded.push({mount: mount.mount, type: mount.type, reason: `it is the same filesystem as ${spared.mount}, which MountsToSkip names`});
		else if (reason !== null) excluded.push({mount: mount.mount, type: mount.type, reason});
		else targets.set(mount.device, mount);
		if (reason === skippedByName) skipped.set(mount.device, mount);
	}
	return {targets: [...targets.values()].map(target), excluded};
}

const skippedByName = 'MountsToSkip in vmbackup.conf names it';

function whyNot(mount: MountFact, facts: MountFacts, {skip, fence}: FreezeOptions): string | null {
	if (!freezableTypes.includes(mount.type)) return `${mount.type} is not frozen, only ${freezableTypes.join(', ')}`;
	const device = facts.devices[mount.device];
	if (device === undefined) return 'it is not on a block device';
	if (isHidden(mount, facts.mounts)) return 'another mount lies over it';
	if (device.loops.length > 0 && mount.mount !== '/') return 'it is on a loop device, which is frozen only where it is named with --mount';
	if (facts.resourceDevices.includes(mount.device)) return "it is Azure's temporary disk, which backups leave out";
	if (mount.mount !== '/' && skip.includes(mount.mount)) return skippedByName;
	return refusedByFence(mount.mount, mount.device, facts.mounts, fence);
}

/** Only what was named, each filesystem once. */
function named(facts: MountFacts, {requested, fence}: FreezeOptions): Chosen {
	const targets = new Map<string, MountFact>();
	const excluded: {mount: string; type: string; reason: string}[] = [];
	for (const directory of new Set(requested)) {
		const mount = facts.mounts.find(one => one.mount === directory && !isHidden(one, facts.mounts));
		if (mount === undefined) {
			const holder = mountOf(directory, facts.mounts);
			throw new Failure(`${directory} is not a mount point${holder === undefined ? '' : `: it lies on the filesystem mounted at ${holder.mount} (${holder.type})`}.`, {
				remedy: holder === undefined ? 'Name a mount point, as findmnt lists them.' : `Name the mount point itself: --mount ${holder.mount}`,
				exitCode: exitCodes.usage,
			});
		}
		if (!freezableTypes.includes(mount.type)) {
			throw new Failure(`${directory} cannot be frozen: it is ${mount.type}, and only ${freezableTypes.join(', ')} can be frozen.`, {
				remedy: `Leave out --mount ${directory}.`,
				exitCode: exitCodes.usage,
			});
		}
		const refusal = refusedByFence(mount.mount, mount.device, facts.mounts, fence);
		if (refusal !== null) {
			throw new Failure(`${directory} may not be frozen: ${refusal}.`, {
				remedy: 'Name a mount inside the fence, or change QUIESCE_FREEZE_ONLY.',
				exitCode: exitCodes.usage,
			});
		}
		const twin = targets.get(mount.device);
		if (twin === undefined) targets.set(mount.device, mount);
		else excluded.push({mount: mount.mount, type: mount.type, reason: `it is the same filesystem as ${twin.mount}, which is frozen`});
	}
	return {targets: [...targets.values()].map(target), excluded};
}

/** `/` before its twins, whole filesystems before parts of them, so that a filesystem is reached by its own mount point. */
function inOrderOfPreference(mounts: readonly MountFact[]): readonly MountFact[] {
	const rank = (mount: MountFact): number => (mount.mount === '/' ? 0 : isHidden(mount, mounts) ? 3 : mount.root === '/' ? 1 : 2);
	return mounts.map((mount, index) => ({mount, index, rank: rank(mount)})).toSorted((a, b) => a.rank - b.rank || a.index - b.index).map(({mount}) => mount);
}

function target({mount, device, type}: MountFact): PlannedTarget {
	return {mount, device, type};
}

/** A filesystem on a loop device goes before the one that holds its image, at any depth; the root filesystem alone and last. */
function inWaves(targets: readonly PlannedTarget[], facts: MountFacts): readonly (readonly PlannedTarget[])[] {
	const root = facts.mounts.find(one => one.mount === '/' && !isHidden(one, facts.mounts))?.device;
	const holders = new Map(targets.map(({device}) => [device, holdersOf(device, facts)]));
	const depths = new Map<string, number>();
	const depthOf = (device: string): number => {
		const known = depths.get(device);
		if (known !== undefined) return known;
		// Against a circle, which the kernel does not allow.
		depths.set(device, 0);
		const above = targets.filter(other => other.device !== device && holders.get(other.device)?.has(device));
		const depth = above.length === 0 ? 0 : Math.max(...above.map(other => depthOf(other.device))) + 1;
		depths.set(device, depth);
		return depth;
	};
	const waves: PlannedTarget[][] = [];
	for (const one of targets) {
		if (one.device !== root) (waves[depthOf(one.device)] ??= []).push(one);
	}
	const last = targets.filter(one => one.device === root);
	return [...waves.filter(wave => wave !== undefined), ...(last.length === 0 ? [] : [last])];
}
