import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import type {Application} from '../../source/applications/index.js';
import {mariadb} from '../../source/applications/mariadb.js';
import {postgresql} from '../../source/applications/postgresql.js';
import {scriptsOfSeveral} from '../../source/applications/several.js';
import {isRunning, kill, readProcess} from '../../source/system/processes.js';
import {startMariadb, whyNoMariadb} from '../support/plain-mariadb.js';
import {startPostgresql, whyNoPostgresql} from '../support/postgresql-server.js';
import {placeScripts, readMark, until, type ScriptsLab} from '../support/scripts-lab.js';
import {firstReason, whyNotRoot} from '../support/skip.js';

/** The pair of scripts that runs a directory, as an application, so that it can be put into a laboratory. */
const directory: Application = {
	name: 'quiesce',
	title: 'several',
	summary: '',
	settings: [],
	detect: async () => [],
	scripts: ({logFile, giveUp}) => {
		const several = scriptsOfSeveral([]);
		return {...several, files: [...several.files, {name: 'quiesce.conf', content: `log_file='${logFile}'\ngive_up='${giveUp ?? ''}'\n`, mode: 0o600}]};
	},
};

suite('a directory of scripts', {skip: firstReason(whyNotRoot())}, () => {
	let lab: ScriptsLab;
	let story: string;
	/** What the scripts have told, in their order. */
	const told = (): readonly string[] => (existsSync(story) ? readFileSync(story, 'utf8').trim().split('\n') : []);
	const path = (name: string): string => join(lab.directory, 'quiesce.d', name);
	const put = (name: string, text: string, mode = 0o700): void => {
		writeFileSync(path(name), text);
		chmodSync(path(name), mode);
	};
	/** A pair that tells when it runs. */
	const pair = (name: string, {pre = '', post = ''} = {}): void => {
		put(`${name}-pre.sh`, `echo hold ${name} >>${story}\n${pre}\n`);
		put(`${name}-post.sh`, `echo resume ${name} >>${story}\n${post}\n`);
	};
	const fresh = (): void => {
		rmSync(story, {force: true});
		for (const name of ['10-one', '20-two', '30-three']) pair(name);
	};
	before(() => {
		lab = placeScripts(directory);
		story = join(lab.directory, 'story');
	});
	after(async () => lab?.end());

	test('runs them in order, and back in reverse; alone or a second time the post-script does nothing', async () => {
		fresh();
		put('notes.txt', 'no script', 0o666);
		put('20-two-pre.sh.bak', 'exit 1');
		put('.25-hidden-pre.sh', 'exit 1');
		assert.equal((await lab.post()).exitCode, 0);
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output);
		assert.match(pre.output, /ready: 10-one 20-two 30-three/);
		// Nothing is written to the log's own place before the post-script: it may be frozen.
		assert.doesNotMatch(lab.log(), /ready/);
		assert.match(lab.memoryLog(), /10-one-pre\.sh succeeded[\s\S]*30-three-pre\.sh succeeded[\s\S]*ready/);
		const post = await lab.post();
		assert.equal(post.exitCode, 0, post.output);
		assert.deepEqual(told(), ['hold 10-one', 'hold 20-two', 'hold 30-three', 'resume 30-three', 'resume 20-two', 'resume 10-one']);
		assert.equal((await lab.post()).exitCode, 0);
		assert.equal(told().length, 6);
		assert.match(lab.log(), /ready[\s\S]*resumed: 30-three 20-two 10-one/);
	});

	test('a second pre-script resumes first what the first one held', async () => {
		fresh();
		assert.equal((await lab.pre()).exitCode, 0);
		assert.equal((await lab.pre()).exitCode, 0);
		assert.equal((await lab.post()).exitCode, 0);
		const round = ['hold 10-one', 'hold 20-two', 'hold 30-three', 'resume 30-three', 'resume 20-two', 'resume 10-one'];
		assert.deepEqual(told(), [...round, ...round]);
	});

	test('a failure half-way: those already started are resumed in reverse, and the log has its words', async () => {
		fresh();
		pair('20-two', {pre: 'echo it is not there >&2; exit 3'});
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 1);
		assert.match(pre.output, /20-two-pre\.sh failed with exit code 3: it is not there/);
		assert.deepEqual(told(), ['hold 10-one', 'hold 20-two', 'resume 20-two', 'resume 10-one']);
		// As the extension does after a pre-script that failed.
		const post = await lab.post();
		assert.equal(post.exitCode, 0);
		assert.equal(told().length, 4);
		assert.match(lab.log(), /20-two: it is not there[\s\S]*resuming, in reverse: 20-two 10-one/);
	});

	test('one that hangs is ended in time for the others to be resumed, and so is one that hangs while it resumes', async () => {
		fresh();
		lab.configure({giveUp: '4'});
		const children = join(lab.directory, 'children');
		pair('20-two', {pre: `echo $$ >${children}; trap "" TERM; sleep 1000 & echo $! >>${children}; wait; sleep 1000`, post: 'sleep 1000'});
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 1);
		assert.match(pre.output, /20-two-pre\.sh did not end in time/);
		assert.deepEqual(told(), ['hold 10-one', 'hold 20-two', 'resume 20-two', 'resume 10-one']);
		for (const pid of readFileSync(children, 'utf8').trim().split('\n')) assert.equal(runs(Number(pid)), false, pid);
		// What was not resumed is tried once more, by the post-script, and then no more.
		const post = await lab.post();
		assert.equal(post.exitCode, 1);
		assert.match(post.output, /not resumed: 20-two/);
		assert.deepEqual(told().slice(4), ['resume 20-two']);
		assert.equal((await lab.post()).exitCode, 0);
		assert.ok(pre.durationMs < 39_000 && post.durationMs < 39_000, `${pre.durationMs} ${post.durationMs}`);
		lab.configure({});
	});

	test('a post-script that fails does not stop the others; it is tried again before the next pre-script, which goes on all the same', async () => {
		fresh();
		pair('20-two', {post: 'exit 4'});
		assert.equal((await lab.pre()).exitCode, 0);
		const post = await lab.post();
		assert.equal(post.exitCode, 1);
		assert.match(post.output, /not resumed: 20-two$/m);
		assert.deepEqual(told().slice(3), ['resume 30-three', 'resume 20-two', 'resume 10-one']);
		pair('20-two');
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output);
		assert.deepEqual(told().slice(6), ['resume 20-two', 'hold 10-one', 'hold 20-two', 'hold 30-three']);
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('kill -9 of the pre-script half-way: a post-script ends what still runs and resumes what was started', async () => {
		fresh();
		const children = join(lab.directory, 'children');
		pair('20-two', {pre: `echo $$ >${children}.new; mv ${children}.new ${children}; sleep 1000`});
		for (const killed of [true, false]) {
			rmSync(children, {force: true});
			rmSync(story, {force: true});
			const pre = lab.start('pre');
			await until('the second one runs', () => existsSync(children), 60_000);
			if (killed) kill(pre.pid);
			const post = await lab.post();
			assert.equal(post.exitCode, 0, post.output);
			await pre.ended;
			assert.deepEqual(told(), ['hold 10-one', 'hold 20-two', 'resume 20-two', 'resume 10-one']);
			assert.equal(runs(Number(readFileSync(children, 'utf8'))), false);
		}
	});

	test('ended by a signal, it resumes first', async () => {
		fresh();
		const children = join(lab.directory, 'children');
		rmSync(children, {force: true});
		pair('20-two', {pre: `: >${children}; exec sleep 1000`});
		const pre = lab.start('pre');
		await until('the second one runs', () => existsSync(children), 60_000);
		process.kill(pre.pid, 'SIGTERM');
		const end = await pre.ended;
		assert.equal(end.exitCode, 1, end.output);
		assert.match(end.output, /ended by a signal/);
		assert.deepEqual(told(), ['hold 10-one', 'hold 20-two', 'resume 20-two', 'resume 10-one']);
	});

	test('much output is bounded in the log and blocks nobody; what a script leaves behind may keep its output', async () => {
		fresh();
		pair('20-two', {pre: 'head -c 1000000 /dev/zero | tr "\\0" "x"; sleep 1000 & echo $! >"$0.left"'});
		const pre = await lab.pre();
		assert.equal(pre.exitCode, 0, pre.output.slice(0, 300));
		kill(Number(readFileSync(`${path('20-two-pre.sh')}.left`, 'utf8')));
		assert.ok(lab.memoryLog().length > 20_000 && lab.memoryLog().length < 30_000);
		assert.equal((await lab.post()).exitCode, 0);
	});

	test('what others could change, links and empty directories are refused before anything is held', async () => {
		fresh();
		const refused = async (words: RegExp): Promise<void> => {
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 1);
			assert.match(pre.output, words);
			assert.deepEqual(told(), []);
			assert.equal((await lab.post()).exitCode, 0);
		};
		chmodSync(path('30-three-post.sh'), 0o720);
		await refused(/30-three-post\.sh must be a file of root's, writable by nobody else/);
		chmodSync(path('30-three-post.sh'), 0o700);
		chownSync(path('30-three-pre.sh'), 65_534, 0);
		await refused(/30-three-pre\.sh must be a file of root's/);
		chownSync(path('30-three-pre.sh'), 0, 0);
		symlinkSync(path('30-three-pre.sh'), path('40-link-pre.sh'));
		await refused(/40-link-pre\.sh must be .*no link/);
		rmSync(path('40-link-pre.sh'));
		put('40 blank-pre.sh', 'exit 0');
		await refused(/other characters/);
		rmSync(path('40 blank-pre.sh'));
		chmodSync(path('.'), 0o777);
		await refused(/quiesce\.d must be a directory of root's/);
		chmodSync(path('.'), 0o700);
		for (const name of ['10-one', '20-two', '30-three']) for (const role of ['pre', 'post']) renameSync(path(`${name}-${role}.sh`), path(`${name}-${role}.off`));
		await refused(/nothing to run/);
	});
});

suite('a directory with PostgreSQL and MariaDB', {skip: firstReason(whyNoPostgresql(), whyNoMariadb())}, () => {
	test('both are held from the pre- to the post-script, and let go where a later script fails or hangs', async () => {
		const place = mkdtempSync(join(tmpdir(), 'quiesce-both-'));
		const first = await startPostgresql(join(place, 'postgresql'));
		const second = await startMariadb(join(place, 'mariadb'));
		// Names that no other test has, because they are those of the state in memory, too.
		const suffix = randomBytes(4).toString('hex');
		const named = (application: Application): Application => ({...application, order: 50});
		const members = [{application: named(postgresql), settings: {dataDirectory: first.dataDirectory, hold: 'backup', logFile: join(place, 'postgresql.log')}}, {application: named(mariadb), settings: {socket: second.socket, logFile: join(place, 'mariadb.log')}}];
		const lab = placeScripts({...directory, scripts: ({logFile, giveUp}) => {
			const several = scriptsOfSeveral(members);
			return {...several, files: [
				...several.files.map(file => ({...file, name: file.name.replace(/50-(\w+)(-|\.conf)/, `50-$1-${suffix}$2`)})),
				{name: 'quiesce.conf', content: `log_file='${logFile}'\ngive_up='${giveUp ?? ''}'\n`, mode: 0o600},
			]};
		}});
		const states = ['postgresql', 'mariadb'].map(name => join(dirname(lab.state), `50-${name}-${suffix}`));
		const held = async (): Promise<readonly boolean[]> => [
			await first.ask('SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE \'quiesce %\'') === '1',
			await second.ask(`SELECT IS_USED_LOCK('quiesce ${existsSync(join(states[1]!, 'run/id')) ? readFileSync(join(states[1]!, 'run/id'), 'utf8').trim() : ''}')`) !== 'NULL',
		];
		const own = join(lab.directory, 'quiesce.d/95-own-pre.sh');
		try {
			const pre = await lab.pre();
			assert.equal(pre.exitCode, 0, pre.output + lab.memoryLog());
			assert.deepEqual(await held(), [true, true]);
			assert.deepEqual([first, second].map(({dataDirectory}) => readMark(dataDirectory)['application']), ['postgresql', 'mariadb']);
			const post = await lab.post();
			assert.equal(post.exitCode, 0, post.output + lab.log());
			assert.deepEqual(await held(), [false, false]);
			for (const [text, words] of [['exit 7', /95-own-pre\.sh failed with exit code 7/], ['sleep 1000', /95-own-pre\.sh did not end in time/]] as const) {
				lab.configure(text === 'exit 7' ? {} : {giveUp: '6'});
				writeFileSync(own, text, {mode: 0o700});
				const failed = await lab.pre();
				assert.equal(failed.exitCode, 1);
				assert.match(failed.output, words);
				assert.deepEqual(await held(), [false, false]);
				assert.equal((await lab.post()).exitCode, 0);
			}
			assert.match(lab.log(), /50-mariadb-\w+: \S+ commits are held \(stages\)[\s\S]*resuming, in reverse: 50-postgresql-\w+ 50-mariadb-\w+/);
		} finally {
			await lab.end();
			await first.end();
			await second.kill();
			for (const path of [...states, place]) rmSync(path, {recursive: true, force: true});
		}
	});
});

function runs(pid: number): boolean {
	const found = readProcess(pid);
	return isRunning(found);
}
