import {basename, dirname} from 'node:path';
import {lostFrames} from '../../core/sqlite-wal.js';
import type {ProofCheck} from '../../core/verification.js';
import {bytesOfRegular, sizeOf} from '../../system/copy-search.js';
import {roomNode} from '../../system/room.js';
import {complaintOf, type Restorer} from './restorer.js';

/** Runs in the room, in a Node of its own: opening a database rolls back, or takes in, what was under way when it was copied. */
const program = `
const {DatabaseSync} = require('node:sqlite');
const database = new DatabaseSync(process.argv[1]);
const rows = database.prepare('pragma integrity_check(3)').all().map(row => String(Object.values(row)[0]));
const [, , question] = process.argv;
const answer = question === undefined ? null : database.prepare(question).all().map(row => Object.values(row).join('|')).join(', ');
console.log(JSON.stringify({rows, answer}));
`;

/** Logs are mostly a few megabytes; a longer one is left to SQLite alone. */
const mostLogBytes = 256 * 1024 * 1024;

/** SQLite database files: opened, recovered, PRAGMA integrity_check. */
export const sqlite: Restorer = {
	name: 'sqlite',
	async restore({room, path, owner, mark, question, checkMs, onUp}) {
		const title = `SQLite ${basename(path)}`;
		const pending = ['-wal', '-journal'].some(ending => (sizeOf(room.outside(path + ending)) ?? 0) > 0);
		// Before SQLite opens it, and drops what it does not like. Where nobody has flushed it, a power cut may leave it so.
		const size = sizeOf(room.outside(`${path}-wal`)) ?? 0;
		const lost = size > mostLogBytes ? null : lostFrames(bytesOfRegular(room.outside(`${path}-wal`), size) ?? new Uint8Array());
		// It writes beside the database too: its directory and its files have to belong to one, who is not root.
		const directory = room.ownerOf(dirname(path));
		const user = directory === null || directory.uid === 0 ? owner : directory;
		if (directory?.uid === 0) await room.giveTo(dirname(path), user, 'alone');
		for (const ending of ['', '-wal', '-journal', '-shm']) {
			const file = room.ownerOf(path + ending);
			if (file !== null && file.uid !== user.uid) await room.giveTo(path + ending, user);
		}

		const run = await room.run({owner: user, program: roomNode, parameters: ['--no-warnings', '-e', program, path, ...(question === null ? [] : [question])], deadlineMs: checkMs});
		const {durationMs} = run;
		const check = (passed: boolean | null, sentence: string): ProofCheck => ({name: 'integrity_check', passed, sentence, durationMs});
		if (run.late) return {title, state: 'up', position: null, recovery: {needed: pending, durationMs, sentence: 'it could be opened'}, checks: [check(null, `not checked to the end: it takes longer than ${Math.round(checkMs / 60_000)} min`)]};
		if (run.exitCode !== 0) return {title, state: 'down', sentence: `${path} cannot be opened: ${complaintOf(run.stderr.split('\n'), /^Error: (.*)$/)}`, checks: []};
		onUp(durationMs);
		const {rows, answer} = JSON.parse(run.stdout) as {rows: readonly string[]; answer: string | null};
		const fine = rows.length === 1 && rows[0] === 'ok';
		return {
			title, state: 'up',
			position: mark === null ? null : {reached: null, recovered: null, sentence: 'the mark is in the copy'},
			recovery: {needed: pending, durationMs, sentence: pending ? 'it took in or rolled back what was under way' : 'nothing was under way'},
			checks: [
				...(lost === null ? [] : [{name: 'write-ahead log', passed: mark === null ? null : false, sentence: `${mark === null ? 'not certain' : 'found damage'}: frame ${lost.damaged} of ${lost.frames} has a wrong checksum, and SQLite leaves out all commits from there on`, durationMs: 0}]),
				check(fine, fine ? 'found nothing wrong' : `found damage: ${rows.flatMap(row => row.split('\n')).filter(line => !line.startsWith('***')).slice(0, 2).join('; ').slice(0, 240)}`),
				...(answer === null ? [] : [{name: 'question', passed: true, sentence: answer, durationMs: 0}]),
			],
		};
	},
};
