import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {redis} from '../../source/applications/redis.js';
import {cycles, cycleUnderLoad, makeBackupLab, type BackupLab} from '../support/backup-lab.js';
import {writeLedger, type LedgerWriter} from '../support/ledger-writer.js';
import {startRedis, whyNoRedis, type RedisServer} from '../support/plain-redis.js';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

/** What Redis keeps on disk, and how it is held; the last one only in a long run. */
const shapes = [
	['ext4', 'an append-only file', 'flush', ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '']],
	['xfs', 'dumps alone', 'flush', ['--save', '3600 1']],
	['xfs', 'an append-only file, paused', 'pause', ['--appendonly', 'yes', '--appendfsync', 'no', '--save', '']],
] as const;

for (const [type, words, hold, settings] of shapes.slice(0, cycles > 3 ? 3 : 2)) {
	suite(`Redis with ${words} on ${type}, backed up under load`, {skip: firstReason(whyNoSandbox(), whyNoBundle(), whyNoRedis(), whyNoLoopDisks(type, 'xfs'))}, () => {
		let lab: BackupLab;
		let server: RedisServer;
		let ledger: LedgerWriter;
		before(async () => {
			lab = await makeBackupLab(type);
			server = await startRedis(join(lab.mount, 'redis'), {settings});
			await lab.prepare(redis, {address: server.socket, hold});
			// The answer is the list's length, so the number itself.
			ledger = writeLedger('redis-cli', ['-s', server.socket], n => `rpush ledger ${n}`);
		});
		after(async () => {
			await ledger?.end();
			await server?.end();
			await lab?.end();
		});

		for (let number = 1; number <= cycles; number++) {
			test(`cycle ${number}: the snapshot restores with all that was acknowledged`, async context => {
				context.diagnostic(await cycleUnderLoad(lab, ledger, 'eval return{redis.call("llen","ledger"),redis.call("lindex","ledger",-1)} 0'));
			});
		}
	});
}
