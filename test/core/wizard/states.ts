import {initialWizard, reduceWizard} from '../../../source/core/wizard/reduce.js';
import type {Plan} from '../../../source/core/config/plan.js';
import {sourceKey, wanted} from '../../../source/core/wizard/wanted.js';
import type {ApplicationOffer, MachineSight, PathLook, WizardEvent, WizardState} from '../../../source/core/wizard/types.js';

export const configuration = '/etc/azure/VMSnapshotScriptPluginConfig.json';

export const emptyMachine: MachineSight = {lines: [], freezes: ['/data'], rehearses: ['/data'], existing: null};

export const mariadb: ApplicationOffer = {
	id: 'mariadb', name: 'mariadb', title: 'MariaDB 10.11', found: 'running', running: true, detected: true, summary: 'Holds it.', settings: {user: 'root'},
	questions: [{name: 'socket', question: 'Which socket?', default: '/run/mysqld/mysqld.sock', help: '', secret: false, choices: null, check: () => null}, {name: 'password', question: 'Which password?', default: '', help: '', secret: true, choices: null, check: value => value.includes('\n') ? 'No.' : null}],
	parameters: settings => ({pre: ['--socket', settings['socket'] ?? ''], post: []}),
};

export const template = {preScriptLocation: '', postScriptLocation: '', preScriptParams: ['', ''], timeoutInSeconds: 30};

export function file(path: string): PathLook {
	return {path, kind: 'file', owner: 'root', mode: 0o755, syntax: 'fine', openPlaces: [], similar: []};
}

export function plan(overrides: Partial<Plan> = {}): Plan {
	return {
		valid: true, changed: true, problems: [], warnings: [], path: configuration, text: '{}\n', previous: null, diff: [{sign: '+', text: '{}'}],
		actions: [], verdict: {outcome: 'application-consistent', errors: []}, sentence: 'Tonight\'s backup will be application-consistent.', seen: [], files: [], ...overrides,
	};
}

/** Answers everything that the wizard wants, until it wants nothing more. Files are there unless `missing` names them. */
export function settled(state: WizardState, {missing = [], planned = plan()}: {readonly missing?: readonly string[]; readonly planned?: Plan} = {}): WizardState {
	let now = state;
	for (let round = 0; round < 10; round++) {
		const [want] = wanted(now);
		if (want === undefined) return now;
		now = reduceWizard(now, answer(want, now));
	}

	throw new Error('the wizard never has enough');

	function answer(want: ReturnType<typeof wanted>[number], at: WizardState): WizardEvent {
		switch (want.want) {
			case 'look': return {type: 'looked', look: missing.includes(want.path) ? {...file(want.path), kind: 'missing', syntax: null} : file(want.path)};
			case 'template': return {type: 'template-read', key: sourceKey(at.entries), template: {text: JSON.stringify(template), settings: template, note: null}};
			case 'plan': return {type: 'planned', key: want.key, plan: planned};
			case 'write': return {type: 'written', done: [], backup: null};
		}
	}
}

/** At the first screen, the machine and its applications known. */
export function begun(options: {readonly machine?: MachineSight; readonly applications?: readonly ApplicationOffer[]; readonly draft?: WizardState['draft']; readonly template?: string} = {}): WizardState {
	const start = initialWizard({configuration, draft: options.draft ?? null, ...(options.template === undefined ? {} : {template: options.template})});
	return reduceWizard(reduceWizard(start, {type: 'machine-seen', machine: options.machine ?? emptyMachine}), {type: 'applications-seen', applications: options.applications ?? []});
}

/** Plays events one after another, answering what is wanted in between. */
export function play(state: WizardState, ...events: readonly WizardEvent[]): WizardState {
	return events.reduce((now, event) => settled(reduceWizard(now, event)), state);
}

export const next: WizardEvent = {type: 'next'};
export const back: WizardEvent = {type: 'back'};

export function enter<Name extends keyof WizardState['entries']>(name: Name, value: WizardState['entries'][Name]): WizardEvent {
	return {type: 'entered', name, value} as WizardEvent;
}
