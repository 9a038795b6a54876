import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import * as fc from 'fast-check';
import type {CycleStory} from '../../../source/core/extension-log/cycle.js';
import {entryOf} from '../../../source/core/extension-log/entry.js';
import {createLogParser, type LogParser} from '../../../source/core/extension-log/parser.js';
import {readStatus} from '../../../source/core/extension-status/report.js';
import {generateCycle, generateFailedCall, generateInstallation, type CycleChoices, type GeneratedCycle} from '../../support/extension-log-generator.js';

const bytes = (text: string): Buffer => Buffer.from(text);

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
		azure: story.end?.result.azure.outcome,
		errors: story.end?.result.errors.map(({code}) => code),
	};
}

function expectation({expected: {states, outcome, azure, errors}}: GeneratedCycle): unknown {
	return {states, outcome, azure, errors};
}

function hasWarning(story: CycleStory | null, id: string): boolean {
	return story?.warnings.some(({warning}) => warning.id === id) ?? false;
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
	'no freeze wanted, but a configuration that nobody can read: it is frozen': {freezes: false, check: {name: 'FailedPrepostPluginConfigParsing', code: 305}},
	'no freeze wanted, and a script is missing': {freezes: false, check: {name: 'FailedPrepostPreScriptNotFound', code: 302}},
	'no freeze wanted, and the post-script fails': {freezes: false, post: 'fails'},
	'the plugin host file is missing': {check: {name: 'FailedPrepostPluginhostConfigNotFound', code: 313}},
	'others may write to the plugin host file': {check: {name: 'FailedPrepostPluginhostConfigPermissionError', code: 314}},
	'a value of the wrong type': {check: {name: 'FailedPrepostPluginhostConfigParsing', code: 304}},
	'others may read the post-script': {check: {name: 'FailedPrepostPostScriptPermissionError', code: 307}},
	'no plugin': {plugins: 0},
	'the program that freezes is missing': {stops: 'no-binary'},
	'called too late': {stops: 'too-late'},
	'too late after the freeze': {snapshot: 'asked-too-late'},
	'too late after a freeze that failed': {freeze: 'busy', snapshot: 'asked-too-late'},
	'a mount that does not open': {freeze: 'does-not-open'},
	'the freeze comes after all': {freeze: 'comes-after-all'},
	'the host\'s service is broken': {snapshot: 'host-error'},
	'every disk fails': {snapshot: 'disks-fail'},
	'too many snapshots': {snapshot: 'too-many'},
	'one disk of three fails': {snapshot: 'one-disk-fails'},
	'safefreeze is killed': {snapshot: 'helper-killed'},
	'one disk, frozen already': {singleDisk: true, freeze: 'busy'},
	'one disk, frozen already, and the pre-script fails': {singleDisk: true, freeze: 'busy', pre: 'fails'},
	'one disk, the freeze comes after all': {singleDisk: true, freeze: 'comes-after-all'},
	'one disk, the snapshot comes after the thaw': {singleDisk: true, snapshot: 'comes-too-late'},
	'one disk, and it fails: Azure is told of a recovery point': {singleDisk: true, snapshot: 'disks-fail'},
	'a database of workload.conf': {workload: {name: 'mysql'}},
	'a database that cannot be held': {workload: {name: 'mysql', fails: 'before'}},
	'a database that was not held to the end': {workload: {name: 'oracle', fails: 'after'}},
	'a database without a login': {workload: {name: 'postgres', fails: 'reading'}},
	'a database, and no snapshot: Azure is told of a recovery point': {workload: {name: 'mysql'}, snapshot: 'fails'},
	'ten filesystems, and one with a quotation mark': {mounts: [...Array.from({length: 9}, (_, index) => `/srv/${index}`), "/srv/it's"]},
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
			assert.equal(hasWarning(parser.latest, 'log-and-status-disagree'), cycle.expected.statusStays);
		});

		test(`${name}: cut anywhere, doubled, behind an old one`, () => {
			const cycle = generateCycle(choices);
			const log = bytes(cycle.log);
			for (const size of [1, 7, 999]) {
				const parser = createLogParser(at => at);
				for (let from = 0; from < log.length; from += size) parser.push(log.subarray(from, from + size));
				parser.settle();
				assert.deepEqual(summary(parser.latest), expectation(cycle), `pieces of ${size}`);
			}
			const old = generateCycle({at: Date.UTC(2026, 4, 1), task: 'an-old-task', sequence: 3, post: 'times-out'}).log;
			for (const text of [cycle.log + cycle.log, old + cycle.log, old + old + cycle.log + cycle.log]) {
				const parser = createLogParser(at => at);
				const told = [...parser.push(bytes(text)), ...parser.settle()];
				assert.deepEqual(summary(parser.latest), expectation(cycle));
				assert.equal(told.filter(({story, events}) => story.id === parser.latest?.id && events.some(({event}) => event === 'result')).length, 1);
			}
		});

		test(`${name}: line by line, the result is told once and last`, () => {
			const cycle = generateCycle(choices);
			const parser = createLogParser(at => at);
			const told = [...cycle.log.split('\n').flatMap(line => parser.push(bytes(`${line}\n`))), ...parser.settle()].flatMap(({events}) => events);
			assert.deepEqual(told.flatMap(event => event.event === 'result' ? [event.outcome] : []), [cycle.expected.outcome]);
			assert.equal(told.at(-1)?.event, 'result');
			// What was warned of on the way is true in the end.
			const still = new Set(parser.latest?.warnings.map(({warning}) => warning.message));
			assert.deepEqual(told.flatMap(event => event.event === 'warning' && !still.has(event.message) ? [event.message] : []), []);
		});
	}

	test('what Azure is told is better than what is there: it is said', () => {
		const {latest} = parse(generateCycle({freezes: false, check: {name: 'FailedPrepostPreScriptNotFound', code: 302}}).log);
		assert.equal(latest?.end?.result.azure.outcome, 'file-system-consistent');
		assert.ok(latest?.warnings.some(({warning}) => warning.id === 'reported-better'));
	});

	test('silent downgrades, and what is left behind: each is named', () => {
		const {name: missing, code} = {name: 'FailedPrepostPreScriptNotFound', code: 302};
		const told: readonly (readonly [CycleChoices, string, RegExp])[] = [
			[{plugins: 0}, 'no-script-ran', /No script ran/],
			[{pre: 'fails', goesOn: 'throws'}, 'post-script-never-ran', /may still be held/],
			[{pre: 'fails', goesOn: 'throws'}, 'less-consistent', /exception, after the pre-script had failed: unsupported operand/],
			[{snapshot: 'helper-killed'}, 'may-be-frozen', /\/data, \/var\/lib\/mysql may still be frozen/],
			[{freeze: 'comes-after-all'}, 'frozen-in-vain', /stayed frozen for 60 s/],
			[{snapshot: 'comes-too-late'}, 'less-consistent', /thawed by themselves after 6\d s, before the snapshot was complete/],
			[{snapshot: 'too-many'}, 'less-consistent', /too many snapshots of one of the disks/],
			[{snapshot: 'too-many'}, 'disk-snapshot-failed', /snapshot count against this blob/],
			[{snapshot: 'one-disk-fails'}, 'disk-snapshot-failed', /reports a success all the same/],
			[{workload: {name: 'mysql'}, snapshot: 'fails'}, 'reported-better', /There is none/],
			[{singleDisk: true, freeze: 'busy'}, 'less-consistent', /where a VM has one disk/],
			[{singleDisk: true, snapshot: 'comes-too-late'}, 'less-consistent', /thawed by themselves/],
			[{freezes: false, pre: 'fails'}, 'less-consistent', /freezing is switched off, a failed script fails the backup/],
			[{post: 'fails', goesOn: false}, 'less-consistent', /snapshot was taken, and reported as failed/],
			[{check: {name: missing, code}}, 'less-consistent', /302; \/opt\/pre\.sh\)/],
			[{check: {name: 'FailedPrepostPostScriptPermissionError', code: 307}}, 'less-consistent', /307; \/opt\/post\.sh has mode 755\)/],
			[{pre: 'fails', retries: 5}, 'pre-script-retries', /ran it only once/],
		];
		for (const [choices, id, pattern] of told) {
			const {latest} = parse(generateCycle(choices).log);
			const found = latest?.warnings.find(({warning}) => warning.id === id)?.warning;
			assert.match(found?.message ?? 'no such warning', pattern, JSON.stringify(choices));
			// Whoever reads this is watching already.
			assert.doesNotMatch(found?.remedy ?? '', /quiesce watch/);
		}
		for (const quiet of [{}, {pre: 'fails'}, {freezes: false}] as const) {
			const {latest} = parse(generateCycle(quiet).log);
			assert.deepEqual(latest?.warnings.map(({warning}) => warning.id).filter(id => !['less-consistent', 'reported-success'].includes(id)), []);
		}
	});

	test('a script that belongs to somebody else: whom', () => {
		const {log} = generateCycle({check: {name: 'FailedPrepostPreScriptPermissionError', code: 306}});
		const owned = log.replace(/^(.*\])Permissions of the file \/opt\/pre\.sh are 755$/m, '$1Permissions of the file /opt/pre.sh are 700\n$1The owner of the PreScript file /opt/pre.sh is bob but not root');
		assert.match(parse(owned).latest?.phases.check.detail ?? '', /\/opt\/pre\.sh belongs to bob$/);
	});

	test('the installation of the extension is no backup, in the log or in a status file', () => {
		const installation = generateInstallation();
		assert.equal(parse(installation.log).latest, null);
		assert.equal(readStatus(installation.status, '0.status'), null);
		const backup = generateCycle({});
		const later = generateInstallation({at: Date.UTC(2026, 6, 1), sequence: 20});
		for (const text of [installation.log + backup.log, backup.log + later.log, installation.log + backup.log + later.log]) {
			assert.deepEqual(summary(parse(text).latest), expectation(backup));
			assert.deepEqual(summary(parse(...text.split(/(?<=\n)/)).latest), expectation(backup));
		}
	});

	test('the agent\'s call fails before there is a daemon: a backup that failed', () => {
		const {latest} = parse(generateFailedCall());
		assert.equal(latest?.end?.result.outcome, 'failed');
		assert.deepEqual(latest?.end?.result.errors.map(({code}) => code), [2]);
		assert.ok(entryOf(latest) !== null);
		// One that fails while a cycle runs ends nothing.
		const cycle = generateCycle({});
		const at = cycle.log.indexOf('\n', cycle.log.indexOf('Running prescript')) + 1;
		assert.deepEqual(summary(parse(cycle.log.slice(0, at) + generateFailedCall({at: Date.UTC(2026, 5, 1, 1, 12, 3)}) + cycle.log.slice(at)).latest), expectation(cycle));
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
		const news = [...parser.push(bytes(cycles.map(({log}) => log).join(''))), ...parser.settle()];
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
			freeze: fc.constantFrom('works', 'busy', 'does-not-open', 'times-out', 'comes-after-all', 'nothing-to-freeze'), singleDisk: fc.boolean(),
			snapshot: fc.constantFrom('works', 'fails', 'host-error', 'disks-fail', 'too-many', 'one-disk-fails', 'comes-too-late', 'helper-killed', 'asked-too-late'),
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

	test('the memory that the bytes are in is used again by the reader of the file', () => {
		const cycle = generateCycle({pre: 'fails', freeze: 'busy'});
		const log = bytes(cycle.log);
		const parser = createLogParser(at => at);
		const buffer = Buffer.alloc(50);
		for (let from = 0; from < log.length; from += buffer.length) {
			const count = log.copy(buffer, 0, from);
			parser.push(buffer.subarray(0, count));
		}
		parser.settle();
		assert.deepEqual(summary(parser.latest), expectation(cycle));
	});

	test('lines in another order: the same', () => {
		fc.assert(fc.property(fc.constantFrom(...Object.values(cases)), fc.infiniteStream(fc.nat(6)), (choices, places) => {
			const cycle = generateCycle(choices);
			// A record and the lines that continue it; what comes before the daemon keeps its place.
			const records = cycle.log.split(/\n(?=\d{4}[-/]\d\d[-/]\d\d )/);
			const first = records.findIndex(record => record.includes('starting daemon initially')) + 1;
			const moved = records.map((record, index) => ({record, place: index < first ? index : index + (places.next().value ?? 0)}));
			const log = `${moved.toSorted((a, b) => a.place - b.place).map(({record}) => record).join('\n')}\n`;
			if (choices.python !== 2) assert.deepEqual(summary(parse(log).latest), expectation(cycle));
		}), {numRuns: 200});
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
