import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {examineFacts} from '../../../source/core/checks/examination.js';
import {editSettings, readSettingsText} from '../../../source/core/settings-text.js';
import {mendFile} from '../../../source/core/mending.js';
import {outcomes} from '../../../source/core/outcome.js';
import {configurationPath, goodSettings, makeFacts, makeFile} from '../../support/facts.js';

/** More with QUIESCE_PROPERTY_RUNS=100000. */
const numRuns = Number(process.env['QUIESCE_PROPERTY_RUNS'] ?? 10_000);

/** No answer may take more of the processor than this, whatever the bytes are. Milliseconds. */
const longest = 2000;

function judge(bytes: Uint8Array): ReturnType<typeof examineFacts> {
	const before = process.cpuUsage();
	const examination = examineFacts(makeFacts({text: bytes}));
	assert.ok(process.cpuUsage(before).user / 1000 < longest, 'it took too long');
	const {verdict, sentence, findings} = examination;
	assert.ok(outcomes.includes(verdict.outcome));
	assert.ok(sentence.length > 20);
	for (const {name} of verdict.errors) assert.ok(findings.some(({severity, error}) => severity === 'error' && error === name), `no finding says ${name}`);
	// What the model does not see, no check may claim to know.
	if (verdict.outcome === 'application-consistent') assert.deepEqual(findings.filter(({severity, source}) => severity === 'error' && source === 'verdict').map(({id}) => id), []);
	assert.equal(new Set(findings.map(({id}) => id)).size, findings.length);
	JSON.stringify(findings);
	return examination;
}

const odd = fc.oneof(
	fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 2, 2.5, Number.POSITIVE_INFINITY, '', 'x', 'false', 'true', '30', ' 3 ', [], ['a'], [''], ['', ''], [null], {}, {a: 1}, '\0', '\u{D800}', ['\0'], 'x'.repeat(200)),
	fc.jsonValue({maxDepth: 2}),
);

/** Configurations that nearly work: good settings, of which some have odd values, some are missing, some are spelt otherwise. */
const nearly = fc.record({
	values: fc.dictionary(fc.constantFrom(...Object.keys(goodSettings), 'ScriptsExecutionPollTimeSeconds', 'appName'), odd, {maxKeys: 3}),
	without: fc.subarray(Object.keys(goodSettings), {maxLength: 2}),
	spelt: fc.subarray(['PreScriptLocation', 'PreScriptParams', 'timeoutinseconds', 'post_script_location', 'fsFreezeEnable'], {maxLength: 2}),
	broken: fc.option(fc.record({at: fc.nat(), character: fc.constantFrom('', ',', '}', '"', '\\', '#', '\u0001', '\uFEFF', '[', 'NaN')}), {freq: 3}),
	space: fc.constantFrom(undefined, 2, '\t'),
}).map(({values, without, spelt, broken, space}) => {
	const settings: Record<string, unknown> = {...goodSettings, ...values};
	for (const key of without) delete settings[key];
	for (const key of spelt) settings[key] = 'x';
	const text = JSON.stringify(settings, null, space);
	const at = broken === null ? 0 : broken.at % text.length;
	return broken === null ? text : text.slice(0, at) + broken.character + text.slice(at + 1);
});

suite('any configuration', () => {
	test('no bytes keep the doctor from an answer', () => {
		fc.assert(fc.property(fc.oneof(
			fc.uint8Array({maxLength: 300}),
			fc.string({unit: 'binary', maxLength: 300}).map(text => new TextEncoder().encode(text)),
			fc.json({maxDepth: 4}).map(text => new TextEncoder().encode(text)),
			nearly.map(text => new TextEncoder().encode(text)),
			nearly.map(text => new Uint8Array(Buffer.from(`\uFEFF${text}`, 'utf16le'))),
		), bytes => void judge(bytes)), {numRuns});
	});

	test('what can be mended is mended by what is offered, and what is fine never gets worse', () => {
		fc.assert(fc.property(nearly, text => {
			let bytes: Uint8Array = new TextEncoder().encode(text);
			let before = judge(bytes);
			// One after the other may come to light; it ends.
			for (let round = 0; round < 4; round++) {
				const fixable = before.findings.filter(({fixable, mend}) => fixable && mend !== undefined && 'path' in mend && mend.path === configurationPath);
				if (fixable.length === 0) return;
				const mended = mendFile({path: configurationPath, content: bytes, mode: 0o600, owner: 'root'}, fixable);
				if (mended.bytes === null) return;
				bytes = mended.bytes;
				const after = judge(bytes);
				// Where there was an error, the one behind it comes to light, and that may be a worse one; where there was none, none may come.
				const hid = before.verdict.errors.length > 0;
				assert.ok(hid || outcomes.indexOf(after.verdict.outcome) <= outcomes.indexOf(before.verdict.outcome), `${text}\n${new TextDecoder().decode(bytes)}`);
				// A second key of nearly the same spelling takes over the first one's id.
				const gone = mended.mended.map(({id}) => id).filter(id => !id.startsWith('misspelt-'));
				assert.deepEqual(after.findings.map(({id}) => id).filter(id => gone.includes(id)), [], new TextDecoder().decode(bytes));
				before = after;
			}

			assert.fail(`it never ends: ${text}`);
		}), {numRuns: Math.ceil(numRuns / 4)});
	});

	test('one setting is changed, and all else stays as it is', () => {
		fc.assert(fc.property(fc.dictionary(fc.string({maxLength: 8}), fc.jsonValue({maxDepth: 2}), {maxKeys: 6}), fc.string({maxLength: 8}), fc.jsonValue({maxDepth: 1}), fc.constantFrom(undefined, 1, '\t'), (settings, key, value, space) => {
			const text = JSON.stringify(settings, null, space);
			const plain = (object: unknown): unknown => JSON.parse(JSON.stringify(object));
			const read = (edited: string | null): unknown => plain(readSettingsText(new TextEncoder().encode(edited ?? 'null')).settings);
			assert.deepEqual(read(editSettings(text, [{change: 'set', key, value}])), plain({...settings, [key]: value}));
			assert.deepEqual(read(editSettings(text, [{change: 'remove', key}])), plain(Object.fromEntries(Object.entries(settings).filter(([name]) => name !== key))));
			assert.equal(editSettings(text, []), text);
		}));
	});

	test('long and deep texts are answered at once', () => {
		for (const text of [
			'['.repeat(1_000_000), '{"a":'.repeat(200_000), `{"a":"${'\\u0041'.repeat(500_000)}"}`, `{${'"a":1,'.repeat(300_000)}"b":2}`, `{"a":${'1'.repeat(4000)}}`, ' '.repeat(5_000_000),
			`{"preScriptParams":[${'"",'.repeat(300_000)}""]}`, `{${Array.from({length: 20_000}, (_, index) => `"preScriptLocatio${index}":1`).join()}}`, `"${'\\'.repeat(1_000_001)}`, `{"a":1${'/*'.repeat(500_000)}`,
		]) judge(new TextEncoder().encode(text));
	});

	test('any text of a script is judged at once', () => {
		const words = fc.array(fc.constantFrom('if', 'fi', '[[', 'exit 0', 'exec', '\'', '"', '\\', '<<EOF', 'EOF', '`', '$(', ')', '{', '}', '#', ';', '\n', '\r\n', ' ', 'set -x', 'while', 'done', '#!/bin/bash', 'fsfreeze -f', 'systemctl stop x', '${a/b}', '|', '>', '&'), {maxLength: 80});
		fc.assert(fc.property(words, parts => {
			const text = parts.join(' ');
			examineFacts(makeFacts({pre: {text, file: makeFile('/etc/azure/pre.sh', text, {mode: 0o700}), syntax: {line: 3, message: 'x'}}}));
		}), {numRuns: 2000});
		for (const text of ['x '.repeat(500_000), '\n'.repeat(1_000_000), '"'.repeat(999_999), 'set -x\nfor\n'.repeat(90_000), `tar ${'-'.repeat(900)}\n`.repeat(1000), `${'if '.repeat(300)}\n`.repeat(900), `${' '.repeat(990)}\n`.repeat(1000), `x=${'a'.repeat(990)}+\n`.repeat(1000), `[ ${'a '.repeat(490)}\n`.repeat(1000)]) {
			const before = process.cpuUsage();
			examineFacts(makeFacts({pre: {text}, post: {text}}));
			assert.ok(process.cpuUsage(before).user / 1000 < longest, `${text.slice(0, 20)} took too long`);
		}
	});
});
