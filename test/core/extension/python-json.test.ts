import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {parsePythonJson, PythonJsonError} from '../../../source/core/extension/python-json.js';
import {asNumber, isTruthy, iterate, pythonText, type PythonValue} from '../../../source/core/extension/python-value.js';

function plain(value: PythonValue): unknown {
	switch (value.type) {
		case 'none': return null;
		case 'int': return Number(value.value);
		case 'list': return value.items.map(item => plain(item));
		case 'dict': return Object.fromEntries([...value.entries].map(([key, entry]) => [key, plain(entry)]));
		case 'bool':
		case 'float':
		case 'str': return value.value;
	}
}

test('what JSON writes, Python reads', () => {
	fc.assert(fc.property(fc.jsonValue({noUnicodeString: false}), value => {
		const text = JSON.stringify(value);
		assert.deepEqual(plain(parsePythonJson(text)), plain(parsePythonJson(JSON.stringify(JSON.parse(text), null, 2))));
		assert.equal(JSON.stringify(plain(parsePythonJson(text))), JSON.stringify(JSON.parse(text)));
	}));
});

test('any text is read or refused, never anything else', () => {
	fc.assert(fc.property(fc.string({unit: 'binary', maxLength: 200}), text => {
		try {
			parsePythonJson(text);
		} catch (error) {
			assert.ok(error instanceof PythonJsonError);
		}
	}));
});

test('what Python refuses is refused', () => {
	for (const text of ['', ' ', '{', '{"a":1,}', '[1,]', '// x\n{}', '{} x', '\uFEFF{}', '{\'a\':1}', '01', '+1', '.5', '1.', '"a\nb"', '"\\x"', '"\\u12"', 'nan', 'True', '['.repeat(5000), '\u00A01']) {
		assert.throws(() => parsePythonJson(text), PythonJsonError, JSON.stringify(text));
	}
});

test('what only Python accepts is accepted, and whole numbers stay whole', () => {
	assert.deepEqual(parsePythonJson('NaN'), {type: 'float', value: Number.NaN});
	assert.deepEqual(parsePythonJson('-Infinity'), {type: 'float', value: Number.NEGATIVE_INFINITY});
	assert.deepEqual(parsePythonJson('{"a":1,"b":2,"a":3.0}'), {type: 'dict', entries: new Map<string, PythonValue>([['a', {type: 'float', value: 3}], ['b', {type: 'int', value: 2n}]])});
	assert.deepEqual(parsePythonJson('1e2'), {type: 'float', value: 100});
	assert.deepEqual(parsePythonJson('12345678901234567890'), {type: 'int', value: 12_345_678_901_234_567_890n});
	assert.deepEqual(parsePythonJson('"\\ud83d\\ude00"'), {type: 'str', value: '😀'});
});

test('str() of values is Python\'s', () => {
	const texts: ReadonlyArray<readonly [string, string]> = [
		['"as it is"', 'as it is'], ['true', 'True'], ['null', 'None'], ['1', '1'], ['1.0', '1.0'], ['1e2', '100.0'], ['1e16', '1e+16'], ['1.5e-5', '1.5e-05'],
		['0.0001', '0.0001'], ['123456789012345.6', '123456789012345.6'], ['-0.0', '-0.0'], ['1e400', 'inf'], ['0.1', '0.1'], ['-235499791113350.62', '-235499791113350.62'], ['0.00012', '0.00012'], ['30', '30'], ['30.0', '30.0'], ['1e22', '1e+22'], ['1234567890123456.0', '1234567890123456.0'],
		['["a", 1, null, "it\'s", "\\"", "\'\\"", "\\n\\u0001ü\\u00a0"]', '[\'a\', 1, None, "it\'s", \'"\', \'\\\'"\', \'\\n\\x01ü\\xa0\']'],
		['{"a": {"b": [true]}, "c": {}}', '{\'a\': {\'b\': [True]}, \'c\': {}}'],
	];
	for (const [json, text] of texts) assert.equal(pythonText(parsePythonJson(json)), text, json);
});

test('truth, numbers and loops are Python\'s', () => {
	for (const json of ['"false"', '"0"', '1', '[0]', '{"a":0}', 'NaN', '-1']) assert.equal(isTruthy(parsePythonJson(json)), true, json);
	for (const json of ['""', '0', '0.0', '-0.0', '[]', '{}', 'null', 'false']) assert.equal(isTruthy(parsePythonJson(json)), false, json);
	assert.equal(asNumber(parsePythonJson('true')), 1);
	assert.equal(asNumber(parsePythonJson('"30"')), null);
	assert.deepEqual(iterate(parsePythonJson('"ab"'))?.map(value => pythonText(value)), ['a', 'b']);
	assert.deepEqual(iterate(parsePythonJson('{"x":1,"y":2}'))?.map(value => pythonText(value)), ['x', 'y']);
	assert.equal(iterate(parsePythonJson('5')), null);
});
