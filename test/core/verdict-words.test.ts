import assert from 'node:assert/strict';
import {test} from 'node:test';
import {verdictInShort} from '../../source/core/verdict-words.js';

test('the verdict in short: each reason is a sentence, and a file keeps its name', () => {
	const short = (code: number): string => verdictInShort({outcome: 'file-system-consistent', errors: [{name: 'x', code}]});
	assert.equal(short(317), 'Tonight: file-system consistent. The configuration is not private to root.');
	assert.equal(short(501), 'Tonight: file-system consistent. workload.conf cannot be read.');
	assert.equal(verdictInShort({outcome: 'failed', errors: []}), 'Tonight: it will fail.');
});
