import assert from 'node:assert/strict';
import {appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test} from 'node:test';
import type {CycleEvent} from '../../source/core/cycle-events.js';
import {generateCycle, type CycleChoices} from '../support/extension-log-generator.js';
import {run, start} from '../support/process.js';
import {readRecordings, whyNoRecordings} from '../support/recordings.js';
import {bundledQuiesce, makeSandbox, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoSandbox} from '../support/skip.js';

const top = mkdtempSync(join(tmpdir(), 'quiesce-watch-'));
after(() => rmSync(top, {recursive: true, force: true}));

function logOf(name: string, text: string): string {
	const path = join(top, `${name}.log`);
	writeFileSync(path, text);
	return path;
}

const exitCodes: Readonly<Record<string, number>> = {'application-consistent': 0, 'file-system-consistent': 4, 'crash-consistent': 4, failed: 5};

suite('quiesce watch', {skip: whyNoBundle()}, () => {
	for (const [name, choices] of Object.entries({well: {}, less: {pre: 'fails'}, crash: {freezes: false, check: {name: 'FailedPrepostPreScriptNotFound', code: 302}}, failed: {freeze: 'busy'}} satisfies Record<string, CycleChoices>)) {
		test(`--once ends as the cycle would have: ${name}`, async () => {
			const {log, expected} = generateCycle(choices);
			const path = logOf(name, log);
			const json = await run(bundledQuiesce, ['watch', '--once', '--json', '--log', path, '--status', join(top, 'nothing')]);
			const events = json.json() as CycleEvent[];
			const last = events.at(-1)!;
			assert.equal(json.exitCode, exitCodes[expected.outcome], json.stderr);
			assert.ok(last.event === 'result' && last.outcome === expected.outcome);
			assert.deepEqual(last.errors.map(({code}) => code), expected.errors);
			const plain = await run(bundledQuiesce, ['watch', '--once', '--log', path, '--status', join(top, 'nothing')]);
			assert.equal(plain.exitCode, json.exitCode);
			assert.match(plain.stdout, /^Azure backup of 2026-06-01/);
			assert.doesNotMatch(plain.stdout, /undefined|null|\[object/);
		});
	}

	test('a cycle that still runs: 0, and where it stands', async () => {
		const {log} = generateCycle();
		const path = logOf('running', log.slice(0, log.indexOf('Finished prescript')));
		const {exitCode, stdout} = await run(bundledQuiesce, ['watch', '--once', '--log', path, '--status', join(top, 'nothing')]);
		assert.equal(exitCode, 0);
		assert.match(stdout, /Still running/);
	});

	test('a log without a backup: 0 and a sentence; no log: 2 and what to do', async () => {
		const empty = await run(bundledQuiesce, ['watch', '--once', '--json', '--log', logOf('empty', 'something else\n')]);
		assert.deepEqual([empty.exitCode, empty.stdout], [0, '']);
		assert.match(empty.stderr, /no backup in .*empty\.log yet/);
		const none = await run(bundledQuiesce, ['watch', '--once', '--log', join(top, 'nowhere.log')]);
		assert.deepEqual([none.exitCode, none.stdout], [2, '']);
		assert.match(none.stderr, /nowhere\.log does not exist/);
	});

	test('recorded logs: the exit code and the result are those of the recording', {skip: whyNoRecordings()}, async () => {
		for (const {name, directory, expected} of readRecordings()) {
			const {exitCode, json} = await run(bundledQuiesce, ['watch', '--once', '--json', '--log', join(directory, 'extension.log')]);
			const events = json() as CycleEvent[];
			assert.equal(exitCode, expected.outcome === null ? 0 : exitCodes[expected.outcome], name);
			const result = events.find(event => event.event === 'result');
			assert.equal(result?.event === 'result' ? result.outcome : null, expected.outcome, name);
		}
	});

	test('follows until it is told to stop, and prints whole lines', async () => {
		const {log} = generateCycle();
		const path = logOf('followed', log);
		const watch = start(bundledQuiesce, ['watch', '--log', path, '--status', join(top, 'nothing')]);
		await watch.until(/Waiting for the next backup/);
		const next = generateCycle({at: Date.UTC(2026, 5, 2), task: 'the-next-one', snapshot: 'fails'});
		writeFileSync(path, next.log, {flag: 'a'});
		await watch.until(/task the-next-one[\s\S]*The backup failed/);
		watch.kill('SIGTERM');
		assert.equal((await watch.ended).exitCode, 143);
	});

	test('writes nothing while a backup runs, and all of it into the history afterwards', {skip: firstReason(whyNoSandbox())}, async () => {
		const past = generateCycle({at: Date.UTC(2026, 5, 1), task: 'the-past-one'});
		const running = generateCycle({at: Date.UTC(2026, 5, 2), task: 'the-running-one', sequence: 13, post: 'fails'});
		const silent = running.log.indexOf('\n', running.log.indexOf('proceeded for accepting signals')) + 1;
		const home = '/var/lib/waagent/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9184.0';
		const log = '/var/lib/elsewhere/extension.log';
		const sandbox = await makeSandbox({files: [
			{path: log, content: past.log + running.log.slice(0, silent)},
			{path: `${home}/HandlerEnvironment.json`, content: JSON.stringify([{handlerEnvironment: {logFolder: '/var/lib/elsewhere', statusFolder: `${home}/status`}}])},
		]});
		try {
			const watch = sandbox.startQuiesce(['watch', '--json']);
			await watch.until(/"phase":"freeze","state":"started"/);
			assert.equal(existsSync(sandbox.stateDirectory), false);
			appendFileSync(sandbox.inside(log), running.log.slice(silent));
			await watch.until(/"event":"result"/);
			watch.kill('SIGTERM');
			assert.equal((await watch.ended).exitCode, 143);
			const history = readFileSync(join(sandbox.stateDirectory, 'history.jsonl'), 'utf8').trim().split('\n').map(line => (JSON.parse(line) as {id: string; outcome: string}));
			assert.deepEqual(history.map(({id, outcome}) => [id.slice(-8), outcome]), [['the-past', 'application-consistent'], ['the-runn', 'file-system-consistent']]);
		} finally {
			await sandbox.end();
		}
	});

	test('finds the log and the status files by the extension\'s own word', {skip: firstReason(whyNoSandbox())}, async () => {
		const {log, status, expected} = generateCycle({post: 'fails'});
		const home = '/var/lib/waagent/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9184.0';
		const sandbox = await makeSandbox({files: [
			{path: '/var/lib/elsewhere/extension.log', content: log},
			{path: `${home}/status/12.status`, content: status},
			{path: `${home}/HandlerEnvironment.json`, content: JSON.stringify([{name: 'x', version: 1, handlerEnvironment: {logFolder: '/var/lib/elsewhere', statusFolder: `${home}/status`, configFolder: `${home}/config`}}])},
			// An older version lies beside it, with a log of its own.
			{path: `${home.replace('9184', '9100')}/HandlerEnvironment.json`, content: JSON.stringify([{handlerEnvironment: {logFolder: '/var/lib/old', statusFolder: '/var/lib/old'}}])},
		]});
		try {
			const {exitCode, json, stderr} = await sandbox.quiesce(['watch', '--once', '--json']);
			assert.equal(exitCode, 4, stderr);
			const last = (json() as CycleEvent[]).at(-1)!;
			assert.ok(last.event === 'result' && last.outcome === expected.outcome);
		} finally {
			await sandbox.end();
		}
	});
});
