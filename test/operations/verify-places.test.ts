import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {VerifyResult} from '../../source/core/verification.js';
import {verifySnapshot} from '../../source/operations/verify.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {startPostgresql, whyNoPostgresql, type PostgresqlServer} from '../support/postgresql-server.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {changeImage, takeSnapshot} from '../support/snapshots.js';

suite('verify: where data lies', {skip: firstReason(whyNoSandbox(), whyNoPostgresql(), whyNoLoopDisks('ext4', 'xfs'))}, () => {
	let disks: LoopDisks;
	let server: PostgresqlServer;
	let state: string;
	let number = 0;
	const question = {questions: {postgresql: 'select count(*) from ledger'}};
	/** A snapshot with its record, and what is in its images, changed. */
	const changed = async (record: (value: Record<string, unknown>) => object, script = ':'): Promise<string> => {
		const directory = await takeSnapshot({directory: join(state, 'snapshots', String(++number)), disks: disks.disks, applications: ['postgresql']});
		const file = join(directory, 'snapshot.json');
		writeFileSync(file, JSON.stringify(record(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)));
		await changeImage(join(directory, 'data.img'), script);
		return directory;
	};
	const same = (value: Record<string, unknown>): object => value;
	const assertUp = (result: VerifyResult, directory: string): void => {
		assert.deepEqual(result.applications.map(({dataDirectory, checks}) => [dataDirectory, checks.at(-1)?.sentence]), [[directory, '1000']], result.sentence);
		assert.ok(result.applications[0]!.checks.every(({passed}) => passed === true));
	};

	before(async () => {
		state = mkdtempSync(join(tmpdir(), 'quiesce-verify-'));
		process.env['QUIESCE_STATE_DIR'] = state;
		disks = await makeLoopDisks([{name: 'data', type: 'ext4', megabytes: 200}, {name: 'log', type: 'xfs'}], {thawAfterSeconds: 200});
		mkdirSync(join(disks.disk('log').mount, 'wal'));
		server = await startPostgresql(join(disks.disk('data').mount, 'pg'), {walDirectory: join(disks.disk('log').mount, 'wal')});
		await server.ask('create table ledger (n int primary key); insert into ledger select generate_series(1, 1000)');
	});
	after(async () => {
		await server?.end();
		await disks?.end();
		rmSync(state, {recursive: true, force: true});
	});

	test('a log on another disk is found at its own place', async () => {
		assertUp(await verifySnapshot(await changed(same), question), server.dataDirectory);
	});

	test('a log whose disk is not in the snapshot is missed, and the live one is not taken for it', async () => {
		const result = await verifySnapshot(await changed(value => ({...value, disks: (value['disks'] as {image: string}[]).filter(({image}) => image === 'data.img')})), question);
		assert.equal(result.result, 'does-not-restore');
		assert.match(result.sentence, /required WAL directory "pg_wal" does not exist/);
		assert.equal(await server.ask('select count(*) from ledger'), '1000');
	});

	test('a whole root filesystem is shown without its programs', async () => {
		const only = (value: Record<string, unknown>): object => ({...value, disks: (value['disks'] as {image: string; mount: string}[]).map(disk => (disk.image === 'data.img' ? {...disk, mount: '/'} : disk))});
		// What the copy has in place of programs must never run.
		const result = await verifySnapshot(await changed(only, 'mkdir -p "$1/usr/bin" "$1/etc"; ln -s /nothing "$1/bin"; for p in setpriv nice psql; do printf "#!/bin/sh\\nexit 99\\n" >"$1/usr/bin/$p"; chmod 755 "$1/usr/bin/$p"; done'), question);
		assertUp(result, '/pg/data');
	});

	test('at a place of the machine\'s programs it is put aside', async () => {
		for (const mount of ['/usr', '/proc/1', '/tmp']) {
			const result = await verifySnapshot(await changed(value => ({...value, disks: (value['disks'] as {image: string; mount: string}[]).map(disk => (disk.image === 'data.img' ? {...disk, mount} : disk))})), question);
			assert.match(result.applications[0]?.dataDirectory ?? '', /^\/copies\/\d\/pg\/data$/, mount);
			assertUp(result, result.applications[0]!.dataDirectory);
		}
	});

	test('a server that is not installed here proves nothing', async () => {
		const listed = await verifySnapshot(await changed(same, 'echo 9.1 >"$1/pg/data/PG_VERSION"'));
		assert.deepEqual([listed.result, listed.applications[0]?.result], ['not-proven', 'not-proven']);
		assert.match(listed.sentence, /PostgreSQL 9\.1 is not installed here/);
		// Found by chance: mentioned, no more.
		const found = await verifySnapshot(await changed(value => ({...value, applications: []}), 'echo 9.1 >"$1/pg/data/PG_VERSION"'));
		assert.deepEqual([found.result, found.applications[0]?.result], ['restores', 'not-proven']);
	});

	test('an application that the cycle held, and of which nothing is there, is missed', async () => {
		const result = await verifySnapshot(await changed(value => ({...value, applications: ['redis']}), 'rm -r "$1/pg"'));
		assert.equal(result.result, 'does-not-restore');
		assert.match(result.sentence, /redis: the cycle held it, and there is no data of it in the snapshot/);
	});

	test('strange files are not opened, and links do not lead out', async () => {
		const script = `
			mkdir "$1/strange" "$1/loop" "$1/redis" "$1/maria"
			mkfifo "$1/strange/a.db" "$1/strange/.quiesce-mark" "$1/redis/appendonly.aof" "$1/maria/ibdata1"
			mknod "$1/strange/b.db" b 7 0; mknod "$1/strange/c.db" c 1 5
			ln -s /etc/shadow "$1/strange/d.db"; ln -s .. "$1/loop/up"; ln -s /etc "$1/loop/etc"
			deep=$1; for n in $(seq 40); do deep=$deep/deep; done; mkdir -p "$deep"; cp "$1/pg/data/PG_VERSION" "$deep"
			rm "$1/pg/data/PG_VERSION"; ln -s /etc/passwd "$1/pg/data/PG_VERSION"; ln -sf /etc/shadow "$1/pg/data/.quiesce-mark"`;
		const result = await verifySnapshot(await changed(same, script));
		assert.equal(result.result, 'does-not-restore');
		assert.deepEqual(result.applications.map(({name, result: one}) => [name, one]), [['mariadb', 'does-not-restore'], ['postgresql', 'does-not-restore']]);
		assert.doesNotMatch(JSON.stringify(result), /root:/);
	});
});
