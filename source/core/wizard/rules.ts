import {isAbsolute, normalize} from 'node:path';
import {settingRanges} from '../config/settings.js';
import {offerOf} from './entries.js';
import type {Page} from './pages.js';
import type {WizardState} from './types.js';

/** What longest path and longest file name Linux has, in bytes. */
const longestPath = 4095;
const longestName = 255;

/** Why a text is no path of a script, in a sentence; null where it is one. Nothing is looked at. */
export function pathProblem(path: string): string | null {
	if (path === '') return 'A path is needed.';
	if (/[\u0000-\u001F\u007F]/.test(path)) return 'A path with a line break or a control character in it cannot be used.';
	if (path.startsWith('~')) return 'Azure does not know ~: write the whole path, from / on.';
	if (!isAbsolute(path)) return 'The path must be absolute: Azure would look for a relative one in the extension\'s own directory.';
	if (path !== path.trim()) return 'The path has a blank at its end.';
	const encoder = new TextEncoder();
	if (encoder.encode(path).length > longestPath || path.split('/').some(name => encoder.encode(name).length > longestName)) return 'The path is longer than Linux allows.';
	return null;
}

/** Why a text is no whole number of a range; null where it is. */
export function numberProblem(text: string, {least, most}: {readonly least: number; readonly most: number}, unit: string): string | null {
	const range = `from ${least} to ${most}${unit === '' ? '' : ` ${unit}`}`;
	if (text === '') return `A whole number ${range} is needed.`;
	if (!/^\d+$/.test(text)) return `${text} is not a whole number ${range}.`;
	const number = Number(text);
	return number < least || number > most ? `${text} is outside the range: ${range}.` : null;
}

/** How long one parameter of a process may be, its end included (MAX_ARG_STRLEN of execve). */
const longestParameter = 131_072;

/** Why a parameter cannot be handed to a script. That all together are not too long is checked with the plan. */
export function parameterProblem(parameters: readonly string[]): string | null {
	const encoder = new TextEncoder();
	const index = parameters.findIndex(text => text.includes('\0') || encoder.encode(text).length >= longestParameter);
	return index === -1 ? null : `Parameter ${index + 1} cannot be handed to a script: it is longer than 128 kB, or has a NUL in it.`;
}

/**
 * Why one cannot go on from a screen, in a sentence; `pending` where something must be known first; null where one can.
 * A script that is not there is refused; one that is merely unsafe, or that `sh` cannot read, is warned of.
 */
export function obstacle(page: Page, state: WizardState): string | 'pending' | null {
	const {entries} = state;
	switch (page) {
		case 'template':
			if (entries.source !== 'existing') return null;
			if (state.machine === null) return 'pending';
			return (state.machine.existing?.settings ?? null) === null ? 'There is no configuration here that could be read.' : null;
		case 'template-file':
			return templateFileProblem(state);
		case 'pre-script':
			return scriptProblem(entries.preScript, state);
		case 'post-script':
			return scriptProblem(entries.postScript, state);
		case 'place':
			return placeProblem(state);
		case 'pre-parameters':
			return parameterProblem(entries.preParameters);
		case 'post-parameters':
			return parameterProblem(entries.postParameters);
		case 'pre-retries':
			return numberProblem(entries.preRetries, settingRanges.preScriptNoOfRetries, '');
		case 'post-retries':
			return numberProblem(entries.postRetries, settingRanges.postScriptNoOfRetries, '');
		case 'timeout':
			return numberProblem(entries.timeout, settingRanges.timeoutInSeconds, 'seconds');
		case 'permissions':
			return state.plan === null ? 'pending' : null;
		case 'review':
			return reviewProblem(state);
		case 'machine':
			return state.machine === null ? 'pending' : null;
		case 'scripts':
			return state.applications === null ? 'pending' : null;
		default:
			return page.startsWith('setting:') ? settingProblem(page.slice('setting:'.length), state) : null;
	}
}

function settingProblem(name: string, {entries, applications}: WizardState): string | null {
	const offer = offerOf(entries, applications);
	const question = offer?.questions.find(one => one.name === name);
	return question === undefined ? null : question.check(entries.applicationSettings[`${offer!.id}.${name}`] ?? question.default);
}

function templateFileProblem({entries, looks}: WizardState): string | 'pending' | null {
	const problem = pathProblem(entries.templateFile);
	if (problem !== null) return problem;
	const look = looks[entries.templateFile];
	if (look === undefined) return 'pending';
	return look.kind === 'file' ? null : kindProblem(look.kind);
}

function scriptProblem(path: string, {looks}: WizardState): string | 'pending' | null {
	const problem = pathProblem(path);
	if (problem !== null) return problem;
	const look = looks[path];
	if (look === undefined) return 'pending';
	return look.kind === 'file' ? null : kindProblem(look.kind);
}

function kindProblem(kind: 'missing' | 'directory' | 'other'): string {
	switch (kind) {
		case 'missing': return 'There is no such file.';
		case 'directory': return 'That is a directory; a file is needed.';
		case 'other': return 'That is no regular file: Azure would not run it.';
	}
}

/** Where the administrator's scripts lie, others than root could put something else; null where nobody can. */
export function openPlace({entries, looks}: WizardState): string | null {
	for (const path of [entries.preScript, entries.postScript]) {
		const [place] = looks[path]?.openPlaces ?? [];
		if (place !== undefined) return place.path;
	}

	return null;
}

function placeProblem(state: WizardState): string | 'pending' | null {
	const {entries, looks} = state;
	// Of a draft that was taken up here nothing is known yet.
	if ([entries.preScript, entries.postScript].some(path => pathProblem(path) === null && looks[path] === undefined)) return 'pending';
	const open = openPlace(state);
	if (entries.place === 'there' && open !== null) return `Others than root can put another file into ${open}: Azure would run it as root.`;
	const [pre, post] = [normalize(entries.preScript), normalize(entries.postScript)];
	if (entries.place !== 'copy' || pre === post) return null;
	const name = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
	return name(pre) === name(post) ? `Both scripts are called ${name(pre)}: one would take the other's place. Use them where they are, or give one another name first.` : null;
}

function reviewProblem({plan}: WizardState): string | 'pending' | null {
	if (plan === null) return 'pending';
	// What is wrong stands above.
	return plan.plan.valid ? null : 'It cannot be written like this. Press e to change a step.';
}
