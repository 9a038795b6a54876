import assert from 'node:assert/strict';
import {existsSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {spawnSync} from 'node:child_process';
import {suite, test} from 'node:test';
import {repository} from './support/sandbox.js';
import {whyNoProgram} from './support/skip.js';

const tracked = spawnSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], {cwd: repository, encoding: 'utf8'}).stdout?.split('\0').filter(name => name !== '' && existsSync(join(repository, name))) ?? [];
const skip = tracked.length === 0 ? 'not a git checkout' : false;
const text = (name: string): string => readFileSync(join(repository, name), 'utf8');

suite('the repository', {skip}, () => {
	test('names no registry host in what npm reads', () => {
		for (const name of ['package-lock.json', 'package.json', '.npmrc']) assert.doesNotMatch(text(name), /registry\.|"resolved"|registry\s*=|_auth/, name);
	});

	test('pins every dependency exactly, and the lock file agrees', () => {
		type Manifest = Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>;
		const manifest = JSON.parse(text('package.json')) as Manifest;
		const lock = JSON.parse(text('package-lock.json')) as {packages: Record<string, {version?: string}>};
		const all = Object.entries({...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies});
		assert.ok(all.length > 5);
		for (const [name, version] of all) {
			assert.match(version, /^\d+\.\d+\.\d+$/, name);
			assert.equal(lock.packages[`node_modules/${name}`]?.version, version, `${name} in package-lock.json`);
		}
	});

	test('names no path of the machine on which it was written', () => {
		// The brackets keep this line from finding itself.
		const places = /(?<![\w.})-])\/(?:[w]ork|[h]ome\/[a-z]|[r]oot\/[a-z]|[U]sers)(?:\/|\b)/;
		const bad = tracked.filter(name => statSync(join(repository, name)).isFile()).flatMap(name => text(name).split('\n')
			.flatMap((line, index) => (places.test(line) ? [`${name}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])));
		assert.deepEqual(bad, []);
	});

	test('holds nothing that is built, and no binaries', () => {
		assert.deepEqual(tracked.filter(name => /^(?:build|dist|node_modules)\//.test(name)), []);
		assert.deepEqual(tracked.filter(name => readFileSync(join(repository, name)).includes(0)), []);
	});

	test('shell scripts pass shellcheck', {skip: whyNoProgram('shellcheck')}, () => {
		const scripts = tracked.filter(name => name.endsWith('.sh') || name === '.ci/run' || (name.startsWith('templates/') && text(name).startsWith('#!/bin/sh')));
		assert.ok(scripts.length > 1);
		const check = spawnSync('shellcheck', ['--shell=sh', ...scripts], {cwd: repository, encoding: 'utf8'});
		assert.equal(check.status, 0, check.stdout);
	});
});
