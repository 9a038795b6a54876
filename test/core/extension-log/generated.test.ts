import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import * as fc from 'fast-check';
import type {CycleStory} from '../../../source/core/extension-log/cycle.js';
import {createLogParser, type LogParser} from '../../../source/core/extension-log/parser.js';
import {readStatus} from '../../../source/core/extension-status/report.js';
import {generateCycle, type CycleChoices, type GeneratedCycle} from '../../support/extension-log-generator.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function parse(...texts: readonly string[]): LogParser {
	const parser = createLogParser(at => at);
	for (const text of texts) parser.push(bytes(text));
	parser.settle();
	return parser;
}

function summary(story: CycleStory | null): unknown {
	return story === null ? null : {
		states: Object.fromEntries(Object.entries(story.phases).map(([phase, {state}]) => [phase, state])),
		outcome: story.end?.result.outcome,
		errors: story.end?.result.errors.map(({code}) => code),
	};
}

function expectation({expected: {states, outcome, errors}}: GeneratedCycle): unknown {
	return {states, outcome, errors};
}

const cases: Readonly<Record<string, CycleChoices>> = {
	'all is well': {},
	'the post-script fails': {post: 'fails'},
	'the post-script times out': {post: 'times-out'},
	'both fail': {pre: 'fails', post: 'fails', retries: 3},
	'the pre-script fails, and the backup does not go on': {pre: 'fails', goesOn: false},
	'the post-script fails, and the backup does not go on': {post: 'fails', goesOn: false},
	'the pre-script\'s thread dies': {pre: 'never-answers'},
	'the post-script\'s thread dies': {post: 'never-answers'},
	'continueBackupOnFailure is a text': {pre: 'fails', goesOn: 'throws'},
	'no configuration': {check: {name: 'FailedPrepostPluginConfigNotFound', code: 316}},
	'a configuration that others may read': {check: {name: 'FailedPrepostPluginConfigPermissionError', code: 317}},
	'a script is missing, and the backup does not go on': {check: {name: 'FailedPrepostPostScriptNotFound', code: 303}, goesOn: false},
	'no freeze wanted': {freezes: false},
	'no freeze wanted, and no configuration': {freezes: false, check: {name: 'FailedPrepostPluginConfigParsing', code: 305}},
	'no freeze wanted, and the pre-script fails': {freezes: false, pre: 'fails'},
	'nothing to freeze, and the pre-script fails': {freeze: 'nothing-to-freeze', pre: 'fails'},
	'frozen already': {freeze: 'busy'},
	'the freeze takes too long': {freeze: 'times-out'},
	'the pre-script and the freeze fail': {pre: 'times-out', freeze: 'busy'},
	'the snapshot fails': {snapshot: 'fails'},
	'the snapshot comes after the thaw': {snapshot: 'comes-too-late'},
	'the lock is held by another': {lockHeld: true},
	'Python 2': {python: 2},
	'Python 2, frozen already': {python: 2, freeze: 'busy'},
	'lines dropped while frozen': {frozenLines: 'dropped'},
	'lines dropped while frozen, frozen already': {frozenLines: 'dropped', freeze: 'busy'},
	'lines written while frozen': {frozenLines: 'straight'},
};

suite('generated logs', () => {
	for (const [name, choices] of Object.entries(cases)) {
		test(name, () => {
			const cycle = generateCycle(choices);
			const {latest} = parse(cycle.log);
			assert.deepEqual(summary(latest), expectation(cycle));
			assert.equal(latest?.beganAt, cycle.beganAt);
			if (choices.python !== 2) assert.equal(latest?.end?.result.freezeWindowMs, cycle.expected.freezeWindowMs);
			// Its status file says the same, and belongs to it.
			const parser = parse(cycle.log);
			parser.takeStatus(readStatus(cycle.status, '12.status')!);
			parser.settle();
			assert.deepEqual(summary(parser.latest), expectation(cycle));
			assert.equal(parser.latest?.id, latest?.id);
			assert.ok(!parser.latest?.warnings.some(({warning}) => warning.id === 'log-and-status-disagree'));
		});
	}

	test('what Azure is told is better than what is there: it is said', () => {
		const {latest} = parse(generateCycle({freezes: false, check: {name: 'FailedPrepostPluginConfigParsing', code: 305}}).log);
		assert.equal(latest?.end?.result.azure.outcome, 'file-system-consistent');
		assert.ok(latest?.warnings.some(({warning}) => warning.id === 'reported-better'));
	});

	test('the log and the status file disagree: it is said', () => {
		const cycle = generateCycle({});
		const other = generateCycle({post: 'fails'});
		const parser = parse(cycle.log);
		parser.takeStatus(readStatus(other.status, '12.status')!);
		parser.settle();
		assert.ok(parser.latest?.warnings.some(({warning}) => warning.id === 'log-and-status-disagree'));
	});

	test('the log has no end, the status file has: its outcome counts, and the phases stay as the log left them', () => {
		const cycle = generateCycle({});
		const parser = parse(cycle.log.slice(0, cycle.log.indexOf('proceeded for accepting')));
		parser.takeStatus(readStatus(cycle.status, '12.status')!);
		assert.equal(parser.latest?.end?.result.outcome, 'application-consistent');
		assert.equal(parser.latest?.phases.freeze.state, 'running');
		assert.ok(parser.latest?.warnings.some(({warning}) => warning.id === 'log-and-status-disagree'));
	});

	test('no log at all, only status files: still a backup, and an old one is not taken for a new one', () => {
		const old = generateCycle({at: Date.UTC(2026, 4, 1), task: 'old-task', post: 'fails'});
		const young = generateCycle({at: Date.UTC(2026, 6, 1), task: 'young-task'});
		const parser = parse();
		for (const {status} of [old, young, old]) parser.takeStatus(readStatus(status, '12.status')!);
		assert.equal(parser.latest?.facts.task, 'young-task');
		assert.equal(parser.latest?.end?.result.outcome, 'application-consistent');
	});

	test('a status file announces a cycle, the log then tells it: one cycle', () => {
		const cycle = generateCycle({});
		const parser = createLogParser(at => at);
		const lines = cycle.log.split('\n');
		parser.push(bytes(`${lines.slice(0, 4).join('\n')}\n`));
		parser.takeStatus({...readStatus(cycle.status, '12.status')!, code: 4});
		const announced = parser.latest?.id;
		const news = parser.push(bytes(lines.slice(4).join('\n')));
		assert.deepEqual(summary(parser.latest), expectation(cycle));
		assert.deepEqual(new Set(news.map(({story}) => story.id)), new Set([announced]));
	});

	test('cycles in a row: each is told once, and to its end', () => {
		const cycles = [0, 1, 2].map(index => generateCycle({at: Date.UTC(2026, 5, 1 + index), task: `task-${index}`, sequence: index, ...(index === 1 ? {pre: 'fails'} : {})}));
		const parser = createLogParser(at => at);
		const news = parser.push(bytes(cycles.map(({log}) => log).join('')));
		const results = news.flatMap(({events}) => events.flatMap(event => event.event === 'result' ? [event.outcome] : []));
		assert.deepEqual(results, cycles.map(({expected}) => expected.outcome));
	});

	test('a cycle that ends without a word is over when the next one begins', () => {
		const first = generateCycle({at: Date.UTC(2026, 5, 1), task: 'first'});
		const second = generateCycle({at: Date.UTC(2026, 5, 2), task: 'second'});
		const parser = createLogParser(at => at);
		const news = parser.push(bytes(first.log.slice(0, first.log.indexOf('Finished prescript')) + '\n' + second.log));
		const stories = new Map(news.map(({story}) => [story.id, story]));
		assert.equal(stories.size, 2);
		const [broken] = stories.values();
		assert.equal(broken?.end?.result.outcome, 'failed');
		assert.ok(broken?.warnings.some(({warning}) => warning.id === 'ended-without-report'));
		assert.deepEqual(summary(parser.latest), expectation(second));
	});

	test('the agent calls once more while a cycle runs: nothing happens', () => {
		const cycle = generateCycle({});
		const at = cycle.log.indexOf('\n', cycle.log.indexOf('Running prescript')) + 1;
		const again = '2026-06-01 01:12:03.100000 [Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0]starting enable\n2026-06-01 01:12:03.110000 [Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0]the sequence number are same, so skip, current:12== last:12\n';
		assert.deepEqual(summary(parse(cycle.log.slice(0, at) + again + cycle.log.slice(at)).latest), expectation(cycle));
	});

	test('any choices: the outcome, the errors and the phases are those that were chosen', () => {
		const fate = fc.constantFrom('works', 'fails', 'times-out', 'never-answers');
		fc.assert(fc.property(fc.record({
			pre: fate, post: fate, goesOn: fc.constantFrom(true, false, 'throws' as const), freezes: fc.boolean(),
			freeze: fc.constantFrom('works', 'busy', 'times-out', 'nothing-to-freeze'), snapshot: fc.constantFrom('works', 'fails', 'comes-too-late'),
			retries: fc.nat(5), python: fc.constantFrom(2, 3), lockHeld: fc.boolean(), frozenLines: fc.constantFrom('buffered', 'straight'),
			check: fc.constantFrom(null, {name: 'FailedPrepostPreScriptNotFound', code: 302}, {name: 'FailedPrepostPluginhostConfigParsing', code: 304}),
		}) as fc.Arbitrary<CycleChoices>, fc.infiniteStream(fc.integer({min: 1, max: 3000})), (choices, sizes) => {
			const cycle = generateCycle(choices);
			const parser = createLogParser(at => at);
			const log = bytes(cycle.log);
			for (let from = 0; from < log.length;) {
				const size = sizes.next().value ?? log.length;
				parser.push(log.subarray(from, from + size));
				from += size;
			}
			parser.settle();
			assert.deepEqual(summary(parser.latest), expectation(cycle));
		}), {numRuns: 300});
	});

	test('any bytes: no crash, and what is told is whole', () => {
		const real = bytes(generateCycle({freeze: 'busy'}).log);
		const chunk = fc.oneof(
			fc.uint8Array({maxLength: 300}),
			fc.string({unit: 'binary', maxLength: 200}).map(text => bytes(`${text}\n`)),
			fc.tuple(fc.nat(real.length), fc.nat(2000)).map(([from, length]) => real.subarray(from, from + length)),
			fc.constantFrom(...generateCycle({}).log.split('\n').map(line => bytes(`${line}\n`))),
		);
		fc.assert(fc.property(fc.array(chunk, {maxLength: 60}), chunks => {
			const parser = createLogParser(at => at);
			for (const one of chunks) {
				for (const {events} of parser.push(one)) {
					for (const event of events) assert.ok(!Number.isNaN(Date.parse(event.at)));
				}
			}
			parser.newFile();
			parser.settle();
			JSON.stringify(parser.latest);
		}), {numRuns: 500});
	});

	test('memory stays bounded: one endless line, endless retries, endless cycles', () => {
		const parser = createLogParser(at => at);
		const before = heap();
		const block = Buffer.alloc(1024 * 1024, 'x');
		for (let index = 0; index < 100; index++) parser.push(block);
		parser.push(bytes('\n'));
		const cycle = generateCycle({pre: 'fails', retries: 20_000});
		parser.push(bytes(cycle.log));
		assert.deepEqual(summary(parser.latest), expectation(cycle));
		for (let index = 0; index < 300; index++) parser.push(bytes(generateCycle({at: Date.UTC(2026, 6, 1) + index * 86_400_000, task: `task-${index}`}).log));
		const grown = heap() - before;
		assert.ok(grown < 8 * 1024 * 1024, `${grown} bytes more`);
	});
});

function heap(): number {
	setFlagsFromString('--expose-gc');
	(runInNewContext('gc') as () => void)();
	return process.memoryUsage().heapUsed;
}
