import assert from 'node:assert/strict';
import {appendFileSync, chmodSync, chownSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {continueJournal, hasRun, openJournal, readBootId, readJournal, removeRemains, type Journal, type JournalStep} from '../../source/system/journal.js';
import {readUnfinished, readUnfinishedCycle} from '../../source/system/unfinished-cycles.js';
import {markProcess} from '../../source/system/processes.js';
import {must, run} from '../support/process.js';
import {firstReason, whyNoSandbox, whyNotRoot} from '../support/skip.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-journal-'));
after(() => rmSync(directory, {recursive: true, force: true}));

const post = {path: '/etc/azure/post.sh', parameters: ['--password', 'sécret\n"x"'], directory: '/', environment: {PATH: '/bin'}};
const family = {cgroup: null, leader: 4_000_000, leaderStart: '1'};
let count = 0;

function begin(steps: readonly JournalStep[] = [], bootId = readBootId()): Journal {
	const cycle = `test-${count++}`;
	const journal = openJournal(directory, cycle);
	for (const step of [{step: 'begun', cycle, bootId, main: markProcess(process.pid)} as const, ...steps]) journal.append(step);
	return journal;
}

const owed = {step: 'pre-starting', post, limitMs: 5000, retries: 2} as const;

test('what was appended is read back, in order, with its time', () => {
	const journal = begin([owed, {step: 'freezing'}]);
	const entries = readJournal(journal.path) ?? [];
	assert.deepEqual(entries.map(({step}) => step), ['begun', 'pre-starting', 'freezing']);
	assert.ok(entries.every(({at}) => !Number.isNaN(Date.parse(at))));
	assert.deepEqual(readUnfinishedCycle(journal.path)?.post, post);
	journal.finish('cycle');
	assert.equal(existsSync(journal.path), false);
});

test('each line is in the file when append returns, also after the process is killed', async () => {
	const program = `const {openJournal} = await import(${JSON.stringify(new URL('../../source/system/journal.js', import.meta.url).href)});
		const journal = openJournal(${JSON.stringify(directory)}, 'killed');
		journal.append({step: 'begun', cycle: 'killed', bootId: 'x', main: {pid: 1, start: '1'}});
		journal.append({step: 'freezing'});
		process.kill(process.pid, 'SIGKILL');`;
	assert.equal((await run(process.execPath, ['--input-type=module', '-e', program])).signal, 'SIGKILL');
	assert.deepEqual(readJournal(join(directory, 'cycle-killed.journal'))?.map(({step}) => step), ['begun', 'freezing']);
	rmSync(join(directory, 'cycle-killed.journal'));
});

test('only root can read it: the parameters may be secrets', () => {
	const journal = begin([owed]);
	assert.equal(statSync(journal.path).mode & 0o777, 0o600);
	journal.armMark('pre');
	for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name);
	journal.finish('cycle');
	assert.deepEqual(readdirSync(directory).filter(name => name.startsWith('cycle-')), []);
});

test('every step counts for what is left to do', () => {
	const mounts = {step: 'mounts', waves: [[{mount: '/data', device: '7:1', type: 'ext4'}]]} as const;
	const attempt = {step: 'post-starting', attempt: 1, by: 'cycle'} as const;
	const table: ReadonlyArray<readonly [steps: readonly JournalStep[], expected: Record<string, unknown>]> = [
		[[], {mayBeFrozen: false, preStarted: false, postState: 'ended'}],
		[[mounts, owed], {mayBeFrozen: false, preStarted: true, preEnded: false, postState: 'owed', retries: 2, limitMs: 5000}],
		[[mounts, {...owed, post: null}], {preStarted: true, postState: 'ended'}],
		[[mounts, owed, {step: 'pre-started', family}, {step: 'pre-ended', exitCode: 0}], {pre: family, preEnded: true, postState: 'owed'}],
		[[mounts, owed, {step: 'freezing'}], {mayBeFrozen: true, waves: mounts.waves}],
		[[mounts, owed, {step: 'freezing', hastened: true}], {mayBeFrozen: true, hastened: true}],
		[[mounts, owed, {step: 'freezing', hastened: true}, {step: 'thawed'}], {mayBeFrozen: false, hastened: false}],
		[[mounts, owed, attempt], {postState: 'unknown', postFamily: null}],
		[[mounts, owed, attempt, {step: 'post-started', family}], {postState: 'unknown', postFamily: family}],
		[[mounts, owed, attempt, {step: 'post-ended', exitCode: 1, willRetry: true}], {postState: 'owed', retries: 1, allRetries: 2}],
		[[mounts, owed, attempt, {step: 'post-ended', exitCode: 0, willRetry: false}], {postState: 'ended'}],
	];
	for (const [steps, expected] of table) {
		const journal = begin(steps);
		const found = readUnfinishedCycle(journal.path) as unknown as Record<string, unknown>;
		assert.deepEqual(Object.fromEntries(Object.keys(expected).map(key => [key, found[key]])), expected, steps.map(({step}) => step).join(' '));
		journal.finish('cycle');
	}
});

test('after a restart of the machine nothing may be frozen, and the pre-script counts as begun', () => {
	const journal = begin([{step: 'mounts', waves: []}, owed, {step: 'freezing'}], 'another-boot');
	journal.armMark('pre');
	const found = readUnfinishedCycle(journal.path);
	assert.deepEqual([found?.sameBoot, found?.mayBeFrozen, found?.preStarted], [false, false, true]);
	journal.finish('thaw');
});

test('the marks tell whether a script has begun', async () => {
	const journal = begin([owed]);
	assert.equal(hasRun(journal.path, 'pre'), null);
	assert.equal(readUnfinishedCycle(journal.path)?.preStarted, true);
	const mark = journal.armMark('pre') ?? '';
	assert.equal(hasRun(journal.path, 'pre'), false);
	assert.deepEqual([readUnfinishedCycle(journal.path)?.preStarted, readUnfinishedCycle(journal.path)?.postState], [false, 'ended']);
	await must('sh', ['-c', ': >"$1"', 'sh', mark]);
	assert.equal(hasRun(journal.path, 'pre'), true);
	assert.equal(readUnfinishedCycle(journal.path)?.postState, 'owed');
	assert.equal(journal.armMark('pre'), mark);
	assert.equal(hasRun(journal.path, 'pre'), false);
	journal.finish('cycle');
	assert.equal(existsSync(mark), false);
});

test('a mark is not made through a link that somebody put there', () => {
	const journal = begin();
	const victim = join(directory, 'victim');
	writeFileSync(victim, 'precious');
	symlinkSync(victim, journal.path.replace('.journal', '.pre'));
	journal.armMark('pre');
	assert.equal(readFileSync(victim, 'utf8'), 'precious');
	journal.finish('cycle');
	rmSync(victim);
});

test('a line that a crash tore in two spoils neither those before nor those after it', () => {
	for (let keep = 1; keep < 50; keep += 7) {
		const journal = begin([owed]);
		journal.append({step: 'freezing'});
		journal.close();
		const whole = readFileSync(journal.path);
		const end = whole.toString('latin1').trimEnd().length;
		const torn = Buffer.from(whole);
		torn.fill('\n', end - keep, end);
		writeFileSync(journal.path, torn);
		const second = continueJournal(journal.path);
		second.append({step: 'thawed'});
		const steps = readJournal(journal.path)?.map(({step}) => step) ?? [];
		assert.deepEqual(steps.filter(step => step !== 'freezing'), ['begun', 'pre-starting', 'thawed']);
		second.finish('thaw');
	}
});

test('whatever is in the file, reading it does not throw', () => {
	const path = join(directory, 'cycle-noise.journal');
	for (const text of ['', '\n\n', '{}', '[]\nnull\n3\n"x"', '{"step":"begun"}', '{"step":"post-started"}\n{"step":"nonsense"}', '\0\0\0', '{"step":"begun","cycle":"../x","bootId":1,"main":null}\n{"step":"mounts"}', 'x'.repeat(1_000_000)]) {
		writeFileSync(path, text, {mode: 0o600});
		assert.doesNotThrow(() => readUnfinished(directory), text.slice(0, 60));
	}
	rmSync(path);
});

test('a journal that somebody else may have written is not read, and not continued', {skip: whyNotRoot()}, () => {
	const make = (name: string): string => {
		const journal = begin([owed]);
		journal.close();
		const path = join(directory, `cycle-${name}.journal`);
		writeFileSync(path, readFileSync(journal.path), {mode: 0o600});
		rmSync(journal.path);
		return path;
	};
	const attacks: ReadonlyArray<readonly [name: string, attack: (path: string) => void]> = [
		['owner', path => chownSync(path, 65_534, 65_534)],
		['mode', path => chmodSync(path, 0o666)],
		['hard-link', path => linkSync(path, join(directory, 'second-name'))],
		['link', path => {
			const other = join(directory, 'elsewhere');
			writeFileSync(other, readFileSync(path), {mode: 0o600});
			rmSync(path);
			symlinkSync(other, path);
		}],
	];
	for (const [name, attack] of attacks) {
		const path = make(name);
		assert.equal(readUnfinished(directory).length, 1, name);
		attack(path);
		assert.deepEqual(readUnfinished(directory), [], name);
		assert.throws(() => continueJournal(path), /cannot be written/, name);
		rmSync(path);
		for (const rest of ['second-name', 'elsewhere']) rmSync(join(directory, rest), {force: true});
	}
});

test('a FIFO in the place of a journal holds up nobody', async () => {
	const path = join(directory, 'cycle-fifo.journal');
	await must('mkfifo', ['-m', '600', path]);
	assert.deepEqual(readUnfinished(directory), []);
	assert.throws(() => continueJournal(path));
	rmSync(path);
});

test('a second journal of the same name is refused, and the first left alone', () => {
	const journal = begin([owed]);
	const name = /cycle-(.*)\.journal/.exec(journal.path)?.[1] ?? '';
	assert.throws(() => openJournal(directory, name), /cannot be written/);
	assert.equal(readUnfinishedCycle(journal.path)?.postState, 'owed');
	journal.finish('cycle');
});

test('what the dead left behind is removed, and nothing else', () => {
	const place = join(directory, 'remains');
	mkdirSync(place, {mode: 0o700});
	const living = openJournal(place, 'living');
	living.append({step: 'begun', cycle: 'living', bootId: readBootId(), main: markProcess(process.pid)}, owed);
	living.armMark('pre');
	const finished = openJournal(place, 'finished');
	finished.append({step: 'begun', cycle: 'finished', bootId: readBootId(), main: markProcess(process.pid)}, {step: 'finished', by: 'cycle'});
	openJournal(place, 'begun-just-now').close();
	const old = openJournal(place, 'never-begun');
	old.close();
	utimesSync(old.path, 1, 1);
	for (const name of ['cycle-gone.pre', 'cycle-gone.post', 'history.jsonl', 'cycle-strange.txt']) writeFileSync(join(place, name), '', {mode: 0o600});
	writeFileSync(join(place, 'cycle-theirs.journal'), '{"step":"finished","by":"cycle","at":"x"}', {mode: 0o666});
	chmodSync(join(place, 'cycle-theirs.journal'), 0o666);
	removeRemains(place);
	assert.deepEqual(readdirSync(place).toSorted(), ['cycle-begun-just-now.journal', 'cycle-living.journal', 'cycle-living.pre', 'cycle-strange.txt', 'cycle-theirs.journal', 'history.jsonl']);
	finished.finish('cycle');
});

test('the oldest cycle comes first, finished ones not at all', () => {
	const first = begin([owed]);
	const second = begin([owed]);
	const over = begin();
	over.append({step: 'finished', by: 'cycle'});
	const own = readUnfinished(directory).map(({path}) => path);
	assert.deepEqual(own, [first.path, second.path]);
	for (const journal of [first, second, over]) journal.finish('cycle');
});

test('on a full disk it is refused at the beginning, and later lines still have their room', {skip: firstReason(whyNotRoot(), whyNoSandbox())}, async () => {
	const place = join(directory, 'small');
	await must('mkdir', [place]);
	await must('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'small', place]);
	try {
		const journal = openJournal(place, 'full');
		assert.throws(() => appendFileSync(join(place, 'filler'), Buffer.alloc(1_000_000)), /ENOSPC/);
		journal.append({step: 'begun', cycle: 'full', bootId: readBootId(), main: markProcess(process.pid)});
		for (let line = 0; line < 50; line++) journal.append({step: 'freezing'});
		assert.equal(readUnfinished(place).length, 1);
		assert.equal(journal.armMark('post'), undefined);
		assert.equal(hasRun(journal.path, 'post'), null);
		assert.throws(() => openJournal(place, 'second'), /cannot be written: ENOSPC/);
		assert.deepEqual(readdirSync(place).toSorted(), ['cycle-full.journal', 'filler']);
		journal.finish('cycle');
		truncateSync(join(place, 'filler'));
	} finally {
		await must('umount', ['-l', place]);
	}
});
