/** Where a tablespace file says how it is made: 4 bytes, big-endian, in the header of its first page (InnoDB, `FSP_HEADER_OFFSET + FSP_SPACE_FLAGS`). */
const flagsAt = 38 + 16;
/** How many pages it has: 4 bytes (`FSP_SIZE`). */
const pagesAt = 38 + 8;
export const tablespaceHeaderBytes = flagsAt + 4;

/**
 * The page size of an InnoDB system tablespace, in bytes; null where its header does not tell. A server that is started with another one refuses the data.
 * Two layouts of the flags: MariaDB's `full_crc32` (bit 4 set, size in bits 0 to 3) and the older one (size in bits 6 to 9). 0 is the default, 16 KiB.
 */
export function innodbPageSize(header: Uint8Array): number | null {
	if (header.byteLength < tablespaceHeaderBytes) return null;
	const flags = new DataView(header.buffer, header.byteOffset, header.byteLength).getUint32(flagsAt);
	const shift = (flags & 0x10) !== 0 ? flags & 0xF : (flags >>> 6) & 0xF;
	if (shift === 0) return 16_384;
	const size = 512 << shift;
	return size >= 4096 && size <= 65_536 ? size : null;
}

/**
 * How long a tablespace's file must be, in bytes, by its header; null where that does not tell. Compressed tables have smaller pages on disk (older layout of
 * the flags, bits 1 to 4).
 */
export function innodbFileBytes(header: Uint8Array): number | null {
	const size = innodbPageSize(header);
	if (size === null) return null;
	const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
	const flags = view.getUint32(flagsAt);
	const compressed = (flags & 0x10) !== 0 ? 0 : (flags >>> 1) & 0xF;
	return view.getUint32(pagesAt) * (compressed === 0 ? size : 512 << compressed);
}
