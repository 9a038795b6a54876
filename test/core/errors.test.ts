import assert from 'node:assert/strict';
import {test} from 'node:test';
import {errorReference, errorTable, findError, searchErrors} from '../../source/core/errors.js';

test('every error says what happened, what it did and what to try, and has a name and a code of its own', () => {
	for (const {name, happened, effect, remedies} of errorTable) {
		assert.match(happened, /^\S.*\.$/s, name);
		assert.match(effect, /^\S.*\.$/s, name);
		assert.ok(remedies.length > 0 && remedies.every(remedy => remedy !== ''), name);
		assert.doesNotMatch(happened + effect + remedies.join(''), /!(?!\))/, `${name}: no exclamation marks`);
	}

	const words = errorTable.flatMap(({name, code, aliases}) => [name, ...aliases, ...(code === null ? [] : [String(code)])]);
	assert.equal(new Set(words.map(word => word.toLowerCase())).size, words.length);
});

test('the documentation\'s ten, and the extension\'s others, are all there', () => {
	const codes = new Set(errorTable.map(({code}) => code));
	const expected = [...Array.from({length: 19}, (_, index) => 300 + index), 121, 122, 123, 124, 402, ...Array.from({length: 13}, (_, index) => 500 + index), 2];
	assert.deepEqual(expected.filter(code => !codes.has(code)), []);
	assert.deepEqual(errorReference(306), {name: 'InsufficientPermissionforPre-Script', code: 306});
	assert.deepEqual(errorReference(317), {name: 'FailedPrepostPluginConfigPermissionError', code: 317});
});

test('an error is found by code, name, the extension\'s name and the documentation\'s misspelling', () => {
	for (const word of ['307', 'insufficientpermissionforpost-script', 'InsufficientPermissionforPost-Skript', 'FailedPrepostPostScriptPermissionError']) {
		assert.equal(findError(word)?.code, 307, word);
	}

	assert.equal(findError('30'), undefined);
	assert.equal(findError(''), undefined);
	assert.ok(searchErrors('output hangs').some(({code}) => code === 308));
	assert.equal(searchErrors('').length, errorTable.length);
});
