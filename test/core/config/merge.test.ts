import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {meantValue} from '../../../source/core/config/convert.js';
import {diffLines} from '../../../source/core/config/diff.js';
import {mergeConfiguration, type Merged} from '../../../source/core/config/merge.js';
import {readConfiguration, type Configuration} from '../../../source/core/config/read.js';

function read(text: string): Configuration {
	const configuration = readConfiguration(new TextEncoder().encode(text));
	assert.ok(typeof configuration !== 'string', text);
	return configuration;
}

function merge(text: string, answers: Readonly<Record<string, unknown>> = {}, present = true): Merged {
	return mergeConfiguration(read(text), answers, present);
}

const locations = {preScriptLocation: '/a', postScriptLocation: '/b'};

suite('a merged configuration', () => {
	test('has the answers, else what is there, else the default; locations have none', () => {
		const {settings, problems} = merge('{"timeoutInSeconds": 50, "preScriptNoOfRetries": 1}', {preScriptNoOfRetries: 2, preScriptLocation: '/a'});
		assert.deepEqual([settings.timeoutInSeconds, settings.preScriptNoOfRetries, settings.fsFreezeEnabled, settings.preScriptLocation, settings.ScriptsExecutionPollTimeSeconds], [50, 2, true, '/a', null]);
		assert.deepEqual(problems.map(({key}) => key), ['postScriptLocation']);
		assert.match(problems[0]!.message, /^The post-script is not chosen yet/);
	});

	test('a value that is missing in a present file is written down and said, with what held until now', () => {
		const {warnings, text} = merge('{"preScriptLocation": "/a", "postScriptLocation": "/b"}');
		assert.match(warnings.find(({key}) => key === 'timeoutInSeconds')!.message, /was not set, for which Azure takes 10 s; 30 is written/);
		assert.equal((JSON.parse(text) as {timeoutInSeconds: number}).timeoutInSeconds, 30);
		assert.deepEqual(merge('{}', locations, false).warnings, []);
	});

	test('the places to fill of a template are not taken for parameters; in a present file they are', () => {
		const text = '{"preScriptParams": ["", ""], "postScriptParams": ["", "x"]}';
		assert.deepEqual([merge(text, locations, false).settings.preScriptParams, merge(text, locations, false).settings.postScriptParams], [[], ['', 'x']]);
		assert.deepEqual(merge(text, locations, true).settings.preScriptParams, ['', '']);
	});

	test('a key in the documentation\'s spelling is renamed where the right one is free, and left alone where not', () => {
		const renamed = merge('{"PreScriptLocation": "/x", "postScriptLocation": "/b"}');
		assert.deepEqual([renamed.settings.preScriptLocation, renamed.problems], ['/x', []]);
		assert.ok(!renamed.text.includes('PreScriptLocation'));
		const both = merge('{"PreScriptLocation": "/x", "preScriptLocation": "/a", "postScriptLocation": "/b"}');
		assert.equal(both.settings.preScriptLocation, '/a');
		assert.match(both.text, /"PreScriptLocation": "\/x"/);
		assert.match(both.warnings.map(({message}) => message).join(), /Azure ignores PreScriptLocation/);
		const empty = merge('{"PreScriptLocation": "/x", "preScriptLocation": "", "postScriptLocation": "/b"}');
		assert.deepEqual(JSON.parse(empty.text), {...JSON.parse(empty.text) as object, preScriptLocation: '/x'});
	});

	test('what is not answered and right stays to the letter', () => {
		const complete = '{"ScriptsExecutionPollTimeSeconds":5,"fsFreezeEnabled":true,\t"continueBackupOnFailure" :false,"timeoutInSeconds":1.8e3,"postScriptNoOfRetries":0,\r\n"preScriptNoOfRetries":0,'
			+ '"postScriptParams":["\\u00e4"],"preScriptParams":[],"postScriptLocation":"/b","preScriptLocation":"\\/a","pluginName":"ScriptRunner","\\u0078":{"y" : 1}} \n\n';
		assert.equal(merge(complete).text, complete);
		assert.equal(merge(complete, {timeoutInSeconds: 1800, preScriptLocation: '/a'}).text, complete);
	});

	test('converts what is plain, to what the extension would make of it, and never to what is not acceptable', () => {
		const cases: ReadonlyArray<readonly [Parameters<typeof meantValue>[0], unknown, unknown]> = [
			['timeoutInSeconds', '30', 30], ['timeoutInSeconds', ' 45 s', 45], ['timeoutInSeconds', 3600, 1800], ['timeoutInSeconds', 30.2, 31], ['timeoutInSeconds', null, 30],
			['timeoutInSeconds', 0, undefined], ['timeoutInSeconds', '0', undefined], ['timeoutInSeconds', -3, undefined], ['timeoutInSeconds', true, undefined], ['timeoutInSeconds', Number.NaN, undefined], ['timeoutInSeconds', [30], undefined],
			['preScriptNoOfRetries', -1, 0], ['preScriptNoOfRetries', '2', 2], ['preScriptNoOfRetries', 1.5, 2], ['preScriptNoOfRetries', 99_999, 1800], ['preScriptNoOfRetries', 'many', undefined],
			['ScriptsExecutionPollTimeSeconds', 9, 3], ['ScriptsExecutionPollTimeSeconds', 2.9, 2], ['ScriptsExecutionPollTimeSeconds', '4', 4],
			['continueBackupOnFailure', 'False', false], ['continueBackupOnFailure', 1, true], ['continueBackupOnFailure', 'perhaps', undefined], ['continueBackupOnFailure', [], undefined],
			['fsFreezeEnabled', 0, false], ['fsFreezeEnabled', null, false], ['fsFreezeEnabled', 'yes', true],
			['preScriptParams', null, []], ['preScriptParams', 'one', ['one']], ['preScriptParams', 'a b', undefined], ['preScriptParams', [1, true, 'x'], ['1', 'True', 'x']], ['preScriptParams', [{}], undefined], ['preScriptParams', {a: 1}, undefined],
			['pluginName', 5, 'ScriptRunner'], ['preScriptLocation', 5, undefined],
		];
		for (const [key, value, meant] of cases) assert.deepEqual(meantValue(key, value), meant, `${key} ${JSON.stringify(value)}`);
	});

	test('any configuration: no exception, and what has no problem can be read again and needs no further change', () => {
		fc.assert(fc.property(fc.dictionary(fc.oneof(fc.constantFrom('timeoutInSeconds', 'preScriptParams', 'PreScriptParams', 'fsFreezeEnabled', 'preScriptNoOfRetries', 'pluginName', 'preScriptLocation'), fc.string()), fc.jsonValue()), present => {
			const {text, problems} = merge(JSON.stringify(present, null, 1), locations);
			if (problems.length > 0) return;
			const again = merge(text, locations);
			assert.deepEqual([again.text, again.problems], [text, []]);
		}));
	});
});

suite('a difference', () => {
	test('shows what stays, goes and comes, in order', () => {
		assert.deepEqual(diffLines('a\nb\nc\n', 'a\nx\nc\nd\n'), [{sign: ' ', text: 'a'}, {sign: '-', text: 'b'}, {sign: '+', text: 'x'}, {sign: ' ', text: 'c'}, {sign: '+', text: 'd'}]);
		assert.deepEqual(diffLines('', 'a\n'), [{sign: '+', text: 'a'}]);
	});

	test('leads from any text to any other, and is no longer than it must be', () => {
		const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), {maxLength: 12});
		fc.assert(fc.property(text, text, (before, after) => {
			const lines = diffLines(before.map(line => `${line}\n`).join(''), after.map(line => `${line}\n`).join(''));
			assert.deepEqual(lines.filter(({sign}) => sign !== '+').map(({text}) => text), before);
			assert.deepEqual(lines.filter(({sign}) => sign !== '-').map(({text}) => text), after);
			if (JSON.stringify(before) === JSON.stringify(after)) assert.ok(lines.every(({sign}) => sign === ' '));
		}));
		const long = Array.from({length: 5000}, (_, index) => `${index}\n`);
		const began = process.cpuUsage();
		assert.equal(diffLines(long.join(''), long.toReversed().join('')).filter(({sign}) => sign === '+').length > 0, true);
		assert.ok(process.cpuUsage(began).user < 1_000_000);
	});
});
