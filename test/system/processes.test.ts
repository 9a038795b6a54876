import assert from 'node:assert/strict';
import {test} from 'node:test';
import {kill} from '../../source/system/processes.js';

test('only one process is ever killed: what is no number of one reaches nobody', context => {
	const sent: unknown[] = [];
	// Never the real one: -1 would be every process of the machine.
	context.mock.method(process, 'kill', (...words: readonly unknown[]) => {
		sent.push(words);
		return true;
	});
	for (const pid of [-1, 0, 1, -200, Number.NaN, Number(''), 2.5, Number.POSITIVE_INFINITY]) kill(pid);
	assert.deepEqual(sent, []);
	kill(4321);
	assert.deepEqual(sent, [[4321, 'SIGKILL']]);
});
