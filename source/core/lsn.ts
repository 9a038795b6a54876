/** A position in PostgreSQL's log, `16/B374D848`, as a number; null for anything else. */
export function parseLsn(text: string): bigint | null {
	const match = /^\s*([\dA-Fa-f]{1,8})\/([\dA-Fa-f]{1,8})\s*$/.exec(text);
	return match === null ? null : (BigInt(`0x${match[1]!}`) << 32n) | BigInt(`0x${match[2]!}`);
}

/** As PostgreSQL writes it. */
export function formatLsn(position: bigint): string {
	return `${(position >> 32n).toString(16)}/${(position & 0xFFFFFFFFn).toString(16)}`.toUpperCase();
}
