import assert from 'node:assert/strict';
import {test} from 'node:test';
import {editSettings, readSettingsText, repairSettings} from '../../source/core/settings-text.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test('what is wrong is said in a sentence, with the line', () => {
	const problems: ReadonlyArray<readonly [string | Uint8Array, RegExp]> = [
		['', /empty/], ['\uFEFF{}', /byte order mark/], [new Uint8Array(Buffer.from('{"a": 1}', 'utf16le')), /UTF-16/], [new Uint8Array([0x7B, 0xFF, 0x7D]), /not UTF-8/],
		['{\n"a": 1,\n}', /^In line 3 a key in double quotes is missing\.$/], ['{\n// x\n}', /^In line 2 there is a comment/], ['{"a": 1} x', /something behind the end/], ['{"a": True}', /no value begins like this/], ['{"a": "x', /no end/],
		['['.repeat(3000), /nested too deep/],
	];
	for (const [text, pattern] of problems) assert.match(readSettingsText(typeof text === 'string' ? bytes(text) : text).problem ?? '', pattern);
	assert.deepEqual(readSettingsText(bytes('[1]')), {settings: null, duplicates: [], problem: null, refusal: null});
	assert.equal(readSettingsText(bytes('{')).refusal, 305);
	assert.equal(readSettingsText(bytes('['.repeat(3000))).refusal, 304);
});

test('what only Python reads is read, and a key that stands there twice is told', () => {
	const {settings, duplicates} = readSettingsText(bytes('{"a": NaN, "b": [Infinity], "c": 1, "c": 2, "d": 1, "d": 1, "__proto__": 3}'));
	assert.deepEqual({...settings}, {a: Number.NaN, b: [Number.POSITIVE_INFINITY], c: 2, d: 1, ['__proto__']: 3});
	assert.deepEqual(duplicates, ['c']);
});

test('settings are made out where nothing has to be guessed', () => {
	const whole = '{\n  "a": 1,\n  "b": "ü"\n}\n';
	for (const text of ['{"a": 1, "b": "ü",}', '\uFEFF{"a": 1, "b": "ü"}', '// x\n{"a": 1, /* y */ "b": "ü"}', '{"a": 1,\n# z\n"b": "ü"}']) assert.equal(repairSettings(bytes(text)), whole, text);
	assert.equal(repairSettings(new Uint8Array(Buffer.from('\uFEFF{"a": 1, "b": "ü"}', 'utf16le'))), whole);
	assert.equal(repairSettings(new Uint8Array(Buffer.from('{"a": 1, "b": "ü"}', 'latin1'))), whole);
	for (const text of ['', 'x', '{a: 1}', '{"a": 1', '{\'a\': 1}', '[1,]', '{"a" 1}', '{"a": 1} {"b": 2}', '{}']) assert.equal(repairSettings(bytes(text)), null, text);
});

test('a change leaves everything else as it is written', () => {
	const text = '{\r\n\t"a" : 1,\r\n\t"b":[ 1,2 ],\r\n\t"c": {"a": 3}\r\n}\r\n';
	assert.equal(editSettings(text, [{change: 'set', key: 'a', value: 'x'}]), text.replace('"a" : 1', '"a" : "x"'));
	assert.equal(editSettings(text, [{change: 'set', key: 'd', value: 4}]), text.replace('{"a": 3}', '{"a": 3},\r\n\t"d": 4'));
	assert.equal(editSettings(text, [{change: 'rename', key: 'b', to: 'B'}]), text.replace('"b"', '"B"'));
	assert.equal(editSettings(text, [{change: 'remove', key: 'b'}]), '{\r\n\t"a" : 1,\r\n\t"c": {"a": 3}\r\n}\r\n');
	assert.equal(editSettings(text, [{change: 'remove', key: 'c'}]), '{\r\n\t"a" : 1,\r\n\t"b":[ 1,2 ]\r\n}\r\n');
	assert.equal(editSettings('{"a":1}', [{change: 'remove', key: 'a'}, {change: 'set', key: 'b', value: []}]), '{"b": []}');
	assert.equal(editSettings('{"a":1,"a":2}', [{change: 'remove', key: 'a'}]), '{}');
	assert.equal(editSettings('[1]', [{change: 'set', key: 'a', value: 1}]), null);
});
