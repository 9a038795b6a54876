import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {innodbPageSize, tablespaceHeaderBytes} from '../../source/core/innodb.js';
import {lineTail} from '../../source/core/line-tail.js';
import {formatLsn, parseLsn} from '../../source/core/lsn.js';
import {reachesGtid} from '../../source/core/mysql-position.js';
import {postgresqlSetting} from '../../source/core/postgresql-settings.js';
import {parseMark, whyStale} from '../../source/core/quiesce-mark.js';
import {parseSnapshotRecord, type SnapshotRecord} from '../../source/core/snapshot-record.js';
import {worstProof} from '../../source/core/verification.js';

suite('facts for a restore', () => {
	test('positions in PostgreSQL\'s log', () => {
		assert.equal(parseLsn('16/B374D848'), 0x16B374D848n);
		assert.equal(formatLsn(0x16B374D848n), '16/B374D848');
		for (const bad of ['', '16', '16/', '/1', '1/123456789', 'x/1', '1/1 1']) assert.equal(parseLsn(bad), null, bad);
		assert.ok(parseLsn('1/0')! > parseLsn('0/FFFFFFFF')!);
	});

	test('global transaction ids of MariaDB and of MySQL', () => {
		assert.equal(reachesGtid('0-1-10', '0-2-9'), true);
		assert.equal(reachesGtid('0-1-10', '0-1-11'), false);
		assert.equal(reachesGtid('0-1-10,1-1-5', '1-1-5,0-1-3'), true);
		assert.equal(reachesGtid('0-1-10', '1-1-1'), false);
		assert.equal(reachesGtid('', '0-1-1'), false);
		const source = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
		assert.equal(reachesGtid(`${source}:1-100`, `${source}:1-99`), true);
		assert.equal(reachesGtid(`${source}:1-50:60-100`, `${source}:1-99`), false);
		assert.equal(reachesGtid('', `${source}:5`), false);
		assert.equal(reachesGtid('0-1-10', 'something else'), null);
	});

	test('the page size of a tablespace', () => {
		const header = (flags: number): Uint8Array => {
			const bytes = new Uint8Array(tablespaceHeaderBytes);
			new DataView(bytes.buffer).setUint32(54, flags);
			return bytes;
		};
		assert.deepEqual([0, 0x15, 0x14, 4 << 6, 6 << 6, 0x1F].map(flags => innodbPageSize(header(flags))), [16_384, 16_384, 8192, 8192, 32_768, null]);
		assert.equal(innodbPageSize(new Uint8Array(3)), null);
	});

	test('a setting in postgresql.conf', () => {
		const text = '#shared_preload_libraries = \'no\'\nshared_preload_libraries = \'a, b\'\t# why\nport 5433\nShared_Preload_Libraries=\'it\'\'s\'\n';
		assert.equal(postgresqlSetting(text, 'shared_preload_libraries'), 'it\'s');
		assert.equal(postgresqlSetting(text, 'port'), '5433');
		assert.equal(postgresqlSetting(text, 'ssl'), null);
	});

	test('the mark, and whether it is of the snapshot\'s cycle', () => {
		const mark = parseMark('id=1\nat=2026-11-24T04:00:01.5Z\n  application = redis\njunk\nposition=a=b\u001B[31m\n')!;
		assert.deepEqual([mark.application, mark.id, mark.position], ['redis', '1', 'a=b[31m']);
		for (const bad of ['', 'application=redis', 'id=1', '\0\0', '=']) assert.equal(parseMark(bad), null);
		const snapshot = (change: Partial<SnapshotRecord>): SnapshotRecord => ({id: 'x', at: '2026-11-24T04:00:03Z', begun: null, outcome: null, preScriptSucceeded: true, disks: [], applications: null, ...change});
		assert.equal(whyStale(mark, snapshot({})), null);
		assert.equal(whyStale(mark, snapshot({begun: Date.parse('2026-11-24T04:00:00Z')})), null);
		assert.match(whyStale(mark, snapshot({begun: Date.parse('2026-11-24T04:00:20Z')})) ?? '', /earlier cycle/);
		assert.match(whyStale(mark, snapshot({at: '2026-11-25T04:00:03Z'})) ?? '', /earlier cycle/);
		assert.match(whyStale(mark, snapshot({at: '2026-11-24T03:59:00Z'})) ?? '', /after the snapshot was taken/);
		assert.match(whyStale(mark, snapshot({preScriptSucceeded: false})) ?? '', /did not succeed/);
		assert.match(whyStale({...mark, at: 'yesterday'}, snapshot({})) ?? '', /no time/);
	});

	test('what a snapshot says of itself', () => {
		const record = parseSnapshotRecord(JSON.stringify({
			version: 1, id: '2026-11-23T14-02-11Z-ab12', at: '2026-11-23T14:02:13.000Z', outcome: 'crash-consistent', errors: [{name: 'Pre-ScriptTimeout', code: 308}],
			disks: [{image: 'a.img', mount: '/data', type: 'xfs', bytes: 5}], applications: ['redis', 'redis', 7],
		}));
		assert.ok(typeof record === 'object', String(record));
		assert.deepEqual([record.begun, record.preScriptSucceeded, record.outcome, record.applications], [Date.parse('2026-11-23T14:02:11Z'), false, 'crash-consistent', ['redis']]);
	});

	test('the worst of some results', () => {
		assert.equal(worstProof([]), 'restores');
		assert.equal(worstProof(['restores', 'restores-without-the-mark']), 'restores-without-the-mark');
		assert.equal(worstProof(['not-proven', 'restores-without-the-mark']), 'not-proven');
		assert.equal(worstProof(['does-not-restore', 'not-proven', 'restores']), 'does-not-restore');
	});

	test('a line that comes in pieces, before and after it is waited for', async () => {
		const tail = lineTail();
		const seen = tail.seen(/^ready now$/);
		tail.take('stderr', 'starting\nrea');
		tail.take('stdout', 'other\n');
		tail.take('stderr', 'dy now\nmore');
		await seen;
		await tail.seen(/^starting$/);
		assert.deepEqual(tail.lines(), ['starting', 'other', 'ready now', 'more']);
	});
});
