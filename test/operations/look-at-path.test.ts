import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test} from 'node:test';
import {lookAtPath} from '../../source/operations/look-at-path.js';
import {completePath} from '../../source/system/path-completion.js';
import {whyNotRoot} from '../support/skip.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-look-'));
const path = (name: string): string => join(directory, name);
writeFileSync(path('pre.sh'), '#!/bin/sh\nexit 0\n', {mode: 0o750});
writeFileSync(path('broken.sh'), 'if true; then\n', {mode: 0o700});
mkdirSync(path('prepared'));
symlinkSync(path('prepared'), path('prelink'));
symlinkSync(path('pre.sh'), path('linked.sh'));
writeFileSync(path('.hidden'), '');
after(() => rmSync(directory, {recursive: true}));

suite('a look at a path', () => {
	test('a script: whose it is, its mode, and that sh can read it', async () => {
		chmodSync(path('pre.sh'), 0o750);
		const look = await lookAtPath(path('pre.sh'));
		assert.deepEqual([look.kind, look.mode, look.syntax], ['file', 0o750, 'fine']);
	});

	test('a link is followed', async () => {
		assert.equal((await lookAtPath(path('linked.sh'))).kind, 'file');
	});

	test('a script that sh cannot read', async () => {
		const {syntax} = await lookAtPath(path('broken.sh'));
		assert.ok(syntax !== null && syntax !== 'fine' && syntax.message !== '');
	});

	test('a directory, a missing file with what was meant, a pipe that nobody writes to', async () => {
		assert.equal((await lookAtPath(directory)).kind, 'directory');
		const missing = await lookAtPath(path('per.sh'));
		assert.deepEqual([missing.kind, missing.similar], ['missing', [path('pre.sh')]]);
		execFileSync('mkfifo', [path('pipe')]);
		assert.equal((await lookAtPath(path('pipe'))).kind, 'other');
	});

	test('a place where others could put another script', {skip: whyNotRoot()}, async () => {
		mkdirSync(path('open'));
		chmodSync(path('open'), 0o777);
		writeFileSync(path('open/pre.sh'), 'exit 0\n', {mode: 0o700});
		assert.ok((await lookAtPath(path('open/pre.sh'))).openPlaces.some(place => place.path === path('open')));
	});
});

suite('the completion of paths', () => {
	test('files, directories and links to them, in order; hidden ones only when asked for', () => {
		assert.deepEqual(completePath(path('pre')), [path('pre.sh'), `${path('prelink')}/`, `${path('prepared')}/`]);
		assert.ok(!completePath(`${directory}/`).includes(path('.hidden')));
		assert.deepEqual(completePath(path('.h')), [path('.hidden')]);
	});

	test('nothing for what is not there, or no path', () => {
		assert.deepEqual([completePath('/nowhere/at/all/'), completePath('relative'), completePath('')], [[], [], []]);
	});
});
