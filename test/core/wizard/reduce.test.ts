import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {defaultEntries, emptyPair} from '../../../source/core/wizard/entries.js';
import type {EntryName, WizardEvent, WizardState} from '../../../source/core/wizard/types.js';
import {draftOf, isBlank, readDraft} from '../../../source/core/wizard/draft.js';
import {currentAnswers, planRequest, reduceWizard} from '../../../source/core/wizard/reduce.js';
import {pagesOf, stepNumber, steps} from '../../../source/core/wizard/steps.js';
import type {Page, StepName} from '../../../source/core/wizard/pages.js';
import {isWriting, wanted} from '../../../source/core/wizard/wanted.js';
import {back, begun, configuration, emptyMachine, enter, file, mariadb, next, plan, play, settled, template} from './states.js';

const own = [enter('application', null), next, enter('preScript', '/s/pre.sh'), next, enter('postScript', '/s/post.sh'), next, next] as const;

/** Up to the review, with scripts of one's own. */
function reviewed(state = begun()): WizardState {
	return play(state, next, next, ...own, ...Array.from({length: 9}, () => next));
}

/** More with QUIESCE_PROPERTY_RUNS=100000. */
const numRuns = Number(process.env['QUIESCE_PROPERTY_RUNS'] ?? 600);

suite('the wizard', () => {
	test('has twelve steps, and Enter leads through them', () => {
		assert.equal(steps.length, 12);
		const seen: Page[] = [];
		let now = begun();
		for (const event of [next, next, ...own, ...Array.from({length: 9}, () => next)]) {
			seen.push(now.page);
			now = play(now, event);
		}

		assert.deepEqual([...new Set(seen)], ['machine', 'template', 'scripts', 'pre-script', 'post-script', 'place', 'pre-parameters', 'post-parameters', 'pre-retries', 'post-retries', 'timeout', 'on-failure', 'freeze', 'poll', 'permissions']);
		assert.equal(now.page, 'review');
		assert.equal(stepNumber(now.page), 11);
		now = reduceWizard(now, next);
		assert.ok(isWriting(now));
		assert.deepEqual(wanted(now).map(({want}) => want), ['write']);
		assert.equal(reduceWizard(now, back), now, 'nothing can be taken back while it is written');
		now = settled(now);
		assert.equal(now.page, 'rehearsal');
		assert.ok(now.written !== null);
	});

	test('the answers are the configuration\'s own keys', () => {
		const now = play(reviewed(), {type: 'edit', step: 'parameters'}, enter('preParameters', ['a b', '', '"é']), next, next, {type: 'edit', step: 'poll'}, enter('poll', 1), next);
		assert.equal(now.page, 'review');
		assert.deepEqual(currentAnswers(now), {
			preScriptLocation: '/s/pre.sh', postScriptLocation: '/s/post.sh', preScriptParams: ['a b', '', '"é'], postScriptParams: [],
			preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true, ScriptsExecutionPollTimeSeconds: 1,
		});
	});

	test('a poll time that is the extension\'s own is written only where it stands already', () => {
		assert.ok(!Object.hasOwn(currentAnswers(reviewed()), 'ScriptsExecutionPollTimeSeconds'));
		const machine = {...emptyMachine, existing: {path: configuration, settings: {...template, ScriptsExecutionPollTimeSeconds: 2}, problem: null}};
		const now = play(begun({machine}), next, next, enter('poll', 3));
		assert.equal(currentAnswers(now)['ScriptsExecutionPollTimeSeconds'], 3);
	});

	test('a missing script is refused, and the field keeps what was typed', () => {
		let now = play(begun(), next, next, enter('application', null), next);
		now = reduceWizard(now, enter('preScript', '/s/gone.sh'));
		now = settled(reduceWizard(now, next), {missing: ['/s/gone.sh']});
		assert.equal(now.page, 'pre-script');
		assert.equal(now.complaint, 'There is no such file.');
		assert.equal(now.entries.preScript, '/s/gone.sh');
		assert.equal(now.waiting, false);
	});

	test('Enter before the path was looked at waits for the look, and a look of another path does not count', () => {
		let now = play(begun(), next, next, enter('application', null), next);
		now = reduceWizard(reduceWizard(now, enter('preScript', '/s/pre.sh')), next);
		assert.ok(now.waiting);
		now = reduceWizard(now, {type: 'looked', look: file('/s/pre')});
		assert.equal(now.page, 'pre-script');
		now = reduceWizard(now, {type: 'looked', look: file('/s/pre.sh')});
		assert.equal(now.page, 'post-script');
	});

	for (const [name, value, sentence] of [
		['preScript', '', 'A path is needed.'],
		['preScript', 'scripts/pre.sh', /must be absolute/],
		['preScript', '/s/pre\n.sh', /control character/],
		['preScript', '~/pre.sh', /does not know ~/],
		['preScript', `/${'a'.repeat(300)}`, /longer than Linux allows/],
	] as const) {
		test(`a path ${JSON.stringify(value.slice(0, 20))} is refused without looking`, () => {
			const now = reduceWizard(play(begun(), next, next, enter('application', null), next, enter(name, value)), next);
			assert.equal(now.page, 'pre-script');
			assert.match(now.complaint ?? '', typeof sentence === 'string' ? new RegExp(sentence) : sentence);
			assert.deepEqual(wanted(now), []);
		});
	}

	for (const [value, accepted] of [['0', false], ['-1', false], ['1801', false], ['', false], ['3 0', false], ['1e2', false], ['1', true], ['1800', true], ['030', true]] as const) {
		test(`a time limit of ${JSON.stringify(value)} is ${accepted ? 'accepted' : 'refused'}`, () => {
			const now = play(begun(), next, next, ...own, next, next, next, next, enter('timeout', value), next);
			assert.equal(now.page, accepted ? 'on-failure' : 'timeout');
			assert.equal(now.complaint === null, accepted);
		});
	}

	test('an existing configuration is kept and fills the answers in; what was entered survives another template', () => {
		const machine = {...emptyMachine, existing: {path: configuration, settings: {preScriptLocation: '/a', postScriptLocation: '/b', preScriptParams: [true, 'x y'], timeoutInSeconds: 90, continueBackupOnFailure: 'false'}, problem: null}};
		let now = begun({machine, applications: [mariadb]});
		assert.equal(now.entries.source, 'existing');
		now = play(now, next, next);
		assert.equal(now.page, 'scripts');
		assert.equal(now.entries.application, null, 'scripts that are configured are not replaced by a suggestion');
		assert.deepEqual([now.entries.preScript, now.entries.postScript, now.entries.timeout, now.entries.continueBackupOnFailure], ['/a', '/b', '90', false]);
		assert.deepEqual(now.entries.preParameters, ['True', 'x y']);
		now = play(now, enter('timeout', '120'), back, enter('source', 'bundled'), next);
		assert.deepEqual([now.entries.timeout, now.entries.preScript, now.entries.continueBackupOnFailure, now.entries.preParameters], ['120', '', true, ['--socket', '/run/mysqld/mysqld.sock']], 'the suggestion comes with another template');
	});

	test('the running application is suggested, its settings are asked for, and its parameters filled in', () => {
		let now = play(begun({applications: [{...mariadb, id: 'other', running: false}, mariadb]}), next, next);
		assert.equal(now.entries.application, 'mariadb');
		now = play(now, next);
		assert.equal(now.page, 'settings');
		assert.equal(play(now, next).page, 'pre-parameters', 'what fits need not be gone through');
		now = play(now, enter('askSettings', true), next);
		assert.equal(now.page, 'setting:socket');
		now = play(now, enter('applicationSettings', {'mariadb.socket': '/s', 'mariadb.password': 'secret'}), next, next);
		assert.equal(now.page, 'pre-parameters');
		assert.deepEqual(now.entries.preParameters, ['--socket', '/s']);
		assert.deepEqual(currentAnswers(now)['applicationSettings'], {user: 'root', socket: '/s', password: 'secret'});
		const draft = draftOf(now, '2026-11-24T01:02:03Z');
		assert.ok(!JSON.stringify(draft).includes('secret'), 'a draft keeps no secret');
		assert.equal(draft.page, 'scripts', 'and asks for it again');
	});

	test('a template from the command line is the first choice', () => {
		const from = begun({template: '/t.json'});
		assert.deepEqual([from.entries.source, from.entries.templateFile], ['file', '/t.json']);
		assert.equal(play(from, next, next).page, 'template-file');
		assert.equal(begun({template: 'http://127.0.0.1/t'}).entries.source, 'download');
	});

	test('a template that cannot be used says so and stays', () => {
		let now = play(begun(), next);
		now = reduceWizard(now, next);
		now = reduceWizard(now, {type: 'template-failed', key: 'bundled', sentence: 'It is empty.'});
		assert.deepEqual([now.page, now.complaint, now.waiting], ['template', 'It is empty.', false]);
	});

	test('a plan that fails is not tried for ever, but again on request', () => {
		let now = reviewed();
		now = reduceWizard(now, {type: 'refresh'});
		assert.equal(wanted(now)[0]?.want, 'plan');
		now = reduceWizard(now, {type: 'plan-failed', sentence: 'No.'});
		assert.deepEqual(wanted(now), []);
		assert.equal(wanted(reduceWizard(now, next))[0]?.want, 'plan');
	});

	test('Enter before the plan has been seen does not write it', () => {
		let now = reduceWizard(reduceWizard(reviewed(), {type: 'refresh'}), next);
		assert.ok(now.waiting);
		const [want] = wanted(now);
		assert.equal(want?.want, 'plan');
		now = reduceWizard(now, {type: 'planned', key: want!.key, plan: plan()});
		assert.deepEqual([isWriting(now), now.waiting, wanted(now)], [false, false, []]);
		assert.ok(isWriting(reduceWizard(now, next)));
	});

	test('a write that failed is planned anew and shown before it is tried again', () => {
		let now = reduceWizard(reduceWizard(reviewed(), next), {type: 'write-failed', sentence: 'Somebody else was there.'});
		assert.deepEqual([now.page, now.complaint, now.written, now.plan, wanted(now)], ['review', 'Somebody else was there.', null, null, []]);
		now = settled(reduceWizard(now, next));
		assert.deepEqual([now.page, isWriting(now), now.plan !== null], ['review', false, true]);
	});

	test('what is to be planned: copies, a template that replaces the present configuration, permissions left as they are', () => {
		const own = planRequest(play(reviewed(), {type: 'edit', step: 'scripts'}, next, next, next, enter('place', 'copy'), next));
		assert.deepEqual(own.copies, [{from: '/s/pre.sh', to: '/etc/azure/pre.sh'}, {from: '/s/post.sh', to: '/etc/azure/post.sh'}]);
		assert.equal((own.answers as Record<string, unknown>)['preScriptLocation'], '/etc/azure/pre.sh');
		assert.deepEqual([own.mend, own.anew, own.template], [true, false, JSON.stringify(template)]);

		const machine = {...emptyMachine, existing: {path: configuration, settings: {timeoutInSeconds: 60}, problem: null}};
		const kept = planRequest(play(begun({machine}), next, next, enter('mend', false)));
		assert.deepEqual([kept.mend, kept.template, kept.anew], [false, undefined, undefined]);
		const anew = planRequest(play(begun({machine}), enter('source', 'bundled'), next, next));
		assert.deepEqual([anew.anew, anew.template], [true, JSON.stringify(template)]);
	});

	test('scripts that lie where they would be copied to are not copied onto themselves', () => {
		const now = play(begun(), next, next, enter('application', null), next, enter('preScript', '/etc/azure/pre.sh'), next, enter('postScript', '/s/post.sh'), next, enter('place', 'copy'));
		assert.deepEqual(planRequest(now).copies, [{from: '/s/post.sh', to: '/etc/azure/post.sh'}]);
	});

	test('the pair to fill in needs no paths', () => {
		const now = play(begun(), next, next, enter('application', emptyPair), next);
		assert.equal(now.page, 'pre-parameters');
		assert.deepEqual([currentAnswers(now)['preScriptLocation'], currentAnswers(now)['postScriptLocation']], ['/etc/azure/pre.sh', '/etc/azure/post.sh']);
	});

	test('answers that are not acceptable are not written', () => {
		let now = settled(reduceWizard(reviewed(), {type: 'refresh'}), {planned: plan({valid: false, problems: [{key: 'timeoutInSeconds', value: 0, expected: '', message: 'Too long.'}]})});
		now = reduceWizard(now, next);
		assert.deepEqual([now.page, now.complaint, isWriting(now)], ['review', 'It cannot be written like this. Press e to change a step.', false]);
	});

	test('with nothing to change Enter goes on without writing', () => {
		const now = settled(reduceWizard(reviewed(), {type: 'refresh'}), {planned: plan({changed: false})});
		const after = reduceWizard(now, next);
		assert.deepEqual([after.page, after.written], ['rehearsal', null]);
	});

	test('a step edited from the review leads back to it, and Back goes into the step again', () => {
		const at = reviewed();
		let now = play(at, {type: 'edit', step: 'retries'}, next);
		assert.equal(now.page, 'post-retries');
		now = play(now, next);
		assert.equal(now.page, 'review');
		assert.equal(play(now, back).page, 'post-retries');
		now = play(now, back, back, back);
		assert.equal(now.page, 'review');
		assert.equal(play(now, back).page, 'permissions');
	});

	test('a script that others could replace is copied, not used where it is', () => {
		const open = {...file('/open/pre.sh'), openPlaces: [{path: '/open', mode: 0o777, owner: 'root', because: 'everybody' as const}]};
		let now = reduceWizard(play(begun(), next, next, enter('application', null), next, enter('preScript', '/open/pre.sh')), next);
		now = reduceWizard(now, {type: 'looked', look: open});
		// Typed character by character, each of which is looked at: that does not make the first script forgotten.
		const path = `/s/${'far/'.repeat(20)}post.sh`;
		now = play([...path].reduce((state, _, index) => play(state, enter('postScript', path.slice(0, index + 1))), now), next);
		assert.deepEqual([now.page, now.entries.place], ['place', 'copy']);
		const resumed = play(begun({draft: draftOf(now, '2026-11-24T01:02:03Z')}), next);
		assert.deepEqual([resumed.page, Object.keys(resumed.looks)], ['place', ['/open/pre.sh', path]], 'a draft that is taken up here is looked at again');
		const refused = play(now, enter('place', 'there'), next);
		assert.deepEqual([refused.page, refused.complaint], ['place', 'Others than root can put another file into /open: Azure would run it as root.']);
		const after = play(now, next);
		assert.deepEqual([after.page, currentAnswers(after)['preScriptLocation']], ['pre-parameters', '/etc/azure/pre.sh']);
	});

	test('two scripts of the same name cannot be copied beside each other', () => {
		const now = play(begun(), next, next, enter('application', null), next, enter('preScript', '/a/run.sh'), next, enter('postScript', '/b/run.sh'), next, enter('place', 'copy'), next);
		assert.equal(now.page, 'place');
		assert.match(now.complaint ?? '', /Both scripts are called run\.sh/);
	});

	test('a draft is taken up where it was left, or started anew', () => {
		const left = play(begun(), next, next, ...own, enter('preParameters', ['x']));
		assert.ok(!isBlank(left));
		const draft = readDraft(JSON.parse(JSON.stringify(draftOf(left, '2026-11-24T01:02:03Z'))), configuration);
		assert.ok(draft !== null);
		const again = begun({draft});
		assert.equal(again.page, 'draft');
		const taken = play(again, next);
		assert.deepEqual([taken.page, taken.entries.preParameters, taken.entries.preScript], ['pre-parameters', ['x'], '/s/pre.sh']);
		const anew = play(again, enter('takeUp', false), next);
		assert.deepEqual([anew.page, anew.entries.preScript], ['machine', '']);
	});

	test('a damaged draft, or one of another configuration, is none', () => {
		const draft = draftOf(reviewed(), '2026-11-24T01:02:03Z');
		assert.equal(readDraft(draft, '/other.json'), null);
		for (const damage of [null, 3, [], {...draft, version: 2}, {...draft, at: 'x'}, {...draft, page: 'nowhere'}, {...draft, entries: {...draft.entries, poll: 9}}, {...draft, entries: {}}, {...draft, touched: ['constructor']}, {...draft, base: 3}, {...draft, entries: {...draft.entries, preParameters: [1]}}]) {
			assert.equal(readDraft(damage, configuration), null, JSON.stringify(damage)?.slice(0, 60));
		}
	});
});

const text = fc.oneof(fc.string(), fc.constantFrom('/s/pre.sh', '/s/post.sh', '30', '0', '1801', ''));

const entered = fc.oneof(...(Object.keys(defaultEntries) as EntryName[]).map(name => fc.record({type: fc.constant('entered' as const), name: fc.constant(name), value: valueOf(name)}))) as fc.Arbitrary<WizardEvent>;

function valueOf(name: EntryName): fc.Arbitrary<unknown> {
	switch (name) {
		case 'source': return fc.constantFrom('existing', 'download', 'bundled', 'file');
		case 'place': return fc.constantFrom('there', 'copy');
		case 'application': return fc.constantFrom(null, 'mariadb', 'unknown', emptyPair);
		case 'applicationSettings': return fc.dictionary(fc.constantFrom('mariadb.socket', 'x'), fc.string());
		case 'preParameters':
		case 'postParameters': return fc.array(fc.string());
		case 'poll': return fc.integer({min: 1, max: 5});
		default: return typeof defaultEntries[name] === 'boolean' ? fc.boolean() : text;
	}
}

const events: fc.Arbitrary<WizardEvent> = fc.oneof(
	{weight: 8, arbitrary: fc.constant<WizardEvent>(next)},
	{weight: 4, arbitrary: fc.constant<WizardEvent>(back)},
	{weight: 6, arbitrary: entered},
	fc.constantFrom(...steps.map(({name}) => ({type: 'edit' as const, step: name as StepName}))),
	fc.constant<WizardEvent>({type: 'refresh'}),
	text.map(path => ({type: 'looked' as const, look: file(path)})),
	fc.record({type: fc.constant('template-read' as const), key: fc.constantFrom('bundled', 'download', 'file:/s/pre.sh'), template: fc.record({text: fc.string(), settings: fc.dictionary(fc.constantFrom('timeoutInSeconds', 'preScriptLocation', 'preScriptParams', 'ScriptsExecutionPollTimeSeconds'), fc.jsonValue()), note: fc.constant(null)})}),
	fc.constant<WizardEvent>({type: 'template-failed', key: 'bundled', sentence: 'No.'}),
	fc.record({type: fc.constant('planned' as const), key: fc.string(), plan: fc.record({valid: fc.boolean(), changed: fc.boolean()}).map(part => plan(part))}),
	fc.constant<WizardEvent>({type: 'plan-failed', sentence: 'No.'}),
	fc.constant<WizardEvent>({type: 'written', done: [], backup: null}),
	fc.constant<WizardEvent>({type: 'write-failed', sentence: 'No.'}),
	fc.constant<WizardEvent>({type: 'machine-seen', machine: {...emptyMachine, existing: {path: configuration, settings: {preScriptLocation: '/a', postScriptLocation: '/b'}, problem: null}}}),
	fc.constant<WizardEvent>({type: 'applications-seen', applications: [mariadb]}),
);

suite('any sequence of events', () => {
	const withDraft = begun({draft: draftOf(reviewed(), '2026-11-24T01:02:03Z')});
	const atScripts = play(begun({applications: [mariadb]}), next, next);
	/** Places to begin at: by chance alone the later ones would hardly be reached. */
	const places = fc.constantFrom(begun(), withDraft, atScripts, play(atScripts, enter('application', null), next), play(atScripts, enter('askSettings', true), next, next), play(begun(), next, enter('source', 'file'), next), play(reviewed(), back, back), reviewed());

	test('leaves the wizard on a legal screen, says nothing is written that was not, and never fails', () => {
		fc.assert(fc.property(fc.array(events, {maxLength: 40}), places, (sequence, place) => {
			let now = place;
			for (const event of sequence) {
				const before = now;
				now = reduceWizard(now, event);
				assert.ok(pagesOf(now).includes(now.page), now.page);
				assert.ok(now.written === before.written || isWriting(before), 'only what was being written is written');
				assert.ok(!(now.waiting && now.complaint !== null));
				wanted(now);
				currentAnswers(now);
				JSON.stringify(draftOf(now, '2026-11-24T01:02:03Z'));
			}
		}), {numRuns});
	});

	test('Back takes back a Next, and keeps every answer', () => {
		fc.assert(fc.property(fc.array(events, {maxLength: 30}), places, (sequence, place) => {
			const before = settled(sequence.reduce(reduceWizard, place));
			// Taking up a draft and writing are no steps that could be taken back.
			if (isWriting(reduceWizard(before, next)) || (before.page === 'draft' && before.entries.takeUp)) return;
			const after = settled(reduceWizard(before, next));
			if (after.page === before.page) return;
			const again = reduceWizard(after, back);
			assert.deepEqual([again.page, again.editing], [before.page, before.editing]);
			assert.deepEqual(again.entries, after.entries);
			for (const name of before.touched) assert.deepEqual(again.entries[name], before.entries[name], name);
		}), {numRuns});
	});

	test('a draft of any state can be read back', () => {
		fc.assert(fc.property(fc.array(events, {maxLength: 30}), places, (sequence, place) => {
			const state = sequence.reduce(reduceWizard, place);
			const draft = readDraft(JSON.parse(JSON.stringify(draftOf(state, '2026-11-24T01:02:03.000Z'))), configuration);
			assert.ok(draft !== null);
			assert.deepEqual({...draft.entries, applicationSettings: {}}, {...state.entries, applicationSettings: {}});
		}), {numRuns: Math.ceil(numRuns / 2)});
	});
});
