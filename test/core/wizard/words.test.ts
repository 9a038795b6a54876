import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {readEffectiveSettings} from '../../../source/core/extension/settings.js';
import {ago} from '../../../source/core/wizard/ago.js';
import {valueNotes} from '../../../source/core/wizard/notes.js';
import {consequencesOf, effectiveLimit, questionOf} from '../../../source/core/wizard/words.js';
import {why} from '../../../source/core/wizard/why.js';
import {pagesOf, steps} from '../../../source/core/wizard/steps.js';
import {begun, configuration, emptyMachine, enter, mariadb, next, play} from './states.js';

suite('what the wizard says', () => {
	test('the time limit that it foretells is the one of the extension\'s model', () => {
		fc.assert(fc.property(fc.integer({min: 1, max: 1800}), fc.integer({min: 1, max: 5}), (timeout, poll) => {
			const text = JSON.stringify({preScriptLocation: '/a', postScriptLocation: '/b', timeoutInSeconds: timeout, ScriptsExecutionPollTimeSeconds: poll});
			const settings = readEffectiveSettings(new TextEncoder().encode(text), 1800);
			assert.ok(!('refused' in settings));
			assert.equal(effectiveLimit(timeout, poll) * 1000, settings.limitMs);
		}));
	});

	test('every screen asks a question', () => {
		const state = play(begun({applications: [mariadb]}), enter('askSettings', true));
		for (const page of pagesOf(state)) assert.notEqual(questionOf(page, state), '', page);
	});

	test('every step says why', () => {
		for (const {name} of steps) assert.ok(why[name].length > 0);
	});

	test('beside a value stand the present one, the default and the range', () => {
		const machine = {...emptyMachine, existing: {path: configuration, settings: {timeoutInSeconds: 60, continueBackupOnFailure: false}, problem: null}};
		const state = begun({machine});
		assert.deepEqual(valueNotes('timeout', state), ['now 60 s', 'default 30 s', 'from 1 to 1800 s']);
		assert.deepEqual(valueNotes('poll', state), ['default 3 s', 'from 1 to 5 s']);
		assert.equal(valueNotes('on-failure', state)[0], 'now no backup');
		const odd = begun({machine: {...emptyMachine, existing: {path: configuration, settings: {fsFreezeEnabled: 'false', timeoutInSeconds: 0}, problem: null}}});
		assert.deepEqual(valueNotes('freeze', odd), ['now "false", which is not right', 'default freeze', 'fsFreezeEnabled']);
		assert.equal(valueNotes('timeout', odd)[0], 'now 0, which is not right');
	});

	test('what the extension really does is said where it matters', () => {
		const said = (page: Parameters<typeof consequencesOf>[0], ...events: Parameters<typeof play>[1][]): string => consequencesOf(page, play(begun(), ...events)).map(({text}) => text).join(' ');
		assert.doesNotMatch(said('pre-retries'), /does not really retry/);
		assert.match(said('pre-retries', enter('preRetries', '2')), /up to 3 times.*does not really retry/);
		assert.match(said('timeout', enter('timeout', '31')), /longer than 33 s has failed, not 31/);
		assert.match(said('timeout', enter('timeout', '600')), /Minutes are felt/);
		assert.equal(said('timeout', enter('timeout', '1801')), '');
		assert.match(said('on-failure', enter('fsFreezeEnabled', false)), /fail all the same/);
		assert.match(said('freeze', enter('fsFreezeEnabled', false)), /although you chose otherwise.*never frozen/);
		assert.doesNotMatch(said('freeze', enter('fsFreezeEnabled', false), enter('continueBackupOnFailure', false)), /never frozen/);
		assert.match(said('poll', enter('poll', 4)), /time limit of 30 s becomes 32 s/);
	});

	test('a note of the template is shown on the next screen', () => {
		const state = play(begun(), next, next);
		assert.match(consequencesOf('scripts', {...state, base: {...state.base!, note: 'No network.'}})[0]!.text, /No network/);
	});

	for (const [at, words] of [['04:59:30', 'just now'], ['04:10:00', '50 min ago'], ['01:00:00', '4 h ago']] as const) {
		test(`${at} at five is ${words}`, () => assert.equal(ago(`2026-11-24T${at}Z`, '2026-11-24T05:00:00Z'), words));
	}

	test('days, and times that make no sense', () => {
		assert.equal(ago('2026-11-20T05:00:00Z', '2026-11-24T05:00:00Z'), '4 days ago');
		assert.equal(ago('2026-12-24T05:00:00Z', '2026-11-24T05:00:00Z'), 'just now');
	});
});
