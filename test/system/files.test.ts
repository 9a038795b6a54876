import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chownSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {Failure} from '../../source/core/failure.js';
import {lookAt} from '../../source/system/file-look.js';
import {backupPath, changeFiles, writeFileAtomically} from '../../source/system/files.js';
import {markProcess} from '../../source/system/processes.js';
import {start} from '../support/process.js';
import {repository} from '../support/sandbox.js';
import {whyNotRoot} from '../support/skip.js';

suite('files', {skip: whyNotRoot()}, () => {
	let directory: string;
	const at = (name: string): string => join(directory, name);

	before(() => {
		directory = mkdtempSync(join(tmpdir(), 'quiesce-files-'));
	});

	after(() => rmSync(directory, {recursive: true, force: true}));

	test('a new file has its owner and permissions whatever the umask is, and nothing is left beside it', async () => {
		const umask = process.umask(0o077);
		try {
			assert.deepEqual(await writeFileAtomically(at('a'), Buffer.from('ä\0'), {mode: 0o644, owner: 1}), {backup: null});
		} finally {
			process.umask(umask);
		}

		const facts = statSync(at('a'));
		assert.deepEqual([facts.mode & 0o7777, facts.uid, readFileSync(at('a'), 'utf8'), readdirSync(directory)], [0o644, 1, 'ä\0', ['a']]);
		const {backup} = await writeFileAtomically(at('a'), Buffer.from('b'), {mode: 0o600, backup: backupPath(at('a'), new Date(Date.UTC(2026, 10, 23, 14, 2, 11)))});
		assert.equal(backup, at('a.2026-11-23T14-02-11Z'));
		assert.deepEqual([readFileSync(backup, 'utf8'), statSync(backup).mode & 0o7777, statSync(backup).uid], ['ä\0', 0o600, 0]);
		assert.deepEqual(readdirSync(directory), ['a', 'a.2026-11-23T14-02-11Z']);
	});

	test('who has the old file open goes on reading the old file', async () => {
		writeFileSync(at('held'), 'old');
		const reader = start('sh', ['-c', 'exec 3<"$0"; trap "kill \\$!; cat <&3; exit" USR1; sleep 60 & echo open; wait', at('held')]);
		try {
			await reader.until('open');
			await writeFileAtomically(at('held'), Buffer.from('new'), {mode: 0o600});
			reader.kill('SIGUSR1');
			assert.deepEqual([(await reader.ended).stdout, readFileSync(at('held'), 'utf8')], ['open\nold', 'new']);
		} finally {
			reader.kill('SIGKILL');
		}
	});

	test('links, hard links and what is no file are not written to', async () => {
		writeFileSync(at('real'), 'real');
		symlinkSync('real', at('link'));
		linkSync(at('real'), at('twin'));
		mkdirSync(at('d'));
		spawnSync('mkfifo', [at('pipe')]);
		for (const [name, message] of [['link', /symbolic link/], ['twin', /hard link/], ['d', /is a directory/], ['pipe', /not a regular file/], ['none/x', /There is no directory/], ['real/x', /not a directory|There is no directory/]] as const) {
			await assert.rejects(writeFileAtomically(at(name), Buffer.from('x'), {mode: 0o600}), (error: unknown) => error instanceof Failure && error.exitCode === 3 && message.test(error.message), name);
			assert.throws(() => changeFiles([{kind: 'access', path: at(name), mode: 0o600}]), Failure, name);
		}

		assert.equal(readFileSync(at('real'), 'utf8'), 'real');
	});

	test('what changes after the preparation is noticed, and all is as it was', () => {
		writeFileSync(at('once'), 'as it was', {mode: 0o640});
		const listing = readdirSync(directory);
		// The first change is, for the second one, somebody else's.
		assert.throws(() => changeFiles([
			{kind: 'directory', path: at('new'), mode: 0o755},
			{kind: 'write', path: at('new/file'), bytes: Buffer.from('x'), mode: 0o600},
			{kind: 'write', path: at('once'), bytes: Buffer.from('first'), mode: 0o600, backup: at('once.backup')},
			{kind: 'write', path: at('once'), bytes: Buffer.from('second'), mode: 0o600},
		]), /changed by somebody else/);
		assert.deepEqual([readFileSync(at('once'), 'utf8'), statSync(at('once')).mode & 0o7777, readdirSync(directory)], ['as it was', 0o640, listing]);
	});

	test('a reader always sees one whole file while it is replaced again and again, and so does one after a kill -9', {timeout: 400_000}, async () => {
		const path = at('whole');
		const module = pathToFileURL(join(repository, 'build/source/system/files.js')).href;
		const program = `const {writeFileAtomically} = await import(${JSON.stringify(module)});
			for (let index = 0; ; index++) {
				await writeFileAtomically(${JSON.stringify(path)}, Buffer.alloc(200_000, 97 + index % 26), {mode: 0o600});
				if (index === 0) console.log('up');
			}`;
		for (let round = 0; round < 3; round++) {
			const writer = start(process.execPath, ['--input-type=module', '-e', program]);
			await writer.until('up');
			const check = (): void => {
				const {content} = lookAt(path);
				assert.ok(content !== null && content.length === 200_000 && content.every(byte => byte === content[0]), 'a torn file');
			};
			for (let index = 0; index < 50; index++) check();
			writer.kill('SIGKILL');
			await writer.ended;
			check();
			await writeFileAtomically(path, Buffer.alloc(200_000, 97), {mode: 0o600});
			assert.deepEqual(readdirSync(directory).filter(name => name.includes('whole')), ['whole']);
		}
	});

	test('what a write that was cut short has left is taken away by the next one, and nothing else', async () => {
		const place = at('remains');
		mkdirSync(place, {mode: 0o755});
		const path = join(place, 'one');
		const living = start('sleep', ['60']);
		const dead = start('true', []);
		const {pid, start: begun} = markProcess(living.child.pid ?? 0);
		await dead.ended;
		const gone = `${dead.child.pid}-${begun}`;
		const hex = '0123456789ab';
		try {
			writeFileSync(path, 'one');
			chownSync(path, 0, 0);
			// Cut short between the second name of the old file and the new file in its place.
			linkSync(path, join(place, `.one.old-${gone}-${hex}`));
			for (const name of [`.one.new-${gone}-${hex}`, `.other.new-${gone}-${hex}`, `.one.new-${pid}-${Number(begun) + 1}-${hex}`]) writeFileSync(join(place, name), 'begun');
			const staying = [`.one.new-${pid}-${begun}-${hex}`, `one.new-${gone}-${hex}`, `.one.new-${gone}-${hex}0`, `.one.new-${hex}`, `.one.tmp-${gone}-${hex}`, `.one.new-${gone}-${hex}.sh`, `.others.new-${gone}-${hex}`];
			for (const name of staying) writeFileSync(join(place, name), 'stays');
			chownSync(join(place, `.others.new-${gone}-${hex}`), 65_534, 65_534);
			symlinkSync(path, join(place, `.link.new-${gone}-${hex}`));
			mkdirSync(join(place, `.directory.new-${gone}-${hex}`));
			assert.equal(lookAt(path).links, 1);
			await writeFileAtomically(path, Buffer.from('two'), {mode: 0o600, backup: backupPath(path, new Date(0))});
			assert.deepEqual(readdirSync(place).toSorted(), [...staying, `.link.new-${gone}-${hex}`, `.directory.new-${gone}-${hex}`, 'one', 'one.1970-01-01T00-00-00Z'].toSorted());
			assert.equal(readFileSync(path, 'utf8'), 'two');
			// A second name that somebody else gave it still counts.
			linkSync(path, join(place, 'second'));
			await assert.rejects(writeFileAtomically(path, Buffer.from('three'), {mode: 0o600}), /has 2 names/);
		} finally {
			living.kill('SIGKILL');
			await living.ended;
		}
	});

	test('a look neither waits nor reads what is too large', () => {
		spawnSync('truncate', ['-s', '10G', at('sparse')]);
		const began = process.cpuUsage();
		assert.deepEqual([lookAt(at('sparse')).content, lookAt(at('sparse')).size, lookAt(at('pipe')).kind, lookAt('/dev/zero').kind, lookAt('/dev/tty').kind], [null, 10 * 1024 ** 3, 'other', 'other', 'other']);
		assert.ok(process.cpuUsage(began).user < 1_000_000);
		assert.deepEqual([lookAt(at('link')).kind, lookAt(at('link'), 100, 'follow').kind, lookAt(at('none')).kind], ['link', 'file', 'missing']);
	});
});
