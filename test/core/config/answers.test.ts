import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {Ajv2020} from 'ajv/dist/2020.js';
import {answerKeys, checkAnswer, nearestKey, validateAnswers} from '../../../source/core/config/answers.js';
import {settingDefaults, settingKeys, settingRanges} from '../../../source/core/config/settings.js';
import schema from '../../../templates/answers.schema.json' with {type: 'json'};

const scripts = {preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh'};

suite('answers', () => {
	test('all keys of the configuration can be answered, one by one and together', () => {
		const all = {...settingDefaults, ...scripts, preScriptParams: ['', 'a b', '"quoted"', 'ä', '$HOME', 'two\nlines'], timeoutInSeconds: 1800};
		assert.deepEqual(validateAnswers(all), []);
		assert.deepEqual(Object.keys(all).toSorted(), settingKeys.toSorted());
		for (const [key, value] of Object.entries(all)) assert.equal(checkAnswer(key, value), null);
		assert.deepEqual(validateAnswers({}), []);
		assert.deepEqual(validateAnswers({application: 'postgresql', applicationSettings: {user: 'postgres', lease: 60, wait: true}}), []);
	});

	test('what cannot be taken is said with key, value and what was expected', () => {
		const cases: ReadonlyArray<readonly [string, unknown, RegExp]> = [
			['timeoutInSeconds', 0, /^timeoutInSeconds is 0\. Expected: a whole number of seconds from 1 to 1800/],
			['timeoutInSeconds', -5, /is -5\./],
			['timeoutInSeconds', 1801, /is 1801\./],
			['timeoutInSeconds', 30.5, /is 30\.5\./],
			['timeoutInSeconds', '30', /is "30", a text\. Expected: a whole number .*without quotes/],
			['timeoutInSeconds', null, /is null\./],
			['preScriptNoOfRetries', -1, /is -1\. Expected: a whole number from 0/],
			['postScriptNoOfRetries', true, /is true\./],
			['continueBackupOnFailure', 'false', /is "false", a text\. Expected: true or false/],
			['fsFreezeEnabled', 1, /is 1\. Expected: true or false/],
			['ScriptsExecutionPollTimeSeconds', 6, /from 1 to 5/],
			['preScriptLocation', 'pre.sh', /is "pre\.sh", a text\. Expected: an absolute path/],
			['preScriptLocation', '/etc/azure/pre.sh\n', /without line breaks/],
			['postScriptLocation', ['/etc/azure/post.sh'], /a list\. Expected: an absolute path/],
			['preScriptParams', 'a b', /is "a b", a text\. Expected: a list of texts/],
			['preScriptParams', ['a', 5], /^Parameter 2 in preScriptParams is 5\. Expected: a text, in quotes: "5"/],
			['postScriptParams', ['a\0b'], /^Parameter 1 in postScriptParams is .*NUL/],
			['postScriptParams', ['\uD800'], /^Parameter 1 in postScriptParams/],
			['postScriptParams', ['ä'.repeat(70_000)], /less than 128 kB/],
			['postScriptParams', Array.from({length: 20}, () => 'x'.repeat(100_000)), /1 MB together/],
			['pluginName', 5, /is 5\./],
			['pluginName', 'n'.repeat(201), /is "n{35}…", a text\. Expected: a name of at most 200 characters/],
			['preScriptLocation', `/${'a'.repeat(5000)}`, /is "\/a+…", a text\. Expected: an absolute path of at most 4095 characters/],
			['preScriptParams', Array.from({length: 1001}, () => ''), /at most 1000 parameters/],
			['application', 'No Such', /bundled application/],
		];
		for (const [key, value, message] of cases) {
			const problems = validateAnswers({[key]: value});
			assert.equal(problems.length, 1, `${key} ${JSON.stringify(value).slice(0, 80)}`);
			assert.equal(problems[0]!.key, key);
			assert.notEqual(problems[0]!.expected, '');
			assert.match(problems[0]!.message, message);
		}
	});

	test('answers that are no object are refused as a whole', () => {
		for (const value of [null, [], 'x', 5, true]) {
			const [problem, ...more] = validateAnswers(value);
			assert.equal(problem?.key, '');
			assert.match(problem.message, /^The answers are .*Expected: one JSON object/);
			assert.deepEqual(more, []);
		}
	});

	test('an unknown key is refused, with the nearest one', () => {
		assert.match(validateAnswers({PreScriptLocation: '/a'})[0]!.message, /^There is no setting "PreScriptLocation"\. Did you mean preScriptLocation\?$/);
		assert.match(validateAnswers({timeoutInSecond: 5})[0]!.message, /Did you mean timeoutInSeconds\?/);
		assert.match(validateAnswers({colour: 'red'})[0]!.message, /There are: pluginName, .*applicationSettings\.$/);
		assert.equal(nearestKey('preScriptNoOfRetires'), 'preScriptNoOfRetries');
		assert.equal(nearestKey('postscriptparams'), 'postScriptParams');
		assert.equal(nearestKey('__proto__'), null);
		assert.equal(validateAnswers(JSON.parse('{"__proto__": 1}'))[0]?.key, '__proto__');
	});

	test('an application stands in place of locations, and its settings belong to it', () => {
		assert.deepEqual(validateAnswers({application: 'redis', ...scripts}).map(({key}) => key).toSorted(), ['postScriptLocation', 'preScriptLocation']);
		assert.match(validateAnswers({applicationSettings: {}})[0]!.message, /application as well/);
		assert.ok(!JSON.stringify(validateAnswers({applicationSettings: {password: 'geheim', other: ['geheim']}})).includes('geheim'));
		assert.match(validateAnswers({application: 'redis', applicationSettings: {a: []}})[0]!.message, /^a in applicationSettings is a list/);
		assert.match(validateAnswers({application: 'redis', applicationSettings: {a: {}}})[0]!.message, /^a in applicationSettings is an object\. Expected: a text/);
	});

	test('several applications are a list of names, and their settings are by name', () => {
		assert.deepEqual(validateAnswers({application: ['postgresql', 'redis'], applicationSettings: {redis: {port: 6379}}}), []);
		assert.deepEqual(validateAnswers({application: ['redis'], ...scripts}).map(({key}) => key).toSorted(), ['postScriptLocation', 'preScriptLocation']);
		assert.match(validateAnswers({application: ['redis', 'redis']})[0]!.message, /Expected: each application once/);
		for (const application of [[], ['Redis'], [1], null]) {
			const problems = validateAnswers({application});
			assert.deepEqual(problems.map(({key}) => key), ['application']);
			assert.match(problems[0]!.message, /Expected: the name of a bundled application, as text, or a list of such names/);
		}
		assert.match(validateAnswers({application: ['redis'], applicationSettings: {port: 'geheim'}})[0]!.message, /^port in applicationSettings is a single value\. Expected: an object with the settings of that application/);
		assert.match(validateAnswers({application: ['redis'], applicationSettings: {redis: {port: [1]}}})[0]!.message, /^redis\.port in applicationSettings is a list/);
	});

	test('the published schema is one by the standard, and others\' validators take it as well', () => {
		const ajv = new Ajv2020({strict: true, allowUnionTypes: true});
		assert.equal(ajv.validateSchema(schema), true, JSON.stringify(ajv.errors));
	});

	test('the ranges and defaults in code are those of the published schema', () => {
		const resolve = (key: string): Record<string, unknown> => {
			const found = (schema.properties as Record<string, Record<string, unknown>>)[key]!;
			const reference = found['$ref'];
			return typeof reference === 'string' ? {...(schema.$defs as Record<string, Record<string, unknown>>)[reference.slice('#/$defs/'.length)], ...found} : found;
		};
		for (const [key, {least, most}] of Object.entries(settingRanges)) {
			assert.deepEqual([resolve(key)['minimum'], resolve(key)['maximum']], [least, most], key);
		}
		for (const [key, value] of Object.entries(settingDefaults)) assert.deepEqual(resolve(key)['default'], value, key);
		assert.deepEqual(answerKeys.filter(key => !key.startsWith('application')), [...settingKeys]);
	});
});
