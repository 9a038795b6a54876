import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {sqlite} from '../../source/applications/sqlite.js';
import {cycles, cycleUnderLoad, makeBackupLab, type BackupLab} from '../support/backup-lab.js';
import {writeLedger, type LedgerWriter} from '../support/ledger-writer.js';
import {must} from '../support/process.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';

/** How SQLite keeps what is under way, and how it is held; the last one only in a long run. */
const shapes = [
	['ext4', 'wal', 'flush'],
	['xfs', 'wal', 'lock'],
	['xfs', 'delete', 'flush'],
] as const;

for (const [type, journal, hold] of shapes.slice(0, cycles > 3 ? 3 : 2)) {
	suite(`SQLite with journal_mode ${journal} on ${type}, ${hold}, backed up under load`, {skip: firstReason(whyNoSandbox(), whyNoBundle(), whyNoProgram('sqlite3'), whyNoLoopDisks(type, 'xfs'))}, () => {
		let lab: BackupLab;
		let ledger: LedgerWriter;
		before(async () => {
			lab = await makeBackupLab(type);
			const database = join(lab.mount, 'app', 'ledger.db');
			mkdirSync(join(lab.mount, 'app'));
			await must('sqlite3', [database, `pragma journal_mode = ${journal}; create table ledger (n integer primary key)`]);
			await lab.prepare(sqlite, {databases: database, hold});
			// In this mode a commit is acknowledged before it is on disk.
			ledger = writeLedger('sqlite3', ['-batch', '-cmd', '.timeout 60000', '-cmd', 'pragma synchronous = normal', database], n => `insert into ledger values (${n}); select ${n};`);
		});
		after(async () => {
			await ledger?.end();
			await lab?.end();
		});

		for (let number = 1; number <= cycles; number++) {
			test(`cycle ${number}: the snapshot restores with all that was acknowledged`, async context => {
				context.diagnostic(await cycleUnderLoad(lab, ledger, 'select count(*), max(n) from ledger'));
			});
		}
	});
}
