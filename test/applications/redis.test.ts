import assert from 'node:assert/strict';
import {chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {redis} from '../../source/applications/redis.js';
import {kill, processIds, readProcess} from '../../source/system/processes.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {startRedis, whyNoRedis, type RedisServer} from '../support/plain-redis.js';
import {must, run, start, type Started} from '../support/process.js';
import {placeScripts, readMark, until, type ScriptsLab} from '../support/scripts-lab.js';
import {startServer} from '../support/server-process.js';
import {changeImage} from '../support/snapshots.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';

const skip = firstReason(whyNoRedis(), whyNoLoopDisks('xfs'));
const settings = ({socket}: RedisServer): Readonly<Record<string, string>> => ({address: socket, giveUp: '60', lease: '300'});
/** A command of another client, which may have to wait. */
const command = (server: RedisServer, ...words: readonly string[]): Started => start('redis-cli', ['-s', server.socket, ...words], {cwd: '/'});
/** Writing goes on, long before the lease would let it. */
const assertFree = async (server: RedisServer): Promise<void> => {
	const begun = performance.now();
	assert.equal(await server.ask('set', 'free', '1'), 'OK');
	assert.ok(performance.now() - begun < 60_000);
};
const waiting = async (server: RedisServer): Promise<number> => Number(/^blocked_clients:(\d+)/m.exec(await server.ask('info', 'clients'))?.[1]);

suite('Redis with an append-only file', {skip}, () => {
	let disks: LoopDisks;
	let server: RedisServer;
	let lab: ScriptsLab;

	before(async () => {
		disks = await makeLoopDisks([{name: 'data', type: 'xfs'}], {thawAfterSeconds: 300});
		server = await startRedis(join(disks.disk('data').mount, 'redis'), {settings: ['--appendonly', 'yes', '--appendfsync', 'no', '--save', '']});
		lab = placeScripts(redis, {...settings(server)});
	});
	after(async () => {
		await lab?.end();
		await server?.end();
		await disks?.end();
	});

	test('is detected, with its version, its data, its mounts and its socket', async () => {
		const found = (await redis.detect()).find(({dataDirectory}) => dataDirectory === server.dataDirectory);
		assert.ok(found?.running === true);
		assert.match(found.title, /^(?:Redis|Valkey) \d+\.\d+$/);
		assert.deepEqual(found.mounts, [disks.disk('data').mount]);
		assert.deepEqual(found.settings, {address: server.socket});
		assert.equal(found.access, 'over its socket, without a password');
	});

	test('a program of a user that has the name of a server is not started as root', async () => {
		const directory = join(disks.disk('data').mount, 'user');
		mkdirSync(directory);
		// It would answer when it is asked for its version.
		const program = join(directory, 'redis-server');
		copyFileSync((await must('sh', ['-c', 'readlink -f "$(command -v redis-server)"'])).trim(), program);
		chownSync(program, 65_534, 65_534);
		const child = await startServer(program, ['--port', '0', '--unixsocket', join(directory, 'socket'), '--dir', directory, '--save', ''], /eady to accept connections/);
		const found = (await redis.detect()).find(({dataDirectory}) => dataDirectory === directory);
		await child.end('SIGKILL');
		assert.equal(found?.running, true);
		assert.equal(found?.version, null, JSON.stringify(found));
	});

	test('flush: what was acknowledged lies before the mark, nothing is held, the post-script succeeds', async () => {
		await server.ask('eval', 'for n = 1, 1000 do redis.call("set", "key" .. n, string.rep("x", 100)) end', '0');
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output);
		assert.match(pre.output, /^test-redis-\w+: append-only file flushed in \d+ ms, mark at aof:\S+, nothing is held$/m);
		assert.ok(pre.output.length < 200);
		const mark = readMark(server.dataDirectory);
		assert.deepEqual(Object.keys(mark).slice(0, 4), ['id', 'at', 'application', 'position']);
		const [, kind, file = '', bytes] = /^(aof):(.*):(\d+)$/.exec(mark['position'] ?? '') ?? [];
		assert.deepEqual([kind, mark['application'], mark['role']], ['aof', 'redis', 'master']);
		assert.equal(Number(bytes), statSync(join(server.dataDirectory, 'appendonlydir', file)).size);
		assert.ok(Number(bytes) > 100_000);
		// On disk, without any freeze: a copy of the disk at this moment has it, and the mark.
		const copy = join(disks.directory, 'copy.img');
		await must('cp', ['--sparse=always', disks.disk('data').image, copy]);
		await changeImage(copy, `cmp -n ${bytes} "$1/redis/data/appendonlydir/${file}" '${join(server.dataDirectory, 'appendonlydir', file)}'; cmp "$1/redis/data/.quiesce-mark" '${join(server.dataDirectory, '.quiesce-mark')}'`, ',nouuid');
		const {uid, mode} = statSync(join(server.dataDirectory, '.quiesce-mark'));
		assert.deepEqual([uid, mode & 0o777], [statSync(server.dataDirectory).uid, 0o600]);
		await server.ask('set', 'later', '1');
		const post = await lab.post();
		assert.equal(post.exitCode, 0, post.output);
		assert.match(lab.log(), /pre: began, id [\s\S]*pre: mark in [\s\S]*pre: append-only file flushed[\s\S]*post: nothing was held/);
		assert.equal(lab.memoryLog(), '');
	});

	test('pause: writing waits until the post-script, reading goes on, also while the filesystem is frozen', async () => {
		lab.configure({...settings(server), hold: 'pause'});
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output);
		const writer = command(server, 'set', 'waited', 'yes');
		await until('the writer waits', async () => await waiting(server) === 1);
		await must('fsfreeze', ['-f', disks.disk('data').mount]);
		try {
			assert.equal(await server.ask('get', 'key1'), 'x'.repeat(100));
		} finally {
			assert.ok(await disks.wasFrozen('data'));
		}

		assert.equal(await server.ask('exists', 'waited'), '0');
		const post = await lab.post();
		assert.equal(post.exitCode, 0, post.output);
		assert.match(post.output, /released after \d+ ms/);
		assert.equal((await writer.ended).stdout.trim(), 'OK');
	});

	test('a post-script alone succeeds, and so does a second one; a second pre-script takes the place of the first', async () => {
		assert.equal((await lab.post()).exitCode, 0);
		assert.equal((await lab.pre()).exitCode, 0);
		const again = await lab.pre();
		assert.equal(again.exitCode, 0, again.output);
		const writer = command(server, 'set', 'again', '1');
		await until('the writer waits', async () => await waiting(server) === 1);
		assert.equal((await lab.post()).exitCode, 0);
		await writer.ended;
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('the lease lets go when no post-script comes, and a late one says so', async () => {
		lab.configure({...settings(server), hold: 'pause', lease: '3'});
		assert.equal((await lab.pre()).exitCode, 0);
		assert.equal(await server.ask('set', 'after the lease', '1'), 'OK');
		const post = await lab.post();
		assert.equal(post.exitCode, 1);
		assert.match(post.output, /had ended before the post-script \(lease 3 s\)/);
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('a server that does not answer: both scripts give up in time', async () => {
		lab.configure({...settings(server), hold: 'pause', giveUp: '2'});
		assert.equal((await lab.pre()).exitCode, 0);
		process.kill(server.pid(), 'SIGSTOP');
		try {
			const post = await lab.post();
			assert.equal(post.exitCode, 1);
			assert.match(post.output, /goes on by itself after the lease/);
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1);
			assert.ok(pre.durationMs < 30_000 && post.durationMs < 30_000, `${pre.durationMs} and ${post.durationMs} ms`);
			assert.equal((await lab.post()).exitCode, 0);
		} finally {
			process.kill(server.pid(), 'SIGCONT');
		}

		await server.ask('client', 'unpause');
	});

	test('a server that ended, or was started again, between the scripts: the post-script says so', async () => {
		lab.configure({...settings(server), hold: 'pause'});
		assert.equal((await lab.pre()).exitCode, 0);
		await server.kill();
		const post = await lab.post();
		assert.equal(post.exitCode, 1);
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 1);
		assert.match(pre.output, /does not answer root: Could not connect/);
		assert.equal((await lab.post()).exitCode, 0);
		await server.start();
		assert.equal((await lab.pre()).exitCode, 0);
		await server.kill();
		await server.start();
		const late = await lab.post();
		assert.equal(late.exitCode, 1);
		assert.match(late.output, /was started again since the pre-script/);
		assert.equal((await lab.pre()).exitCode, 0);
		assert.equal((await lab.post()).exitCode, 0);
	});
});

suite('Redis with dumps alone', {skip}, () => {
	let disks: LoopDisks;
	let server: RedisServer;
	let lab: ScriptsLab;
	/** How long a dump takes for each of the hundred keys; microseconds. */
	const delay = async (microseconds: number): Promise<unknown> => server.ask('config', 'set', 'rdb-key-save-delay', String(microseconds));
	const saving = async (): Promise<boolean> => /^rdb_bgsave_in_progress:1/m.test(await server.ask('info', 'persistence'));
	/** Redis understands this signal: its dump was ended on purpose. */
	const idle = async (): Promise<unknown> => until('no dump is being written', async () => {
		for (const pid of processIds()) {
			if (readProcess(pid)?.parent !== server.pid()) continue;
			try {
				process.kill(pid, 'SIGUSR1');
			} catch {
				// The dump ended by itself meanwhile.
			}
		}

		return !await saving();
	}, 60_000);

	before(async () => {
		disks = await makeLoopDisks([{name: 'data', type: 'xfs'}], {thawAfterSeconds: 300});
		server = await startRedis(join(disks.disk('data').mount, 'redis'), {settings: ['--save', '3600 1000000', '--dbfilename', 'own name.rdb']});
		await server.ask('eval', 'for n = 1, 100 do redis.call("set", "key" .. n, n) end', '0');
		lab = placeScripts(redis, {...settings(server)});
	});
	after(async () => {
		await lab?.end();
		await server?.end();
		await disks?.end();
	});

	test('a dump that is being written is waited for, and another one written, with all that was acknowledged', async () => {
		await delay(5000);
		assert.match(await server.ask('bgsave'), /started/);
		await server.ask('set', 'last', '1');
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output);
		await delay(0);
		const dump = join(server.dataDirectory, 'own name.rdb');
		const {position, at = ''} = readMark(server.dataDirectory);
		assert.equal(position, `dump:own name.rdb:${Math.floor(statSync(dump).mtimeMs / 1000)}`);
		// What the mark promises is what the dump begins with, not what was written while it was made.
		assert.ok(Date.parse(at) < statSync(dump).mtimeMs - 100);
		assert.ok(readFileSync(dump).includes('last'));
		assert.match(await server.ask('info', 'persistence'), /rdb_changes_since_last_save:0/);
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('a dump that is not ready in time: the pre-script gives up, and lets writers go on', async () => {
		await delay(40_000);
		for (const hold of ['flush', 'pause']) {
			lab.configure({...settings(server), hold, giveUp: '2'});
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1, hold);
			assert.match(pre.output, /within the time limit/);
			assert.ok(pre.durationMs < 30_000, `${hold}: ${pre.durationMs} ms`);
			await assertFree(server);
			assert.equal((await lab.post()).exitCode, 0);
		}

		await delay(0);
	});

	test('kill -9 of the pre-script half-way: writers go on with the lease, and with a post-script at once', async () => {
		await delay(40_000);
		for (const withPost of [false, true]) {
			await idle();
			lab.configure({...settings(server), hold: 'pause', giveUp: '30', lease: withPost ? '300' : '3'});
			const pre = lab.start('pre');
			await until('its dump is being written', saving);
			const writer = command(server, 'set', 'half-way', '1');
			await until('the writer waits', async () => await waiting(server) === 1);
			kill(pre.pid);
			if (withPost) assert.equal((await lab.post()).exitCode, 0);
			assert.equal((await writer.ended).stdout.trim(), 'OK');
			if (!withPost) await lab.post();
		}
	});

	test('late, and not ended by anybody: when the post-script has been there, the pre-script fails and holds nothing', async () => {
		lab.configure({...settings(server), hold: 'pause', giveUp: '30'});
		await idle();
		const pre = lab.start('pre');
		await until('its dump is being written', saving);
		assert.equal((await lab.post()).exitCode, 0);
		await delay(0);
		await idle();
		assert.notEqual((await pre.ended).exitCode, 0);
		await assertFree(server);
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('where Redis keeps nothing on disk the pre-script fails, unless a dump is asked for', async () => {
		await idle();
		await server.ask('config', 'set', 'save', '');
		lab.configure({...settings(server)});
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 1);
		assert.match(pre.output, /keeps nothing on disk/);
		lab.configure({...settings(server), dump: 'always'});
		const again = await lab.pre();
		assert.equal(again.exitCode, 0, again.output);
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('a password comes from a file of root\'s, and is never a parameter of a command', {skip: whyNoProgram('strace')}, async () => {
		const secret = 'not "for" everybody';
		await server.ask('acl', 'setuser', 'backup', 'on', `>${secret}`, '+@all', '~*');
		await server.ask('config', 'set', 'requirepass', `${secret}!`);
		try {
			const loginFile = join(lab.directory, 'login');
			lab.configure({...settings(server), loginFile, dump: 'always', hold: 'pause'});
			for (const [login, words] of [[`${secret}!\n`, 'the password'], [`backup\n${secret}\n`, 'user and password']] as const) {
				writeFileSync(loginFile, login, {mode: 0o600});
				const trace = join(lab.directory, 'trace');
				for (const role of ['pre', 'post']) {
					const traced = await run('strace', ['-f', '-qq', '-s', '1000', '-e', 'trace=execve', '-o', trace, 'sh', join(lab.directory, `${lab.name}-${role}.sh`)], {cwd: '/'});
					assert.equal(traced.exitCode, 0, words + traced.stderr);
					const executed = readFileSync(trace, 'utf8');
					assert.match(executed, /redis-cli/);
					assert.ok(!executed.includes('everybody'), words);
				}
			}

			chmodSync(loginFile, 0o644);
			assert.match((await lab.pre()).output, /must be a file of root's that nobody else can read/);
			lab.configure({...settings(server)});
			assert.match((await lab.pre()).output, /wants a password/);
		} finally {
			await must('redis-cli', ['-s', server.socket, 'config', 'set', 'requirepass', ''], {env: {...process.env, REDISCLI_AUTH: `${secret}!`}});
		}
	});
});

suite('Redis, alone with its network', {skip: firstReason(skip, whyNoSandbox(), whyNoProgram('ip'))}, () => {
	/** Runs a script with processes, a network and an /etc/redis of its own; $1 is a directory, $2 the scripts without `-pre.sh`. */
	const alone = async (lab: ScriptsLab, script: string): Promise<string> => {
		const start = `
			set -e
			ip link set lo up
			mkdir -p "$1/a" "$1/b" "$1/etc"
			mount --bind "$1/etc" /etc/redis
			logs=$1
			serve() { redis-server "$@" >>"$logs/servers.log" 2>&1 & }
			wait_for() { for n in $(seq 600); do redis-cli "$@" 2>/dev/null | grep -q "$word" && return; sleep 0.1; done; return 1; }
			pre() { code=0; sh "$2-pre.sh" 2>&1 || code=$?; echo "code $code"; }
			post() { sh "$2-post.sh" >/dev/null; }`;
		const words = ['-m', '-p', '-n', '-f', '--kill-child', '--mount-proc', '--propagation', 'private', 'sh', '-c', `${start}\n${script}`, 'sh', join(lab.directory, 'data'), join(lab.directory, lab.name)];
		const end = await run('unshare', words, {cwd: '/'});
		assert.equal(end.exitCode, 0, end.stdout + end.stderr);
		return end.stdout;
	};

	test('the only server is found, wherever it listens, with the password in its own configuration; not one of several', async () => {
		const lab = placeScripts(redis, {dump: 'always', giveUp: '60'});
		try {
			const output = await alone(lab, `
				printf 'port 6379\\nrequirepass "quite secret"\\ncluster-enabled yes\\ndir %s/a\\n' "$1" >/etc/redis/redis.conf
				serve /etc/redis/redis.conf; first=$!
				word=NOAUTH wait_for ping
				pre "$@"; post "$@"
				serve --port 0 --unixsocket "$1/b/socket" --dir "$1/b"; second=$!
				word=PONG wait_for -s "$1/b/socket" ping
				pre "$@"; post "$@"
				kill $first; wait $first || :
				pre "$@"; post "$@"
				kill $second; wait $second || :
				pre "$@"; post "$@"`);
			const answers = output.split(/code (\d)\n/);
			assert.deepEqual(answers.filter((_, index) => index % 2 === 1), ['0', '1', '0', '1'], output);
			assert.match(answers[2] ?? '', /2 Redis servers are running: \S+\.conf must say which/);
			assert.match(answers[6] ?? '', /Redis is not running/);
			assert.match(lab.log(), /at 127\.0\.0\.1:6379, [\s\S]* at \S+\/b\/socket, /);
		} finally {
			await lab.end();
		}
	});

	test('a replica that is paused stays as it is, and gets the rest from its master afterwards', async () => {
		const lab = placeScripts(redis, {address: '6380', hold: 'pause', giveUp: '60'});
		try {
			const output = await alone(lab, `
				serve --port 6379 --dir "$1/a" --save '' --repl-diskless-sync-delay 0
				serve --port 6380 --dir "$1/b" --save '' --appendonly yes --replicaof 127.0.0.1 6379
				word=link_status:up wait_for -p 6380 info replication
				redis-cli set one 1; word=1 wait_for -p 6380 get one
				pre "$@"
				cat "$1/b/.quiesce-mark"
				redis-cli set two 2
				word=status:up wait_for -p 6380 info replication
				echo "paused: $(redis-cli -p 6380 exists one) $(redis-cli -p 6380 exists two)"
				post "$@"
				word=2 wait_for -p 6380 get two`);
			assert.match(output, /code 0\n[\s\S]*^role=slave\n[\s\S]*^paused: 1 0$/m);
		} finally {
			await lab.end();
		}
	});
});
