import {join} from 'node:path';
import {innodbFileBytes, tablespaceHeaderBytes} from '../../core/innodb.js';
import type {ProofCheck} from '../../core/verification.js';
import {bytesOfRegular, entriesIn, sizeOf} from '../../system/copy-search.js';
import {findCommand} from '../../system/shell.js';
import {complaintOf, type RestoreOrder} from './restorer.js';

/** What InnoDB's own dictionary says there is: `database/table`, as files are called. Those without a file of their own are left out. */
export const innodbTables = 'SELECT name FROM information_schema.innodb_sys_tables WHERE space <> 0 AND name LIKE \'%/%\';\n';

const filesAtOnce = 200;

/**
 * What CHECK TABLE does not look at: tables whose definition is gone, the parts of a full-text index, files that end too early, and pages with long values,
 * each of which has a checksum. To be called when the server has ended in peace: then all is in the files.
 * @param tables What `innodbTables` has answered. @param atomic Whether definition and table come and go together (MariaDB from 10.6).
 */
export async function checkTableFiles({room, path, owner, checkMs}: RestoreOrder, tables: readonly string[], atomic: boolean): Promise<ProofCheck> {
	const began = performance.now();
	const check = (passed: boolean | null, sentence: string): ProofCheck => ({name: 'table files', passed, sentence, durationMs: performance.now() - began});
	const outside = (name: string): string => room.outside(join(path, name));
	const doubts: string[] = [];
	const own = tables.filter(name => !name.includes('/#sql'));
	const names = new Map([...new Set(own.map(name => name.split('/')[0]!))].map(database => [database, new Set(entriesIn(outside(database)))]));
	for (const name of own) {
		const [database = '', table = ''] = name.split('/');
		const there = names.get(database);
		if (there?.has(`${table}.ibd`) !== true && there?.has(`${table}.isl`) !== true) return check(false, `found damage: the file ${name}.ibd is missing`);
		if (table.startsWith('FTS_') || there.has(`${table.replace(/#p#.*$/i, '')}.frm`)) continue;
		if (atomic) return check(false, `found damage: the definition of ${name} is missing`);
		doubts.push(`the definition of ${name} is missing, as after a table that was being made or dropped`);
	}

	const files = [...names].flatMap(([database, entries]) => [...entries].filter(entry => entry.endsWith('.ibd') && !entry.startsWith('#sql')).map(entry => join(database, entry)));
	for (const file of files) {
		const expected = innodbFileBytes(bytesOfRegular(outside(file), tablespaceHeaderBytes) ?? new Uint8Array());
		const found = sizeOf(outside(file));
		if (expected !== null && found !== null && found < expected) return check(false, `found damage: the file ${file} has ${found} bytes of ${expected}`);
	}

	const program = findCommand('innochecksum');
	if (program === null) return check(null, 'not checked: innochecksum is not installed here');
	const sum = async (some: readonly string[]): ReturnType<typeof room.run> => room.run({owner, program, parameters: some.map(file => join(path, file)), deadlineMs: Math.max(1000, checkMs - (performance.now() - began))});
	for (let at = 0; at < files.length; at += filesAtOnce) {
		const some = files.slice(at, at + filesAtOnce);
		if ((await sum(some)).exitCode === 0) continue;
		// It does not say which one.
		for (const file of some) {
			const run = await sum([file]);
			if (run.late) return check(null, `not checked to the end: it takes longer than ${Math.round(checkMs / 60_000)} min`);
			if (run.exitCode !== 0) return check(false, `found damage: ${file}: ${complaintOf(`${run.stderr}\n${run.stdout}`.split('\n'), /Fail: (page.*)$/).replace('::', ' ')}`);
		}
	}

	return doubts.length > 0 ? check(null, `not certain: ${doubts[0]!}`) : check(true, `all are there, and every page of ${files.length} has its checksum`);
}
