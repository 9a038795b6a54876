import assert from 'node:assert/strict';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {test} from 'node:test';
import {makeLoopDisks} from './loop-disk.js';
import {run, start} from './process.js';
import {makeSandbox} from './sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox, whyNoTmux} from './skip.js';
import {openTerminal} from './terminal.js';

test('a sandbox has an /etc/azure of its own, which the machine never sees', {skip: whyNoSandbox()}, async () => {
	const before = existsSync('/etc/azure');
	const sandbox = await makeSandbox({files: [{path: '/etc/azure/pre.sh', content: 'exit 3\n', mode: 0o4710, owner: 12}]});
	try {
		const end = await sandbox.run('sh', ['-c', 'stat -c "%a %u" /etc/azure/pre.sh; echo x >/etc/azure/new; cat; exec sh /etc/azure/pre.sh'], {input: 'given'});
		assert.deepEqual([end.exitCode, end.stdout], [3, '4710 12\ngiven']);
		assert.equal(readFileSync(sandbox.inside('/etc/azure/new'), 'utf8'), 'x\n');
		assert.equal(existsSync('/etc/azure'), before);
		const sleeper = sandbox.start('sh', ['-c', 'trap "echo told; exit 9" TERM; echo up; while :; do sleep 0.1; done']);
		await sleeper.until('up');
		sleeper.kill('SIGTERM');
		assert.equal((await sleeper.ended).exitCode, 9);
		const forgotten = sandbox.start('sleep', ['1000']);
		await sandbox.end();
		assert.equal((await forgotten.ended).signal, 'SIGKILL');
		assert.equal(existsSync(sandbox.directory), false);
	} finally {
		await sandbox.end();
	}
});

test('loop disks are nested, frozen, thawed, and leave nothing behind', {skip: firstReason(whyNoSandbox(), whyNoLoopDisks('ext4', 'xfs'))}, async () => {
	const sandbox = await makeSandbox();
	const disks = await makeLoopDisks([{name: 'outer', type: 'xfs', megabytes: 320}, {name: 'inner', type: 'ext4', on: 'outer'}], {sandbox});
	try {
		const {image, mount} = disks.disk('inner');
		assert.match(image, /outer\/inner\.img$/);
		assert.equal(sandbox.environment['QUIESCE_FREEZE_ONLY'], disks.mounts.join(':'));
		assert.equal(await disks.wasFrozen('inner'), false);
		await sandbox.must('fsfreeze', ['-f', mount]);
		assert.equal(await disks.wasFrozen('inner'), true);
		assert.equal(await disks.wasFrozen('inner'), false);
		await sandbox.must('fsfreeze', ['-f', mount]);
		await disks.end();
		// By the image: a test beside this one may have been given the same device by now.
		assert.equal((await run('losetup', ['-a'])).stdout.includes(disks.directory), false);
		assert.equal(existsSync(disks.directory), false);
	} finally {
		await sandbox.end();
	}
});

test('loop disks are thawed at their deadline, whatever the test does', {skip: whyNoLoopDisks('ext4')}, async () => {
	const disks = await makeLoopDisks([{name: 'held', type: 'ext4'}], {thawAfterSeconds: 8});
	try {
		await run('fsfreeze', ['-f', disks.disk('held').mount]);
		// The write cannot end before the thaw.
		const writer = start('sh', ['-c', 'echo x >"$0/file"', disks.disk('held').mount]);
		assert.equal((await writer.ended).exitCode, 0);
		assert.equal(statSync(`${disks.disk('held').mount}/file`).size, 2);
	} finally {
		await disks.end();
	}
});

test('a terminal shows, types, pastes, resizes and tells the exit code', {skip: whyNoTmux()}, async () => {
	const script = 'printf "ci=%s \\033[31mred\\033[0m é\\n" "$CI"; stty size; read -r a; echo "got <$a>"; trap "stty size" WINCH; trap "exit 7" INT; echo more; while :; do sleep 0.05; done';
	const terminal = await openTerminal(['sh', '-c', script], {columns: 60, rows: 10, env: {...process.env, LANG: 'C.UTF-8', CI: undefined}});
	try {
		await terminal.shows('ci= red é');
		await terminal.shows('10 60');
		assert.match(await terminal.styled(), /\u{1b}\[31mred/u);
		await terminal.type('ab c');
		await terminal.paste('d\'e "f"');
		await terminal.press('g', 'Enter');
		await terminal.shows('got <ab cd\'e "f"g>');
		await terminal.shows('more');
		await terminal.resize(40, 12);
		await terminal.shows('12 40');
		await assert.rejects(terminal.shows('never', 50), /not within 50 ms: never[\s\S]*got <ab/);
		await terminal.press('C-c');
		assert.equal(await terminal.exited(), 7);
		assert.match(await terminal.screen(), /more/);
	} finally {
		await terminal.end();
	}
});

test('a terminal answers no half frame', {skip: whyNoTmux()}, async () => {
	const terminal = await openTerminal(['sh', '-c', 'stty -echo; printf "\\033[?2026hupper half\\n"; read -r a; printf "lower half\\033[?20"; read -r a; printf "26l"; read -r a']);
	try {
		while (!(await terminal.screen()).includes('upper half')) { /* it comes */ }
		await assert.rejects(terminal.shows('upper half', 300), /not within 300 ms[\s\S]*upper half/);
		await terminal.press('Enter');
		while (!(await terminal.screen()).includes('lower half')) { /* it comes */ }
		await assert.rejects(terminal.shows('upper half', 300));
		await terminal.press('Enter');
		assert.match(await terminal.shows('upper half'), /lower half/);
	} finally {
		await terminal.end();
	}
});
