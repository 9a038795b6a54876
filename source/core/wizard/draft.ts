import {defaultEntries, offerOf} from './entries.js';
import type {Base, Draft, Entries, EntryName, WizardState} from './types.js';
import {isKnownPage, stepNumber} from './steps.js';

/** What is kept of an unfinished visit. `at`: ISO 8601 UTC. */
export function draftOf(state: WizardState, at: string): Draft {
	const chosen = offerOf(state.entries, state.applications);
	// What is not kept must be asked for again.
	const askAgain = chosen?.questions.some(question => question.secret) === true && stepNumber(state.page) > 3;
	const secret = new Set((state.applications ?? []).flatMap(({id, questions}) => questions.filter(question => question.secret).map(question => `${id}.${question.name}`)));
	return {
		version: 1,
		at,
		configuration: state.configuration,
		page: askAgain ? 'scripts' : state.page,
		entries: {...state.entries, applicationSettings: Object.fromEntries(Object.entries(state.entries.applicationSettings).filter(([name]) => !secret.has(name)))},
		touched: state.touched,
		base: state.base,
	};
}

/** Nothing worth keeping: no question was answered yet. */
export function isBlank(state: WizardState): boolean {
	return state.touched.length === 0 && ['draft', 'machine', 'template'].includes(state.page);
}

/** Reads a draft back; null where it is of another configuration, or not what `draftOf` makes (of another version, damaged). */
export function readDraft(value: unknown, configuration: string): Draft | null {
	if (!isRecord(value) || value['version'] !== 1 || value['configuration'] !== configuration) return null;
	const {at, page, entries, touched, base} = value;
	if (typeof at !== 'string' || Number.isNaN(Date.parse(at)) || typeof page !== 'string' || !isKnownPage(page) || !isEntries(entries)) return null;
	if (!Array.isArray(touched) || !touched.every(name => typeof name === 'string' && Object.hasOwn(defaultEntries, name))) return null;
	const from = base === null || isBase(base) ? base : undefined;
	return from === undefined ? null : {version: 1, at, configuration, page, entries, touched: touched as EntryName[], base: from};
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}


function isBase(value: unknown): value is Base {
	return isRecord(value) && typeof value['key'] === 'string' && typeof value['text'] === 'string' && isRecord(value['settings']) && (value['note'] === null || typeof value['note'] === 'string');
}

function isEntries(value: unknown): value is Entries {
	if (!isRecord(value)) return false;
	const sound = (Object.keys(defaultEntries) as EntryName[]).every(name => {
		const found = value[name];
		switch (name) {
			case 'source': return ['existing', 'download', 'bundled', 'file'].includes(found as string);
			case 'place': return found === 'there' || found === 'copy';
			case 'application': return found === null || typeof found === 'string';
			case 'applicationSettings': return isRecord(found) && Object.values(found).every(text => typeof text === 'string');
			case 'preParameters':
			case 'postParameters': return Array.isArray(found) && found.every(text => typeof text === 'string');
			case 'poll': return typeof found === 'number' && Number.isInteger(found) && found >= 1 && found <= 5;
			default: return typeof found === typeof defaultEntries[name];
		}
	});
	return sound;
}
