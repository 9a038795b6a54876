import assert from 'node:assert/strict';
import {closeSync, existsSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {suite, test, type TestContext} from 'node:test';
import {Failure} from '../../source/core/failure.js';
import {makeImageStore, snapshotDirectory} from '../../source/system/image-store.js';
import {makeLoopDisks} from '../support/loop-disk.js';
import {whyNoLoopDisks} from '../support/skip.js';

function directory(context: TestContext): string {
	const path = mkdtempSync(join(tmpdir(), 'quiesce-image-store-'));
	context.after(() => rmSync(path, {recursive: true, force: true}));
	return path;
}

/** An image of 64 MiB with a little at its beginning, in its middle and at its end. */
function sparse(path: string): string {
	const file = openSync(path, 'wx');
	ftruncateSync(file, 64 * 1024 * 1024);
	for (const at of [0, 30 * 1024 * 1024 + 17, 64 * 1024 * 1024 - 5]) writeSync(file, 'data!', at);
	closeSync(file);
	return path;
}

const forever = new AbortController().signal;

suite('copies of image files', () => {
	test('are complete, as sparse as what they copy, private, and appear all at once', async context => {
		const at = directory(context);
		const source = sparse(join(at, 'source.img'));
		const target = join(at, 'snapshots/one');
		const store = await makeImageStore({directory: target, copies: [{name: 'disk.img', source}], withinMs: Infinity});
		await store.copy(forever);
		assert.equal(existsSync(target), false, 'it is not there before it is complete');
		await store.complete('snapshot.json', '{}\n');
		assert.deepEqual(readdirSync(join(at, 'snapshots')), ['one']);
		assert.deepEqual(readdirSync(target).toSorted(), ['disk.img', 'snapshot.json']);
		assert.ok(readFileSync(join(target, 'disk.img')).equals(readFileSync(source)), 'the same bytes');
		const {blocks, mode} = statSync(join(target, 'disk.img'));
		assert.ok(blocks * 512 < 2 * 1024 * 1024, `${blocks} blocks`);
		assert.equal(mode & 0o777, 0o600);
		assert.equal(statSync(target).mode & 0o777, 0o700);
	});

	test('on another filesystem are made without shared blocks, and are the same', {skip: whyNoLoopDisks('ext4')}, async context => {
		const at = directory(context);
		const source = sparse(join(at, 'source.img'));
		const disks = await makeLoopDisks([{name: 'store', type: 'ext4', megabytes: 32}]);
		context.after(async () => disks.end());
		const target = join(disks.disk('store').mount, 'snapshots/one');
		const store = await makeImageStore({directory: target, copies: [{name: 'disk.img', source}], withinMs: Infinity});
		assert.deepEqual(store.copies.map(({reflink}) => reflink), [false]);
		await store.copy(forever);
		await store.complete('snapshot.json', '{}\n');
		assert.ok(readFileSync(join(target, 'disk.img')).equals(readFileSync(source)), 'the same bytes');
	});

	test('that are aborted leave nothing behind', async context => {
		const at = directory(context);
		const store = await makeImageStore({directory: join(at, 'snapshots/one'), copies: [{name: 'disk.img', source: sparse(join(at, 'source.img'))}], withinMs: Infinity});
		await assert.rejects(store.copy(AbortSignal.abort(new Error('no longer wanted'))), /no longer wanted/);
		await store.remove();
		assert.deepEqual(readdirSync(join(at, 'snapshots')), []);
	});

	test('of which a cycle that was killed has left a part are cleared away by the next one', async context => {
		const at = directory(context);
		mkdirSync(join(at, 'snapshots/.partial-old'), {recursive: true});
		writeFileSync(join(at, 'snapshots/.partial-old/disk.img'), 'half');
		mkdirSync(join(at, 'snapshots/kept'));
		await makeImageStore({directory: join(at, 'snapshots/one'), copies: [{name: 'disk.img', source: sparse(join(at, 'source.img'))}], withinMs: Infinity});
		assert.deepEqual(readdirSync(join(at, 'snapshots')).toSorted(), ['.partial-one', 'kept']);
	});

	test('that would take longer than there is time are refused beforehand, with both times', {skip: whyNoLoopDisks('ext4')}, async context => {
		const at = directory(context);
		const source = join(at, 'source.img');
		writeFileSync(source, Buffer.alloc(20 * 1024 * 1024, 7));
		const disks = await makeLoopDisks([{name: 'store', type: 'ext4', megabytes: 64}]);
		context.after(async () => disks.end());
		const snapshots = join(disks.disk('store').mount, 'snapshots');
		await assert.rejects(makeImageStore({directory: join(snapshots, 'one'), copies: [{name: 'disk.img', source}], withinMs: 1}), error => {
			assert.ok(error instanceof Failure);
			assert.equal(error.exitCode, 2);
			assert.match(error.message, /^Copying 21 MB would take about \d+ s, and everything waits for at most 0\.002 s for it\.$/);
			return true;
		});
		assert.deepEqual(readdirSync(snapshots), [], 'nothing is left');
	});

	test('for which there is no space are refused beforehand', {skip: whyNoLoopDisks('ext4')}, async context => {
		const at = directory(context);
		const source = join(at, 'source.img');
		writeFileSync(source, Buffer.alloc(40 * 1024 * 1024, 7));
		const disks = await makeLoopDisks([{name: 'store', type: 'ext4', megabytes: 16}]);
		context.after(async () => disks.end());
		const snapshots = join(disks.disk('store').mount, 'snapshots');
		await assert.rejects(makeImageStore({directory: join(snapshots, 'one'), copies: [{name: 'disk.img', source}], withinMs: Infinity}), /The snapshot needs 42 MB, and .* has \d+ MB free/);
		assert.deepEqual(readdirSync(snapshots), []);
	});

	test('do not take the place of an earlier snapshot, nor of an image that is not there', async context => {
		const at = directory(context);
		mkdirSync(join(at, 'snapshots/one'), {recursive: true});
		await assert.rejects(makeImageStore({directory: join(at, 'snapshots/one'), copies: [], withinMs: Infinity}), /There is a snapshot .* already/);
		await assert.rejects(makeImageStore({directory: join(at, 'snapshots/two'), copies: [{name: 'disk.img', source: join(at, 'none')}], withinMs: Infinity}), /The image file .*none cannot be read/);
		assert.deepEqual(readdirSync(join(at, 'snapshots')), ['one']);
	});

	test('are kept where a link leads', async context => {
		const at = directory(context);
		mkdirSync(join(at, 'elsewhere'));
		symlinkSync(join(at, 'elsewhere'), join(at, 'snapshots'));
		assert.equal(snapshotDirectory(at), join(at, 'elsewhere'));
		assert.equal(snapshotDirectory(join(at, 'elsewhere')), join(at, 'elsewhere/snapshots'));
	});
});
