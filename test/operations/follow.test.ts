import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync, chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test, type TestContext} from 'node:test';
import {setTimeout as pause} from 'node:timers/promises';
import type {CycleEvent} from '../../source/core/cycle-events.js';
import type {CycleStory} from '../../source/core/extension-log/cycle.js';
import {follow, readLatest, type FollowView, type Following} from '../../source/operations/follow.js';
import {generateCycle} from '../support/extension-log-generator.js';
import {readRecordings, whyNoRecordings, type Recording} from '../support/recordings.js';

const top = mkdtempSync(join(tmpdir(), 'quiesce-follow-'));
after(() => rmSync(top, {recursive: true, force: true}));
let count = 0;
function fresh(): string {
	const directory = join(top, String(count++));
	mkdirSync(directory);
	return directory;
}

type Seen = {
	readonly following: Following;
	readonly events: readonly CycleEvent[];
	readonly views: readonly FollowView[];
	readonly until: (condition: () => boolean) => Promise<void>;
};

async function watching(context: TestContext, directory: string): Promise<Seen> {
	const events: CycleEvent[] = [];
	const views: FollowView[] = [];
	const waiting = new Set<() => void>();
	const following = await follow({log: join(directory, 'extension.log')}, {
		events: told => {
			events.push(...told);
			waiting.forEach(look => look());
		},
		changed: view => {
			views.push(view);
			waiting.forEach(look => look());
		},
	});
	context.after(() => following.close());
	return {
		following, events, views,
		until: async condition => new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`it did not come; there is: ${events.map(event => JSON.stringify(event)).join('\n')}`)), 60_000);
			const look = (): void => {
				if (!condition()) return;
				clearTimeout(timer);
				waiting.delete(look);
				resolve();
			};
			waiting.add(look);
			look();
		}),
	};
}

function lastWords(events: readonly CycleEvent[]): Readonly<Record<string, string>> {
	const words: Record<string, string> = {};
	for (const event of events) {
		if (event.event === 'phase') words[event.phase] = event.state === 'started' ? 'running' : event.state;
		if (event.event === 'result') words['result'] = `${event.outcome} ${event.errors.map(({code}) => code).join(' ')}`;
	}
	return words;
}

function expectedWords({expected}: Recording): Readonly<Record<string, string>> {
	return {
		...Object.fromEntries(expected.phases.filter(({state}) => state !== 'pending').map(({phase, state}) => [phase, state])),
		...(expected.outcome === null ? {} : {result: `${expected.outcome} ${expected.errors.map(({code}) => code).join(' ')}`}),
	};
}

function phaseEvents(events: readonly CycleEvent[]): readonly CycleEvent[] {
	return events.filter(({event}) => event === 'phase');
}

function hasResult(events: readonly CycleEvent[]): boolean {
	return events.some(({event}) => event === 'result');
}

suite('follow', () => {
	suite('recorded logs, written as the extension wrote them, forty times as fast', {skip: whyNoRecordings(), concurrency: 4}, () => {
		for (const recording of readRecordings()) {
			test(recording.name, async context => {
				const directory = fresh();
				const path = join(directory, 'extension.log');
				// The log is not there at first; the status file comes and goes as it did.
				const seen = await watching(context, directory);
				const steps = [
					...recording.timing.map(({atMs, bytes}) => ({atMs, bytes, status: null})),
					...recording.statuses.map(status => ({atMs: status.atMs, bytes: 0, status})),
				].toSorted((a, b) => a.atMs - b.atMs);
				let at = 0;
				let offset = 0;
				for (const {atMs, bytes, status} of steps) {
					await pause((atMs - at) / 40);
					at = atMs;
					if (bytes > 0) appendFileSync(path, recording.log.subarray(offset, offset + bytes));
					offset += bytes;
					if (status !== null && status.text !== null) {
						writeFileSync(join(directory, 'tempStatusFile.status'), status.text);
						renameSync(join(directory, 'tempStatusFile.status'), join(directory, status.file));
					}
				}
				const wanted = expectedWords(recording);
				await seen.until(() => JSON.stringify(lastWords(seen.events)) === JSON.stringify(wanted) || Object.entries(wanted).every(([key, word]) => lastWords(seen.events)[key] === word));
				assert.deepEqual(lastWords(seen.events), wanted);
assert.equal(seen.events.filter(({event}) => event === 'result').length, recording.expected.outcome === null ? 0 : 1);
				assert.deepEqual(phaseEvents(seen.events).map(({at}) => at), phaseEvents(seen.events).map(({at}) => at).toSorted());
				assert.ok(seen.events.every(({seen: how}) => how === undefined), 'nothing on this machine was taken for the extension');
			});
		}
	});

	test('rotated in the middle of a cycle', async context => {
		const directory = fresh();
		const path = join(directory, 'extension.log');
		const {log, expected} = generateCycle({post: 'fails'});
		const middle = log.indexOf('T:S thaw result');
		writeFileSync(path, log.slice(0, middle));
		const seen = await watching(context, directory);
		renameSync(path, `${path}.1`);
		writeFileSync(path, log.slice(middle));
		await seen.until(() => hasResult(seen.events));
		assert.equal(lastWords(seen.events)['result'], `${expected.outcome} ${expected.errors.join(' ')}`);
	});

	test('the latest cycle is told at the start, those before it are listed', async context => {
		const directory = fresh();
		const cycles = [1, 2, 3].map(day => generateCycle({at: Date.UTC(2026, 5, day), task: `task-${day}`, sequence: day, ...(day === 2 ? {pre: 'times-out'} : {})}));
		writeFileSync(join(directory, 'extension.log'), cycles.map(({log}) => log).join(''));
		const seen = await watching(context, directory);
		assert.equal(seen.events.filter(({event}) => event === 'result').length, 1);
		assert.deepEqual(seen.following.view.past.map(({facts}) => facts.task), ['task-2', 'task-1']);
		const next = generateCycle({at: Date.UTC(2026, 5, 4), task: 'task-4'});
		appendFileSync(join(directory, 'extension.log'), next.log);
		await seen.until(() => seen.following.view.latest?.facts.task === 'task-4');
		assert.equal(seen.following.view.past.length, 3);
	});

	test('while the log is silent: safefreeze is seen from outside, said so, and corrected by the log', async context => {
		const directory = fresh();
		const helper = join(directory, 'main', 'safefreeze', 'bin', 'safefreeze');
		mkdirSync(join(directory, 'main', 'safefreeze', 'bin'), {recursive: true});
		// Stands for safefreeze: a process of that name, with those words, that waits.
		copyFileSync('/bin/tail', helper);
		chmodSync(helper, 0o755);
		const {log} = generateCycle({mounts: ['/dev/null']});
		const own = log.replaceAll(/\/var\/lib\/waagent\/[^']*\/safefreeze\/bin\/safefreeze/g, helper).replace("'60', '/dev/null'", "'-f', '/dev/null'");
		const silent = own.indexOf('\n', own.indexOf('proceeded for accepting signals')) + 1;
		writeFileSync(join(directory, 'extension.log'), own.slice(0, silent));
		const seen = await watching(context, directory);
		assert.notEqual(seen.following.view.latest?.silentSince, null);
		const freezer = spawn(helper, ['-f', '/dev/null'], {stdio: 'ignore'});
		context.after(() => freezer.kill('SIGKILL'));
		const outside = (state: string) => (): boolean => seen.events.some(event => event.event === 'mount' && event.state === state && event.seen === 'outside');
		await seen.until(outside('frozen'));
		assert.equal(seen.following.view.sight?.helper?.pid, freezer.pid);
		freezer.kill('SIGKILL');
		await once(freezer, 'close');
		await seen.until(outside('thawed'));
		appendFileSync(join(directory, 'extension.log'), own.slice(silent));
		await seen.until(() => hasResult(seen.events));
		const frozen = seen.events.filter(event => event.event === 'mount' && event.state === 'frozen');
		assert.deepEqual(frozen.map(({seen: how}) => how), ['outside', undefined]);
		assert.equal(seen.following.view.sight, null);
	});

	test('only status files: a backup without a word in the log', async context => {
		const directory = fresh();
		const {status, expected} = generateCycle({post: 'times-out'});
		const seen = await watching(context, directory);
		writeFileSync(join(directory, '12.status'), status);
		await seen.until(() => hasResult(seen.events));
		assert.equal(expected.outcome, 'file-system-consistent');
		assert.deepEqual(lastWords(seen.events), {result: 'file-system-consistent '});
	});

	test('a cycle that is named only by its status file is told whole', () => {
		const directory = fresh();
		// The extension could not start its daemon: all that the log has of a cycle is its report.
		const {log, status} = generateCycle({});
		const prefix = '2026-06-01 01:12:01.500000 [Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0]';
		writeFileSync(join(directory, 'extension.log'), `${log.slice(0, log.indexOf('Enable,success,4'))}x\n${prefix}Failed to call the daemon\n${prefix}Enable,error,2,Failed to call the daemon,False\n${prefix}file status report message:\n`);
		writeFileSync(join(directory, '12.status'), status.replaceAll('\\"code\\": \\"0\\"', '\\"code\\": \\"2\\"').replaceAll('\\"code\\":\\"0\\"', '\\"code\\":\\"2\\"'));
		const {latest, events} = readLatest({log: join(directory, 'extension.log')}, Date.now());
		assert.equal(latest?.end?.result.outcome, 'failed');
		assert.deepEqual(latest?.end?.result.errors.map(({code}) => code), [2]);
		assert.equal(events.at(-1)?.event, 'result');
	});

	test('read once, right after a rotation: the latest cycle is in the file before', () => {
		const directory = fresh();
		const {log, expected} = generateCycle({pre: 'fails'});
		const middle = log.indexOf('\n', log.indexOf('Prescript for')) + 1;
		writeFileSync(join(directory, 'extension.log.1'), log.slice(0, middle));
		writeFileSync(join(directory, 'extension.log'), log.slice(middle));
		const {latest} = readLatest({log: join(directory, 'extension.log')}, Date.now());
		assert.equal(latest?.end?.result.outcome, expected.outcome);
		assert.deepEqual(states(latest), expected.states);
	});
});

function states(story: CycleStory | null): unknown {
	return story === null ? null : Object.fromEntries(Object.entries(story.phases).map(([phase, {state}]) => [phase, state]));
}
