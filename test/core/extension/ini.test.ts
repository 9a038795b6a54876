import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {Ini, IniError, iniSection, pythonInteger} from '../../../source/core/extension/ini.js';

test('sections, both separators, comments, continued lines and defaults are read', () => {
	const ini = new Ini('; c\n[DEFAULT]\nshared = 1\n[a b]\nName: x\n  y\n# c\n\n  z\nempty =\n[c]\nshared: 2\n');
	assert.equal(ini.get('a b', 'NAME'), 'x\ny\n\nz');
	assert.equal(ini.get('a b', 'empty'), '');
	assert.equal(ini.get('a b', 'shared'), '1');
	assert.equal(ini.get('c', 'shared'), '2');
	assert.equal(ini.hasOption('c', 'name'), false);
	assert.equal(ini.hasSection('DEFAULT'), false);
});

test('percent signs stand for other values, or for nothing', () => {
	const ini = new Ini('[s]\na = %(b)s/%%\nb = 1\nc = 50%\nd = %(x)s\ne = %(e)s\n');
	assert.equal(ini.get('s', 'a'), '1/%');
	for (const option of ['c', 'd', 'e', 'f']) assert.throws(() => ini.get('s', option), IniError, option);
	assert.equal(ini.section('s')?.get('c'), '50%');
});

test('what Python refuses is refused', () => {
	for (const text of ['a = 1', '[s]\njunk', '[s]\n= 1', '[s]\na=1\nA:2', '[s]\n[s]', '\uFEFF[s]', '[]']) assert.throws(() => new Ini(text), IniError, JSON.stringify(text));
	assert.equal(iniSection('[s]\njunk\n', 's'), null);
	assert.equal(iniSection('[s]\n', 't'), null);
});

test('any text is read or refused, and long ones at once', () => {
	fc.assert(fc.property(fc.string({unit: fc.constantFrom('[', ']', 's', '=', ':', '\n', ' ', '%', '(', ')', '#', '\r', '\t'), maxLength: 60}), text => {
		try {
			const ini = new Ini(text);
			if (ini.hasOption('s', 's')) ini.get('s', 's');
		} catch (error) {
			assert.ok(error instanceof IniError);
		}
	}));
	const started = process.cpuUsage();
	assert.throws(() => new Ini(`[s]\n${' '.repeat(200_000)}x\n`), IniError);
	assert.throws(() => new Ini(`[s]\n${'%'.repeat(200_000)}\n`), IniError);
	assert.ok(process.cpuUsage(started).user < 1_000_000);
});

test('whole numbers are Python\'s', () => {
	assert.deepEqual(['1', ' -2\t', '1_000', '+3', '007', '２', '１_٣', '\u00A05\u2003', '𝟚', '𝟜'].map(pythonInteger), [1, -2, 1000, 3, 7, 2, 13, 5, 2, 4]);
	assert.deepEqual(['', '1.0', '1__0', '_1', '1 2', 'x', '0x10', '\u001F3', '\u001F3\u2003', '²', '９'.repeat(4301)].map(pythonInteger), Array.from({length: 11}, () => null));
});
