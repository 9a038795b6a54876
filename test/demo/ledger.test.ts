import assert from 'node:assert/strict';
import {test} from 'node:test';
import {readLedger} from '../../source/demo/ledger.js';

test('a ledger that ends with a complete record is complete', () => {
	assert.deepEqual(readLedger('1 begin 1 end\n2 begin 2 end\n'), {complete: 2, problem: null});
	assert.deepEqual(readLedger(''), {complete: 0, problem: null});
});

test('half a record, a gap and a damaged record are noticed', () => {
	assert.deepEqual(readLedger('1 begin 1 end\n2 begin '), {complete: 1, problem: 'record 2 is cut in half: "2 begin"'});
	assert.deepEqual(readLedger('1 begin 1 end\n3 begin 3 end\n'), {complete: 1, problem: 'record 2 is damaged: "3 begin 3 end"'});
	assert.deepEqual(readLedger('1 begin 1 end\n2 begin\0\0\0\n'), {complete: 1, problem: 'record 2 is damaged: "2 begin\0\0\0"'});
});
