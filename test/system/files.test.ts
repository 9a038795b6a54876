import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {pathToFileURL} from 'node:url';
import {Failure} from '../../source/core/failure.js';
import {lookAt} from '../../source/system/file-look.js';
import {backupPath, changeFiles, writeFileAtomically} from '../../source/system/files.js';
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

	test('a reader always sees one whole file while it is replaced again and again, and so does one after a kill -9', {timeout: 60_000}, async () => {
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
		}
	});

	test('a look neither waits nor reads what is too large', () => {
		spawnSync('truncate', ['-s', '10G', at('sparse')]);
		const began = performance.now();
		assert.deepEqual([lookAt(at('sparse')).content, lookAt(at('sparse')).size, lookAt(at('pipe')).kind, lookAt('/dev/zero').kind, lookAt('/dev/tty').kind], [null, 10 * 1024 ** 3, 'other', 'other', 'other']);
		assert.ok(performance.now() - began < 1000);
		assert.deepEqual([lookAt(at('link')).kind, lookAt(at('link'), 100, 'follow').kind, lookAt(at('none')).kind], ['link', 'file', 'missing']);
	});
});
