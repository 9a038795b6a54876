import assert from 'node:assert/strict';
import {chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, suite, test} from 'node:test';
import * as fc from 'fast-check';
import {setUp} from '../../source/commands/headless-setup.js';
import {answerKeys} from '../../source/core/config/answers.js';
import {settingKeys} from '../../source/core/config/settings.js';
import {readEffectiveSettings} from '../../source/core/extension/settings.js';
import {exitCodes, Failure} from '../../source/core/failure.js';
import {whyNotRoot} from '../support/skip.js';

/** More with QUIESCE_PROPERTY_RUNS=100000. */
const numRuns = Number(process.env['QUIESCE_PROPERTY_RUNS'] ?? 100);

const top = mkdtempSync(join(tmpdir(), 'quiesce-any-setup-'));
after(() => rmSync(top, {recursive: true, force: true}));
const directory = join(top, 'azure');
const configuration = join(directory, 'VMSnapshotScriptPluginConfig.json');
const answersFile = join(top, 'answers.json');
const scripts = [join(directory, 'pre.sh'), join(directory, 'post.sh')];

const value = fc.oneof(
	fc.constantFrom<unknown>(...scripts, join(directory, 'none.sh'), directory, configuration, 'pre.sh', '', `${scripts[0]}\n`, true, false, null, 0, 1, 3, 30, 1800, 1801, -1, 2.5, '30', [], ['', ''], ['a', 1], {}),
	fc.jsonValue({maxDepth: 2}),
);
const likely = fc.record({
	preScriptLocation: fc.constantFrom(...scripts), postScriptLocation: fc.constantFrom(...scripts), preScriptParams: fc.array(fc.string({unit: 'binary', maxLength: 6}), {maxLength: 3}),
	timeoutInSeconds: fc.oneof(fc.integer({min: 1, max: 1800}), value), fsFreezeEnabled: fc.boolean(), preScriptNoOfRetries: fc.nat(4),
}, {requiredKeys: []});
const record = (keys: readonly string[]): fc.Arbitrary<Record<string, unknown>> => fc.dictionary(fc.oneof(
	{weight: 6, arbitrary: fc.constantFrom(...keys)},
	{weight: 1, arbitrary: fc.constantFrom('PreScriptLocation', 'timeout', '__proto__', 'constructor', '')},
), value, {maxKeys: 8});
/** JSON, JSON that somebody's hand has been at, and anything. */
const bytes = (content: fc.Arbitrary<unknown>): fc.Arbitrary<Uint8Array> => fc.oneof(
	{weight: 6, arbitrary: content.map(found => JSON.stringify(found, null, 2))},
	{weight: 2, arbitrary: fc.tuple(content, fc.nat(), fc.string({unit: 'binary', maxLength: 2}), fc.nat(3)).map(([found, at, text, less]) => {
		const whole = JSON.stringify(found);
		const place = at % (whole.length + 1);
		return whole.slice(0, place) + text + whole.slice(place + less);
	})},
	{weight: 1, arbitrary: fc.string({unit: 'binary', maxLength: 60})},
).map(text => new TextEncoder().encode(text));
const answers = bytes(fc.oneof(likely, record(answerKeys.filter(key => !key.startsWith('application'))), fc.jsonValue({maxDepth: 2})));
const present = fc.option(bytes(fc.oneof(fc.tuple(likely, record(settingKeys)).map(([first, more]) => ({...more, ...first})), record(settingKeys))), {freq: 3});

/** Runs the set-up, and takes what it prints. */
async function run(): Promise<{readonly exitCode: number; readonly printed: string}> {
	const write = [process.stdout.write, process.stderr.write] as const;
	let printed = '';
	process.stdout.write = process.stderr.write = (text: string | Uint8Array): boolean => {
		printed += String(text);
		return true;
	};
	try {
		return {exitCode: await setUp({answers: answersFile, config: configuration}, 'json'), printed};
	} catch (error) {
		assert.ok(error instanceof Failure, error instanceof Error ? error.stack : String(error));
		return {exitCode: error.exitCode, printed: error.message};
	} finally {
		[process.stdout.write, process.stderr.write] = write;
	}
}

suite('the set-up with any answers over any configuration, on real files', {skip: whyNotRoot()}, () => {
	test('writes what Azure can read, or says why not and writes nothing', async () => {
		let written = 0;
		await fc.assert(fc.asyncProperty(present, answers, async (before, given) => {
			rmSync(directory, {recursive: true, force: true});
			mkdirSync(directory, {mode: 0o755});
			for (const path of scripts) {
				writeFileSync(path, '#!/bin/sh\nexit 0\n');
				chmodSync(path, 0o755);
			}
			if (before !== null) writeFileSync(configuration, before, {mode: 0o644});
			writeFileSync(answersFile, given);
			const {exitCode, printed} = await run();
			assert.ok(printed.length > 0);
			// Nothing half-written lies about.
			assert.deepEqual(readdirSync(directory).filter(name => !/^(?:pre\.sh|post\.sh|VMSnapshotScriptPluginConfig\.json(?:\..+Z(?:-\d+)?)?)$/.test(name)), []);
			if (exitCode !== exitCodes.done) {
				assert.ok(exitCode === exitCodes.findings || exitCode === exitCodes.usage, String(exitCode));
				assert.deepEqual(existsSync(configuration) ? readFileSync(configuration) : null, before === null ? null : Buffer.from(before));
				assert.equal(lstatSync(scripts[0]!).mode & 0o777, 0o755);
				return;
			}
			written++;
			const now = readFileSync(configuration);
			const settings = JSON.parse(now.toString('utf8')) as Record<string, unknown>;
			assert.ok(!('refused' in readEffectiveSettings(now, 1800)));
			assert.equal(lstatSync(configuration).mode & 0o777, 0o600);
			for (const [key, wish] of Object.entries(JSON.parse(new TextDecoder().decode(given)) as object)) assert.deepEqual(settings[key], wish);
			// A second time there is nothing left to do, and what was there is kept where its content changed.
			const kept = readdirSync(directory).length;
			assert.equal((JSON.parse((await run()).printed) as {changed: boolean}).changed, false);
			assert.equal(readdirSync(directory).length, kept);
			if (before !== null && !now.equals(before)) assert.ok(kept > 3, 'the earlier content is kept');
		}), {numRuns});
		assert.ok(written > numRuns / 50, `only ${written} of ${numRuns} were written`);
	});
});
