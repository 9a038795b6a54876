/** One line of /proc/self/mountinfo, its octal escapes resolved. */
export type MountFact = {
	readonly id: number;
	readonly parent: number;
	/** The superblock's device, "major:minor"; an anonymous one for btrfs, tmpfs, network filesystems. */
	readonly device: string;
	/** The directory of the filesystem that is the root of this mount; `/` for a whole one. */
	readonly root: string;
	readonly mount: string;
	readonly type: string;
	readonly source: string;
	/** Options of the mount and of the superblock. */
	readonly options: readonly string[];
};

/** Where in an image file a filesystem lies, in bytes: in a partition, or in a loop device that shows only a part of its file. */
export type ImagePart = {readonly offset: number; readonly bytes: number};

/** A loop device and the image file behind it. */
export type LoopFact = {
	/** `loop3`. */
	readonly name: string;
	readonly image: string;
	/** Absent where the filesystem has the whole image, or lies in a volume of which the image is only a part. */
	readonly part?: ImagePart;
	/** The superblock device of the filesystem on which the image lies; null where it cannot be told. */
	readonly imageDevice: string | null;
};

/** What lies beneath one filesystem. */
export type DeviceFact = {
	/** Names of the whole disks: `sda`, `nvme0n1`, `loop3`. */
	readonly disks: readonly string[];
	readonly loops: readonly LoopFact[];
};

/** What the machine has mounted, for the plan of a freeze. */
export type MountFacts = {
	/** In the kernel's order. */
	readonly mounts: readonly MountFact[];
	/** By superblock device; only filesystems on block devices are in it. */
	readonly devices: Readonly<Record<string, DeviceFact>>;
	/** Superblock devices on Azure's temporary (resource) disk. */
	readonly resourceDevices: readonly string[];
};

/** By their ids; the same list is asked for many times. */
const indices = new WeakMap<readonly MountFact[], ReadonlyMap<number, MountFact>>();

function indexOf(mounts: readonly MountFact[]): ReadonlyMap<number, MountFact> {
	const known = indices.get(mounts) ?? new Map(mounts.map(one => [one.id, one]));
	indices.set(mounts, known);
	return known;
}

/** True where the path of a mount leads somewhere else, because another mount lies over it or over a directory above it. */
export function isHidden(mount: MountFact, mounts: readonly MountFact[]): boolean {
	const byId = indexOf(mounts);
	const chain = new Set<MountFact>();
	for (let at: MountFact | undefined = mount; at !== undefined && !chain.has(at); at = byId.get(at.parent)) chain.add(at);
	return mounts.some(other => {
		const below = byId.get(other.parent);
		if (chain.has(other) || below === undefined || !chain.has(below)) return false;
		return below === mount ? other.mount === mount.mount : isWithin(mount.mount, other.mount);
	});
}

/** The mount on which a path (without links) lies. */
export function mountOf(path: string, mounts: readonly MountFact[]): MountFact | undefined {
	const candidates = mounts.filter(one => isWithin(path, one.mount) && !isHidden(one, mounts));
	return candidates.toSorted((a, b) => b.mount.length - a.mount.length)[0];
}

/**
 * The superblock devices that a write to a path (without links) may have to wait for: of the filesystem on which it lies, of the one that holds the upper layer of an
 * overlay, and of those that hold the images of loop devices, at any depth.
 */
export function devicesBeneath(path: string, facts: MountFacts): readonly string[] {
	const mount = mountOf(path, facts.mounts);
	if (mount === undefined) return [];
	const upper = mount.type === 'overlay' ? mount.options.find(option => option.startsWith('upperdir=/'))?.slice('upperdir='.length) : undefined;
	return [mount.device, ...holdersOf(mount.device, facts), ...(upper === undefined || isWithin(upper, mount.mount) ? [] : devicesBeneath(upper, facts))];
}

/** All filesystems beneath one, through the images of its loop devices, at any depth. */
export function holdersOf(device: string, facts: MountFacts, seen = new Set<string>()): ReadonlySet<string> {
	for (const {imageDevice} of facts.devices[device]?.loops ?? []) {
		if (imageDevice === null || seen.has(imageDevice)) continue;
		seen.add(imageDevice);
		holdersOf(imageDevice, facts, seen);
	}
	return seen;
}

/** True where a path is a directory or lies beneath it. */
export function isWithin(path: string, directory: string): boolean {
	return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
