import assert from 'node:assert/strict';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import {openWorkshop} from '../../source/system/workshop.js';
import {must, run} from '../support/process.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';

suite('the workshop', {skip: firstReason(whyNoSandbox(), whyNoLoopDisks('ext4'))}, () => {
	test('takes the copies in its places along at its end, with their loop devices, and nothing beneath', async () => {
		const place = mkdtempSync(join(tmpdir(), 'quiesce place-'));
		const copy = join(place, '0-data.img');
		mkdirSync(join(place, 'mount'));
		writeFileSync(join(place, 'mount/file'), 'x');
		writeFileSync(copy, Buffer.alloc(1024 * 1024));
		const attached = async (): Promise<string> => (await run('losetup', ['--associated', copy])).stdout;
		const workshop = await openWorkshop([place]);
		try {
			// As losetup leaves it where its caller dies before it has been told.
			await must('losetup', ['--find', copy]);
			assert.notEqual(await attached(), '');
		} finally {
			await workshop.end();
		}

		const left = (await run('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'])).stdout.split('\n').filter(line => line.includes(place));
		assert.deepEqual([left, readdirSync(place), existsSync(join(place, 'mount/file'))], [[], ['mount'], true]);
		rmSync(place, {recursive: true});
	});
});
