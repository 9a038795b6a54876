/** What the demo's ledger wrote: `1 begin 1 end`, a line a record; the two halves are two writes. */
export type LedgerReading = {
	/** How many records are complete, from 1 on without a gap. */
	readonly complete: number;
	/** What is wrong; null where the ledger ends with a complete record and has no gap. */
	readonly problem: string | null;
};

/** Reads a ledger to its end. */
export function readLedger(text: string): LedgerReading {
	const lines = text.split('\n');
	const rest = lines.pop() ?? '';
	for (const [index, line] of lines.entries()) {
		if (line !== `${index + 1} begin ${index + 1} end`) return {complete: index, problem: `record ${index + 1} is damaged: "${line.slice(0, 60)}"`};
	}
	return {complete: lines.length, problem: rest === '' ? null : `record ${lines.length + 1} is cut in half: "${rest.trim().slice(0, 60)}"`};
}
