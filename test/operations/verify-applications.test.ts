import assert from 'node:assert/strict';
import {mkdirSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {after, before, suite, test} from 'node:test';
import {verifySnapshot} from '../../source/operations/verify.js';
import {assertDamaged, makeDamageLab, mark, only, type DamageLab} from '../support/damage-lab.js';
import {startMariadb, whyNoMariadb, type MariadbServer} from '../support/plain-mariadb.js';
import {startRedis, whyNoRedis, type RedisServer} from '../support/plain-redis.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

suite('verify: MariaDB', {skip: firstReason(whyNoSandbox(), whyNoMariadb(), whyNoLoopDisks('ext4'))}, () => {
	let lab: DamageLab;
	let server: MariadbServer;
	let snapshot: string;
	const data = 'maria/data';
	before(async () => {
		lab = await makeDamageLab('ext4');
		server = await startMariadb(join(lab.mount, 'maria'), {settings: ['--log-bin=changes', '--server-id=7'], pageSize: '8k'});
		await server.ask('create database app; use app; create table ledger (n int primary key, words varchar(100), key (words)); insert into ledger select seq, md5(seq) from seq_1_to_20000; create table quiet (n int primary key, words varchar(100)); insert into quiet select seq, md5(seq) from seq_1_to_20000; create table old (n int primary key) engine=aria; insert into old select seq from seq_1_to_1000; create table long_values (n int primary key, v longblob); insert into long_values select seq, repeat(md5(seq), 3000) from seq_1_to_30; create table found (n int primary key, words text, fulltext (words)); insert into found values (1, \'words\')');
		// So that the log holds only what comes now: InnoDB would mend older damage from it.
		await server.end();
		await server.start();
		await server.ask('use app; insert into ledger select seq, md5(seq) from seq_20001_to_21000');
		snapshot = await lab.take();
	});
	after(async () => {
		await server?.end();
		await lab?.end();
	});

	test('comes up from a copy, after its ordinary recovery, while the original goes on', async () => {
		const result = await verifySnapshot(snapshot, {questions: {mariadb: 'select count(*) from app.ledger'}});
		assert.equal(result.result, 'restores', result.sentence);
		const application = only(result, 'mariadb');
		assert.equal(application.dataDirectory, server.dataDirectory);
		assert.equal(application.recovery?.needed, true);
		assert.deepEqual(application.checks.map(({name, passed}) => [name, passed]), [['CHECK TABLE', true], ['FLUSH PRIVILEGES', true], ['table files', true], ['question', true]]);
		assert.equal(application.checks.at(-1)?.sentence, '21000');
		assert.equal(await server.ask('select count(*) from app.ledger'), '21000');
	});

	test('of root comes up, as somebody else', async () => {
		const result = await verifySnapshot(await lab.spoil(snapshot, 'chown -hR 0:0 "$1/maria"; chmod 700 "$1/maria"'), {questions: {mariadb: 'select count(*) from app.ledger'}});
		assert.equal(result.result, 'restores', result.sentence);
		assert.equal(only(result, 'mariadb').checks.at(-1)?.sentence, '21000');
	});

	test('with its mark: as a global transaction id, as a place in the binary log, as a log sequence number', async () => {
		const verified = async (position: string): Promise<readonly unknown[]> => {
			writeFileSync(join(server.dataDirectory, '.quiesce-mark'), mark('mariadb', position));
			const result = await verifySnapshot(await lab.take({applications: ['mariadb']}));
			return [result.result, only(result, 'mariadb').mark.state];
		};
		const gtid = await server.ask('select @@global.gtid_current_pos');
		const [file = '', offset = ''] = (await server.ask('show master status')).split('\t');
		const [, sequence = ''] = (await server.ask('show global status like \'Innodb_lsn_current\'')).split('\t');
		for (const position of [gtid, `${file}:${offset}`, `lsn:${sequence}`]) assert.deepEqual(await verified(position), ['restores', 'present'], position);
		for (const position of ['0-7-999999', `${file}:99999999`, 'lsn:99999999999', `${file}:1\ngtid=0-7-999999`]) assert.deepEqual(await verified(position), ['restores-without-the-mark', 'ahead'], position);
	});

	const damages: readonly (readonly [string, string, RegExp])[] = [
		['pages of zeros in a table', `dd if=/dev/zero of="$1/${data}/app/ledger.ibd" bs=16384 seek=10 count=5 conv=notrunc`, /./],
		['pages of zeros in a table at rest', `dd if=/dev/zero of="$1/${data}/app/quiet.ibd" bs=16384 seek=10 count=5 conv=notrunc`, /quiet/],
		['a table at rest cut short', `truncate -s 163840 "$1/${data}/app/quiet.ibd"`, /quiet/],
		['a table at rest missing', `rm "$1/${data}/app/quiet.ibd"`, /quiet/],
		['noise in a table', `dd if=/dev/urandom of="$1/${data}/app/ledger.ibd" bs=16384 seek=10 count=5 conv=notrunc`, /./],
		['a table cut short', `truncate -s 163840 "$1/${data}/app/ledger.ibd"`, /./],
		['a missing table', `rm "$1/${data}/app/ledger.ibd"`, /ledger/],
		['no log', `rm "$1/${data}"/ib_logfile0`, /its server did not come up/],
		['a system tablespace of zeros', `truncate -s 0 "$1/${data}/ibdata1"; truncate -s 12M "$1/${data}/ibdata1"`, /its server did not come up/],
		['a flipped bit in a long value', `printf x | dd of="$1/${data}/app/long_values.ibd" bs=1 seek=1635018 conv=notrunc`, /table files found damage: app\/long_values\.ibd: page \d+ invalid/],
		['long values cut short', `truncate -s 1572864 "$1/${data}/app/long_values.ibd"`, /the file app\/long_values\.ibd has 1572864 bytes of \d+/],
		['a definition missing', `rm "$1/${data}/app/long_values.frm"`, /the definition of app\/long_values is missing/],
		['a part of a full-text index missing', `rm "$1/${data}"/app/FTS_*INDEX_6.ibd`, /FTS_\w+_INDEX_6\.ibd is missing/],
		['accounts missing', `rm "$1/${data}/mysql/db.frm"`, /FLUSH PRIVILEGES found damage: the accounts cannot be read: .*mysql\.db/],
		['noise in an Aria table', `dd if=/dev/urandom of="$1/${data}/app/old.MAD" bs=8192 count=1 conv=notrunc`, /old/],
	];
	for (const [what, script, said] of damages) {
		test(`with ${what} does not restore`, async () => {
			assertDamaged(await verifySnapshot(await lab.spoil(snapshot, script)), 'mariadb', said);
		});
	}
});

suite('verify: Redis', {skip: firstReason(whyNoSandbox(), whyNoRedis(), whyNoLoopDisks('xfs'))}, () => {
	let lab: DamageLab;
	let server: RedisServer;
	let snapshot: string;
	const data = 'redis/data';
	before(async () => {
		lab = await makeDamageLab('xfs');
		server = await startRedis(join(lab.mount, 'redis'));
		await server.ask('eval', 'for n = 1, 5000 do redis.call("set", "key" .. n, string.rep("x", 100)) end', '0');
		await server.ask('rpush', 'ledger', '1', '2', '3');
		snapshot = await lab.take();
	});
	after(async () => {
		await server?.end();
		await lab?.end();
	});

	test('loads from a copy, while the original goes on', async () => {
		const result = await verifySnapshot(snapshot, {questions: {redis: 'llen ledger'}});
		assert.equal(result.result, 'restores', result.sentence);
		const application = only(result, 'redis');
		assert.equal(application.dataDirectory, server.dataDirectory);
		assert.deepEqual(application.checks.map(({name, passed}) => [name, passed]), [['redis-check-aof', true], ['INFO', true], ['question', true]]);
		assert.equal(application.checks.at(-1)?.sentence, '3');
		assert.equal(await server.ask('ping'), 'PONG');
	});

	test('of root loads, as somebody else', async () => {
		const result = await verifySnapshot(await lab.spoil(snapshot, 'chown -hR 0:0 "$1/redis"; chmod 700 "$1/redis"'), {questions: {redis: 'llen ledger'}});
		assert.equal(result.result, 'restores', result.sentence);
		assert.equal(only(result, 'redis').checks.at(-1)?.sentence, '3');
	});

	test('with a dump alone loads too, and with a damaged one does not', async () => {
		await server.ask('save');
		const dump = await lab.spoil(await lab.take(), `rm -r "$1/${data}/appendonlydir"`);
		const whole = await verifySnapshot(dump);
		assert.equal(whole.result, 'restores', whole.sentence);
		assert.equal(only(whole, 'redis').checks[0]?.name, 'redis-check-rdb');
		for (const damage of [`truncate -s 50000 "$1/${data}/dump.rdb"`, `dd if=/dev/zero of="$1/${data}/dump.rdb" bs=1000 seek=10 count=20 conv=notrunc`]) {
			assertDamaged(await verifySnapshot(await lab.spoil(dump, damage)), 'redis', /redis-check-rdb found damage/);
		}
	});

	test('with its mark: as a place in the append-only file, as the time of a dump', async () => {
		const parts = readdirSync(join(server.dataDirectory, 'appendonlydir'));
		const file = parts.find(name => name.endsWith('.incr.aof'))!;
		const {size} = statSync(join(server.dataDirectory, 'appendonlydir', file));
		await server.ask('save');
		const written = Math.floor(statSync(join(server.dataDirectory, 'dump.rdb')).mtimeMs / 1000);
		for (const [position, result, state] of [
			[`aof:${file}:${size}`, 'restores', 'present'], [`aof:${file}:${size + 1}`, 'restores-without-the-mark', 'ahead'], ['aof:appendonly.aof.99.incr.aof:1', 'restores', 'present'],
			[`dump:dump.rdb:${written}`, 'restores', 'present'], [`dump:dump.rdb:${written + 1}`, 'restores-without-the-mark', 'ahead'],
		] as const) {
			writeFileSync(join(server.dataDirectory, '.quiesce-mark'), mark('redis', position));
			const found = await verifySnapshot(await lab.take({applications: ['redis']}));
			assert.deepEqual([found.result, only(found, 'redis').mark.state], [result, state], position);
			// The mark tells which of the two was in use.
			assert.equal(only(found, 'redis').checks[0]?.name, position.startsWith('dump') ? 'redis-check-rdb' : 'redis-check-aof');
		}

		for (const name of ['.quiesce-mark', 'dump.rdb']) rmSync(join(server.dataDirectory, name));
	});

	test('with an unfinished command at the end loads, and says so', async () => {
		const result = await verifySnapshot(await lab.spoil(snapshot, `printf '*3\\r\\n$3\\r\\nset\\r\\n$3\\r\\nab' >>"$(ls "$1/${data}"/appendonlydir/*.incr.aof)"`));
		assert.equal(result.result, 'restores', result.sentence);
		assert.equal(only(result, 'redis').recovery?.needed, true);
		assert.match(only(result, 'redis').sentence, /unfinished command/);
	});

	const damages: readonly (readonly [string, string])[] = [
		['zeros in its append-only file', `dd if=/dev/zero of="$(ls "$1/${data}"/appendonlydir/*.incr.aof)" bs=4096 seek=20 count=2 conv=notrunc`],
		['a part missing', `rm "$1/${data}"/appendonlydir/*.incr.aof`],
		['no manifest', `: >"$(ls "$1/${data}"/appendonlydir/*.manifest)"`],
	];
	for (const [what, script] of damages) {
		test(`with ${what} does not restore`, async () => {
			assertDamaged(await verifySnapshot(await lab.spoil(snapshot, script)), 'redis', /./);
		});
	}
});

suite('verify: SQLite', {skip: firstReason(whyNoSandbox(), whyNoLoopDisks('ext4'))}, () => {
	let lab: DamageLab;
	let database: DatabaseSync;
	let snapshot: string;
	before(async () => {
		lab = await makeDamageLab('ext4');
		database = new DatabaseSync(join(lab.mount, 'notes.db'));
		database.exec('pragma journal_mode = wal; create table notes (n integer primary key, words text); with recursive c(n) as (select 1 union all select n + 1 from c where n < 20000) insert into notes select n, hex(randomblob(20)) from c; pragma wal_checkpoint(truncate); insert into notes(words) values (\'last\'); create table other (n); drop table other');
		snapshot = await lab.take();
	});
	after(async () => {
		database?.close();
		await lab?.end();
	});

	test('opens from a copy, with what was only in its log', async () => {
		const result = await verifySnapshot(snapshot, {questions: {sqlite: 'select count(*) from notes'}});
		assert.equal(result.result, 'restores', result.sentence);
		const application = only(result, 'sqlite');
		assert.equal(basename(application.dataDirectory), 'notes.db');
		assert.equal(application.recovery?.needed, true);
		assert.equal(application.checks.at(-1)?.sentence, '20001');
	});

	test('with a damaged frame in its log, which SQLite would leave out with all behind it, does not restore, or is not certain where nobody has flushed it', async () => {
		const damage = 'printf x | dd of="$1/notes.db-wal" bs=1 seek=2000 conv=notrunc';
		const doubtful = await verifySnapshot(await lab.spoil(snapshot, damage));
		assert.match(only(doubtful, 'sqlite').checks[0]?.sentence ?? '', /not certain: frame 1 of \d+ has a wrong checksum/);
		writeFileSync(join(lab.mount, '.quiesce-mark'), mark('sqlite', ''));
		const held = await lab.take({applications: ['sqlite']});
		rmSync(join(lab.mount, '.quiesce-mark'));
		assertDamaged(await verifySnapshot(await lab.spoil(held, damage)), 'sqlite', /write-ahead log found damage: frame 1 of \d+/);
	});

	test('opens as somebody else than root, who may write beside it', async () => {
		for (const script of [':', 'mkdir -m 700 "$1/private"; mv "$1"/notes.db* "$1/private"; chmod 600 "$1/private"/*', 'mkdir -m 700 "$1/private"; mv "$1"/notes.db* "$1/private"; chown 54321 "$1/private"', 'chown 54321 "$1"/notes.db']) {
			const result = await verifySnapshot(await lab.spoil(snapshot, script), {questions: {sqlite: 'select count(*) from notes'}});
			assert.equal(result.result, 'restores', result.sentence);
			assert.equal(only(result, 'sqlite').checks.at(-1)?.sentence, '20001', script);
		}
	});

	test('with the mark beside one, another database somewhere else is none that was held', async () => {
		const elsewhere = join(lab.mount, 'elsewhere');
		mkdirSync(elsewhere);
		const other = new DatabaseSync(join(elsewhere, 'other.db'));
		other.exec('create table t (n)');
		other.close();
		writeFileSync(join(lab.mount, '.quiesce-mark'), mark('sqlite', ''));
		const result = await verifySnapshot(await lab.take({applications: ['sqlite']}));
		rmSync(join(lab.mount, '.quiesce-mark'));
		const lost = await verifySnapshot(await lab.take({applications: ['sqlite']}));
		rmSync(elsewhere, {recursive: true});
		assert.equal(result.result, 'restores', result.sentence);
		assert.deepEqual(result.applications.map(({mark: {state, expected}}) => [state, expected]).toSorted(), [['none', false], ['present', true]]);
		assert.equal(lost.result, 'restores-without-the-mark');
	});

	for (const [what, script] of [
		['pages of zeros', 'rm "$1"/notes.db-wal; dd if=/dev/zero of="$1/notes.db" bs=4096 seek=30 count=4 conv=notrunc'],
		['noise', 'rm "$1"/notes.db-wal; dd if=/dev/urandom of="$1/notes.db" bs=4096 seek=30 count=4 conv=notrunc'],
		['half of it missing', 'rm "$1"/notes.db-wal; truncate -s 400000 "$1/notes.db"'],
	] as const) {
		test(`with ${what} does not restore`, async () => {
			assertDamaged(await verifySnapshot(await lab.spoil(snapshot, script)), 'sqlite', /./);
		});
	}
});
