/** What of one line is kept, in bytes; the rest of a longer one is dropped. No marker stands further behind. */
const mostBytes = 16 * 1024;

const lineFeed = 0x0a;

/** Takes bytes in any pieces and answers whole lines. What is not yet a whole line waits, in bounded memory. */
export type LineReader = {
	/** The lines that these bytes complete, without their ends. Bytes that are no UTF-8 become U+FFFD; NUL bytes, which a shortened file gets, are dropped. */
	push(bytes: Uint8Array): readonly string[];
	/** Forgets a line that has begun: what comes next belongs to another file. */
	reset(): void;
};

export function createLineReader(): LineReader {
	let pieces: Uint8Array[] = [];
	let kept = 0;
	const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
	const keep = (piece: Uint8Array): void => {
		if (piece.length === 0 || kept >= mostBytes) return;
		// Copied (a Buffer's slice is no copy): the caller may use its memory again.
		const part = Uint8Array.from(piece.subarray(0, mostBytes - kept));
		pieces.push(part);
		kept += part.length;
	};
	const take = (): string => {
		const [only] = pieces;
		const text = decoder.decode(pieces.length === 1 ? only : join(pieces, kept));
		pieces = [];
		kept = 0;
		const line = text.endsWith('\r') ? text.slice(0, -1) : text;
		return line.includes('\0') ? line.replaceAll('\0', '') : line;
	};
	return {
		push: bytes => {
			const lines: string[] = [];
			let from = 0;
			for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, from)) {
				keep(bytes.subarray(from, end));
				lines.push(take());
				from = end + 1;
			}
			keep(bytes.subarray(from));
			return lines;
		},
		reset: () => {
			pieces = [];
			kept = 0;
		},
	};
}

function join(pieces: readonly Uint8Array[], length: number): Uint8Array {
	const whole = new Uint8Array(length);
	let at = 0;
	for (const piece of pieces) {
		whole.set(piece, at);
		at += piece.length;
	}
	return whole;
}
