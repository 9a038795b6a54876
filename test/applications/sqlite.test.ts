import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {after, before, suite, test} from 'node:test';
import {sqlite} from '../../source/applications/sqlite.js';
import {kill} from '../../source/system/processes.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {must, start} from '../support/process.js';
import {letThrough, placeScripts, readMark, until, type ScriptsLab} from '../support/scripts-lab.js';
import {changeImage} from '../support/snapshots.js';
import {firstReason, whyNoLoopDisks, whyNoProgram} from '../support/skip.js';

suite('SQLite files', {skip: firstReason(whyNoLoopDisks('ext4'), whyNoProgram('sqlite3'))}, () => {
	let disks: LoopDisks;
	let lab: ScriptsLab;
	let notes: string;
	let orders: string;
	/** Clients of the application that they belong to. */
	let clients: readonly DatabaseSync[];
	const quoted = (path: string): string => path.replaceAll('\'', '\'\\\'\'');
	const isLocked = (client: DatabaseSync): boolean => {
		try {
			client.exec('begin immediate; rollback');
			return false;
		} catch (error) {
			assert.match(String(error), /database is locked/);
			return true;
		}
	};
	const locked = (): readonly boolean[] => clients.map(isLocked);
	const configure = (settings: Readonly<Record<string, string>> = {}): void => lab.configure({databases: `${notes}\n${orders}`, giveUp: '60', lease: '300', ...settings});

	before(async () => {
		disks = await makeLoopDisks([{name: 'data', type: 'ext4', megabytes: 32}, {name: 'log', type: 'ext4'}], {thawAfterSeconds: 300});
		// As names can be, of a user of their own, and of one without a name, as a container leaves them.
		[notes, orders] = [join(disks.disk('data').mount, 'the app\'s', 'my "notes".db'), join(disks.disk('data').mount, 'container', 'orders')];
		for (const [path, journal, owner] of [[notes, 'wal', 'nobody'], [orders, 'delete', '61234:61234']] as const) {
			const directory = dirname(path);
			mkdirSync(directory);
			await must('sqlite3', [path, `pragma journal_mode = ${journal}; create table entries (n integer primary key)`]);
			await must('chown', ['-R', owner, directory]);
			letThrough(directory);
		}

		clients = [notes, orders].map(path => new DatabaseSync(path, {timeout: 0}));
		lab = placeScripts(sqlite);
		configure();
	});
	after(async () => {
		clients?.forEach(client => client.close());
		await lab?.end();
		await disks?.end();
	});

	test('are detected while a process has them open for writing, unless a list of lines cannot name them', async () => {
		const unnamed = join(dirname(orders), 'two\nlines.db');
		await must('sqlite3', [unnamed, 'create table t (n)']);
		const open = await Promise.all([orders, unnamed].map(async path => {
			const client = spawn('sqlite3', ['-batch', path], {stdio: ['pipe', 'pipe', 'inherit'], cwd: '/'});
			client.stdin.write('begin immediate; select \'open\';\n');
			await once(client.stdout, 'data');
			return client;
		}));
		const [found] = await sqlite.detect();
		for (const client of open) {
			client.stdin.end();
			await once(client, 'exit');
		}
		rmSync(unnamed);
		assert.ok(found?.running === true);
		assert.ok(found.settings['databases']?.split('\n').includes(orders), JSON.stringify(found));
		assert.ok(!found.settings['databases']?.includes('-wal'));
		assert.ok(!found.settings['databases']?.includes('lines.db'));
		assert.ok(found.mounts.includes(disks.disk('data').mount));
	});

	test('flush: a transaction under way is not waited for, nothing is held, nothing but the mark is new', async () => {
		const [one, other] = clients as [DatabaseSync, DatabaseSync];
		for (const client of clients) client.exec('pragma synchronous = off; insert into entries values (1)');
		one.exec('begin immediate; insert into entries values (2)');
		other.exec('begin exclusive');
		const files = readdirSync(join(notes, '..'));
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output);
		assert.match(pre.output, /^test-sqlite-\w+: 2 databases flushed in \d+ ms, nothing is held$/m);
		assert.deepEqual(readdirSync(join(notes, '..')), ['.quiesce-mark', ...files]);
		for (const path of [notes, orders]) {
			const mark = readMark(dirname(path));
			assert.deepEqual([mark['application'], mark['hold']], ['sqlite', 'flush']);
			const {uid, mode} = statSync(join(dirname(path), '.quiesce-mark'));
			assert.deepEqual([uid, mode & 0o777], [statSync(path).uid, 0o600]);
		}

		// On disk, without any freeze: a copy of the disk at this moment has what was committed, and nothing else.
		const copy = join(disks.directory, 'copy.img');
		await must('cp', ['--sparse=always', disks.disk('data').image, copy]);
		await changeImage(copy, [notes, orders].map(path => `test "$(sqlite3 "$1"'/${quoted(relative(disks.disk('data').mount, path))}' 'pragma integrity_check; select group_concat(n) from entries' | tr '\\n' ' ')" = 'ok 1 '`).join('\n'));
		for (const client of clients) client.exec('commit');
		const post = await lab.post();
		assert.equal(post.exitCode, 0, post.output);
		assert.match(lab.log(), /pre: began, id [\s\S]*pre: \S.*my "notes"\.db\n[\s\S]*pre: 2 databases flushed[\s\S]*post: nothing was held/);
	});

	test('lock: nobody writes until the post-script, reading goes on, also while the filesystem is frozen', async () => {
		configure({hold: 'lock'});
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output + lab.memoryLog());
		await must('fsfreeze', ['-f', disks.disk('data').mount]);
		try {
			assert.deepEqual(locked(), [true, true]);
			for (const client of clients) assert.ok(client.prepare('select count(*) as n from entries').get() !== undefined);
		} finally {
			assert.ok(await disks.wasFrozen('data'));
		}

		assert.ok(!existsSync(`${orders}-journal`));
		const patient = start('sqlite3', ['-batch', '-cmd', '.timeout 60000', orders, 'insert into entries values (100)'], {cwd: '/'});
		const post = await lab.post();
		assert.equal(post.exitCode, 0, post.output);
		assert.match(post.output, /released, 2 locks/);
		assert.equal((await patient.ended).exitCode, 0);
		assert.deepEqual(locked(), [false, false]);
		await until('nothing is left', () => lab.left().length === 0, 60_000);
	});

	test('names with blanks at their ends, named twice and by a link, are each flushed and locked once', async () => {
		const odd = join(dirname(orders), 'odd');
		const named = [join(odd, ' a  b '), join(odd, '-c\\n')];
		mkdirSync(odd);
		for (const path of named) await must('sqlite3', [path, 'create table t (n)']);
		symlinkSync(named[0]!, join(odd, 'link'));
		await must('chown', ['-Rh', '61234:61234', odd]);
		for (const hold of ['flush', 'lock']) {
			configure({databases: `\n  ${named[0]!}\n${named[1]!}  \n\n${named[0]!}\n${join(odd, 'link')}\n`, hold});
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output);
			assert.match(pre.output, /: 2 databases flushed/);
			assert.match(lab.memoryLog(), /pre: \S+\/odd\/ a  b \n/);
			assert.deepEqual(named.map(path => {
				const client = new DatabaseSync(path, {timeout: 0});
				const answer = isLocked(client);
				client.close();
				return answer;
			}), [hold === 'lock', hold === 'lock']);
			assert.equal(readMark(odd)['application'], 'sqlite');
			assert.equal((await lab.post()).exitCode, 0);
		}
	});

	test('a post-script alone succeeds, and so does a second one; a second pre-script takes the place of the first', async () => {
		configure({hold: 'lock'});
		assert.equal((await lab.post()).exitCode, 0);
		assert.equal((await lab.pre()).exitCode, 0);
		const again = await lab.pre();
		assert.equal(again.exitCode, 0, again.output);
		assert.deepEqual(locked(), [true, true]);
		assert.equal((await lab.post()).exitCode, 0);
		assert.equal((await lab.post()).exitCode, 0);
		assert.deepEqual(locked(), [false, false]);
	});

	test('a long transaction: the pre-script backs off in time, and lets go of the others', async () => {
		const [, other] = clients as [DatabaseSync, DatabaseSync];
		for (const settings of [{lockWait: '1'}, {lockWait: '60', giveUp: '2'}]) {
			configure({hold: 'lock', ...settings});
			other.exec('begin immediate');
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1);
			assert.match(pre.output, /orders is not locked: .*(?:database is locked|no answer within)/);
			assert.ok(pre.durationMs < 39_000, `${pre.durationMs} ms`);
			other.exec('commit');
			// Killed, and gone a moment later.
			await until('nothing is left', () => lab.left().length === 0, 60_000);
			assert.deepEqual(locked(), [false, false]);
			assert.equal((await lab.post()).exitCode, 0);
		}
	});

	test('the lease lets go when no post-script comes, and a late one says so', async () => {
		configure({hold: 'lock', lease: '3'});
		assert.equal((await lab.pre()).exitCode, 0);
		await until('the locks end with their lease', () => !locked().includes(true), 60_000);
		await until('nothing is left', () => lab.left().length === 0, 60_000);
		const post = await lab.post();
		assert.equal(post.exitCode, 1);
		assert.match(post.output, /2 of 2 locks had ended before the post-script/);
		assert.match(lab.log(), /lock-1 ended with its lease of 3 s/);
		assert.equal((await lab.post()).exitCode, 0);
	});

	for (const victim of ['holding-session.sh', 'sleep', 'sqlite3'] as const) {
		test(`kill -9 of ${victim} in a held session: nothing is held past the lease`, async () => {
			configure({databases: notes, hold: 'lock', lease: '3'});
			assert.equal((await lab.pre()).exitCode, 0);
			kill(await lab.memberOf(victim === 'holding-session.sh' ? /holding-session\.sh/ : new RegExp(`^\\S*${victim} `)));
			await until('the lock ends', () => !locked().includes(true), 60_000);
			assert.equal((await lab.post()).exitCode, 1);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
			assert.equal((await lab.post()).exitCode, 0);
		});
	}

	test('kill -9 of the pre-script half-way: what it holds ends with its lease, and a post-script ends it at once; one that comes first wins', async () => {
		const [one, other] = clients as [DatabaseSync, DatabaseSync];
		for (const what of ['killed', 'killed, then post', 'post']) {
			configure({hold: 'lock', lockWait: '30', giveUp: '30', lease: what === 'killed' ? '3' : '300'});
			other.exec('begin immediate');
			const pre = lab.start('pre');
			await until('it has the first lock, and waits for the other', () => isLocked(one), 60_000);
			if (what.startsWith('killed')) kill(pre.pid);
			if (what.endsWith('post')) assert.equal((await lab.post()).exitCode, 0);
			other.exec('commit');
			if (!what.startsWith('killed')) assert.notEqual((await pre.ended).exitCode, 0);
			await until('no lock is held', () => !locked().includes(true), 60_000);
			await lab.post();
			await until('nothing is left', () => lab.left().length === 0, 60_000);
		}
	});

	test('a session that does not answer: the post-script ends it, and says so', async () => {
		configure({hold: 'lock', giveUp: '2'});
		assert.equal((await lab.pre()).exitCode, 0);
		for (const pid of lab.left()) process.kill(pid, 'SIGSTOP');
		const post = await lab.post();
		assert.equal(post.exitCode, 1);
		await until('nothing is left', () => lab.left().length === 0, 60_000);
		assert.deepEqual(locked(), [false, false]);
	});

	test('what is not there, or no database, is told; the pre-script writes no log to a filesystem', async () => {
		const text = join(notes, '..', 'text');
		writeFileSync(text, 'words');
		for (const [databases, said] of [[`${orders}\n${text}`, /text is no SQLite database/], [join(notes, 'nothing'), /nothing is not there/], ['', /names no databases/]] as const) {
			configure({databases, hold: 'lock'});
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1);
			assert.match(pre.output, said);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
		}

		const logFile = join(disks.disk('log').mount, 'log');
		configure({logFile});
		await must('fsfreeze', ['-f', disks.disk('log').mount]);
		const pre = await lab.pre();
		assert.ok(await disks.wasFrozen('log'));
		assert.equal(pre.exitCode, 0, pre.output);
		assert.equal((await lab.post()).exitCode, 0);
		assert.ok(statSync(logFile).size > 0);
	});
});
