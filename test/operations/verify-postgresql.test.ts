import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {VerifyResult} from '../../source/core/verification.js';
import {verifySnapshot} from '../../source/operations/verify.js';
import {plainSymbols, plainVerifyResult} from '../../source/output/plain-verify.js';
import {proofLines} from '../../source/screens/verify.js';
import {assertDamaged, makeDamageLab, mark, only, type DamageLab} from '../support/damage-lab.js';
import {startPostgresql, whyNoPostgresql, type PostgresqlServer} from '../support/postgresql-server.js';
import {must, plainEnvironment} from '../support/process.js';
import {until} from '../support/scripts-lab.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

suite('verify: PostgreSQL', {skip: firstReason(whyNoSandbox(), whyNoPostgresql(), whyNoLoopDisks('ext4'))}, () => {
	let lab: DamageLab;
	let server: PostgresqlServer;
	let snapshot: string;
	/** The tables' files, in the data directory: one with an index, one without that was vacuumed, one without. */
	let heap: string;
	let swept: string;
	let plain: string;
	let gin: string;
	let sequence: string;
	const data = 'pg/data';
	before(async () => {
		lab = await makeDamageLab('ext4');
		server = await startPostgresql(join(lab.mount, 'pg'));
		await server.ask('create table ledger (n int primary key, words text); insert into ledger select n, md5(n::text) from generate_series(1, 20000) n; create table swept as select n, md5(n::text) from generate_series(1, 20000) n; create table plain as select * from swept; create table found as select n, array[n] as a from generate_series(1, 5000) n; create index found_by on found using gin (a); create sequence counter');
		// It leaves out pages that are being written at that moment.
		await until('all of it is swept', async () => {
			await server.ask('vacuum swept');
			return await server.ask('select relallvisible = relpages from pg_class where relname = \'swept\'') === 't';
		});
		[heap, swept, plain, gin, sequence] = (await server.ask('select pg_relation_filepath(\'ledger\'), pg_relation_filepath(\'swept\'), pg_relation_filepath(\'plain\'), pg_relation_filepath(\'found_by\'), pg_relation_filepath(\'counter\')')).split('|') as [string, string, string, string, string];
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
		const verify = async (options: Parameters<DamageLab['take']>[0] = {applications: ['postgresql']}): Promise<VerifyResult> => verifySnapshot(await lab.take(options));
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
		['pages of zeros in a table', () => `dd if=/dev/zero of="$1/${data}/${heap}" bs=8192 seek=20 count=3 conv=notrunc`, /leads to 3 pages of public\.ledger that are empty or missing/],
		['pages of zeros in a table without an index', () => `dd if=/dev/zero of="$1/${data}/${swept}" bs=8192 seek=20 count=3 conv=notrunc`, /in the table public\.swept there are 3 empty pages where rows have been/],
		['a table cut short', () => `truncate -s 81920 "$1/${data}/${heap}"`, /ledger/],
		['a table without an index cut short', () => `truncate -s 81920 "$1/${data}/${swept}"`, /the table public\.swept ends after 10 pages, and there have been more/],
		['an index of another kind missing', () => `rm "$1/${data}/${gin}"`, /the file of public\.found_by, base\/\d+\/\d+, is missing/],
		['noise in an index of another kind', () => `dd if=/dev/urandom of="$1/${data}/${gin}" bs=8192 seek=2 count=1 conv=notrunc`, /invalid page in block 2/],
		['a sequence missing', () => `rm "$1/${data}/${sequence}"`, /the file of public\.counter, .*, is missing/],
		['a page of zeros in the commit log', () => `f="$1/${data}/pg_xact/0000"; dd if=/dev/zero of="$f" bs=8192 count=1 conv=notrunc`, /./],
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

	test('with settings of its own that would stop a check, or run commands, comes up without them; with settings that cannot be read it does not', async () => {
		const settings = ['archive_mode = on', 'archive_command = \'touch /tmp/ran\'', 'restore_command = \'touch /tmp/ran\'', 'statement_timeout = 1', 'default_transaction_read_only = on', 'search_path = nowhere', 'session_preload_libraries = nothing', 'idle_session_timeout = 1', 'log_min_messages = panic', 'recovery_target = immediate', 'zero_damaged_pages = on'];
		const append = (lines: readonly string[]): string => `cat >>"$1/${data}/postgresql.auto.conf" <<'END'\n${lines.join('\n')}\nEND\ntouch "$1/${data}/recovery.signal"`;
		const own = await verifySnapshot(await lab.spoil(snapshot, append(settings)), {questions: {postgresql: 'select count(*) from ledger'}});
		assert.equal(own.result, 'restores', own.sentence);
		assert.equal(only(own, 'postgresql').checks.at(-1)?.sentence, '21000');
		assertDamaged(await verifySnapshot(await lab.spoil(snapshot, append(['work_mem = \'\u0001\u0002']))), 'postgresql', /its postgresql\.auto\.conf cannot be read: syntax error/);
		assertDamaged(await verifySnapshot(await lab.spoil(snapshot, `${append(settings)}\ndd if=/dev/zero of="$1/${data}/${heap}" bs=8192 seek=20 count=3 conv=notrunc`)), 'postgresql', /leads to 3 pages of public\.ledger that are empty or missing/);
	});

	test('with pages of zeros that may be ordinary says that it is not certain', async () => {
		const result = await verifySnapshot(await lab.spoil(snapshot, `dd if=/dev/zero of="$1/${data}/${plain}" bs=8192 seek=20 count=3 conv=notrunc`));
		assert.deepEqual(only(result, 'postgresql').checks.map(({passed}) => passed), [true, null]);
		assert.match(only(result, 'postgresql').checks[1]!.sentence, /not certain: in the table public\.plain there are empty pages/);
		const other = await verifySnapshot(await lab.spoil(snapshot, `dd if=/dev/zero of="$1/${data}/${gin}" bs=8192 seek=2 count=1 conv=notrunc`));
		assert.match(only(other, 'postgresql').checks[1]!.sentence, /not certain: in the index public\.found_by there are 1 empty pages/);
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

suite('verify: PostgreSQL as some keep it', {skip: firstReason(whyNoSandbox(), whyNoPostgresql(), whyNoLoopDisks('ext4'))}, () => {
	let lab: DamageLab;
	let server: PostgresqlServer;
	/** A name that would act on a terminal. */
	const evil = 'evil \u001B]0;title\u0007 table';
	before(async () => {
		lab = await makeDamageLab('ext4');
		server = await startPostgresql(join(lab.mount, 'pg'), {superuser: 'admin'});
		for (const statement of [
			'create role postgres login', 'create table ledger (n int primary key); insert into ledger select generate_series(1, 1000)',
			`create table "${evil}" as select n, md5(n::text) from generate_series(1, 20000) n; create index on "${evil}" (n)`,
			'create database "a=b"', 'create database "two\nlines"', 'create database without_public', 'create database without_plpgsql', 'create database half_gone', 'update pg_database set datconnlimit = -2 where datname = \'half_gone\'',
			'create function no_ddl() returns event_trigger language plpgsql as $$ begin raise exception $a$not here$a$; end $$', 'create event trigger no_ddl on ddl_command_start execute function no_ddl()',
			'checkpoint', 'alter role admin set statement_timeout = 1; alter role admin set default_transaction_read_only = on',
		]) await server.ask(statement);
		for (const [database, statement] of [['without_public', 'drop schema public'], ['without_plpgsql', 'drop extension plpgsql']] as const) {
			await must('psql', ['-X', '-q', '-h', server.socketDirectory, '-U', 'admin', '-d', database, '-c', 'set default_transaction_read_only = off', '-c', 'set statement_timeout = 0', '-c', statement], {env: {...plainEnvironment(), PGOPTIONS: '-c statement_timeout=0'}});
		}
	});
	after(async () => {
		await server?.end();
		await lab?.end();
	});

	test('another superuser, roles that may not wait, triggers against changes, odd databases: it is checked all the same', async () => {
		const result = await verifySnapshot(await lab.take(), {questions: {postgresql: 'select count(*) from ledger'}});
		assert.equal(result.result, 'restores', result.sentence);
		assert.deepEqual(only(result, 'postgresql').checks.map(({name, passed}) => [name, passed]), [['pg_amcheck', true], ['index references', true], ['question', true]]);
		assert.equal(only(result, 'postgresql').checks.at(-1)?.sentence, '1000');
	});

	test('what is found there does not act on a terminal', async () => {
		const file = await must('psql', ['-X', '-A', '-t', '-h', server.socketDirectory, '-U', 'admin', '-d', 'postgres', '-c', `select pg_relation_filepath('"${evil}"')`], {env: {...plainEnvironment(), PGOPTIONS: '-c statement_timeout=0'}});
		const result = await verifySnapshot(await lab.spoil(await lab.take(), `dd if=/dev/zero of="$1/pg/data/${file.trim()}" bs=8192 seek=20 count=3 conv=notrunc`));
		assertDamaged(result, 'postgresql', /evil .* table/);
		const lines = plainVerifyResult(result, plainSymbols).join('\n');
		assert.ok(lines.includes('evil \\u001b]0;title\\u0007 table'), lines);
		for (const text of [lines, ...proofLines(result, 80).map(line => line.text)]) assert.doesNotMatch(text, /[\u0007\u001B]/);
	});
});
