import assert from 'node:assert/strict';
import {chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {after, suite, test} from 'node:test';
import type {ScriptFacts} from '../../source/core/checks/facts.js';
import {openPlaces, readPath, similarPaths} from '../../source/system/inspection.js';
import {readMachineFacts} from '../../source/system/machine-facts.js';
import {takeLock} from '../../source/system/lock.js';
import {loadNative} from '../../source/system/native.js';
import {readMounts} from '../../source/system/mounts.js';
import {readScriptFacts, type ScriptToLookAt} from '../../source/system/script-facts.js';
import {shellName} from '../../source/system/shell.js';
import {repository} from '../support/sandbox.js';
import {whyNoProgram, whyNotRoot} from '../support/skip.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-scripts-'));
after(() => rmSync(directory, {recursive: true, force: true}));
let number = 0;

function script(text: string | Buffer): string {
	const path = join(directory, `script-${number++}.sh`);
	writeFileSync(path, text, {mode: 0o700});
	return path;
}

async function look(one: ScriptToLookAt): Promise<ScriptFacts> {
	return (await readScriptFacts([one], shellName()))[0]!;
}

async function read(text: string | Buffer): Promise<ScriptFacts> {
	return look({role: 'pre', location: script(text), directory: '/', mounts: readMounts});
}

const isDash = shellName() === 'dash';

suite('a script, read without running it', () => {
	test('the machine\'s own sh says whether it can be read', async () => {
		assert.equal((await read('#!/bin/sh\nexit 0\n')).syntax, 'fine');
		const {syntax} = await read('#!/bin/sh\necho\nif true\n');
		assert.ok(typeof syntax === 'object' && syntax !== null && (syntax.line ?? 3) >= 3 && syntax.message.length > 5, JSON.stringify(syntax));
		assert.equal((await read('#!/bin/sh\nexit 0\n\0binary')).text?.endsWith('\0binary'), true);
	});

	test('nothing of it is run', async () => {
		const witness = join(directory, 'witness');
		await read(`#!/bin/sh\ntouch ${witness}\n[[ -n $(touch ${witness}) ]]\nx=\`touch ${witness}\`\n`);
		assert.equal(readPath(witness, 0).facts.kind, 'missing');
	});

	test('what needs bash is tried in the machine\'s own sh', {skip: isDash ? false : 'sh is not dash here'}, async () => {
		const {dialect} = await read('#!/bin/bash\nif [[ a = a ]]; then\n\tx=${y/a/b}\nfi\n');
		assert.deepEqual(dialect.map(({feature, line, fatal}) => ({feature, line, fatal})), [{feature: '[[ … ]]', line: 2, fatal: false}, {feature: '${name/old/new}', line: 3, fatal: true}]);
		assert.deepEqual((await read('#!/bin/sh\n[ a = b ] || echo no\n')).dialect, []);
	});

	test('the interpreter is looked for, through env as well', async () => {
		assert.deepEqual((await read('#!/bin/sh\n')).interpreter, {path: '/bin/sh', exists: true});
		assert.deepEqual((await read('#!/usr/bin/env -S nothing-here -x\n')).interpreter, {path: 'nothing-here', exists: false});
		assert.equal((await read('exit 0\n')).interpreter, null);
	});

	test('shellcheck adds what it is sure of', {skip: whyNoProgram('shellcheck')}, async () => {
		assert.deepEqual((await read('#!/bin/sh\nexit 256\n')).mistakes.map(({line, code}) => ({line, code})), [{line: 2, code: 'SC2242'}]);
		assert.deepEqual((await read('#!/bin/sh\nlocal_thing=1\necho $local_thing\n')).mistakes, []);
	});

	test('a FIFO is not waited for, and a path of nonsense is missing', async () => {
		const path = join(directory, 'fifo');
		await once(spawn('mkfifo', [path]), 'close');
		const facts = await look({role: 'post', location: path, directory: '/', mounts: null});
		assert.deepEqual([facts.file.kind, facts.text, facts.syntax], ['other', null, null]);
		for (const location of ['', '/no/such/thing', 'a\0b', '~/x']) assert.equal((await look({role: 'pre', location, directory: '/', mounts: null})).file.kind, 'missing', location);
	});

	test('ten megabytes are bounded', async () => {
		const facts = await read(`#!/bin/sh\n${'echo a >/dev/null\n'.repeat(600_000)}`);
		assert.equal(facts.text?.length, 1024 * 1024);
		assert.ok(facts.size > 10_000_000);
	});
});

suite('places', {skip: whyNotRoot()}, () => {
	test('a directory on the way that others may write to is told, through links as well', () => {
		const open = join(directory, 'open');
		mkdirSync(open);
		chmodSync(open, 0o777);
		writeFileSync(join(open, 'file'), '');
		symlinkSync(join(open, 'file'), join(directory, 'link'));
		assert.deepEqual(openPlaces(join(open, 'file')).map(({path, because}) => ({path, because})), [{path: open, because: 'everybody'}]);
		assert.deepEqual(openPlaces(join(directory, 'link')).map(({path}) => path), [open]);
		// A link that lies there, on the way to a file that does not.
		symlinkSync(script(''), join(open, 'onward'));
		symlinkSync('open/onward', join(directory, 'first'));
		assert.deepEqual(openPlaces(join(directory, 'first')).map(({path}) => path), [open]);
		symlinkSync('loop', join(directory, 'loop'));
		assert.deepEqual(openPlaces(join(directory, 'loop')), []);
		assert.deepEqual(openPlaces(join(directory, 'missing', 'x')), []);
		chmodSync(open, 0o755);
		chownSync(open, 65_534, 65_534);
		assert.deepEqual(openPlaces(join(open, 'file')).map(({because}) => because), ['owner']);
		chownSync(open, 0, 0);
		assert.deepEqual(openPlaces(join(open, 'file')), []);
	});

	test('a file of nearly the same name is offered', () => {
		const path = script('');
		assert.equal(similarPaths(`${path} `)[0], path);
		assert.ok(similarPaths(join(directory, basename(path).replace('script', 'scirpt'))).includes(path));
		assert.deepEqual(similarPaths(join(directory, 'quite-another')), []);
	});
});

suite('the machine', {skip: whyNotRoot()}, () => {
	test('a lock is held, stale or absent', async () => {
		const path = join(directory, 'lock');
		const stateOf = async (): Promise<string> => (await readMachineFacts({shell: null, leftFrozen: [], lockFile: path})).lock.state;
		assert.equal(await stateOf(), 'absent');
		writeFileSync(path, '');
		assert.equal(await stateOf(), 'stale');
		const held = await takeLock(loadNative(), path, 0);
		assert.equal(await stateOf(), 'held');
		assert.equal((await readMachineFacts({shell: null, leftFrozen: [], lockFile: path})).lock.holder?.pid, process.pid);
		held.release();
		assert.equal(await stateOf(), 'stale');
	});

	for (const user of ['root', 'another user who keeps what an administrator may']) {
		test(`a process that answers for file accesses is seen: ${user}`, async t => {
			// fanotify_init(FAN_CLASS_CONTENT, O_RDONLY); prctl(PR_SET_KEEPCAPS, 1).
			const gate = `
				const library = require('koffi').load(null);
				const group = library.func('int fanotify_init(unsigned int, unsigned int)')(4, 0);
				library.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)')(8, 1, 0, 0, 0);
				if (process.argv[1] !== 'root') process.setuid(65534);
				process.stdout.write(String(group));
				process.stdin.resume();`;
			const child = spawn(process.execPath, ['-e', gate, user], {stdio: ['pipe', 'pipe', 'inherit'], cwd: repository});
			try {
				const [words] = await once(child.stdout.setEncoding('utf8'), 'data') as [string];
				if (Number(words) < 3) return t.skip('this kernel has no fanotify');
				const {fanotify} = await readMachineFacts({shell: null, leftFrozen: []});
				assert.ok(fanotify.some(({pid}) => pid === child.pid), `${child.pid} is not among ${JSON.stringify(fanotify)}`);
			} finally {
				child.stdin.end();
				await once(child, 'close');
			}
		});
	}
});
