import assert from 'node:assert/strict';
import {existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {Failure} from '../../source/core/failure.js';
import {lookAtLock, openLockFile, readLockHolder, takeLock} from '../../source/system/lock.js';
import {loadNative} from '../../source/system/native.js';
import {must, start, type Started} from '../support/process.js';
import {firstReason, whyNoProgram, whyNoSandbox} from '../support/skip.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-lock-'));
after(() => rmSync(directory, {recursive: true, force: true}));
const native = loadNative();
let count = 0;
const fresh = (): string => join(directory, `place-${count++}`, 'SafeFreezeLockFile');

/** Another process that holds the lock the way the extension does: Python's fcntl.lockf. Its end is the end of its input. */
async function holder(path: string): Promise<Started> {
	openAndClose(path);
	const program = 'import fcntl, sys, time\nf = open(sys.argv[1], "w")\nfcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\nprint("locked", flush=True)\ntime.sleep(600)';
	const started = start('python3', ['-c', program, path]);
	await started.until('locked');
	return started;
}

/** As a shell would leave it behind: a file that nobody holds. */
function openAndClose(path: string): void {
	mkdirSync(join(path, '..'), {recursive: true});
	writeFileSync(path, '');
}

const python = whyNoProgram('python3');

test('it is taken, kept from others, and given up; the file stays', async () => {
	const path = fresh();
	const lock = await takeLock(native, path, 0);
	const other = start('python3', ['-c', 'import fcntl, sys\nf = open(sys.argv[1], "w")\nfcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)', path]);
	if (python === false) assert.match((await other.ended).stderr, /BlockingIOError/);
	assert.equal(readLockHolder(path)?.pid, process.pid);
	lock.release();
	assert.ok(existsSync(path));
	assert.equal(readLockHolder(path), null);
	(await takeLock(native, path, 0)).release();
});

test('who holds it neither gives it up by looking, nor gets it a second time', async () => {
	const path = fresh();
	const lock = await takeLock(native, path, 0);
	assert.equal(lookAtLock(native, path)?.pid, process.pid);
	await assert.rejects(takeLock(native, path, 0), (error: unknown) => error instanceof Failure && error.exitCode === 7);
	if (python === false) {
		const other = start('python3', ['-c', 'import fcntl, sys\nf = open(sys.argv[1], "w")\nfcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)', path]);
		assert.match((await other.ended).stderr, /BlockingIOError/);
	}
	lock.release();
	assert.equal(lookAtLock(native, path), null);
	(await takeLock(native, path, 0)).release();
});

test('a file that nobody holds is no lock', async () => {
	const path = fresh();
	openAndClose(path);
	assert.equal(lookAtLock(native, path), null);
	(await takeLock(native, path, 0)).release();
});

test('the extension that holds it is named, with exit code 7', {skip: python}, async () => {
	const path = fresh();
	const other = await holder(path);
	await assert.rejects(takeLock(native, path, 0), (error: unknown) => {
		assert.ok(error instanceof Failure);
		assert.equal(error.exitCode, 7);
		assert.match(error.message, new RegExp(`process ${other.pid} \\(`));
		return true;
	});
	assert.equal(lookAtLock(native, path)?.pid, other.pid);
	other.kill('SIGKILL');
	await other.ended;
	(await takeLock(native, path, 0)).release();
});

test('a lock on a file of the same number on another filesystem is not this one\'s', {skip: firstReason(python, whyNoSandbox())}, async context => {
	const paths: string[] = [];
	for (const name of ['one', 'other']) {
		const mount = join(directory, name);
		mkdirSync(mount);
		await must('mount', ['-t', 'tmpfs', 'lock-test', mount]);
		context.after(async () => must('umount', ['-l', mount]));
		paths.push(join(mount, 'folder', 'SafeFreezeLockFile'));
	}
	const [one = '', other = ''] = paths;
	openAndClose(other);
	const held = await holder(one);
	assert.equal(statSync(one).ino, statSync(other).ino);
	assert.equal(readLockHolder(one)?.pid, held.pid);
	assert.equal(readLockHolder(other), null);
	held.kill('SIGKILL');
	await held.ended;
});

test('it is waited for, and had as soon as the holder dies', {skip: python}, async () => {
	const path = fresh();
	const other = await holder(path);
	const waiting = takeLock(native, path, 20_000);
	const began = performance.now();
	setTimeout(() => other.kill('SIGKILL'), 200);
	(await waiting).release();
	const took = performance.now() - began;
	assert.ok(took >= 190 && took < 19_000, String(took));
});

test('a holder that removes the file before it gives up the lock leaves no lock on a file that is gone', {skip: python}, async () => {
	const path = fresh();
	const other = await holder(path);
	const waiting = takeLock(native, path, 20_000);
	setTimeout(() => {
		unlinkSync(path);
		other.kill('SIGKILL');
	}, 100);
	const lock = await waiting;
	assert.ok(existsSync(path));
	assert.equal(readLockHolder(path)?.pid, process.pid);
	lock.release();
});

test('nothing but a regular file is locked, and no link is followed', async () => {
	const path = fresh();
	mkdirSync(join(path, '..'));
	const victim = join(directory, 'victim');
	symlinkSync(victim, path);
	await assert.rejects(takeLock(native, path, 0), /cannot be opened/);
	assert.equal(existsSync(victim), false);
	unlinkSync(path);
	await must('mkfifo', [path]);
	await assert.rejects(takeLock(native, path, 0), /not a regular file/);
	unlinkSync(path);
	mkdirSync(path);
	await assert.rejects(takeLock(native, path, 0), /cannot be opened/);
});

test('a directory that is there is not made again: on a frozen filesystem that would wait', {skip: whyNoProgram('strace')}, async () => {
	const path = fresh();
	openAndClose(path);
	const trace = start('strace', ['-f', '-e', 'trace=mkdir,mkdirat', process.execPath, '--input-type=module', '-e',
		`const {openLockFile} = await import(${JSON.stringify(new URL('../../source/system/lock.js', import.meta.url).href)}); openLockFile(${JSON.stringify(path)});`]);
	const end = await trace.ended;
	assert.equal(end.exitCode, 0, end.stderr);
	assert.doesNotMatch(end.stderr, /SafeFreeze/);
	const descriptor = openLockFile(path);
	assert.ok(descriptor > 2);
});
