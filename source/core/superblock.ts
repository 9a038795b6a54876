/** What the first bytes of a filesystem say of it. */
export type Superblock = {
	readonly type: 'ext' | 'xfs' | 'btrfs';
	/**
	 * Whether there is something to replay, which a frozen filesystem has not: ext3 and ext4 tell. btrfs tells only where there is (a log tree); xfs makes
	 * its log look dirty on purpose when it is frozen. Null where it cannot be told.
	 */
	readonly needsRecovery: boolean | null;
	/** btrfs: how many devices it lies on; 1 for the others. */
	readonly devices: number;
};

/** How much of an image `readSuperblock` needs from its beginning. */
export const superblockBytes = 0x10000 + 4096;

/** Recognises ext2–4, xfs and btrfs by their magic numbers (ext4.wiki.kernel.org "Disk layout", xfs_dsb, btrfs_super_block); null for anything else. */
export function readSuperblock(bytes: Uint8Array): Superblock | null {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	if (bytes.byteLength >= 1024 + 256 && view.getUint16(1024 + 0x38, true) === 0xEF53) {
		const recover = 0x4;
		return {type: 'ext', needsRecovery: (view.getUint32(1024 + 0x60, true) & recover) !== 0, devices: 1};
	}

	if (words(bytes, 0, 4) === 'XFSB') return {type: 'xfs', needsRecovery: null, devices: 1};
	if (words(bytes, 0x10000 + 64, 8) === '_BHRfS_M') {
		return {type: 'btrfs', needsRecovery: view.getBigUint64(0x10000 + 96, true) === 0n ? null : true, devices: Number(view.getBigUint64(0x10000 + 136, true))};
	}

	return null;
}

/**
 * What an image is that holds filesystems somewhere in it, in words; null where it is none of these. A partition table by its signature and a partition in it
 * (UEFI specification, "Legacy MBR": a protective one stands before a GPT), LVM by its label (one of the first four sectors), LUKS by its magic number.
 */
export function readContainer(bytes: Uint8Array): string | null {
	if (words(bytes, 0, 4) === 'LUKS') return 'encrypted (LUKS)';
	if ([0, 512, 1024, 1536].some(at => words(bytes, at, 8) === 'LABELONE')) return 'a disk of a volume group (LVM)';
	const partitions = [446, 462, 478, 494].some(at => bytes[at + 4] !== 0 && [0, 0x80].includes(bytes[at] ?? 1));
	return bytes[510] === 0x55 && bytes[511] === 0xAA && partitions ? 'a whole disk with partitions' : null;
}

function words(bytes: Uint8Array, from: number, length: number): string {
	return String.fromCharCode(...bytes.subarray(from, from + length));
}
