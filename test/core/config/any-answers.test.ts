import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {answerKeys, validateAnswers} from '../../../source/core/config/answers.js';
import {mergeConfiguration} from '../../../source/core/config/merge.js';
import {readConfiguration} from '../../../source/core/config/read.js';
import {settingKeys} from '../../../source/core/config/settings.js';
import {readEffectiveSettings} from '../../../source/core/extension/settings.js';

/** More with QUIESCE_PROPERTY_RUNS=100000. */
const numRuns = Number(process.env['QUIESCE_PROPERTY_RUNS'] ?? 10_000);

const value = fc.oneof(
	fc.constantFrom<unknown>(true, false, null, 0, 1, 3, 5, 30, 1800, 1801, -1, 2.5, '30', 'true', '', '/etc/azure/pre.sh', '/etc/a\nb', 'pre.sh', [], ['', ''], ['a', 1], {}),
	fc.jsonValue({maxDepth: 2}),
);
const record = (keys: readonly string[]): fc.Arbitrary<Record<string, unknown>> => fc.dictionary(fc.oneof(
	{weight: 6, arbitrary: fc.constantFrom(...keys)},
	{weight: 1, arbitrary: fc.constantFrom('PreScriptLocation', 'timeout', '__proto__', 'constructor', 'toString', '')},
	{weight: 1, arbitrary: fc.string({maxLength: 8})},
), value, {maxKeys: 8});
/** Mostly what an administrator would write, so that much of it comes as far as a text. */
const likely = fc.record({
	preScriptLocation: fc.constantFrom('/etc/azure/pre.sh', '/opt/ä b.sh'),
	postScriptLocation: fc.constantFrom('/etc/azure/post.sh', '/opt/"q".sh'),
	preScriptParams: fc.array(fc.string({maxLength: 5}).filter(text => !text.includes('\0')), {maxLength: 3}),
	postScriptNoOfRetries: fc.integer({min: 0, max: 3}),
	timeoutInSeconds: fc.oneof(fc.integer({min: 1, max: 1800}), value),
	continueBackupOnFailure: fc.oneof(fc.boolean(), value),
	fsFreezeEnabled: fc.boolean(),
	ScriptsExecutionPollTimeSeconds: fc.integer({min: 1, max: 5}),
}, {requiredKeys: ['preScriptLocation', 'postScriptLocation']});
const answers = fc.oneof(likely, record(answerKeys), fc.jsonValue({maxDepth: 2}));
const configuration = fc.oneof(
	fc.tuple(likely, record(settingKeys)).map(([settings, more]) => JSON.stringify({...more, ...settings}, null, 4)),
	record(settingKeys).map(settings => JSON.stringify(settings)),
	record(settingKeys).map(settings => JSON.stringify(settings, null, 2)),
	record(settingKeys).map(settings => JSON.stringify(settings).replace('}', ',}')),
	fc.string({unit: 'binary', maxLength: 60}),
).map(text => new TextEncoder().encode(text));

suite('any answers', () => {
	test('are taken or refused with a sentence, and what is written is valid', () => {
		let written = 0;
		fc.assert(fc.property(answers, configuration, (given, bytes) => {
			const problems = validateAnswers(given);
			for (const {message} of problems) assert.ok(message.length > 0);
			const base = readConfiguration(bytes);
			if (typeof base === 'string') assert.ok(base.length > 0);
			if (problems.length > 0 || typeof base === 'string') return;
			const merged = mergeConfiguration(base, given as Record<string, unknown>, true);
			if (merged.problems.length > 0 || merged.settings.preScriptLocation === null || merged.settings.postScriptLocation === null) return;
			written++;
			const text = JSON.parse(merged.text) as Record<string, unknown>;
			assert.equal(typeof text, 'object');
			assert.ok(!('refused' in readEffectiveSettings(new TextEncoder().encode(merged.text), 1800)), merged.text);
			for (const key of Object.keys(given as object)) if (settingKeys.includes(key as never)) assert.deepEqual(text[key], (given as Record<string, unknown>)[key]);
		}), {numRuns});
		assert.ok(written > numRuns / 1000, `only ${written} of ${numRuns} came as far as a text`);
	});
});
