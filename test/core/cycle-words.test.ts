import assert from 'node:assert/strict';
import {test} from 'node:test';
import {afterInterruption, inAzure} from '../../source/core/cycle-words.js';
import {errorReference, ownError} from '../../source/core/errors.js';

test('an interruption is said to have left nothing behind only where that is so', () => {
	const after = (errors: Parameters<typeof afterInterruption>[0]['errors'], freezeWindowMs = 5, quiesceWindowMs = 10): string => afterInterruption({errors: [ownError('Interrupted'), ...errors], freezeWindowMs, quiesceWindowMs});
	assert.equal(after([]), 'everything is thawed, and nothing is held');
	assert.equal(after([], 0), 'everything is thawed, and nothing is held', 'the scripts ran');
	assert.equal(after([], 0, 0), 'nothing was frozen or held');
	for (const error of [errorReference(301), errorReference(309), ownError('ScriptChanged')]) assert.equal(after([error]), 'everything is thawed, but the application may still be held', error.name);
	assert.equal(after([ownError('ThawFailed')]), 'something may still be frozen');
	assert.equal(after([ownError('FreezeHung'), errorReference(301)]), 'something may still be frozen, and the application may still be held');
});

test('what Azure would have made of it is compared without the errors that are quiesce\'s own', () => {
	const words = (outcome: 'failed' | 'application-consistent', own: readonly number[], azure: readonly number[]): string =>
		inAzure({outcome, errors: [...own.map(code => errorReference(code)), ownError('SnapshotFailed')], azure: {outcome: 'failed', errors: azure.map(code => errorReference(code))}});
	assert.equal(words('failed', [300], [300]), 'failed as well');
	assert.equal(words('failed', [], []), 'failed as well');
	assert.equal(words('failed', [300], [300, 301]), 'failed: Pre-ScriptExecutionFailed (300), Post-ScriptExecutionFailed (301)');
	assert.equal(words('application-consistent', [], []), 'failed');
});
