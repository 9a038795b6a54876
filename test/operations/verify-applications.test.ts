import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {DatabaseSync} from 'node:sqlite';
import type {ApplicationProof, VerifyResult} from '../../source/core/verification.js';
import {verifySnapshot} from '../../source/operations/verify.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {startMariadb, whyNoMariadb, type MariadbServer} from '../support/plain-mariadb.js';
import {startPostgresql, whyNoPostgresql, type PostgresqlServer} from '../support/postgresql-server.js';
import {must} from '../support/process.js';
import {startRedis, whyNoRedis, type RedisServer} from '../support/plain-redis.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {takeSnapshot} from '../support/snapshots.js';

/** A snapshot of one disk, and what is done to copies of it. */
type Lab = {
	readonly disks: LoopDisks;
	readonly mount: string;
	readonly take: (options?: {readonly applications?: readonly string[]; readonly errors?: readonly {name: string; code: number}[]; readonly outcome?: string}) => Promise<string>;
	/** A damaged copy: `script` runs with the image mounted, its mount as $1. */
	readonly spoil: (snapshot: string, script: string) => Promise<string>;
	readonly end: () => Promise<void>;
};

async function makeLab(type: 'ext4' | 'xfs'): Promise<Lab> {
	const disks = await makeLoopDisks([{name: 'data', type, megabytes: type === 'xfs' ? 320 : 400}], {thawAfterSeconds: 300});
	const state = mkdtempSync(join(tmpdir(), 'quiesce-verify-'));
	process.env['QUIESCE_STATE_DIR'] = state;
	const {mount} = disks.disk('data');
	let number = 0;
	return {
		disks,
		mount,
		take: async options => takeSnapshot({directory: join(state, 'snapshots', `taken-${++number}`), disks: disks.disks, ...options}),
		async spoil(snapshot, script) {
			const directory = `${snapshot}-spoilt-${++number}`;
			await must('cp', ['-r', '--sparse=always', '--reflink=auto', snapshot, directory]);
			const at = join(state, 'at');
			mkdirSync(at, {recursive: true});
			await must('mount', ['-o', `loop${type === 'xfs' ? ',nouuid' : ''}`, join(directory, 'data.img'), at]);
			try {
				await must('sh', ['-e', '-c', script, 'sh', at]);
			} finally {
				await must('umount', [at]);
			}
			return directory;
		},
		end: async () => {
			await disks.end();
			rmSync(state, {recursive: true, force: true});
		},
	};
}

function only(result: VerifyResult, name: string): ApplicationProof {
	const found = result.applications.filter(application => application.name === name);
	assert.equal(found.length, 1, JSON.stringify(result.applications));
	return found[0]!;
}

/** Each damage must be found, told in a sentence, and must not be taken for anything else. */
function assertDamaged(result: VerifyResult, name: string, said: RegExp): void {
	const application = only(result, name);
	assert.equal(application.result, 'does-not-restore', application.sentence);
	assert.match(application.sentence, said);
	assert.equal(result.result, 'does-not-restore');
	assert.ok(result.filesystems.every(filesystem => filesystem.result === 'restores'), JSON.stringify(result.filesystems));
}

const mark = (application: string, position: string, at = new Date().toISOString()): string => `application=${application}\nid=0c6f\nat=${at}\nposition=${position}\n`;

suite('verify: PostgreSQL', {skip: firstReason(whyNoSandbox(), whyNoPostgresql(), whyNoLoopDisks('ext4'))}, () => {
	let lab: Lab;
	let server: PostgresqlServer;
	let snapshot: string;
	/** The tables' files, in the data directory: one with an index, one without that was vacuumed, one without. */
	let heap: string;
	let swept: string;
	let plain: string;
	const data = 'pg/data';
	before(async () => {
		lab = await makeLab('ext4');
		server = await startPostgresql(join(lab.mount, 'pg'));
		await server.ask('create table ledger (n int primary key, words text); insert into ledger select n, md5(n::text) from generate_series(1, 20000) n; create table swept as select n, md5(n::text) from generate_series(1, 20000) n; create table plain as select * from swept');
		await server.ask('vacuum swept');
		[heap, swept, plain] = (await server.ask('select pg_relation_filepath(\'ledger\'), pg_relation_filepath(\'swept\'), pg_relation_filepath(\'plain\')')).split('|') as [string, string, string];
		await server.ask('checkpoint; insert into ledger select n, md5(n::text) from generate_series(20001, 21000) n');
		snapshot = await lab.take();
	});
	after(async () => {
		await server?.end();
		await lab?.end();
	});

	test('comes up from a copy, after its ordinary recovery, while the original goes on', async () => {
		const result = await verifySnapshot(snapshot, {questions: {postgresql: 'select count(*) from ledger'}});
		assert.equal(result.result, 'restores', result.sentence);
		const application = only(result, 'postgresql');
		assert.equal(application.dataDirectory, server.dataDirectory);
		assert.equal(application.recovery?.needed, true);
		assert.ok(application.recovery.durationMs > 0);
		assert.deepEqual(application.checks.map(({name, passed}) => [name, passed]), [['pg_amcheck', true], ['index references', true], ['question', true]]);
		assert.equal(application.checks.at(-1)?.sentence, '21000');
		assert.equal(await server.ask('select count(*) from ledger'), '21000');
	});

	test('with its mark: present, of an earlier cycle, beyond what was recovered, unreadable, missing', async () => {
		const position = await server.ask('select pg_current_wal_insert_lsn()');
		const put = (text: string): void => writeFileSync(join(server.dataDirectory, '.quiesce-mark'), text);
		const verify = async (options: Parameters<Lab['take']>[0] = {applications: ['postgresql']}): Promise<VerifyResult> => verifySnapshot(await lab.take(options));
		put(mark('postgresql', position));
		const present = await verify();
		assert.deepEqual([present.result, only(present, 'postgresql').mark.state], ['restores', 'present'], present.sentence);
		const failed = await verify({applications: ['postgresql'], outcome: 'crash-consistent', errors: [{name: 'Pre-ScriptExecutionFailed', code: 300}]});
		assert.deepEqual([failed.result, only(failed, 'postgresql').mark.state], ['restores-without-the-mark', 'stale'], failed.sentence);
		put(mark('postgresql', position, '2026-01-01T00:00:00Z'));
		const stale = await verify();
		assert.deepEqual([stale.result, only(stale, 'postgresql').mark.state], ['restores-without-the-mark', 'stale'], stale.sentence);
		put(mark('postgresql', 'F/0'));
		const ahead = await verify();
		assert.deepEqual([ahead.result, only(ahead, 'postgresql').mark.state], ['restores-without-the-mark', 'ahead'], ahead.sentence);
		assert.match(ahead.sentence, /recovered only to .+, and the mark is at F\/0/);
		put('\u0000\u0001 nothing of the kind');
		const unreadable = await verify();
		assert.deepEqual([unreadable.result, only(unreadable, 'postgresql').mark.state], ['restores-without-the-mark', 'unreadable']);
		rmSync(join(server.dataDirectory, '.quiesce-mark'));
		const missing = await verify();
		assert.deepEqual([missing.result, only(missing, 'postgresql').mark.state], ['restores-without-the-mark', 'missing']);
	});

	const damages: readonly (readonly [string, () => string, RegExp])[] = [
		['pages of zeros in a table', () => `dd if=/dev/zero of="$1/${data}/${heap}" bs=8192 seek=20 count=3 conv=notrunc`, /leads to 3 pages of ledger that are empty or missing/],
		['pages of zeros in a table without an index', () => `dd if=/dev/zero of="$1/${data}/${swept}" bs=8192 seek=20 count=3 conv=notrunc`, /in the table swept there are 3 empty pages where rows have been/],
		['a table cut short', () => `truncate -s 81920 "$1/${data}/${heap}"`, /ledger/],
		['noise in a table', () => `dd if=/dev/urandom of="$1/${data}/${heap}" bs=8192 seek=20 count=1 conv=notrunc`, /pg_amcheck found damage/],
		['no log', () => `rm "$1/${data}"/pg_wal/0*`, /its server did not come up: could not locate a valid checkpoint record/],
		['a log of zeros', () => `for f in "$1/${data}"/pg_wal/0*; do truncate -s 0 "$f"; truncate -s 16M "$f"; done`, /its server did not come up: could not locate a valid checkpoint record/],
		['no control file', () => `rm "$1/${data}/global/pg_control"`, /its control file cannot be read/],
		['a control file of zeros', () => `truncate -s 0 "$1/${data}/global/pg_control"; truncate -s 8192 "$1/${data}/global/pg_control"`, /its control file is damaged/],
		['no version', () => `: >"$1/${data}/PG_VERSION"`, /no readable PG_VERSION/],
		['a missing table', () => `rm "$1/${data}/${heap}"`, /ledger|could not open file/],
		['a catalogue of noise', () => `for f in "$1/${data}"/base/*/1259; do dd if=/dev/urandom of="$f" bs=8192 count=2 conv=notrunc; done`, /./],
		['a pipe in place of the mark', () => `mkfifo "$1/${data}/.quiesce-mark"; rm "$1/${data}"/pg_wal/0*`, /its server did not come up/],
	];
	for (const [what, script, said] of damages) {
		test(`with ${what} does not restore`, async () => {
			assertDamaged(await verifySnapshot(await lab.spoil(snapshot, script())), 'postgresql', said);
		});
	}

	test('of a user that this machine does not know, or of root, comes up', async () => {
		for (const owner of [54_321, 0]) {
			const result = await verifySnapshot(await lab.spoil(snapshot, `chown -hR ${owner}:${owner} "$1/pg"; chmod 755 "$1/pg"`), {questions: {postgresql: 'select count(*) from ledger'}});
			assert.equal(result.result, 'restores', result.sentence);
			assert.equal(only(result, 'postgresql').checks.at(-1)?.sentence, '21000');
		}
	});

	test('with pages of zeros that may be ordinary says that it is not certain', async () => {
		const result = await verifySnapshot(await lab.spoil(snapshot, `dd if=/dev/zero of="$1/${data}/${plain}" bs=8192 seek=20 count=3 conv=notrunc`));
		assert.deepEqual(only(result, 'postgresql').checks.map(({passed}) => passed), [true, null]);
		assert.match(only(result, 'postgresql').checks[1]!.sentence, /not certain: in the table plain there are empty pages/);
	});

	test('with links out of the copy touches nothing outside', async () => {
		const outside = mkdtempSync(join(tmpdir(), 'quiesce-outside-'));
		try {
			const spoilt = await lab.spoil(snapshot, `mv "$1/${data}/pg_wal" "$1/wal"; cp -a "$1/wal/." ${outside}/; chmod 777 ${outside}; ln -s ${outside} "$1/${data}/pg_wal"`);
			const before = await must('sh', ['-c', `cd ${outside} && ls -lR --time-style=full-iso && sha256sum 0*`]);
			assertDamaged(await verifySnapshot(spoilt), 'postgresql', /its server did not come up: .*pg_wal/);
			assert.equal(await must('sh', ['-c', `cd ${outside} && ls -lR --time-style=full-iso && sha256sum 0*`]), before);
		} finally {
			rmSync(outside, {recursive: true});
		}
	});
});

suite('verify: MariaDB', {skip: firstReason(whyNoSandbox(), whyNoMariadb(), whyNoLoopDisks('ext4'))}, () => {
	let lab: Lab;
	let server: MariadbServer;
	let snapshot: string;
	const data = 'maria/data';
	before(async () => {
		lab = await makeLab('ext4');
		server = await startMariadb(join(lab.mount, 'maria'), {settings: ['--log-bin=changes', '--server-id=7']});
		await server.ask('create database app; use app; create table ledger (n int primary key, words varchar(100), key (words)); insert into ledger select seq, md5(seq) from seq_1_to_20000; create table quiet (n int primary key, words varchar(100)); insert into quiet select seq, md5(seq) from seq_1_to_20000; create table old (n int primary key) engine=aria; insert into old select seq from seq_1_to_1000');
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
		assert.deepEqual(application.checks.map(({name, passed}) => [name, passed]), [['CHECK TABLE', true], ['question', true]]);
		assert.equal(application.checks.at(-1)?.sentence, '21000');
		assert.equal(await server.ask('select count(*) from app.ledger'), '21000');
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
		['noise in an Aria table', `dd if=/dev/urandom of="$1/${data}/app/old.MAD" bs=8192 count=1 conv=notrunc`, /old/],
	];
	for (const [what, script, said] of damages) {
		test(`with ${what} does not restore`, async () => {
			assertDamaged(await verifySnapshot(await lab.spoil(snapshot, script)), 'mariadb', said);
		});
	}
});

suite('verify: Redis', {skip: firstReason(whyNoSandbox(), whyNoRedis(), whyNoLoopDisks('xfs'))}, () => {
	let lab: Lab;
	let server: RedisServer;
	let snapshot: string;
	const data = 'redis/data';
	before(async () => {
		lab = await makeLab('xfs');
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
	let lab: Lab;
	let database: DatabaseSync;
	let snapshot: string;
	before(async () => {
		lab = await makeLab('ext4');
		database = new DatabaseSync(join(lab.mount, 'notes.db'));
		database.exec('pragma journal_mode = wal; create table notes (n integer primary key, words text); with recursive c(n) as (select 1 union all select n + 1 from c where n < 20000) insert into notes select n, hex(randomblob(20)) from c; pragma wal_checkpoint(truncate); insert into notes(words) values (\'last\')');
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
