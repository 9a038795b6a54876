import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {mariadb} from '../../source/applications/mariadb.js';
import {cycles, cycleUnderLoad, makeBackupLab, type BackupLab} from '../support/backup-lab.js';
import {writeLedger, type LedgerWriter} from '../support/ledger-writer.js';
import {startMariadb, whyNoMariadb, type MariadbServer} from '../support/plain-mariadb.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

for (const type of ['ext4', 'xfs'] as const) {
	suite(`MariaDB on ${type}, backed up under load`, {skip: firstReason(whyNoSandbox(), whyNoBundle(), whyNoMariadb(), whyNoLoopDisks(type, 'xfs'))}, () => {
		let lab: BackupLab;
		let server: MariadbServer;
		let ledger: LedgerWriter;
		before(async () => {
			lab = await makeBackupLab(type);
			// One with a binary log, one without: the marks differ.
			server = await startMariadb(join(lab.mount, 'maria'), {settings: type === 'ext4' ? ['--log-bin=changes', '--server-id=7', '--sync-binlog=1'] : []});
			await server.ask('create database app; create table app.ledger (n int primary key)');
			await lab.prepare(mariadb, {socket: server.socket});
			ledger = writeLedger('mariadb', ['--no-defaults', `--socket=${server.socket}`, '--user=root', '--batch', '--skip-column-names', '--unbuffered'], n => `insert into app.ledger values (${n}); select ${n};`);
		});
		after(async () => {
			await ledger?.end();
			await server?.end();
			await lab?.end();
		});

		for (let number = 1; number <= cycles; number++) {
			test(`cycle ${number}: the snapshot restores with all that was acknowledged`, async context => {
				context.diagnostic(await cycleUnderLoad(lab, ledger, 'select count(*), max(n) from app.ledger'));
			});
		}
	});
}
