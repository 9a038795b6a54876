import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {after, before, suite, test} from 'node:test';
import {lostFrames} from '../../source/core/sqlite-wal.js';

/** Logs that SQLite itself has written, and what becomes of them. */
suite('the write-ahead log of SQLite', () => {
	let directory: string;
	let database: DatabaseSync;
	const frame = 24 + 4096;
	const log = (): Uint8Array => new Uint8Array(readFileSync(join(directory, 'a.db-wal')));
	const changed = (whole: Uint8Array, at: number): Uint8Array => whole.with(at, whole[at]! ^ 1);
	before(() => {
		directory = mkdtempSync(join(tmpdir(), 'quiesce-wal-'));
		database = new DatabaseSync(join(directory, 'a.db'));
		database.exec('pragma journal_mode = wal; create table t (n integer primary key, words text)');
		for (let n = 0; n < 10; n++) database.exec(`insert into t values (${n}, '${'x'.repeat(500)}')`);
	});
	after(() => {
		database?.close();
		rmSync(directory, {recursive: true, force: true});
	});

	test('a whole one has lost nothing; a frame at its end may be under way, or cut off', () => {
		const whole = log();
		const frames = (whole.byteLength - 32) / frame;
		assert.ok(frames >= 10);
		assert.equal(lostFrames(whole), null);
		assert.equal(lostFrames(changed(whole, whole.byteLength - 10)), null);
		assert.equal(lostFrames(whole.subarray(0, whole.byteLength - 100)), null);
		for (const nothing of [new Uint8Array(), new Uint8Array(32), new Uint8Array(100_000), whole.subarray(0, 31)]) assert.equal(lostFrames(nothing), null);
	});

	test('a flipped bit in any frame but the last is found: in its page, its header, its salt, its checksum', () => {
		const whole = log();
		const frames = (whole.byteLength - 32) / frame;
		for (let number = 1; number < frames; number++) {
			for (const within of [0, 5, 9, 15, 17, 23, 24, 3000, frame - 1]) {
				assert.deepEqual(lostFrames(changed(whole, 32 + (number - 1) * frame + within)), {damaged: number, frames}, `frame ${number}, byte ${within}`);
			}
		}
		// In the log's own header.
		assert.deepEqual(lostFrames(changed(whole, 26)), {damaged: 1, frames});
	});

	test('what a transaction that was rolled back has left is ordinary', () => {
		database.exec('begin');
		for (let n = 1000; n < 4000; n++) database.exec(`insert into t values (${n}, '${'y'.repeat(500)}')`);
		database.exec('commit');
		const before = log().byteLength;
		// Each page once: only then a frame is as complete as those that count.
		database.exec(`pragma cache_size = 1; begin; update t set words = '${'z'.repeat(500)}' where n >= 1000`);
		const spilled = log().byteLength;
		assert.ok(spilled > before + 20 * frame, `${spilled}`);
		database.exec('rollback; insert into t values (50, \'short\')');
		assert.equal(log().byteLength, spilled);
		assert.equal(lostFrames(log()), null);
	});

	test('frames of an earlier generation behind the newer ones are ordinary', () => {
		// Not truncated: it is written again from its beginning.
		database.exec('pragma wal_checkpoint(restart); insert into t values (100, \'new\')');
		assert.equal(lostFrames(log()), null);
	});
});
