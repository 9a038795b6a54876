import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {loadDraft, removeDraft, saveDraft} from '../../source/system/draft-store.js';
import {whyNoSandbox} from '../support/skip.js';

test('a draft is kept for root alone, taken up again and forgotten', async () => {
	const base = mkdtempSync(join(tmpdir(), 'quiesce-draft-'));
	const directory = join(base, 'state');
	try {
		assert.equal(await loadDraft(directory), null);
		const listening = (): readonly number[] => (['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR2', 'SIGALRM'] as const).map(signal => process.listenerCount(signal));
		const before = listening();
		const draft = {version: 1, entries: {preParameters: ['ä b', ''], 'a.b': true}, base: null};
		await saveDraft({version: 1, entries: {}}, directory);
		await saveDraft(draft, directory);
		assert.deepEqual(await loadDraft(directory), draft);
		assert.deepEqual(listening(), before, 'what ends the process is nobody\'s business here');
		const [name, ...more] = readdirSync(directory);
		assert.deepEqual(more, []);
		const path = join(directory, name!);
		assert.equal(statSync(path).mode & 0o7777, 0o600);
		for (const damaged of ['', '{"draft"', '[]', 'x'.repeat(2_000_000)]) {
			writeFileSync(path, damaged);
			assert.equal(await loadDraft(directory), null);
		}

		await saveDraft(draft, directory);
		assert.deepEqual(await loadDraft(directory), draft);
		await removeDraft(directory);
		await removeDraft(directory);
		assert.deepEqual([await loadDraft(directory), readdirSync(directory)], [null, []]);
		chmodSync(directory, 0o777);
		await assert.rejects(saveDraft(draft, directory), /others may write/);
	} finally {
		rmSync(base, {recursive: true, force: true});
	}
});

test('a full disk is said in a sentence', {skip: whyNoSandbox()}, async () => {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-draft-'));
	try {
		assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=700', 'none', directory]).status, 0);
		assert.throws(() => writeFileSync(join(directory, 'fill'), Buffer.alloc(8192)), /ENOSPC/);
		await assert.rejects(saveDraft({version: 1}, directory), {name: 'Failure', message: `It cannot be written to ${directory}: there is no space left on its filesystem.`});
	} finally {
		spawnSync('umount', [directory]);
		rmSync(directory, {recursive: true, force: true});
	}
});
