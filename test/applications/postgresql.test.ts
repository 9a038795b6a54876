import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {postgresql} from '../../source/applications/postgresql.js';
import {kill} from '../../source/system/processes.js';
import {makeLoopDisks, type LoopDisks, type LoopDiskType} from '../support/loop-disk.js';
import {startPostgresql, whyNoPostgresql, type PostgresqlServer} from '../support/postgresql-server.js';
import {must, signalTo, start} from '../support/process.js';
import {letThrough, placeScripts, readMark, until, type ScriptsLab} from '../support/scripts-lab.js';
import {firstReason, whyNoLoopDisks} from '../support/skip.js';

for (const type of ['ext4', 'xfs'] as const satisfies readonly LoopDiskType[]) {
	suite(`PostgreSQL on ${type}`, {skip: firstReason(whyNoPostgresql(), whyNoLoopDisks(type))}, () => {
		let disks: LoopDisks;
		let server: PostgresqlServer;
		let lab: ScriptsLab;
		const held = async (): Promise<number> => Number(await server.ask('SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE \'quiesce %\''));

		before(async () => {
			disks = await makeLoopDisks([{name: 'database', type, megabytes: 512}, {name: 'log', type: 'ext4', megabytes: 64}], {thawAfterSeconds: 300});
			server = await startPostgresql(join(disks.disk('database').mount, 'a pg'));
			await server.ask('CREATE TABLE ledger (n int)');
			lab = placeScripts(postgresql, {dataDirectory: server.dataDirectory});
		});
		after(async () => {
			await lab?.end();
			await server?.end();
			await disks?.end();
		});

		test('is detected, with its version, its data and its mounts', async () => {
			const found = (await postgresql.detect()).find(({dataDirectory}) => dataDirectory === server.dataDirectory);
			assert.ok(found?.running === true);
			assert.match(found.title, /^PostgreSQL \d+$/);
			assert.deepEqual(found.mounts, [disks.disk('database').mount]);
			assert.deepEqual(found.settings, {dataDirectory: server.dataDirectory});
		});

		test('checkpoint: what was acknowledged lies before the mark, nothing is held, the post-script succeeds', async () => {
			// Acknowledged, but not on disk yet.
			await server.ask('SET synchronous_commit = off; INSERT INTO ledger VALUES (1)');
			const acknowledged = await server.ask('SELECT pg_current_wal_insert_lsn()');
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output);
			assert.match(pre.output, /^test-postgresql-\w+: checkpoint made in \d+ ms, mark at /);
			assert.ok(pre.output.length < 200);
			const mark = readMark(server.dataDirectory);
			assert.deepEqual(Object.keys(mark).slice(0, 4), ['id', 'at', 'application', 'position']);
			assert.equal(mark['application'], 'postgresql');
			assert.equal(await server.ask(`SELECT '${mark['position']}'::pg_lsn >= '${acknowledged}'::pg_lsn`), 't');
			// The checkpoint came after the mark, so recovery of a copy begins behind it.
			assert.equal(await server.ask(`SELECT checkpoint_lsn >= '${mark['position']}'::pg_lsn FROM pg_control_checkpoint()`), 't');
			const {uid, mode} = statSync(join(server.dataDirectory, '.quiesce-mark'));
			assert.deepEqual([uid, mode & 0o777], [statSync(server.dataDirectory).uid, 0o600]);
			assert.equal(await held(), 0);
			const post = await lab.post();
			assert.equal(post.exitCode, 0, post.output);
			assert.match(lab.log(), /pre: began, id [\s\S]*pre: mark in [\s\S]*pre: checkpoint made[\s\S]*post: nothing was held/);
			assert.equal(lab.memoryLog(), '');
		});

		test('a word that is no way to hold is refused', async () => {
			lab.configure({dataDirectory: server.dataDirectory, hold: 'backups'});
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1);
			assert.match(pre.output, /hold must be auto, checkpoint or backup, and is backups/);
			assert.equal((await lab.post()).exitCode, 0);
		});

		test('backup mode lives in one session from the pre- to the post-script, which logs the label', async () => {
			lab.configure({dataDirectory: server.dataDirectory, hold: 'backup'});
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output);
			assert.equal(await held(), 1);
			await server.ask('INSERT INTO ledger VALUES (2)');
			const post = await lab.post();
			assert.equal(post.exitCode, 0, post.output);
			assert.equal(await held(), 0);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
			const {id, backup_start: begun} = readMark(server.dataDirectory);
			assert.match(lab.log(), new RegExp(`START WAL LOCATION: ${begun}[\\s\\S]*LABEL: quiesce ${id}`));
		});

		test('a post-script alone succeeds, and so does a second one; a second pre-script takes the place of the first', async () => {
			assert.equal((await lab.post()).exitCode, 0);
			assert.equal((await lab.pre()).exitCode, 0);
			const again = await lab.pre();
			assert.equal(again.exitCode, 0, again.output);
			assert.equal(await held(), 1);
			assert.equal((await lab.post()).exitCode, 0);
			assert.equal((await lab.post()).exitCode, 0);
			assert.equal(await held(), 0);
		});

		test('the lease lets go when no post-script comes, and a late one says so', async () => {
			lab.configure({dataDirectory: server.dataDirectory, hold: 'backup', lease: '1'});
			assert.equal((await lab.pre()).exitCode, 0);
			await until('the session ends with its lease', async () => await held() === 0, 60_000);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
			const post = await lab.post();
			assert.equal(post.exitCode, 1);
			assert.match(post.output, /had ended before the post-script/);
			assert.match(lab.log(), /ended with its lease of 1 s/);
			assert.equal((await lab.post()).exitCode, 0);
		});

		for (const victim of ['holding-session.sh', 'sleep', 'psql'] as const) {
			test(`kill -9 of ${victim} in the held session: nothing is held past the lease`, async () => {
				lab.configure({dataDirectory: server.dataDirectory, hold: 'backup', lease: '4'});
				assert.equal((await lab.pre()).exitCode, 0);
				kill(await lab.memberOf(victim === 'holding-session.sh' ? /holding-session\.sh/ : new RegExp(`^\\S*${victim} `)));
				await until('the session ends', async () => await held() === 0, 60_000);
				assert.equal((await lab.post()).exitCode, 1);
				await until('nothing is left', () => lab.left().length === 0, 60_000);
				assert.equal((await lab.post()).exitCode, 0);
			});
		}

		test('a checkpoint that does not come: the pre-script gives up in time and leaves nothing behind', async () => {
			for (const hold of ['checkpoint', 'backup']) {
				lab.configure({dataDirectory: server.dataDirectory, hold, giveUp: '3'});
				const checkpointer = await server.stopCheckpointer();
				try {
					const pre = await lab.pre();
					assert.equal(pre.exitCode, 1, hold);
					assert.ok(pre.durationMs < 39_000, `${hold}: ${pre.durationMs} ms, the default of these tests`);
					await until('no session is left', async () => await held() === 0, 60_000);
					await until('nothing is left', () => lab.left().length === 0, 60_000);
					await server.ask('INSERT INTO ledger VALUES (3)');
					assert.equal((await lab.post()).exitCode, 0);
				} finally {
					signalTo(checkpointer, 'SIGCONT');
				}
			}
		});

		test('kill -9 of the pre-script half-way: what it began ends with its lease, and a post-script ends it at once', async () => {
			for (const withPost of [false, true]) {
				lab.configure({dataDirectory: server.dataDirectory, hold: 'backup', lease: withPost ? '60' : '2', giveUp: '20'});
				const checkpointer = await server.stopCheckpointer();
				const pre = lab.start('pre');
				await until('it waits for the server', async () => await held() === 1);
				kill(pre.pid);
				signalTo(checkpointer, 'SIGCONT');
				if (withPost) assert.equal((await lab.post()).exitCode, 0);
				await until('the session ends', async () => await held() === 0, 40_000);
				if (!withPost) await lab.post();
			}
		});

		test('late, and not ended by anybody: when the post-script has been there, the pre-script lets go and fails', async () => {
			lab.configure({dataDirectory: server.dataDirectory, hold: 'backup', giveUp: '20'});
			const checkpointer = await server.stopCheckpointer();
			const pre = lab.start('pre');
			await until('it waits for the server', async () => await held() === 1);
			const post = lab.post();
			await until('the post-script has cancelled it', () => lab.memoryLog().includes('did not finish'));
			signalTo(checkpointer, 'SIGCONT');
			await post;
			assert.notEqual((await pre.ended).exitCode, 0);
			assert.equal(await held(), 0);
			assert.equal((await lab.post()).exitCode, 0);
		});

		test('long transactions and locks of others are not waited for', async () => {
			lab.configure({dataDirectory: server.dataDirectory});
			const other = start('runuser', ['-u', 'postgres', '--', 'psql', '-X', '-q', '-h', server.socketDirectory, '-d', 'postgres', '-c', 'BEGIN; LOCK TABLE ledger; SELECT pg_sleep(60)'], {cwd: '/'});
			await until('the lock is there', async () => await server.ask('SELECT count(*) FROM pg_locks WHERE mode = \'AccessExclusiveLock\' AND relation = \'ledger\'::regclass') === '1');
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output);
			await lab.post();
			await server.ask('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE \'%pg_sleep%\' AND pid <> pg_backend_pid()');
			await other.ended;
		});

		test('the pre-script writes no log to a filesystem, so one that is frozen does not stop it', async () => {
			const logFile = join(disks.disk('log').mount, 'pg.log');
			lab.configure({dataDirectory: server.dataDirectory, hold: 'backup', logFile});
			await must('fsfreeze', ['-f', disks.disk('log').mount]);
			const pre = await lab.pre();
			assert.ok(await disks.wasFrozen('log'));
			assert.equal(pre.exitCode, 0, pre.output);
			assert.equal((await lab.post()).exitCode, 0);
			assert.ok(statSync(logFile).size > 0);
		});

		test('a server that is killed while it is held: the post-script says so and ends in time', async () => {
			lab.configure({dataDirectory: server.dataDirectory, hold: 'backup'});
			assert.equal((await lab.pre()).exitCode, 0);
			await server.kill();
			const post = await lab.post();
			assert.equal(post.exitCode, 1);
			assert.match(post.output, /not running/);
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1);
			assert.match(pre.output, /PostgreSQL is not running in /);
			assert.equal((await lab.post()).exitCode, 0);
			await server.start();
			assert.equal((await lab.pre()).exitCode, 0);
			assert.equal((await lab.post()).exitCode, 0);
		});
	});
}

suite('PostgreSQL, its other shapes', {skip: firstReason(whyNoPostgresql(), whyNoLoopDisks('ext4'))}, () => {
	test('a standby: what it has replayed is marked, and it follows on', async () => {
		const directory = mkdtempSync(join(tmpdir(), 'quiesce-standby-'));
		letThrough(directory);
		const primary = await startPostgresql(join(directory, 'primary'));
		const standby = await startPostgresql(join(directory, 'standby'), {standbyOf: primary}).catch(async error => {
			await primary.end();
			throw error;
		});
		const lab = placeScripts(postgresql, {dataDirectory: standby.dataDirectory});
		const follows = async (): Promise<void> => {
			const at = await primary.ask('SELECT pg_current_wal_lsn()');
			await until('it follows', async () => await standby.ask(`SELECT pg_last_wal_replay_lsn() >= '${at}'::pg_lsn`) === 't', 60_000);
		};
		try {
			for (const hold of ['checkpoint', 'backup']) {
				lab.configure({dataDirectory: standby.dataDirectory, hold});
				await primary.ask('CREATE TABLE IF NOT EXISTS ledger (n int); INSERT INTO ledger SELECT generate_series(1, 1000)');
				await follows();
				const replayed = await standby.ask('SELECT pg_last_wal_replay_lsn()');
				const pre = await lab.pre();
				assert.equal(pre.exitCode, 0, pre.output);
				assert.equal(await standby.ask(`SELECT '${readMark(standby.dataDirectory)['position']}'::pg_lsn >= '${replayed}'::pg_lsn`), 't');
				const post = await lab.post();
				assert.equal(post.exitCode, 0, post.output);
				await primary.ask('INSERT INTO ledger VALUES (0)');
				await follows();
			}
			// Two servers run now: which one is meant has to be said.
			lab.configure({});
			const which = await lab.pre();
			assert.equal(which.exitCode, 1);
			assert.match(which.output, /\d+ PostgreSQL servers are running: \S+ must say which \(data_directory\)/);
		} finally {
			await lab.end();
			await standby.end();
			await primary.end();
			rmSync(directory, {recursive: true, force: true});
		}
	});

	test('data on two filesystems, and the function names of older versions', async () => {
		const disks = await makeLoopDisks([{name: 'data', type: 'ext4', megabytes: 256}, {name: 'wal', type: 'ext4', megabytes: 256}]);
		try {
			const walDirectory = join(disks.disk('wal').mount, 'wal');
			await must('install', ['-d', '-o', 'postgres', walDirectory]);
			const server = await startPostgresql(join(disks.disk('data').mount, 'pg'), {walDirectory, settings: ['allow_system_table_mods=on']});
			const lab = placeScripts(postgresql, {dataDirectory: server.dataDirectory});
			try {
				const found = (await postgresql.detect()).find(({dataDirectory}) => dataDirectory === server.dataDirectory);
				assert.deepEqual(found?.mounts.toSorted(), [disks.disk('data').mount, disks.disk('wal').mount].toSorted());
				// This server gets the names, and the parameters, that versions 9.6 to 14 have.
				await server.ask(`ALTER FUNCTION pg_catalog.pg_backup_start RENAME TO new_start; ALTER FUNCTION pg_catalog.pg_backup_stop RENAME TO new_stop;
					CREATE FUNCTION pg_catalog.pg_start_backup(text, boolean, boolean) RETURNS pg_lsn LANGUAGE sql AS 'SELECT CASE WHEN $3 THEN NULL ELSE pg_catalog.new_start($1, $2) END';
					CREATE FUNCTION pg_catalog.pg_stop_backup(exclusive boolean, wait_for_archive boolean, OUT lsn pg_lsn, OUT labelfile text, OUT spcmapfile text) RETURNS SETOF record LANGUAGE sql
						AS 'SELECT lsn, labelfile, spcmapfile FROM pg_catalog.new_stop($2) WHERE NOT $1'`);
				const pre = await lab.pre();
				assert.equal(pre.exitCode, 0, pre.output + lab.memoryLog());
				assert.match(pre.output, /backup mode since /);
				const post = await lab.post();
				assert.equal(post.exitCode, 0, post.output + lab.log());
				assert.match(lab.log(), /on 2 filesystem\(s\)[\s\S]*LABEL: quiesce /);
			} finally {
				await lab.end();
				await server.end();
			}
		} finally {
			await disks.end();
		}
	});
});
