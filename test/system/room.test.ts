import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {openRoom, type Room} from '../../source/system/room.js';
import {openWorkshop, type Workshop} from '../../source/system/workshop.js';
import {whyNoSandbox} from '../support/skip.js';

suite('the room in which servers run on copies', {skip: whyNoSandbox()}, () => {
	const owner = {uid: 65_534, gid: 65_534};
	let directory: string;
	let workshop: Workshop;
	let room: Room;
	/** What a line of `sh` writes, run in there by a program that has been taken over. */
	const say = async (line: string): Promise<string> => (await room.run({owner, program: 'sh', parameters: ['-c', `{ ${line}; } 2>&1`]})).stdout.trim();

	before(async () => {
		directory = mkdtempSync(join(tmpdir(), 'quiesce-room-'));
		workshop = await openWorkshop();
		// As on a machine whose administrator gives others nothing.
		const usual = process.umask(0o077);
		try {
			const opened = await openRoom(workshop, directory, [], new AbortController().signal);
			assert.ok(typeof opened !== 'string');
			room = opened;
		} finally {
			process.umask(usual);
		}
	});
	after(async () => {
		await room?.close();
		await workshop?.end();
		rmSync(directory, {recursive: true, force: true});
	});

	test('no program is root\'s', async () => {
		const command = {owner: {uid: 0, gid: 0}, program: 'true', parameters: []};
		await assert.rejects(async () => room.run(command), /would run as root/);
		assert.throws(() => room.start(command), /would run as root/);
	});

	test('the kernel\'s settings cannot be written to, by nobody', async () => {
		const pattern = '/proc/sys/kernel/core_pattern';
		const before = readFileSync(pattern, 'utf8');
		// Root, with all its capabilities: also what owns those files may not.
		const run = await workshop.run({program: 'chroot', parameters: [directory, 'sh', '-c', `(cat ${pattern} >/run/pattern; cat /run/pattern >${pattern}) 2>&1; echo`]});
		assert.match(run.stdout, /Read-only file system/);
		assert.equal(readFileSync(pattern, 'utf8'), before);
	});

	test('nothing of the machine is in it but programs, which cannot be changed', async () => {
		assert.deepEqual((await say('ls /')).split('\n').filter(name => !/^(?:bin|copies|dev|etc|lib\w*|opt|proc|run|sbin|tmp|usr)$/.test(name)), []);
		assert.match(await say('echo x >/usr/bin/sh'), /Read-only|denied/);
		assert.match(await say('cat /etc/shadow'), /No such file/);
		assert.match(await say('cat /proc/1/environ'), /denied/);
		assert.match(await say('ls /proc/1/root/'), /denied/);
		assert.match(await say('mount -t tmpfs x /tmp'), /must be superuser|permission denied|not permitted/i);
		assert.equal(await say('grep -c . /proc/net/route; cat /proc/net/dev | sed 1,2d | cut -d: -f1 | tr -d " "'), '1\nlo');
		assert.match(await say('cat /proc/self/status'), /CapBnd:\s*0{16}\n[\s\S]*NoNewPrivs:\s*1/);
	});

	test('its users may enter it, whatever umask quiesce was started with', async () => {
		assert.equal(await say('cat /etc/passwd >/dev/null && ls -d /. /etc/. /run/. /run/quiesce/. /usr/bin/. /dev/null && echo x >/tmp/x && echo x >/dev/shm/x && echo x >/dev/null && /run/quiesce/node -p 1+1'), '/.\n/dev/null\n/etc/.\n/run/.\n/run/quiesce/.\n/usr/bin/.\n2');
	});

	test('where memory runs out, what runs in it ends first; what it may keep in memory has an end', async () => {
		assert.equal(await say('cat /proc/self/oom_score_adj'), '1000');
		const total = Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]);
		const sizes = (await say('df -k --output=size /tmp /dev/shm | sed 1d')).split('\n').map(Number);
		assert.ok(sizes.every(size => size < total / 4), `${sizes.join(', ')} of ${total}`);
	});
});
