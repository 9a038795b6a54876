import assert from 'node:assert/strict';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {settleScripts} from '../../../source/system/guard/aftermath.js';
import {openJournal, readBootId, type JournalStep} from '../../../source/system/journal.js';
import {kill, markProcess} from '../../../source/system/processes.js';
import {must} from '../../support/process.js';
import {stateOf} from '../guard-lab.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-aftermath-'));
after(() => rmSync(directory, {recursive: true, force: true}));
let count = 0;

/** A journal of a cycle that owes a post-script, which notes that it ran. */
function owing(steps: readonly JournalStep[], bootId = readBootId()) {
	const name = `aftermath-${count++}`;
	const runs = join(directory, `${name}.runs`);
	const path = join(directory, `${name}.sh`);
	writeFileSync(runs, '');
	writeFileSync(path, `echo run >>'${runs}'\n`, {mode: 0o700});
	const post = {path, parameters: [], directory: '/', environment: {PATH: process.env['PATH'] ?? ''}};
	const journal = openJournal(directory, name);
	journal.append({step: 'begun', cycle: name, bootId, main: markProcess(process.pid)}, {step: 'pre-starting', post, limitMs: 10_000, retries: 0}, ...steps);
	journal.close();
	return {journalFile: journal.path, scripts: {pre: null, postStarted: null, post, limitMs: 10_000, retries: 0}, runs: () => readFileSync(runs, 'utf8')};
}

test('after a restart of the machine no process is taken for one of the pre-script\'s', async () => {
	// A session whose leader has ended, as a daemon leaves it: its number is that of the pre-script before the restart.
	const [leader = 0, stranger = 0] = (await must('setsid', ['sh', '-c', 'echo $$; sleep 600 >/dev/null 2>&1 & echo $!'])).trim().split('\n').map(Number);
	try {
		const {journalFile, scripts, runs} = owing([{step: 'pre-started', family: {cgroup: null, leader, leaderStart: '1'}}], 'another-boot');
		const {post, left} = await settleScripts(scripts, journalFile, {by: 'thaw', stuck: [], journalStuck: false});
		assert.deepEqual([post.state, left, runs()], ['succeeded', [], 'run\n']);
		assert.notEqual(stateOf(stranger), null, 'it was ended');
	} finally {
		kill(stranger);
	}
});

test('where the journal cannot be written it is left as it is, and whoever comes after says that the post-script may have run before', async () => {
	const {journalFile, scripts, runs} = owing([]);
	const before = readFileSync(journalFile);
	const options = {stuck: ['/'], journalStuck: true} as const;
	assert.equal((await settleScripts(scripts, journalFile, {...options, by: 'guard'})).post.mayHaveRunBefore, false);
	assert.equal((await settleScripts(scripts, journalFile, {...options, by: 'thaw'})).post.mayHaveRunBefore, true);
	assert.deepEqual(readFileSync(journalFile), before);
	assert.equal(runs(), 'run\nrun\n');
});

test('where something else is stuck the journal is written, and stays', async () => {
	const {journalFile, scripts, runs} = owing([{step: 'mounts', waves: [[{mount: '/a', device: '7:1', type: 'ext4'}, {mount: '/b', device: '7:2', type: 'ext4'}]]}, {step: 'freezing'}]);
	const options = {by: 'thaw', stuck: ['/b'], journalStuck: false} as const;
	assert.equal((await settleScripts(scripts, journalFile, options)).post.state, 'succeeded');
	assert.equal((await settleScripts(scripts, journalFile, options)).post.state, 'had-ended');
	assert.equal(runs(), 'run\n');
	assert.match(readFileSync(journalFile, 'utf8'), /"step":"thawed","stuck":\["\/b"\]/);
});
