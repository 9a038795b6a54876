import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import {setTimeout as delay} from 'node:timers/promises';
import type {Application, ApplicationSettings} from '../../source/applications/index.js';
import {mariadb} from '../../source/applications/mariadb.js';
import {postgresql} from '../../source/applications/postgresql.js';
import {redis} from '../../source/applications/redis.js';
import {sqlite} from '../../source/applications/sqlite.js';
import {kill} from '../../source/system/processes.js';
import {cycles} from '../support/backup-lab.js';
import {startMariadb, whyNoMariadb} from '../support/plain-mariadb.js';
import {startRedis, whyNoRedis} from '../support/plain-redis.js';
import {startPostgresql, whyNoPostgresql} from '../support/postgresql-server.js';
import {must, run} from '../support/process.js';
import {letThrough, placeScripts, until} from '../support/scripts-lab.js';
import {firstReason, whyNoProgram, whyNotRoot, type Reason} from '../support/skip.js';
import {chanceFrom} from '../torture/random.js';

/** Seconds. */
const lease = 2;
/** More of them where more cycles are asked for. */
const rounds = cycles > 3 ? 60 : 5;

/** A server to be held, and whether it is: an answer that comes only when it is not. */
type Subject = {readonly settings: ApplicationSettings; readonly isFree: () => Promise<boolean>; readonly end: () => Promise<void>};

const subjects: readonly {readonly application: Application; readonly skip: Reason; readonly begin: (directory: string) => Promise<Subject>}[] = [
	{
		application: postgresql, skip: whyNoPostgresql(),
		async begin(directory) {
			const server = await startPostgresql(directory);
			return {settings: {dataDirectory: server.dataDirectory, hold: 'backup'}, isFree: async () => await server.ask('SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE \'quiesce %\'') === '0', end: server.end};
		},
	},
	{
		application: mariadb, skip: whyNoMariadb(),
		async begin(directory) {
			const server = await startMariadb(directory);
			await server.ask('CREATE DATABASE test; CREATE TABLE test.ledger (n int)');
			return {settings: {socket: server.socket}, isFree: async () => (await server.session('SET lock_wait_timeout = 1; INSERT INTO test.ledger VALUES (1)').ended).exitCode === 0, end: server.kill};
		},
	},
	{
		application: redis, skip: whyNoRedis(),
		async begin(directory) {
			const server = await startRedis(directory);
			return {settings: {address: server.socket, hold: 'pause'}, isFree: async () => (await run('timeout', ['1', 'redis-cli', '-s', server.socket, 'SET', 'key', '1'])).stdout.trim() === 'OK', end: server.kill};
		},
	},
	{
		application: sqlite, skip: whyNoProgram('sqlite3'),
		async begin(directory) {
			const database = join(directory, 'a.db');
			await must('sqlite3', [database, 'create table t (n)']);
			return {settings: {databases: database, hold: 'lock'}, isFree: async () => (await run('sqlite3', [database, 'insert into t values (1)'])).exitCode === 0, end: async () => {}};
		},
	},
];

suite('scripts that are killed at any moment', {skip: firstReason(whyNotRoot()), concurrency: true}, () => {
	for (const {application, skip, begin} of subjects) {
		test(`${application.name}: nothing is held past the lease, and the next pair of scripts works`, {skip}, async context => {
			const directory = mkdtempSync(join(tmpdir(), 'quiesce-kills-'));
			letThrough(directory);
			const subject = await begin(directory);
			const lab = placeScripts(application, {...subject.settings, lease: String(lease)});
			const seed = Date.now() % 1_000_000;
			const chance = chanceFrom(seed);
			const story: string[] = [];
			let longest = 0;
			try {
				const first = await lab.pre();
				assert.equal(first.exitCode, 0, first.output);
				assert.equal((await lab.post()).exitCode, 0);
				for (let round = 0; round < rounds; round++) {
					const afterMs = chance.next() * first.durationMs * 1.2;
					const how = chance.pick(['the script', 'one that it began', 'signal', 'nobody']);
					const post = chance.pick(['none', 'after', 'killed']);
					story.push(`after ${afterMs.toFixed(0)} ms of ${first.durationMs.toFixed(0)}: ${how}, post-script: ${post}`);
					const pre = lab.start('pre');
					await delay(afterMs);
					const begun = lab.left();
					if (how === 'the script') kill(pre.pid);
					if (how === 'signal') {
						// It may have ended just now.
						try {
							process.kill(pre.pid, 'SIGTERM');
						} catch (error) {
							assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
						}
					}
					if (how === 'one that it began' && begun.length > 0) kill(chance.pick(begun));
					if (post === 'after') await lab.post();
					if (post === 'killed') {
						const late = lab.start('post');
						await delay(chance.next() * 60);
						kill(late.pid);
						await late.ended;
					}

					await pre.ended;
					const took = await until('it is free', subject.isFree, 60_000);
					longest = Math.max(longest, took);
					// A busy machine may look late.
					assert.ok(took < lease * 1000 + 40_000, `${took} ms`);
					// This pair is to work, however late a busy machine lets the second one begin.
					lab.configure({...subject.settings, lease: '300'});
					const again = await lab.pre();
					assert.equal(again.exitCode, 0, again.output + lab.memoryLog());
					const released = await lab.post();
					assert.equal(released.exitCode, 0, released.output + lab.log().slice(-2000));
					await until('it is free at once', subject.isFree, 60_000);
					lab.configure({...subject.settings, lease: String(lease)});
				}

				await until('nothing is left', () => lab.left().length === 0, 60_000);
				context.diagnostic(`seed ${seed}, ${rounds} rounds, free again after at most ${longest.toFixed(0)} ms, lease ${lease * 1000} ms`);
			} catch (error) {
				throw new Error(`seed ${seed}, in round ${story.length} (${story.at(-1)})`, {cause: error});
			} finally {
				await lab.end();
				await subject.end();
				rmSync(directory, {recursive: true, force: true});
			}
		});
	}
});
