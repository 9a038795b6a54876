import type {MountFact} from './mount-facts.js';

/**
 * The fence for laboratories (QUIESCE_FREEZE_ONLY): the only directories whose filesystems may be frozen, as absolute paths without links.
 * Null: there is no fence. An empty list allows nothing at all.
 */
export type Fence = readonly string[] | null;

/** True where a mount point is one of the fence's directories or lies beneath one. `/` in the fence allows exactly `/`, not everything. */
export function isInsideFence(mount: string, fence: Fence): boolean {
	if (fence === null) return true;
	return fence.some(directory => mount === directory || (directory !== '/' && mount.startsWith(`${directory}/`)));
}

/**
 * Why the fence forbids a filesystem, as a clause, or null where it may be frozen. Freezing acts on the whole filesystem, wherever else it is
 * mounted: one that is mounted as a whole outside the fence is refused too. With btrfs any mount outside counts, because each subvolume has
 * a root of its own.
 */
export function refusedByFence(mount: string, device: string, mounts: readonly MountFact[], fence: Fence): string | null {
	if (fence === null) return null;
	if (!isInsideFence(mount, fence)) return `it is outside the fence QUIESCE_FREEZE_ONLY (${fence.length === 0 ? 'empty: nothing may be frozen' : fence.join(':')})`;
	const outside = mounts.find(other => other.device === device && (other.root === '/' || other.type === 'btrfs') && !isInsideFence(other.mount, fence));
	return outside === undefined ? null : `the same filesystem is also mounted at ${outside.mount}, outside the fence QUIESCE_FREEZE_ONLY`;
}
