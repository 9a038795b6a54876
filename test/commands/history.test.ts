import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test} from 'node:test';
import type {HistoryEntry} from '../../source/core/history.js';
import {metricsText} from '../../source/core/metrics.js';
import {appendHistory} from '../../source/system/history-store.js';
import {generateCycle} from '../support/extension-log-generator.js';
import {plainEnvironment, run} from '../support/process.js';
import {bundledQuiesce, repository, whyNoBundle} from '../support/sandbox.js';

const top = mkdtempSync(join(tmpdir(), 'quiesce-history-'));
after(() => rmSync(top, {recursive: true, force: true}));
const state = join(top, 'state');
const log = join(top, 'azure', 'extension.log');

function history(...words: readonly string[]): ReturnType<typeof run> {
	return run(bundledQuiesce, ['history', '--log', log, ...words], {env: {...plainEnvironment(), QUIESCE_STATE_DIR: state}});
}

const own: HistoryEntry = {
	version: 1, id: '2026-06-02T10-00-00Z-ab12', source: 'quiesce', at: '2026-06-02T10:00:00.000Z', durationMs: 900, outcome: 'crash-consistent', errors: [{name: 'Pre-ScriptTimeout', code: 308}],
	freezeWindowMs: 38, quiesceWindowMs: 120, preScriptMs: 40, postScriptMs: 30, scriptLimitMs: 30_000, mounts: ['/data'], snapshot: {provider: 'image', id: 'snap', path: '/s/snap'}, azure: {outcome: 'failed', errors: []}, verified: 'restores',
};

suite('quiesce history', {skip: whyNoBundle()}, () => {
	mkdirSync(join(top, 'azure'));
	const nights = [1, 2, 3].map(day => generateCycle({at: Date.UTC(2026, 5, day, 1), task: `night${day}-task`, sequence: day, ...(day === 3 ? {post: 'fails'} : {})}));
	writeFileSync(log, nights.map(cycle => cycle.log).join(''));
	// One more backup, of which only the status file is left; and the last night's, which the log tells better.
	writeFileSync(join(top, 'azure', '0_status'), generateCycle({at: Date.UTC(2026, 4, 30), task: 'elder000', freeze: 'busy'}).status);
	writeFileSync(join(top, 'azure', '3.status'), nights[2]!.status);
	appendHistory(state, own);

	test('every cycle of quiesce, of the log and of the status files, each once, newest first', async () => {
		const {exitCode, json, stderr} = await history('--json');
		assert.equal(exitCode, 0, stderr);
		const [{cycles, trend, warnings}] = json() as [{cycles: HistoryEntry[]; trend: Record<string, Record<string, {count: number}>>; warnings: unknown[]}];
		assert.deepEqual(cycles.map(({at, source, outcome}) => [at.slice(0, 10), source, outcome]), [
			['2026-06-03', 'azure', 'file-system-consistent'], ['2026-06-02', 'quiesce', 'crash-consistent'], ['2026-06-02', 'azure', 'application-consistent'],
			['2026-06-01', 'azure', 'application-consistent'], ['2026-05-29', 'azure', 'failed'],
		]);
		assert.equal(cycles[0]!.preScriptMs, 3001);
		assert.deepEqual(cycles[1], own);
		assert.equal(trend['azure']!['freeze-window']!.count, 3);
		assert.deepEqual(warnings, []);
	});

	test('the list and one in detail, for people', async () => {
		const list = await history();
		assert.equal(list.exitCode, 0);
		assert.match(list.stdout, /1 {2}2026-06-03 .* Azure {4}file-system consistent .* Post-ScriptExecutionFailed \(301\)/);
		assert.match(list.stdout, /frozen .*median/);
		assert.ok(list.stdout.split('\n').every(line => line.length <= 140));
		for (const name of ['2', 'ab12', '2026-06-02 10', 'snap']) {
			const one = await history(name);
			assert.match(one.stdout, /^Cycle of 2026-06-02 10:00:00 UTC: crash-consistent/, name);
			assert.match(one.stdout, /verified +restores/);
			assert.match(one.stdout, /Pre-ScriptTimeout \(308\):/);
		}
		const none = await history('nosuch');
		assert.deepEqual([none.exitCode, none.stdout], [2, '']);
		assert.match(none.stderr, /There is no cycle "nosuch"/);
	});

	test('the metrics: one file, readable by the exporter, nothing left beside it, and no link followed', async () => {
		const directory = join(top, 'textfile');
		mkdirSync(directory);
		const victim = join(top, 'victim');
		writeFileSync(victim, 'mine');
		symlinkSync(victim, join(directory, 'quiesce.prom'));
		const {exitCode, stderr} = await history('--textfile', directory);
		assert.equal(exitCode, 0, stderr);
		assert.deepEqual(readdirSync(directory), ['quiesce.prom']);
		assert.equal(statSync(join(directory, 'quiesce.prom')).mode & 0o777, 0o644);
		assert.equal(readFileSync(victim, 'utf8'), 'mine');
		assert.match(readFileSync(join(directory, 'quiesce.prom'), 'utf8'), /quiesce_last_cycle_outcome\{source="azure",outcome="file-system-consistent"\} 1\n/);
		const refused = await history('--textfile', join(top, 'nowhere'));
		assert.equal(refused.exitCode, 2);
		assert.match(refused.stderr, /nowhere/);
	});

	test('the metrics have one form: help and type before each, every series once, whatever stands in the history', () => {
		const strange: HistoryEntry = {...own, errors: [{name: 'a "quoted"\\name\nof two lines', code: null}, {name: 'twice', code: 308}, {name: 'twice', code: 308}], freezeLimitMs: 4000};
		const text = metricsText({entries: [strange], unfinished: 0, verdict: {outcome: 'failed', errors: []}, now: Date.UTC(2026, 5, 3)});
		const names = new Set<string>();
		const series = new Set<string>();
		let current = '';
		assert.ok(text.endsWith('\n'));
		for (const line of text.trimEnd().split('\n')) {
			const help = /^# HELP (quiesce_[a-z_]+) \S.*$/.exec(line)?.[1];
			if (help !== undefined) {
				assert.ok(!names.has(help), line);
				names.add(help);
				current = help;
			} else if (line.startsWith('#')) assert.equal(line, `# TYPE ${current} gauge`);
			else {
				const sample = /^(quiesce_[a-z_]+)((?:\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})?) -?\d+(?:\.\d+)?$/.exec(line);
				assert.ok(sample !== null, line);
				assert.equal(sample[1], current);
				assert.ok(!series.has(sample[1]! + sample[2]!), line);
				series.add(sample[1]! + sample[2]!);
			}
		}
		assert.match(text, /quiesce_freeze_limit_seconds\{source="quiesce"\} 4\n/);
		assert.ok(text.includes(String.raw`name="a \"quoted\"\\name\nof two lines"`));
	});

	test('the alert rules use metrics that exist', () => {
		const names = new Set(readFileSync(join(repository, 'source/core/metrics.ts'), 'utf8').match(/quiesce_[a-z_]+/g));
		const used = readFileSync(join(repository, 'templates/prometheus-alerts.yml'), 'utf8').match(/quiesce_[a-z_]+/g) ?? [];
		assert.ok(used.length > 8);
		assert.deepEqual(used.filter(name => !names.has(name)), []);
	});

	test('a backup that ended without a word: it is said so, in the list and in detail', async () => {
		const place = join(top, 'killed.log');
		const [killed, after] = [generateCycle({at: Date.UTC(2026, 5, 1), task: 'killed'}), generateCycle({at: Date.UTC(2026, 5, 2), task: 'after'})];
		writeFileSync(place, killed.log.slice(0, killed.log.indexOf('\n', killed.log.indexOf('Running prescript')) + 1) + after.log);
		const of = (...words: readonly string[]): ReturnType<typeof run> => run(bundledQuiesce, ['history', '--log', place, ...words], {env: {...plainEnvironment(), QUIESCE_STATE_DIR: join(top, 'killed')}});
		assert.match((await of()).stdout, /2 {2}2026-06-01 .* failed +- +\S* *s? *ended without a report$/m);
		assert.match((await of('2')).stdout, /The extension ended without a report: it was killed/);
	});

	test('ten thousand cycles, damaged lines between them: all are there, and the trend is that of all', async () => {
		const place = join(top, 'many');
		mkdirSync(place, {mode: 0o700});
		const lines = Array.from({length: 10_000}, (_, index) => JSON.stringify({...own, id: `many-${index}`, at: new Date(Date.UTC(2026, 0, 1) + index * 2_700_000).toISOString(), preScriptMs: 3000 + index}));
		writeFileSync(join(place, 'history.jsonl'), lines.flatMap((line, index) => index % 1000 === 7 ? [line, '{"version":1,"torn', '\u0000\u001B[31m'] : [line]).join('\n'));
		const of = (...words: readonly string[]): ReturnType<typeof run> => run(bundledQuiesce, ['history', '--log', join(top, 'nothing.log'), ...words], {env: {...plainEnvironment(), QUIESCE_STATE_DIR: place}});
		const [{cycles, trend}] = (await of('--json')).json() as [{cycles: readonly HistoryEntry[]; trend: {quiesce: Record<string, {count: number; latestMs: number}>}}];
		assert.equal(cycles.length, 10_000);
		assert.equal(trend.quiesce['pre-script']?.latestMs, 12_999);
		const {stdout} = await of();
		assert.match(stdout, /9970 older ones/);
		assert.match(stdout, /pre-script .*median 13 s, most 13 s/);
		assert.doesNotMatch(stdout, /\u001B/);
	});

	test('no history yet is a sentence, not a failure', async () => {
		const {exitCode, stdout} = await run(bundledQuiesce, ['history', '--log', join(top, 'nothing.log')], {env: {...plainEnvironment(), QUIESCE_STATE_DIR: join(top, 'other')}});
		assert.equal(exitCode, 0);
		assert.match(stdout, /no cycle in the history yet/);
	});
});
