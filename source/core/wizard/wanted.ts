import type {Entries, Wanted, WizardState} from './types.js';
import {obstacle, pathProblem} from './rules.js';

/** Which template is meant, as a text that differs where it does. */
export function sourceKey({source, templateFile}: Entries): string {
	return source === 'file' ? `file:${templateFile}` : source;
}

/** Enter was pressed on a review that can be written: it is being written. */
export function isWriting(state: WizardState): boolean {
	return state.page === 'review' && state.waiting && state.plan !== null && state.plan.plan.valid && state.plan.plan.changed;
}

/** What decides a plan: where it changes, another one is needed. */
export function planKey({entries, applications}: WizardState): string {
	const {takeUp: _takeUp, rehearse: _rehearse, source: _source, templateFile: _file, ...rest} = entries;
	return JSON.stringify([rest, applications !== null]);
}

/** What the wizard needs from outside now. Whoever answers does so with an event; an answer that is not wanted any more does no harm. */
export function wanted(state: WizardState): readonly Wanted[] {
	const {entries, page, looks, waiting} = state;
	const look = (path: string): readonly Wanted[] => (pathProblem(path) === null && looks[path] === undefined ? [{want: 'look', key: `look:${path}`, path}] : []);
	switch (page) {
		case 'pre-script':
			return look(entries.preScript);
		case 'post-script':
			return look(entries.postScript);
		case 'place':
			return [...look(entries.preScript), ...(entries.postScript === entries.preScript ? [] : look(entries.postScript))];
		case 'template-file':
			return waiting && obstacle(page, state) === null ? template(state) : look(entries.templateFile);
		case 'template':
			return waiting ? template(state) : [];
		case 'permissions':
			return plan(state);
		case 'review':
			return isWriting(state) ? [{want: 'write', key: `write:${state.plan!.key}`}] : plan(state);
		default:
			return [];
	}
}

function template({entries, base}: WizardState): readonly Wanted[] {
	const key = sourceKey(entries);
	if (base?.key === key) return [];
	switch (entries.source) {
		// That is known from the machine.
		case 'existing': return [];
		case 'file': return [{want: 'template', key: `template:${key}`, source: 'file', path: entries.templateFile}];
		case 'download':
		case 'bundled': return [{want: 'template', key: `template:${key}`, source: entries.source}];
	}
}

/** After a failure only at the administrator's wish, lest it fails for ever. */
function plan(state: WizardState): readonly Wanted[] {
	if (state.complaint !== null) return [];
	const key = planKey(state);
	return state.plan?.key === key ? [] : [{want: 'plan', key}];
}
