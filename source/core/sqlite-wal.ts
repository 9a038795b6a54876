/** What a write-ahead log of SQLite is made of (file format, section 4.1): a header of 32 bytes, then frames, each a header of 24 bytes and a page. */
export const walHeaderBytes = 32;
const frameHeaderBytes = 24;

/**
 * Looks through a log for commits that SQLite would leave out without a word: it stops at the first frame whose checksum does not fit. That may be one that was
 * under way, or what a transaction that was rolled back has left; but no commit of the same generation can stand behind such a one. Null: nothing of the kind.
 * Else the damaged frame's number, from 1, and that of the last commit.
 * @param log All of it.
 */
export function lostFrames(log: Uint8Array): {readonly damaged: number; readonly frames: number} | null {
	if (log.byteLength < walHeaderBytes) return null;
	const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
	const magic = view.getUint32(0);
	const pageBytes = view.getUint32(8);
	if ((magic & ~1) !== 0x377F0682 || pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) return null;
	const littleEndian = (magic & 1) === 0;
	const [salt1, salt2] = [view.getUint32(16), view.getUint32(20)];
	let sum = checksum(view, 0, 24, littleEndian, [0, 0]);
	let whole = sum[0] === view.getUint32(24) && sum[1] === view.getUint32(28);
	let damaged = whole ? 0 : 1;
	let last = 0;
	let number = 0;
	for (let at = walHeaderBytes; at + frameHeaderBytes + pageBytes <= log.byteLength; at += frameHeaderBytes + pageBytes) {
		number += 1;
		if (view.getUint32(at + 8) !== salt1 || view.getUint32(at + 12) !== salt2) {
			// Of an earlier generation, which was overwritten up to here; or damaged just there.
			if (whole) damaged = number;
			whole = false;
			continue;
		}

		// A frame that ends a transaction tells how many pages the database has then.
		if (view.getUint32(at + 4) !== 0) last = number;
		if (!whole) continue;
		sum = checksum(view, at + frameHeaderBytes, pageBytes, littleEndian, checksum(view, at, 8, littleEndian, sum));
		if (sum[0] === view.getUint32(at + 16) && sum[1] === view.getUint32(at + 20)) continue;
		whole = false;
		damaged = number;
	}

	return !whole && last > damaged ? {damaged, frames: last} : null;
}

type Sum = readonly [number, number];

/** Section 4.2: pairs of 32-bit words, in the byte order that the header names. */
function checksum(view: DataView, from: number, bytes: number, littleEndian: boolean, [first, second]: Sum): Sum {
	let [a, b] = [first, second];
	for (let at = from; at < from + bytes; at += 8) {
		a = (a + view.getUint32(at, littleEndian) + b) >>> 0;
		b = (b + view.getUint32(at + 4, littleEndian) + a) >>> 0;
	}

	return [a, b];
}
