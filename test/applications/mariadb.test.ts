import assert from 'node:assert/strict';
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {mariadb} from '../../source/applications/mariadb.js';
import {kill} from '../../source/system/processes.js';
import {must, start, type Started} from '../support/process.js';
import {startMariadb, whyNoMariadb, type MariadbServer} from '../support/plain-mariadb.js';
import {placeScripts, readMark, until, type ScriptRun, type ScriptsLab} from '../support/scripts-lab.js';
import {whyNoProgram, firstReason} from '../support/skip.js';

suite('MariaDB', {skip: firstReason(whyNoMariadb(), whyNoProgram('ps'))}, () => {
	let directory: string;
	let server: MariadbServer;
	let lab: ScriptsLab;
	/** As names can be. */
	let socket: string;
	const sessions: Started[] = [];
	const count = async (where: string): Promise<number> => Number(await server.ask(`SELECT count(*) FROM information_schema.processlist WHERE ${where}`));
	/** Sessions that wait to write. */
	const waiting = async (): Promise<number> => count('info LIKE \'INSERT %\' AND state LIKE \'Waiting%\'');
	/** Held connections, by the name of their lock. */
	const held = async (): Promise<boolean> => await server.ask(`SELECT IFNULL(IS_USED_LOCK('quiesce ${readMarkId()}'), 0)`) !== '0';
	const readMarkId = (): string => readMark(server.dataDirectory)['id'] ?? '';
	const rows = async (): Promise<number> => Number(await server.ask('SELECT count(*) FROM test.ledger'));
	/** Commands of a session of its own, which stays as long as the test wants. */
	const session = (sql: string): Started => {
		const one = server.session(sql);
		sessions.push(one);
		return one;
	};
	/** One that is idle after its commands, and stays. */
	const staying = (sql: string): Started => {
		const one = start('sh', ['-c', 'mkfifo "$1" && exec 3<>"$1" && rm "$1" && printf "%s\\n" "$2" >&3 && exec mariadb --no-defaults --socket="$3" --user=root --batch --skip-column-names --unbuffered <&3', 'sh', join(directory, 'commands'), sql, server.socket], {cwd: '/'});
		sessions.push(one);
		return one;
	};
	const write = (): Started => session('INSERT INTO test.ledger VALUES (1)');
	const goesOn = async (): Promise<void> => {
		const before = await rows();
		assert.equal((await write().ended).exitCode, 0);
		assert.equal(await rows(), before + 1);
	};
	const configure = (settings: Readonly<Record<string, string>> = {}): void => lab.configure({socket, ...settings});
	const fails = async (run: Promise<ScriptRun>, words: RegExp): Promise<ScriptRun> => {
		const end = await run;
		assert.equal(end.exitCode, 1, end.output);
		assert.match(end.output, words);
		return end;
	};

	before(async () => {
		directory = mkdtempSync(join(tmpdir(), 'quiesce-mariadb-'));
		server = await startMariadb(directory, {settings: ['--log-bin', '--server-id=1']});
		await server.ask('CREATE DATABASE test; CREATE TABLE test.ledger (n int) ENGINE=InnoDB; CREATE TABLE test.other (n int) ENGINE=InnoDB');
		socket = join(directory, 'a socket');
		symlinkSync(server.socket, socket);
		lab = placeScripts(mariadb, {socket});
	});
	after(async () => {
		for (const one of sessions) one.kill('SIGKILL');
		await lab?.end();
		await server?.kill();
		rmSync(directory, {recursive: true, force: true});
	});

	test('is detected, with its version, its data and how root gets in', async () => {
		const found = (await mariadb.detect()).find(({dataDirectory}) => dataDirectory === server.dataDirectory);
		assert.ok(found?.running === true);
		assert.match(found.title, /^MariaDB \d+\.\d+$/);
		assert.deepEqual(found.settings, {socket: server.socket});
		assert.equal(found.access, 'over its socket, as root, without a password');
	});

	for (const hold of ['stages', 'read-lock'] as const) {
		test(`${hold}: commits wait until the post-script, reading goes on, the mark names what is committed`, async () => {
			configure({hold});
			await goesOn();
			const committed = await rows();
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output);
			assert.match(pre.output, new RegExp(`commits are held \\(${hold}\\)`));
			assert.ok(pre.output.length < 200);
			const writer = write();
			await until('a commit waits', async () => await waiting() === 1, 60_000);
			assert.equal(await rows(), committed);
			const mark = readMark(server.dataDirectory);
			assert.deepEqual([mark['application'], mark['hold'], mark['binlog']], ['mariadb', hold, mark['position']]);
			assert.equal((await server.ask('SHOW MASTER STATUS')).split('\t').slice(0, 2).join(':'), mark['position']);
			assert.equal(statSync(join(server.dataDirectory, '.quiesce-mark')).uid, statSync(server.dataDirectory).uid);
			const post = await lab.post();
			assert.equal(post.exitCode, 0, post.output);
			assert.equal((await writer.ended).exitCode, 0);
			assert.equal(await rows(), committed + 1);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
			assert.match(lab.log(), new RegExp(`hold=${hold}[\\s\\S]*post: released`));
		});
	}

	test('where all connections are in use, the one that is kept for root is enough', async () => {
		await server.ask('CREATE USER visitor@localhost; GRANT SELECT ON test.* TO visitor@localhost; SET GLOBAL max_connections = 10');
		const visitor = (sql: string): Started => start('mariadb', ['--no-defaults', `--socket=${server.socket}`, '--user=visitor', '-e', sql], {cwd: '/'});
		const visitors = Array.from({length: 12}, () => visitor('SELECT SLEEP(1000)'));
		sessions.push(...visitors);
		try {
			await until('all are in use', async () => {
				if ((await visitor('DO 0').ended).exitCode !== 0) return true;
				// This very question may have had the place of one that was to stay.
				const another = visitor('SELECT SLEEP(1000)');
				visitors.push(another);
				sessions.push(another);
				return false;
			}, 60_000);
			for (const hold of ['stages', 'read-lock']) {
				// The visitors are long queries, but not as long as that.
				configure({hold, lockWait: '600'});
				const pre = await lab.pre();
				assert.equal(pre.exitCode, 0, pre.output);
				const {position, lsn} = readMark(server.dataDirectory);
				assert.match(position ?? '', /^\S+\.\d{6}:\d+$/);
				assert.match(lsn ?? '', /^\d+$/);
				assert.equal((await lab.post()).exitCode, 0);
			}
		} finally {
			for (const one of visitors) one.kill('SIGKILL');
			await server.ask('SET GLOBAL max_connections = 100');
			for (const id of (await server.ask('SELECT id FROM information_schema.processlist WHERE user = \'visitor\'')).split('\n').filter(Boolean)) await server.ask(`KILL ${id}`).catch(() => {});
		}
	});

	test('a post-script alone succeeds, and so does a second one; a second pre-script takes the place of the first', async () => {
		configure();
		assert.equal((await lab.post()).exitCode, 0);
		for (const _ of [1, 2]) {
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output);
		}
		await until('one session is left', async () => await count('command = \'Sleep\'') === 1, 60_000);
		assert.equal((await lab.post()).exitCode, 0);
		assert.equal((await lab.post()).exitCode, 0);
		await goesOn();
	});

	test('the lease lets go when no post-script comes, and a late one says so', async () => {
		configure({lease: '1'});
		assert.equal((await lab.pre()).exitCode, 0);
		await goesOn();
		await until('nothing is left', () => lab.left().length === 0, 60_000);
		await fails(lab.post(), /had ended before the post-script/);
		assert.match(lab.log(), /ended with its lease of 1 s/);
		assert.equal((await lab.post()).exitCode, 0);
	});

	for (const victim of ['holding-session.sh', 'sleep', 'mariadb'] as const) {
		test(`kill -9 of ${victim} in the held session: nothing is held past the lease`, async () => {
			configure({lease: '3'});
			assert.equal((await lab.pre()).exitCode, 0);
			kill(await lab.memberOf(victim === 'holding-session.sh' ? /holding-session\.sh/ : new RegExp(`^(\\S*/)?${victim} `)));
			await goesOn();
			await fails(lab.post(), /nothing is held now/);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
			assert.equal((await lab.post()).exitCode, 0);
		});
	}

	test('kill -9 of the pre-script half-way: what it began ends with its lease, and a post-script ends it at once', async () => {
		for (const withPost of [false, true]) {
			// Another backup is at work: the first stage waits for it.
			const other = session('BACKUP STAGE START; SELECT SLEEP(1000)');
			await until('the other backup is at work', async () => await count('info LIKE \'%SLEEP%\' AND state = \'User sleep\'') === 1, 60_000);
			configure({hold: 'stages', lockWait: withPost ? '30' : '4', lease: withPost ? '60' : '2', giveUp: '40'});
			const pre = lab.start('pre');
			await until('it waits', async () => await count('info LIKE \'BACKUP STAGE%\' AND state LIKE \'Waiting%\'') === 1, 60_000);
			kill(pre.pid);
			if (withPost) assert.equal((await lab.post()).exitCode, 1);
			else await until('its session ends', () => lab.left().length === 0, 60_000);
			await server.ask(`KILL ${await server.ask('SELECT id FROM information_schema.processlist WHERE state = \'User sleep\'')}`);
			await other.ended;
			await goesOn();
			await until('no connection of it is left', async () => await count('info LIKE \'BACKUP%\'') === 0, 60_000);
			assert.equal((await lab.post()).exitCode, withPost ? 0 : 1);
		}
	});

	test('late, and not ended by anybody: when the post-script has been there, the pre-script fails and holds nothing', async () => {
		const other = session('BACKUP STAGE START; SELECT SLEEP(1000)');
		await until('the other backup is at work', async () => await count('info LIKE \'%SLEEP%\' AND state = \'User sleep\'') === 1, 60_000);
		configure({hold: 'stages', lockWait: '60', lease: '300', giveUp: '60'});
		const pre = lab.start('pre');
		await until('it waits', async () => await count('info LIKE \'BACKUP STAGE%\' AND state LIKE \'Waiting%\'') === 1, 60_000);
		// As the extension does after a time limit: nothing is ended, and the post-script runs beside it.
		await lab.post();
		await server.ask(`KILL ${await server.ask('SELECT id FROM information_schema.processlist WHERE state = \'User sleep\'')}`);
		await other.ended;
		assert.notEqual((await pre.ended).exitCode, 0);
		await goesOn();
		await until('nothing is left', () => lab.left().length === 0, 60_000);
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('a long query: a read lock is not even asked for, and nobody waits', async () => {
		configure({hold: 'read-lock', lockWait: '1'});
		const long = session('SELECT SLEEP(1000) FROM test.ledger');
		await until('the query is long', async () => await count('state = \'User sleep\' AND time >= 1') === 1, 60_000);
		await fails(lab.pre(), /a long query is running \(connection \d+ has been at it for \d+ s\)/);
		await goesOn();
		// The stages do not wait for it.
		configure({hold: 'stages', lockWait: '1'});
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output);
		assert.equal((await lab.post()).exitCode, 0);
		await server.ask(`KILL ${await server.ask('SELECT id FROM information_schema.processlist WHERE state = \'User sleep\'')}`);
		await long.ended;
	});

	for (const hold of ['stages', 'read-lock'] as const) {
		test(`${hold}: a locked table, or an open transaction, lets it give up after lockWait and release those who wait behind it`, async () => {
			configure({hold, lockWait: '2'});
			for (const sql of ['LOCK TABLES test.other WRITE', 'BEGIN; INSERT INTO test.other VALUES (1)']) {
				const other = staying(`${sql}; SELECT "locked";`);
				await other.until('locked');
				const end = await lab.pre();
				// Whether it must wait for that is the server's business; that others go on is ours.
				if (end.exitCode === 0) assert.equal((await lab.post()).exitCode, 0);
				else assert.match(end.output, /not held: .*Lock wait timeout/);
				await goesOn();
				await until('nothing is left', () => lab.left().length === 0, 60_000);
				other.kill('SIGKILL');
				await other.ended;
				assert.equal((await lab.post()).exitCode, 0);
			}
		});
	}

	test('a server that does not answer: the pre-script gives up in time, and nothing is held when it answers again', async () => {
		configure({giveUp: '2'});
		process.kill(server.pid(), 'SIGSTOP');
		try {
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1, pre.output);
			assert.ok(pre.durationMs < 39_000, `${pre.durationMs} ms`);
		} finally {
			process.kill(server.pid(), 'SIGCONT');
		}
		await until('nothing is left', () => lab.left().length === 0, 60_000);
		await goesOn();
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('a login file is used, and its password is in no argument and no environment', async () => {
		const password = 'pass-7f3a';
		const loginFile = join(directory, 'a login.cnf');
		writeFileSync(loginFile, `[client]\nuser=keeper\npassword=${password}\n`, {mode: 0o600});
		await server.ask(`CREATE USER keeper@localhost IDENTIFIED BY '${password}'; GRANT RELOAD, PROCESS, BINLOG MONITOR ON *.* TO keeper@localhost`);
		configure({loginFile});
		const over = new AbortController();
		const seen = new Set<string>();
		const look = (async (): Promise<void> => {
			while (!over.signal.aborted) {
				for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)) {
					for (const what of ['cmdline', 'environ']) {
						const text = textOf(`/proc/${pid}/${what}`);
						if (text.includes(password)) seen.add(`${what}: ${textOf(`/proc/${pid}/cmdline`)}`);
					}
				}
				await new Promise(resolve => {
					setImmediate(resolve);
				});
			}
		})();
		try {
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output);
			assert.equal(await count('user = \'keeper\''), 1);
			assert.equal((await lab.post()).exitCode, 0);
		} finally {
			over.abort();
			await look;
		}
		assert.deepEqual([...seen], []);
		assert.ok(!lab.log().includes(password));
		writeFileSync(loginFile, '', {mode: 0o644});
		await must('chmod', ['644', loginFile]);
		await fails(lab.pre(), /must be a file of root's that nobody else can read/);
	});

	test('a server that is killed while it is held: the post-script says so, and the next pre-script waits for its return', async () => {
		configure();
		assert.equal((await lab.pre()).exitCode, 0);
		await server.kill();
		await fails(lab.post(), /nothing is held now/);
		await fails(lab.pre(), /does not let root in/);
		assert.equal((await lab.post()).exitCode, 0);
		await server.start();
		assert.equal((await lab.pre()).exitCode, 0);
		assert.ok(await held());
		assert.equal((await lab.post()).exitCode, 0);
		await goesOn();
	});
});

function textOf(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return '';
	}
}
