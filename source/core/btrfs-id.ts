/** Where a btrfs has its first superblock, and its length, bytes (btrfs_super_block in the kernel's uapi/linux/btrfs_tree.h). */
export const btrfsSuperblock = {at: 0x10000, bytes: 4096} as const;

const fsidAt = 32;
const incompatFlagsAt = 188;
const checksumTypeAt = 196;
const metadataUuidAt = 571;
const idBytes = 16;
/** BTRFS_FEATURE_INCOMPAT_METADATA_UUID: the id that all metadata carries stands apart from the one by which the filesystem is known. Since Linux 5.0. */
const metadataUuid = 0x400n;
const crc32c = 0;

/**
 * The superblock of a btrfs with another id. Nothing else of the filesystem changes, and its log tree stays, which programs that change it by transactions write
 * over. Null where its checksum is of another kind than crc32c, `damaged` where that does not fit.
 */
export function withAnotherId(superblock: Uint8Array, id: Uint8Array): Uint8Array | null | 'damaged' {
	const changed = superblock.slice(0, btrfsSuperblock.bytes);
	const view = new DataView(changed.buffer);
	if (changed.length < btrfsSuperblock.bytes) return 'damaged';
	if (view.getUint16(checksumTypeAt, true) !== crc32c) return null;
	if (view.getUint32(0, true) !== checksum(changed.subarray(fsidAt))) return 'damaged';
	const flags = view.getBigUint64(incompatFlagsAt, true);
	if ((flags & metadataUuid) === 0n) changed.copyWithin(metadataUuidAt, fsidAt, fsidAt + idBytes);
	view.setBigUint64(incompatFlagsAt, flags | metadataUuid, true);
	changed.set(id.subarray(0, idBytes), fsidAt);
	view.setUint32(0, checksum(changed.subarray(fsidAt)), true);
	return changed;
}

/** CRC-32C (Castagnoli), bit by bit: it is for a few kilobytes. */
function checksum(bytes: Uint8Array): number {
	let sum = 0xFFFFFFFF;
	for (const byte of bytes) {
		sum ^= byte;
		for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ ((sum & 1) === 0 ? 0 : 0x82F63B78);
	}

	return (sum ^ 0xFFFFFFFF) >>> 0;
}
