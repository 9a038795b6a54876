import type {QuiesceMark} from '../../core/quiesce-mark.js';
import type {ProofCheck} from '../../core/verification.js';
import type {Owner, Room} from '../../system/room.js';

/** One copied data directory (or file), to be brought up. */
export type RestoreOrder = {
	readonly room: Room;
	/** In the room. SQLite: the database file. */
	readonly path: string;
	readonly owner: Owner;
	readonly mark: QuiesceMark | null;
	/** A statement of somebody's own for the recovered application; its answer becomes a check named `question`. */
	readonly question: string | null;
	/** How long a server may take to answer, with all its recovery. */
	readonly startMs: number;
	/** How long each check may take. */
	readonly checkMs: number;
	readonly signal: AbortSignal;
	/** A letter or two that no other restore of this verification has: for directories. */
	readonly tag: string;
	/** Called when it has come up, and before its checks. */
	readonly onUp: (durationMs: number) => void;
};

/** How far the recovered server has what the mark promises. `reached` is null where that cannot be compared. */
export type PositionProof = {readonly reached: boolean | null; readonly recovered: string | null; readonly sentence: string};

/** What came of it. */
export type RestoreReport = {readonly title: string} & (
	/** It could not be tried here: why, and what would be needed. */
	| {readonly state: 'not-tried'; readonly sentence: string}
	/** It did not come up: what it said. */
	| {readonly state: 'down'; readonly sentence: string; readonly checks: readonly ProofCheck[]}
	| {
		readonly state: 'up';
		readonly recovery: {readonly needed: boolean | null; readonly durationMs: number; readonly sentence: string};
		readonly checks: readonly ProofCheck[];
		/** Null without a mark. */
		readonly position: PositionProof | null;
	}
);

/** An application whose data can be brought up from a copy. A new one is a file here and an entry in `index.ts`. */
export type Restorer = {
	/** As marks and snapshots name it. */
	readonly name: string;
	/** Starts the application's own server on the copied data, in the room, and lets it check itself. Throws only for an abort. */
	restore(order: RestoreOrder): Promise<RestoreReport>;
};

/** The first line that says why a server gave up, cleaned; a general sentence where it said nothing. */
export function complaintOf(lines: readonly string[], ...patterns: readonly RegExp[]): string {
	for (const pattern of patterns) {
		const line = lines.find(one => pattern.test(one));
		if (line !== undefined) return tidy(pattern.exec(line)?.[1] ?? line);
	}

	return tidy(lines.findLast(line => line.trim() !== '') ?? 'it said nothing');
}

/** Without a full stop at the end, because it becomes part of a sentence. */
function tidy(line: string): string {
	return line.trim().slice(0, 240).replace(/[.\s]+$/, '');
}
