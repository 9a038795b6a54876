import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {CycleEvent} from '../../../source/core/cycle-events.js';
import type {CycleStory} from '../../../source/core/extension-log/cycle.js';
import {createLogParser, type LogParser} from '../../../source/core/extension-log/parser.js';
import {readStatus} from '../../../source/core/extension-status/report.js';
import {readRecordings, whyNoRecordings, type ExpectedPhase, type Recording} from '../../support/recordings.js';

const recordings = readRecordings();
const lineFeed = 0x0a;

function iso(at: number | null): string | null {
	return at === null ? null : new Date(at).toISOString();
}

function phasesOf(story: CycleStory): readonly ExpectedPhase[] {
	return Object.entries(story.phases).map(([phase, {state, startedAt, endedAt}]) =>
		({phase: phase as ExpectedPhase['phase'], state, startedAt: iso(startedAt), endedAt: state === 'skipped' ? null : iso(endedAt)}));
}

function assertStory(story: CycleStory | null, {expected}: Recording): void {
	assert.ok(story !== null);
	assert.deepEqual(phasesOf(story), expected.phases);
	assert.equal(story.end?.result.outcome ?? null, expected.outcome);
	assert.deepEqual((story.end?.result.errors ?? []).map(({code}) => code), expected.errors.map(({code}) => code));
	assert.equal(story.facts.sequence, expected.seqNo);
}

function feed(parser: LogParser, pieces: readonly Uint8Array[]): readonly CycleEvent[] {
	return [...pieces.flatMap(piece => parser.push(piece)), ...parser.settle()].flatMap(({events}) => events);
}

function linesOf(log: Uint8Array): readonly Uint8Array[] {
	const lines: Uint8Array[] = [];
	for (let from = 0; from < log.length;) {
		const end = log.indexOf(lineFeed, from);
		lines.push(log.subarray(from, end === -1 ? log.length : end + 1));
		from = end === -1 ? log.length : end + 1;
	}
	return lines;
}

/** What a reader of the events ends up with: the last word on each phase. */
function lastWords(events: readonly CycleEvent[]): Readonly<Record<string, string>> {
	const words: Record<string, string> = {};
	for (const event of events) {
		if (event.event === 'phase') words[event.phase] = event.state;
		if (event.event === 'result') words['result'] = `${event.outcome} ${event.errors.map(({code}) => code).join(' ')}`;
	}
	return words;
}

suite('recorded logs', {skip: whyNoRecordings()}, () => {
	for (const recording of recordings) {
		suite(recording.name, () => {
			const {log, expected} = recording;
			const whole = createLogParser(at => at);
			const events = feed(whole, [log]);

			test('whole: phases, outcome and errors', () => {
				assertStory(whole.latest, recording);
			});

			test('the events say the same, in the order of time, each thing once', () => {
				const phases = expected.phases.filter(({state}) => state !== 'pending');
				assert.deepEqual(lastWords(events), {
					...Object.fromEntries(phases.map(({phase, state}) => [phase, state === 'running' ? 'started' : state])),
					...(expected.outcome === null ? {} : {result: `${expected.outcome} ${expected.errors.map(({code}) => code).join(' ')}`}),
				});
				assert.deepEqual(events.map(({at}) => at), events.map(({at}) => at).toSorted());
				const words = events.map(event => JSON.stringify(event));
				assert.equal(new Set(words).size, words.length);
				assert.equal(events.filter(({event}) => event === 'result').length, expected.outcome === null ? 0 : 1);
				if (expected.outcome !== null) assert.equal(events.at(-1)?.event, 'result');
			});

			test('line by line, and in pieces of odd sizes: the same in the end', () => {
				for (const pieces of [linesOf(log), piecesOf(log, 1000), piecesOf(log, 37)]) {
					const parser = createLogParser(at => at);
					const told = feed(parser, pieces);
					assertStory(parser.latest, recording);
					assert.deepEqual(lastWords(told), lastWords(events));
				}
			});

			test('cut behind every line: never more than what happened, never anything else', () => {
				const parser = createLogParser(at => at);
				for (const line of linesOf(log)) {
					parser.push(line);
					if (parser.latest !== null) assertPrefix(parser.latest, recording);
				}
			});

			test('cut in the middle of a line: as if the line were not there', () => {
				const lines = linesOf(log);
				for (let index = 0; index < lines.length; index += 7) {
					const before = createLogParser(at => at);
					before.push(Buffer.concat(lines.slice(0, index)));
					const cut = createLogParser(at => at);
					cut.push(Buffer.concat([...lines.slice(0, index), lines[index]!.subarray(0, Math.floor(lines[index]!.length / 2))]));
					assert.deepEqual(cut.latest, before.latest);
				}
			});

			test('everything twice: each line, or the whole log', () => {
				const lines = linesOf(log);
				for (const pieces of [lines.flatMap(line => [line, line]), [log, log], [...lines, ...lines]]) {
					const parser = createLogParser(at => at);
					const told = feed(parser, pieces);
					assertStory(parser.latest, recording);
					assert.equal(told.filter(({event}) => event === 'result').length, expected.outcome === null ? 0 : 1);
				}
			});

			test('neighbouring lines changed over', () => {
				const lines = [...linesOf(log)];
				for (let index = 45; index + 1 < lines.length; index += 2) [lines[index], lines[index + 1]] = [lines[index + 1]!, lines[index]!];
				const parser = createLogParser(at => at);
				feed(parser, lines);
				assertStory(parser.latest, recording);
			});

			test('rotated in the middle: the parser goes on in the new file', () => {
				const parser = createLogParser(at => at);
				const lines = linesOf(log);
				const middle = Math.floor(lines.length / 2);
				parser.push(Buffer.concat([...lines.slice(0, middle), Buffer.from('2026-11-23 11:09:1')]));
				parser.newFile();
				feed(parser, lines.slice(middle));
				assertStory(parser.latest, recording);
			});

			test('its status file', () => {
				for (const name of readdirSync(recording.directory).filter(name => /^\d+[._]status$/.test(name))) {
					const report = readStatus(readFileSync(join(recording.directory, name), 'utf8'), name);
					assert.equal(report?.code, expected.reported?.code);
					assert.equal(report?.status, expected.reported?.status);
					assert.equal(report?.healthCode, expected.reported?.vmHealthStatusCode);
					const parser = createLogParser(at => at);
					parser.push(log);
					const latest = parser.latest!;
					parser.takeStatus(report!);
					assertStory(parser.latest, recording);
					// It is the same backup: no second one, and no disagreement.
					assert.equal(parser.latest?.id, latest.id);
					assert.deepEqual(parser.latest?.warnings.filter(({warning}) => warning.id === 'log-and-status-disagree'), []);
				}
			});

			test('after another cycle in the same log', () => {
				const parser = createLogParser(at => at);
				const other = Buffer.from(Buffer.from(recordings.find(({name}) => name !== recording.name)!.log).toString('latin1').replaceAll('2026-11-23', '2026-11-22').replaceAll('2026/11/23', '2026/11/22'), 'latin1');
				const news = parser.push(Buffer.concat([other, log]));
				assert.equal(new Set(news.map(({story}) => story.number)).size, 2);
				parser.settle();
				assertStory(parser.latest, recording);
			});
		});
	}
});

function piecesOf(log: Uint8Array, size: number): readonly Uint8Array[] {
	return Array.from({length: Math.ceil(log.length / size)}, (_, index) => log.subarray(index * size, (index + 1) * size));
}

/** What is said of a part of the log must be true of the whole: a phase that ended did end so, and then. */
function assertPrefix(story: CycleStory, {expected}: Recording): void {
	for (const phase of phasesOf(story)) {
		const final = expected.phases.find(one => one.phase === phase.phase)!;
		if (phase.state === 'pending') continue;
		if (phase.startedAt !== null) assert.equal(phase.startedAt, final.startedAt, phase.phase);
		if (phase.state === 'running') continue;
		assert.deepEqual(phase, final);
	}
	if (story.end !== null) assert.equal(story.end.result.outcome, expected.outcome);
}
