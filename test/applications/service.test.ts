import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {service} from '../../source/applications/service.js';
import {kill, processIds} from '../../source/system/processes.js';
import {startRedis, whyNoRedis} from '../support/plain-redis.js';
import {run} from '../support/process.js';
import {placeScripts, until, type ScriptRun, type ScriptsLab} from '../support/scripts-lab.js';
import {startSystemd, whyNoSystemd, type SystemdRoom} from '../support/systemd-room.js';

async function ends(run: Promise<ScriptRun>, code: number, words = /(?:)/): Promise<ScriptRun> {
	const end = await run;
	assert.equal(end.exitCode, code, end.output);
	assert.match(end.output, words);
	return end;
}

/** The processes in whose arguments a text stands. */
function named(text: string): readonly number[] {
	return processIds().filter(pid => {
		try {
			return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
		} catch {
			return false;
		}
	});
}

suite('a service of systemd, stopped', {skip: whyNoSystemd()}, () => {
	let room: SystemdRoom;
	let lab: ScriptsLab;
	const states = async (): Promise<readonly string[]> => Promise.all(['app.service', 'idle.service', 'door.socket'].map(async unit => room.stateOf(unit)));
	const configure = (settings: Readonly<Record<string, string>> = {}): void => lab.configure({unit: 'app.service idle.service door.service', ...settings});
	const appRuns = async (): Promise<void> => void await until('it runs again', async () => await room.stateOf('app.service') === 'active', 60_000);

	before(async () => {
		room = await startSystemd();
		await room.units({
			'app.service': '[Service]\nExecStart=/bin/sleep 100000\n',
			'idle.service': '[Service]\nExecStart=/bin/sleep 100000\n',
			'door.socket': `[Socket]\nListenStream=${room.directory}/door\n`,
			'door.service': '[Service]\nExecStart=/bin/sleep 100000\n',
			'slow.service': 'StartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 100000\nExecStop=/bin/sleep 100000\nTimeoutStopSec=infinity\n',
			'deaf.service': '[Service]\nExecStart=/bin/sh -c \'trap "" TERM; while :; do sleep 1; done\'\nTimeoutStopSec=1\n',
			'broken.service': `[Service]\nExecStartPre=/bin/sh -c "! test -e ${room.directory}/broken"\nExecStart=/bin/sleep 100000\n`,
		});
		for (const unit of ['app.service', 'door.socket', 'slow.service', 'deaf.service', 'broken.service']) assert.equal((await room.systemctl('start', unit)).stderr, '');
		lab = placeScripts(service, {unit: 'app.service idle.service door.service'}, room);
	});
	after(async () => {
		await lab?.end();
		await room?.end();
	});

	test('what runs is stopped, with the socket that would start it, and only that is started again', async () => {
		assert.deepEqual(await states(), ['active', 'inactive', 'active']);
		await ends(lab.post(), 0);
		for (const _ of [1, 2]) {
			await ends(lab.pre(), 0, /is held \(stop\) after \d+ ms/);
			assert.deepEqual(await states(), ['inactive', 'inactive', 'inactive']);
		}
		await ends(lab.post(), 0, /goes on after \d+ ms/);
		assert.deepEqual(await states(), ['active', 'inactive', 'active']);
		await ends(lab.post(), 0);
		await until('nothing is left', () => lab.left().length === 0, 60_000);
		assert.match(lab.log(), /stopping: app\.service door\.socket[\s\S]*goes on after/);
	});

	test('nothing that runs: nothing is held, and nothing is started', async () => {
		configure({unit: 'idle.service'});
		await ends(lab.pre(), 0, /nothing to stop: idle\.service is inactive/);
		await ends(lab.post(), 0, /nothing was held/);
		assert.equal(await room.stateOf('idle.service'), 'inactive');
		configure({unit: 'nosuch.service'});
		await ends(lab.pre(), 1, /there is no unit nosuch\.service/);
	});

	test('the lease starts it when no post-script comes, and a late one says so', async () => {
		configure({lease: '1'});
		await ends(lab.pre(), 0);
		await appRuns();
		await until('nothing is left', () => lab.left().length === 0, 60_000);
		await ends(lab.post(), 1, /had gone on before the post-script/);
		assert.deepEqual(await states(), ['active', 'inactive', 'active']);
	});

	for (const victim of ['holding-session.sh', 'sleep 4', 'read -r _'] as const) {
		test(`kill -9 of ${victim} while it is stopped: it is started with the end of the lease at the latest`, async () => {
			configure({lease: '4'});
			await ends(lab.pre(), 0);
			kill(await lab.memberOf(victim === 'read -r _' ? /^(?!.*holding-session).*read -r _/s : new RegExp(victim.replace('.', '\\.'))));
			await appRuns();
			await ends(lab.post(), 1, /had gone on before/);
			await until('nothing is left', () => lab.left().length === 0, 60_000);
		});
	}

	test('one that does not stop: the pre-script gives up in time, and it runs on', async () => {
		configure({unit: 'app.service slow.service', giveUp: '3'});
		const pre = await ends(lab.pre(), 1, /not stopped in time/);
		assert.ok(pre.durationMs < 39_000, `${pre.durationMs} ms`);
		await appRuns();
		// That one cannot start before its stop has ended, which this test ends.
		const post = lab.post();
		await room.systemctl('kill', '--signal=KILL', 'slow.service');
		await ends(post, 0, /goes on; the pre-script had not finished/);
		await until('it runs again', async () => await room.stateOf('slow.service') === 'active', 60_000);
		await until('nothing is left', () => lab.left().length === 0, 60_000);
	});

	test('one that had to be killed to stop is no good copy: the pre-script fails, and starts it', async () => {
		configure({unit: 'deaf.service'});
		await ends(lab.pre(), 1, /deaf\.service did not stop in good order \(timeout\)/);
		assert.equal(await room.stateOf('deaf.service'), 'active');
	});

	test('one that does not start again: the post-script fails, and says why', async () => {
		configure({unit: 'broken.service'});
		await ends(lab.pre(), 0);
		writeFileSync(join(room.directory, 'broken'), '');
		await ends(lab.post(), 1, /DOES NOT GO ON: /);
		assert.match(lab.log(), /broken\.service/);
	});

	test('kill -9 of the pre-script half-way: it runs again at the end of the lease, or by the post-script', async () => {
		for (const withPost of [false, true]) {
			configure({unit: 'slow.service', lease: withPost ? '60' : '2', giveUp: '40'});
			const pre = lab.start('pre');
			await until('it stops', async () => await room.stateOf('slow.service') === 'deactivating', 60_000);
			for (const pid of named(`${lab.name}-pre.sh`)) kill(pid);
			const post = withPost ? lab.post() : null;
			await until('it is told to start', async () => (await room.systemctl('list-jobs')).stdout.includes('start'), 60_000);
			await room.systemctl('kill', '--signal=KILL', 'slow.service');
			await until('it runs again', async () => await room.stateOf('slow.service') === 'active', 60_000);
			if (post !== null) await ends(post, 0);
			await pre.ended;
			await lab.post();
		}
	});
});

suite('a service, told by commands', {skip: whyNoRedis()}, () => {
	test('Redis pauses its writers, and goes on by the post-script, by the lease, or where the pre-script fails', async () => {
		const directory = mkdtempSync(join(tmpdir(), 'quiesce-service-'));
		const server = await startRedis(directory);
		const commands = {how: 'command', quiesceCommand: `redis-cli -s '${server.socket}' client pause 1000000 write`, resumeCommand: `redis-cli -s '${server.socket}' client unpause`};
		const lab = placeScripts(service, commands);
		/** An answer of a client that waits no longer than half a second. */
		const writes = async (): Promise<boolean> => (await run('timeout', ['0.5', 'redis-cli', '-s', server.socket, 'incr', 'n'])).exitCode === 0;
		try {
			await ends(lab.pre(), 0, /is held \(command\)/);
			assert.equal(await writes(), false);
			await ends(lab.post(), 0, /goes on/);
			await until('it is written', writes, 60_000);
			lab.configure({...commands, lease: '1'});
			await ends(lab.pre(), 0);
			await until('it is written', writes, 60_000);
			await ends(lab.post(), 1, /had gone on before/);
			lab.configure({...commands, quiesceCommand: `${commands.quiesceCommand}; sleep 1000`, giveUp: '3'});
			await ends(lab.pre(), 1, /did not end in time/);
			await until('it is written', writes, 60_000);
			await ends(lab.post(), 0);
		} finally {
			await lab.end();
			await server.end();
			rmSync(directory, {recursive: true, force: true});
		}
	});
});
