import assert from 'node:assert/strict';
import {linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test} from 'node:test';
import type {Finding, Mend} from '../../source/core/checks/finding.js';
import {applyMends, describeMend, planMends} from '../../source/operations/mend.js';
import {whyNotRoot} from '../support/skip.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-mend-'));
after(() => rmSync(directory, {recursive: true, force: true}));
let number = 0;

function finding(mend: Mend): Finding {
	return {id: 'probe', severity: 'error', title: 'A probe', detail: '', remedy: '', fixable: true, source: 'verdict', mend};
}

/** A directory with one file in it. */
function place(content: string, mode = 0o600): {readonly folder: string; readonly path: string} {
	const folder = join(directory, String(number++));
	mkdirSync(folder);
	const path = join(folder, 'file');
	writeFileSync(path, content, {mode});
	return {folder, path};
}

suite('mending', {skip: whyNotRoot()}, () => {
	const options = {configuration: join(directory, 'none.json')};

	test('a file that becomes a link between the question and the answer is not followed', async () => {
		const victim = place('secret\r\n', 0o644);
		for (const mend of [{kind: 'access', path: '', mode: 0o700, owner: 'root'}, {kind: 'line-ends', path: ''}] as const) {
			const {path} = place('a\r\n', 0o755);
			const plan = planMends([finding({...mend, path})]);
			assert.equal(plan.steps.length, 1);
			renameSync(path, `${path}.old`);
			symlinkSync(victim.path, path);
			const {mended, refused} = await applyMends(plan, options);
			assert.deepEqual(mended, []);
			assert.equal(refused.length, 1);
			assert.equal(statSync(victim.path).mode & 0o777, 0o644);
			assert.equal(readFileSync(victim.path, 'utf8'), 'secret\r\n');
		}
	});

	test('a file that somebody has changed since is left as it is', async () => {
		const {path, folder} = place('{"timeoutInSeconds": "30"}');
		const plan = planMends([finding({kind: 'settings', path, edits: [{change: 'set', key: 'timeoutInSeconds', value: 30}]})]);
		writeFileSync(path, '{"timeoutInSeconds": "60"}');
		const {mended, refused} = await applyMends(plan, options);
		assert.deepEqual(mended, []);
		assert.match(refused[0]!.why, /changed by somebody else/);
		assert.equal(readFileSync(path, 'utf8'), '{"timeoutInSeconds": "60"}');
		assert.deepEqual(readdirSync(folder), ['file']);
	});

	test('a file with a second name is not changed', async () => {
		const {path} = place('a\r\n', 0o755);
		linkSync(path, `${path}.twin`);
		const {refused} = await applyMends(planMends([finding({kind: 'line-ends', path})]), options);
		assert.match(refused[0]!.why, /hard link/);
		assert.equal(readFileSync(path, 'utf8'), 'a\r\n');
	});

	test('a new name never takes another file\'s place', async () => {
		const {path, folder} = place('{}');
		const to = join(folder, 'other');
		const plan = planMends([finding({kind: 'rename', path, to})]);
		writeFileSync(to, 'mine');
		const {refused} = await applyMends(plan, options);
		assert.equal(refused.length, 1);
		assert.equal(readFileSync(to, 'utf8'), 'mine');
		assert.equal(readFileSync(path, 'utf8'), '{}');
	});

	test('bytes that are no UTF-8 survive new line ends, and so do owner and permissions', async () => {
		const {path} = place('', 0o750);
		writeFileSync(path, Buffer.from('echo \xFC\r\n\rx\r\n\r', 'latin1'));
		const {mended, backups} = await applyMends(planMends([finding({kind: 'line-ends', path})]), options);
		assert.equal(mended.length, 1);
		assert.equal(readFileSync(path, 'latin1'), 'echo \xFC\n\rx\n');
		assert.equal(statSync(path).mode & 0o777, 0o750);
		assert.equal(readFileSync(backups[0]!, 'latin1'), 'echo \xFC\r\n\rx\r\n\r');
	});

	test('the change is described before it is made', () => {
		const {path} = place('{"a": 1, "timeoutInSeconds": "30"}', 0o644);
		assert.deepEqual(describeMend(finding({kind: 'access', path, mode: 0o600, owner: 'root'})), [`chmod 600 ${path}   (now 0644)`]);
		const [set, removed, added] = describeMend(finding({kind: 'settings', path, edits: [{change: 'set', key: 'timeoutInSeconds', value: 30}, {change: 'remove', key: 'a'}, {change: 'set', key: 'b', value: []}]}));
		assert.deepEqual([set, removed, added], ['timeoutInSeconds: "30" → 30', 'a: 1   (removed)', 'b: []   (new)']);
		assert.deepEqual(describeMend({...finding({kind: 'access', path}), fixable: false}), ['it is mended already']);
	});
});
