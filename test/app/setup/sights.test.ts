import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import type {Application} from '../../../source/applications/index.js';
import {applicationOffers} from '../../../source/app/setup/offers.js';
import {machineSight} from '../../../source/app/setup/machine-sight.js';
import {validateAnswers} from '../../../source/core/config/answers.js';
import {answersOf, defaultEntries} from '../../../source/core/wizard/entries.js';
import {suggestedApplication} from '../../../source/core/wizard/reduce.js';
import type {MachineLook} from '../../../source/operations/look-at-machine.js';

const target = (mount: string) => ({mount, device: '8:1', type: 'ext4'});
const look: MachineLook = {
	root: true,
	azure: {deployment: 'resource-manager', name: 'vm-sql-01', location: 'westeurope', resourceId: null, problem: null},
	directory: {path: '/etc/azure', state: 'there', problem: null, remedy: null},
	extension: {directory: '/x', version: '1.0.9227.0', running: false},
	freeze: {plan: {waves: [[target('/data')], [target('/')]], excluded: [], disks: 2}, fenced: [], problem: null},
	configuration: {path: '/etc/azure/VMSnapshotScriptPluginConfig.json', state: 'missing', settings: null, problem: null, documented: null},
};
const line = (changed: Partial<MachineLook>, what: string, named = false) => machineSight({...look, ...changed}, named).lines.find(one => one.what === what);

suite('what the first step says of a machine', () => {
	test('a VM with everything', () => {
		const sight = machineSight(look, false);
		assert.deepEqual(sight.lines.map(({state}) => state), ['fine', 'fine', 'fine', 'fine', 'info']);
		assert.deepEqual(sight.freezes, ['/data', '/']);
		assert.equal(sight.existing, null);
	});

	test('what stands in the way is a problem', () => {
		assert.equal(line({azure: {...look.azure!, deployment: 'classic'}}, 'Azure')?.state, 'problem');
		assert.equal(line({directory: {path: '/etc/azure', state: 'refused', problem: 'Others may write to it.', remedy: 'Let them not: chmod go-w /etc/azure'}}, 'directory')?.found, 'Others may write to it. Let them not: chmod go-w /etc/azure');
		assert.equal(line({freeze: {plan: null, problem: '/x is not a mount point.'}}, 'filesystems')?.state, 'problem');
		assert.equal(line({extension: {directory: '/x', version: '1', running: true}}, 'extension')?.state, 'warning');
	});

	test('the documentation\'s name, and a configuration that cannot be read', () => {
		const configuration = {...look.configuration, state: 'unusable' as const, problem: 'It is empty.', documented: '/etc/azure/VMSnapshotPluginConfig.json'};
		assert.match(line({configuration}, 'configuration')!.found, /cannot be made out.*It is empty$/);
		assert.match(line({configuration}, 'documented')!.found, /never reads it/);
		assert.deepEqual(machineSight({...look, configuration}, false).existing, {path: configuration.path, settings: null, problem: 'It is empty.'});
	});

	test('what a fence keeps a rehearsal from is told, and Azure is not kept from it', () => {
		const plan = {waves: [[target('/data')]], excluded: [], disks: 1};
		const fenced = {freeze: {plan, fenced: ['/'], problem: null}};
		assert.match(line(fenced, 'filesystems')!.found, /^Azure would freeze \/data and \/; QUIESCE_FREEZE_ONLY lets a rehearsal here freeze only \/data$/);
		const {freezes, rehearses} = machineSight({...look, ...fenced}, false);
		assert.deepEqual([freezes, rehearses], [['/data', '/'], ['/data']]);
	});

	test('while Azure is being asked all else is there already', () => {
		assert.deepEqual(machineSight({...look, azure: null}, false).lines.map(({state}) => state), ['info', 'fine', 'fine', 'fine', 'info']);
	});

	test('mounts that were named are those of the rehearsal', () => {
		assert.match(line({}, 'filesystems', true)!.found, /\/data and \/ are frozen by a rehearsal, as you named/);
	});
});

const application: Application = {
	name: 'thing', title: 'Thing', summary: 'Holds it.',
	settings: [
		{name: 'port', question: 'Which port?', default: '', help: '', required: true},
		{name: 'wait', question: 'How long?', default: '5', help: '', kind: 'seconds'},
		{name: 'password', question: 'Which password?', default: '', help: '', secret: true},
	],
	detect: async () => [
		{name: 'thing', title: 'Thing 1', running: true, version: '1', dataDirectory: '/data/1', mounts: ['/data'], access: '', settings: {port: '1'}},
		{name: 'thing', title: 'Thing\u001B[2J 2', running: false, version: '2', dataDirectory: '/data\u202E2', mounts: [], access: '', settings: {}},
	],
	scripts: settings => ({files: [], pre: 'a', post: 'b', preParameters: [settings['port'] ?? ''], postParameters: []}),
};

suite('the applications that are offered', () => {
	test('one for each instance, with only the questions that detection left open', async () => {
		const [first, second] = await applicationOffers([application]);
		assert.deepEqual([first?.id, first?.found, first?.questions.map(({name}) => name)], ['thing', 'running, data on /data/1', ['wait', 'password']]);
		assert.deepEqual([second?.id, second?.found, second?.questions.map(({name}) => name)], ['thing#2', 'not running, data on /data\\u202e2', ['port', 'wait', 'password']]);
		assert.deepEqual(first?.parameters({port: '7'}), {pre: ['7'], post: []});
		const [, wait, password] = second!.questions;
		assert.equal(second!.questions[0]!.check(''), 'This cannot be left empty.');
		assert.match(wait!.check('soon') ?? '', /whole seconds/);
		assert.deepEqual([password!.secret, password!.check('x')], [true, null]);
	});

	test('where several run, all of them together come first, with their questions and settings under their names', async () => {
		const other: Application = {...application, name: 'other', title: 'Other', detect: async () => [{...(await application.detect())[0]!, name: 'other', title: 'Other 3', settings: {}}]};
		const offers = await applicationOffers([application, other]);
		assert.deepEqual(offers.map(({id}) => id), ['+', 'thing', 'thing#2', 'other']);
		const [all] = offers;
		assert.deepEqual([all!.title, all!.running, all!.settings], ['Thing 1 and Other 3', true, {'thing.port': '1'}]);
		assert.deepEqual(all!.questions.map(({name, question}) => [name, question]).slice(0, 3), [['thing.wait', 'Thing 1: How long?'], ['thing.password', 'Thing 1: Which password?'], ['other.port', 'Other 3: Which port?']]);
		assert.equal(suggestedApplication(offers), '+');
		const entries = {...defaultEntries, application: '+', applicationSettings: {'+.other.port': '9', '+.thing.wait': '7', 'thing.wait': '8'}};
		const {application: names, applicationSettings} = answersOf(entries, offers, {}, '/etc/azure');
		assert.deepEqual([names, applicationSettings], [['thing', 'other'], {thing: {port: '1', wait: '7', password: ''}, other: {port: '9', wait: '5', password: ''}}]);
		assert.deepEqual(validateAnswers({application: names, applicationSettings}), []);
	});

	test('what a process calls itself acts on no terminal', async () => {
		const [, second] = await applicationOffers([application]);
		assert.deepEqual([second?.title, second?.found], ['Thing\\u001b[2J 2', 'not running, data on /data\\u202e2']);
	});

	test('one that was not found is offered all the same', async () => {
		const [offer] = await applicationOffers([{...application, detect: async () => []}]);
		assert.deepEqual([offer?.detected, offer?.running, offer?.found], [false, false, 'not found on this machine']);
	});
});
