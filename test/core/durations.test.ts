import assert from 'node:assert/strict';
import {test} from 'node:test';
import {duration} from '../../source/core/durations.js';

test('a duration is as exact as people need it, and never no time at all where there was some', () => {
	const said = [0, 0.2, 1, 9.4, 9.6, 40, 994, 1300, 75_000, 250_000, 7_300_000].map(duration);
	assert.deepEqual(said, ['0.00 s', '<1 ms', '1 ms', '9 ms', '0.01 s', '0.04 s', '0.99 s', '1.3 s', '75 s', '4 min 10 s', '2 h 1 min']);
});
