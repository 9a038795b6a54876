import {dirname} from 'node:path';
import type {PlanRequest} from '../config/plan.js';
import {answersOf, copyTo, defaultEntries, entriesOf, offerOf, settingsOf} from './entries.js';
import type {ApplicationOffer, Draft, Entries, EntryName, PathLook, WizardEvent, WizardState} from './types.js';
import {obstacle, openPlace, pathProblem} from './rules.js';
import {pagesOf, pagesOfStep, stepNamed, stepOf} from './steps.js';
import type {Page} from './pages.js';
import {isWriting, sourceKey} from './wanted.js';

export type WizardStart = {
	/** The configuration's absolute path. */
	readonly configuration: string;
	/** `--template`: an address to download from, or a file. */
	readonly template?: string;
	readonly draft: Draft | null;
};

/** The wizard before anything is known of the machine. */
export function initialWizard({configuration, template, draft}: WizardStart): WizardState {
	const source = template === undefined ? null : /^https?:\/\//i.test(template) ? 'download' : 'file';
	const entries: Entries = {...defaultEntries, ...(source === null ? {} : {source}), ...(source === 'file' ? {templateFile: template!} : {})};
	return {
		page: draft === null ? 'machine' : 'draft', editing: null, cameFrom: null, configuration, entries,
		touched: source === null ? [] : ['source', 'templateFile'],
		base: null, machine: null, applications: null, draft, looks: {}, plan: null, waiting: false, complaint: null, written: null,
	};
}

/** True where Back leads out of the wizard. */
export function isAtStart(state: WizardState): boolean {
	return pagesOf(state)[0] === state.page;
}

/** The whole wizard: what it is after an event. Never throws; the page is always one of `pagesOf`. */
export function reduceWizard(state: WizardState, event: WizardEvent): WizardState {
	return onLegalPage(after(state, event));
}

function after(state: WizardState, event: WizardEvent): WizardState {
	switch (event.type) {
		case 'machine-seen':
			return resumed(filled({...state, machine: event.machine}));
		case 'applications-seen':
			return resumed(filled({...state, applications: event.applications}));
		case 'looked':
			return resumed({...state, looks: withLook(state, event.look)});
		case 'template-read':
			if (event.key !== sourceKey(state.entries)) return state;
			return resumed(filled({...state, base: {key: event.key, ...event.template}}));
		case 'template-failed':
			return event.key === sourceKey(state.entries) && state.waiting ? {...state, waiting: false, complaint: event.sentence} : state;
		case 'planned':
			// Nothing is written that has not been seen: on the review Enter counts from here on.
			return resumed({...state, plan: {key: event.key, plan: event.plan}, waiting: state.waiting && state.page !== 'review'});
		case 'plan-failed':
			return {...state, plan: null, waiting: false, complaint: event.sentence};
		case 'written':
			return isWriting(state) ? arrive({...state, written: {done: event.done, backup: event.backup}}, 'rehearsal') : state;
		case 'write-failed':
			// What was planned may not be true any more: it is planned anew, and seen again, before anything else is tried.
			return isWriting(state) ? {...state, plan: null, waiting: false, complaint: event.sentence} : state;
		case 'entered':
		case 'next':
		case 'back':
		case 'edit':
		case 'refresh':
			// What is being written is waited for: nobody should believe that it was stopped.
			return isWriting(state) ? state : afterKey(state, event);
	}
}

type KeyEvent = Extract<WizardEvent, {readonly type: 'entered' | 'next' | 'back' | 'edit' | 'refresh'}>;

function afterKey(state: WizardState, event: KeyEvent): WizardState {
	const calm: WizardState = {...state, waiting: false, complaint: null};
	switch (event.type) {
		case 'entered': {
			const changed = {...calm, entries: {...state.entries, [event.name]: event.value}, touched: withName(state.touched, event.name)};
			return event.name === 'application' ? filled(changed) : changed;
		}
		case 'next':
			return next(calm);
		case 'back':
			return back(calm);
		case 'edit':
			if (state.page !== 'review' || event.step === 'review' || event.step === 'rehearsal') return state;
			return {...arrive(calm, pagesOfStep(stepNamed(event.step), state)[0]!), editing: event.step};
		case 'refresh':
			return {...calm, looks: {}, plan: null};
	}
}

function next(state: WizardState): WizardState {
	switch (state.page) {
		case 'pre-script':
			return attempt({...state, looks: withoutLook(state.looks, state.entries.preScript)});
		case 'post-script':
			return attempt({...state, looks: withoutLook(state.looks, state.entries.postScript)});
		case 'template-file':
			return attempt({...state, looks: withoutLook(state.looks, state.entries.templateFile)});
		default:
			return attempt(state);
	}
}

/** Goes on where it can, waits where something is on its way, or says why not. */
function attempt(state: WizardState): WizardState {
	const found = obstacle(state.page, state);
	if (found === 'pending') return {...state, waiting: true};
	if (found !== null) return {...state, waiting: false, complaint: found};
	switch (state.page) {
		case 'draft':
			return state.entries.takeUp && state.draft !== null ? takenUp(state, state.draft) : advance(state);
		case 'template':
			if (state.entries.source === 'existing') return advance(filled({...state, base: {key: 'existing', text: '', settings: state.machine!.existing!.settings!, note: null}}));
			return state.entries.source === 'file' || state.base?.key === sourceKey(state.entries) ? advance(state) : {...state, waiting: true};
		case 'template-file':
			return state.base?.key === sourceKey(state.entries) ? advance(state) : {...state, waiting: true};
		case 'review':
			return state.plan!.plan.changed ? {...state, waiting: true} : advance(state);
		case 'rehearsal':
			// What follows is another view.
			return state;
		default:
			return advance(state);
	}
}

/** Goes on with a Next that was waiting, once something has arrived. */
function resumed(state: WizardState): WizardState {
	return state.waiting && !isWriting(state) ? attempt(state) : state;
}

function advance(state: WizardState): WizardState {
	const pages = pagesOf(state);
	const following = pages[pages.indexOf(state.page) + 1] ?? state.page;
	if (state.editing !== null && stepOf(following).name !== state.editing) return {...arrive(state, 'review'), cameFrom: {page: state.page, editing: state.editing}};
	const left = stepOf(state.page).name === 'scripts' && stepOf(following).name !== 'scripts' ? filled(state) : following === 'place' ? placed(state) : state;
	return {...arrive(left, following), editing: state.editing};
}

/** What lies where others could replace it must be copied. */
function placed(state: WizardState): WizardState {
	return openPlace(state) === null ? state : {...state, entries: {...state.entries, place: 'copy'}};
}

function back(state: WizardState): WizardState {
	if (state.page === 'review' && state.cameFrom !== null) return {...arrive(state, state.cameFrom.page), editing: state.cameFrom.editing};
	const pages = pagesOf(state);
	const index = pages.indexOf(state.page);
	if (index <= 0) return state;
	const before = pages[index - 1]!;
	if (state.editing !== null && stepOf(before).name !== state.editing) return arrive(state, 'review');
	return {...arrive(state, before), editing: state.editing};
}

/** On another page: what was known of the machine there is looked at again. */
function arrive(state: WizardState, page: Page): WizardState {
	return {...state, page, editing: null, cameFrom: null, waiting: false, complaint: null, ...(page === 'permissions' || page === 'review' ? {plan: null} : {})};
}

function takenUp(state: WizardState, draft: Draft): WizardState {
	return arrive({...state, entries: {...draft.entries, takeUp: true}, touched: draft.touched, base: draft.base}, draft.page === 'draft' || draft.page === 'rehearsal' ? 'machine' : draft.page);
}

function onLegalPage(state: WizardState): WizardState {
	const pages = pagesOf(state);
	if (pages.includes(state.page)) return state;
	return {...state, page: pagesOfStep(stepOf(state.page), state)[0]!, waiting: false};
}

function withName(names: readonly EntryName[], name: EntryName): readonly EntryName[] {
	return names.includes(name) ? names : [...names, name];
}

/** The application that is suggested: one that runs here. Scripts for one that does not would fail. */
export function suggestedApplication(applications: readonly ApplicationOffer[] | null): string | null {
	return applications?.find(({running}) => running)?.id ?? null;
}

/** The first answers, from the template and what was detected; what was entered stays. */
function filled(state: WizardState): WizardState {
	const {machine, applications, base} = state;
	const untouched = (name: EntryName): boolean => !state.touched.includes(name);
	const from = base === null ? {} : entriesOf(base.settings);
	const application = untouched('application')
		? (from.preScript ?? '') === '' && (from.postScript ?? '') === '' ? suggestedApplication(applications) : null
		: state.entries.application;
	const offer = offerOf({...state.entries, application}, applications);
	const given = offer?.parameters(settingsOf(state.entries, offer));
	const suggested: Partial<Entries> = {
		...defaultEntries,
		takeUp: state.entries.takeUp,
		source: (machine?.existing?.settings ?? null) === null ? 'bundled' : 'existing',
		applicationSettings: state.entries.applicationSettings,
		place: state.entries.place,
		...from,
		application,
		...(given === undefined ? {} : {preParameters: given.pre, postParameters: given.post}),
	};
	// Before a template was chosen there is nothing to fill in beyond the first suggestions.
	const names = Object.keys(defaultEntries) as EntryName[];
	return {...state, entries: {...state.entries, ...Object.fromEntries(names.filter(name => untouched(name)).map(name => [name, suggested[name]]))}};
}

/** How many looks are kept of what was typed on the way to a path. */
const mostLooks = 16;

/** What was entered elsewhere is still needed, however long the path is that is typed now. */
function withLook({looks, entries}: WizardState, look: PathLook): WizardState['looks'] {
	const entered = ([path]: readonly [string, PathLook]): boolean => [entries.preScript, entries.postScript, entries.templateFile].includes(path);
	const before = Object.entries(looks).filter(([path]) => path !== look.path);
	return Object.fromEntries([...before.filter(entered), ...before.filter(one => !entered(one)).slice(-mostLooks + 1), [look.path, look]]);
}

function withoutLook(looks: WizardState['looks'], path: string): WizardState['looks'] {
	return pathProblem(path) === null ? Object.fromEntries(Object.entries(looks).filter(([known]) => known !== path)) : looks;
}

/** The answers so far, as the configuration's own keys. */
export function currentAnswers(state: WizardState): Readonly<Record<string, unknown>> {
	return answersOf(state.entries, state.applications, state.base?.settings ?? {}, dirname(state.configuration));
}

/** What is to be planned. */
export function planRequest(state: WizardState): PlanRequest {
	const {entries, machine, base, configuration} = state;
	const own = entries.application === null && entries.place === 'copy';
	const copies = [...new Set([entries.preScript, entries.postScript])].map(from => ({from, to: copyTo(from, dirname(configuration))})).filter(({from, to}) => from !== to);
	return {
		configuration,
		answers: currentAnswers(state),
		...(base === null || base.key === 'existing' ? {} : {template: base.text, anew: machine?.existing !== null}),
		mend: entries.mend,
		...(own && copies.length > 0 ? {copies} : {}),
	};
}
