import assert from 'node:assert/strict';
import type {ReactNode} from 'react';
import {Text} from 'ink';
import {mock, test} from 'node:test';
import {useNow} from '../../source/components/clock.js';
import {Spinner} from '../../source/components/spinner.js';
import {draw, open} from '../support/screen.js';

test('a clock ticks five times a second, and more slowly from when that is enough', async () => {
	mock.timers.enable({apis: ['setInterval', 'Date'], now: 1_000_000});
	const times = new Set<number>();
	function Clock(): ReactNode {
		const now = useNow(now => (now >= 1_003_000 ? 1000 : 0));
		times.add(now);
		return <Text>{now}</Text>;
	}
	const terminal = open(<Clock />);
	try {
		for (let tick = 0; tick < 50; tick++) {
			await terminal.send('');
			mock.timers.tick(200);
		}
		await terminal.send('');
		assert.deepEqual([...times], [...Array.from({length: 16}, (_, tick) => 1_000_000 + tick * 200), ...Array.from({length: 7}, (_, tick) => 1_004_000 + tick * 1000)]);
	} finally {
		terminal.end();
		mock.timers.reset();
	}
});

test('a spinner turns at five frames a second and at one', () => {
	const at = (time: number): string => draw(<Spinner time={time} />).trim();
	for (let time = 0; time < 4000; time += 200) assert.notEqual(at(time), at(time + 200));
	assert.equal(new Set([0, 1000, 2000, 3000, 4000].map(at)).size, 5);
});
