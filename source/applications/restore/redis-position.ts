import {basename, dirname, join} from 'node:path';
import type {QuiesceMark} from '../../core/quiesce-mark.js';
import {entriesIn, modifiedOf, sizeOf} from '../../system/copy-search.js';
import type {PositionProof, RestoreOrder} from './restorer.js';

/** The dump that a mark names; null where it names none. */
export function dumpOf(mark: QuiesceMark | null): {readonly name: string; readonly seconds: number} | null {
	const [, name, seconds] = /^dump:([^/]+):(\d+)$/.exec(mark?.position ?? '') ?? [];
	return name === undefined ? null : {name, seconds: Number(seconds)};
}

/**
 * Compares the mark's position with what is in the copy. `aof:NAME:BYTES`: so much of that append-only file was on disk. `dump:NAME:SECONDS`: that
 * dump is of that time (since 1970) or later. To be asked before the server starts; what it answers is asked when the server has loaded.
 */
export function lookAtPosition({room, mark}: Pick<RestoreOrder, 'room' | 'mark'>, file: string): (cut: boolean, cutAt: number | null) => PositionProof {
	const position = mark?.position ?? '';
	const [, name, bytes] = /^aof:([^/]+):(\d+)$/.exec(position) ?? [];
	if (name !== undefined) {
		const directory = dirname(file);
		const size = entriesIn(room.outside(directory)).includes(name) ? sizeOf(room.outside(join(directory, name))) : null;
		const needed = Number(bytes);
		return (cut, cutAt) => {
			// Redis has begun another file since, which holds all that was in the one before.
			if (size === null) return {reached: null, recovered: null, sentence: 'the mark is in the copy; its append-only file was rewritten since'};
			const kept = cut ? Math.min(size, cutAt ?? size) : size;
			return kept >= needed
				? {reached: true, recovered: `aof:${name}:${kept}`, sentence: 'all that was acknowledged at the mark is in the copy'}
				: {reached: false, recovered: `aof:${name}:${kept}`, sentence: `its append-only file ends at byte ${kept}, before the mark at ${needed}`};
		};
	}

	const dump = dumpOf(mark);
	const written = dump === null || basename(file) !== dump.name ? null : modifiedOf(room.outside(file));
	if (dump !== null && written !== null) {
		const seconds = Math.floor(written / 1000);
		const reached = seconds >= dump.seconds;
		const proof = {reached, recovered: `dump:${dump.name}:${seconds}`, sentence: reached ? 'its dump is the one of the mark' : 'its dump is older than the mark'};
		return () => proof;
	}

	// Who was held for the snapshot had no command half written.
	return cut => (cut
		? {reached: false, recovered: null, sentence: 'its append-only file ends in the middle of a command'}
		: {reached: null, recovered: null, sentence: 'the mark is in the copy'});
}
