import assert from 'node:assert/strict';
import {closeSync, constants, openSync, writeSync} from 'node:fs';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {UnreadPipe} from '../../../source/core/extension/unread-pipe.js';
import {loadNative} from '../../../source/system/native.js';
import {firstReason, whyNotRoot} from '../../support/skip.js';

/** How many of the writes a pipe of the kernel takes that nobody reads. */
function takenByTheKernel(writes: readonly number[]): number {
	const [reader, writer] = loadNative().pipe();
	// The same pipe, opened once more without waiting.
	const direct = openSync(`/proc/self/fd/${writer}`, constants.O_WRONLY | constants.O_NONBLOCK);
	const bytes = Buffer.alloc(Math.max(...writes));
	try {
		return writes.findIndex(count => {
			try {
				return writeSync(direct, bytes, 0, count) < count;
			} catch {
				return true;
			}
		});
	} finally {
		for (const descriptor of [reader, writer, direct]) closeSync(descriptor);
	}
}

function takenByTheModel(writes: readonly number[]): number {
	const pipe = new UnreadPipe();
	return writes.findIndex(count => {
		pipe.write(count);
		return pipe.blocks;
	});
}

// A user who has many pipes gets smaller ones; root does not.
test('a pipe that nobody reads is full when the kernel says so', {skip: firstReason(whyNotRoot())}, () => {
	const some = (sizes: fc.Arbitrary<number>): fc.Arbitrary<number[]> => fc.infiniteStream(sizes).map(stream => {
		const writes: number[] = [];
		for (let sum = 0; sum <= 70_000;) {
			const next = stream.next().value;
			writes.push(next);
			sum += next;
		}

		return writes;
	});
	const sizes = fc.oneof(fc.integer({min: 1, max: 70_000}), fc.integer({min: 20, max: 300}), fc.constantFrom(1, 4095, 4096, 4097, 2048, 2049, 8192));
	fc.assert(fc.property(fc.oneof(some(sizes), some(fc.constantFrom(100)), some(fc.constantFrom(2049)), some(fc.integer({min: 1000, max: 6000}))), writes => {
		assert.equal(takenByTheModel(writes), takenByTheKernel(writes), writes.join(' '));
	}), {numRuns: 200});
});

test('writes of more than a page are told from their packets', () => {
	fc.assert(fc.property(fc.array(fc.integer({min: 1, max: 20_000}), {minLength: 1, maxLength: 60}), writes => {
		const whole = new UnreadPipe();
		const packets = new UnreadPipe();
		for (const count of writes.filter(bytes => bytes % 4096 !== 0)) {
			whole.write(count);
			for (let left = count; left > 0; left -= 4096) packets.packet(Math.min(left, 4096));
			assert.equal(packets.blocks, whole.blocks);
		}
	}));
	const pages = new UnreadPipe();
	for (let count = 1; count <= 17; count++) {
		assert.equal(pages.blocks, false);
		pages.packet(4096);
	}
	assert.equal(pages.blocks, true);
});

test('64 KiB in whole pages fit, of lines fewer, and one byte more waits', () => {
	const blocks = (...writes: readonly number[]): boolean => takenByTheModel(writes) !== -1;
	assert.equal(blocks(65_536), false);
	assert.equal(blocks(65_537), true);
	assert.equal(blocks(65_536, 0), false);
	assert.equal(blocks(65_536, 1), true);
	assert.equal(blocks(...Array.from({length: 640}, () => 100)), false);
	assert.equal(blocks(...Array.from({length: 641}, () => 100)), true);
	assert.equal(blocks(...Array.from({length: 16}, () => 2049)), false);
	assert.equal(blocks(...Array.from({length: 17}, () => 2049)), true);
});
