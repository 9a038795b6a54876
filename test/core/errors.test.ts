import assert from 'node:assert/strict';
import {test} from 'node:test';
import {errorReference, errorTable, findError, nearErrors, searchErrors} from '../../source/core/errors.js';

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
	const expected = [...Array.from({length: 19}, (_, index) => 300 + index), 121, 122, 123, 124, 402, ...Array.from({length: 13}, (_, index) => 500 + index), 0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 17, 76, 85, 173, 556, 761];
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

test('what is none leads to those that it may have been meant for', () => {
	const near = (text: string): readonly unknown[] => nearErrors(text).map(({code, name}) => code ?? name);
	assert.deepEqual(near('3000').slice(0, 1), [300]);
	assert.deepEqual(near('513').slice(0, 1), [512]);
	assert.ok(near('30').includes(300));
	assert.deepEqual(near('PreScriptTimeou').slice(0, 1), [308]);
	assert.ok(near('timout').includes(308));
	assert.ok(near('Pre-ScriptNotFuond').includes(302));
	assert.ok(near('premission').includes(306));
	assert.ok(near('GardLost').includes('GuardLost'));
	assert.ok(near('refused frozen').includes(121));
	for (const text of ['', ' ', 'xyzzy', '999999', 'x'.repeat(5000), '\u0000', '../../etc/passwd']) assert.deepEqual(near(text), [], text.slice(0, 20));
	assert.ok(nearErrors('e').length <= 5);
});
