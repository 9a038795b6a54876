import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {postgresql} from '../../source/applications/postgresql.js';
import {cycles, cycleUnderLoad, makeBackupLab, type BackupLab} from '../support/backup-lab.js';
import {writeLedger, type LedgerWriter} from '../support/ledger-writer.js';
import {startPostgresql, whyNoPostgresql, type PostgresqlServer} from '../support/postgresql-server.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

for (const type of ['ext4', 'xfs'] as const) {
	suite(`PostgreSQL on ${type}, backed up under load`, {skip: firstReason(whyNoSandbox(), whyNoBundle(), whyNoPostgresql(), whyNoLoopDisks(type, 'xfs'))}, () => {
		let lab: BackupLab;
		let server: PostgresqlServer;
		let ledger: LedgerWriter;
		before(async () => {
			lab = await makeBackupLab(type);
			server = await startPostgresql(join(lab.mount, 'pg'));
			await server.ask('create table ledger (n int primary key)');
			await lab.prepare(postgresql, {dataDirectory: server.dataDirectory});
			ledger = writeLedger('runuser', ['-u', 'postgres', '--', 'psql', '-X', '-A', '-t', '-q', '-h', server.socketDirectory, '-p', '5432', '-d', 'postgres'], n => `insert into ledger values (${n}); select ${n};`);
		});
		after(async () => {
			await ledger?.end();
			await server?.end();
			await lab?.end();
		});

		for (let number = 1; number <= cycles; number++) {
			test(`cycle ${number}: the snapshot restores with all that was acknowledged`, async context => {
				context.diagnostic(await cycleUnderLoad(lab, ledger, 'select count(*), max(n) from ledger'));
			});
		}
	});
}
