import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {ProofCheck} from '../../source/core/verification.js';
import {checkFilesystem} from '../../source/system/filesystem-check.js';
import type {Workshop, WorkshopEnd} from '../../source/system/workshop.js';
import {whyNoProgram} from '../support/skip.js';

suite('the check of a filesystem', {skip: whyNoProgram('e2fsck')}, () => {
	const checked = async (end: Partial<WorkshopEnd>): Promise<ProofCheck | undefined> => {
		const workshop = {run: async () => Promise.resolve({exitCode: 0, late: false, stdout: '', stderr: '', durationMs: 1, ...end})} as unknown as Workshop;
		return (await checkFilesystem('ext', '/dev/loop7', workshop, 1000))[0];
	};

	test('one that was ended proves nothing, neither damage nor its absence', async () => {
		for (const exitCode of [137, 143, null]) {
			const check = await checked({exitCode, stdout: 'Pass 1: Checking inodes, blocks, and sizes\n'});
			assert.deepEqual([check?.passed, check?.sentence], [null, 'not checked to the end: it was ended']);
		}
	});

	test('says what it found, and not that it gave up', async () => {
		const check = await checked({exitCode: 8, stderr: 'e2fsck 1.47.0 (5-Feb-2023)\n\ne2fsck: aborted\n', stdout: 'Pass 1: Checking\nDirectory inode 7, block #0, offset 0: directory corrupted\n'});
		assert.deepEqual([check?.passed, check?.sentence], [false, 'found damage: Directory inode 7, block #0, offset 0: directory corrupted']);
		assert.equal((await checked({exitCode: 8, stderr: 'e2fsck: The journal superblock is corrupt while checking journal for /dev/loop7\n'}))?.sentence, 'found damage: The journal superblock is corrupt while checking journal for the copy');
	});
});
