import {basename, join} from 'node:path';
import type {ApplicationOffer, Entries, Settings} from './types.js';

/** Stands for the pair of scripts that do nothing yet; no application is called so. */
export const emptyPair = '/';

/** The id of the offer of all that run here. */
export const together = '+';

/** What the documented template has; the poll time is the extension's own default. */
export const defaultEntries: Entries = {
	takeUp: true,
	source: 'bundled',
	templateFile: '',
	application: null,
	applicationSettings: {},
	askSettings: false,
	preScript: '',
	postScript: '',
	place: 'there',
	preParameters: [],
	postParameters: [],
	preRetries: '0',
	postRetries: '0',
	timeout: '30',
	continueBackupOnFailure: true,
	fsFreezeEnabled: true,
	poll: 3,
	mend: true,
	rehearse: true,
};

/** The configuration's key of an entry. */
export const keys = {
	preScript: 'preScriptLocation',
	postScript: 'postScriptLocation',
	preParameters: 'preScriptParams',
	postParameters: 'postScriptParams',
	preRetries: 'preScriptNoOfRetries',
	postRetries: 'postScriptNoOfRetries',
	timeout: 'timeoutInSeconds',
	continueBackupOnFailure: 'continueBackupOnFailure',
	fsFreezeEnabled: 'fsFreezeEnabled',
	poll: 'ScriptsExecutionPollTimeSeconds',
} as const;

type Filled = {-readonly [Name in keyof typeof keys]?: Entries[Name]};

/** What a configuration or a template says, as far as it can be taken for an answer. The spellings of the documentation count where the extension's are missing. */
export function entriesOf(settings: Settings): Filled {
	const value = (key: string): unknown => (Object.hasOwn(settings, key) ? settings[key] : settings[key.charAt(0).toUpperCase() + key.slice(1)]);
	const filled: Filled = {};
	for (const name of ['preScript', 'postScript'] as const) {
		const location = value(keys[name]);
		// A text with a control character in it is no path that could be shown and accepted.
		if (typeof location === 'string' && !/[\u0000-\u001F\u007F]/.test(location)) filled[name] = location;
	}

	for (const name of ['preParameters', 'postParameters'] as const) {
		const parameters = value(keys[name]);
		if (!Array.isArray(parameters)) continue;
		const texts = parameters.map(item => parameterText(item));
		// The documented template has two empty texts there, as places to fill.
		filled[name] = filledIn(settings) || texts.some(text => text !== '') ? texts : [];
	}

	for (const name of ['preRetries', 'postRetries', 'timeout'] as const) {
		const number = wholeNumber(value(keys[name]));
		if (number !== null) filled[name] = String(number);
	}

	for (const name of ['continueBackupOnFailure', 'fsFreezeEnabled'] as const) {
		const flag = boolean(value(keys[name]));
		if (flag !== null) filled[name] = flag;
	}

	const poll = wholeNumber(value(keys.poll));
	if (poll !== null && poll >= 1 && poll <= 5) filled.poll = poll;
	return filled;
}

/** A template with places to fill names no script. */
function filledIn(settings: Settings): boolean {
	const location = settings[keys.preScript];
	return typeof location === 'string' && location !== '';
}

/** What the script receives of a parameter that is no text: as Python writes it. */
function parameterText(item: unknown): string {
	if (typeof item === 'string') return item;
	if (item === true) return 'True';
	if (item === false) return 'False';
	if (item === null) return 'None';
	return JSON.stringify(item) ?? '';
}

function wholeNumber(value: unknown): number | null {
	const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
	return typeof number === 'number' && Number.isFinite(number) ? Math.trunc(number) : null;
}

function boolean(value: unknown): boolean | null {
	if (typeof value === 'boolean') return value;
	if (value === 1 || (typeof value === 'string' && value.toLowerCase() === 'true')) return true;
	return value === 0 || (typeof value === 'string' && value.toLowerCase() === 'false') ? false : null;
}

/** The settings of the chosen application, with its defaults where nothing was entered. */
export function settingsOf(entries: Entries, offer: ApplicationOffer): Readonly<Record<string, string>> {
	return {...offer.settings, ...Object.fromEntries(offer.questions.map(({name, default: first}) => [name, entries.applicationSettings[`${offer.id}.${name}`] ?? first]))};
}

/** The bundled application that is chosen; undefined for scripts of one's own. */
export function offerOf(entries: Entries, applications: readonly ApplicationOffer[] | null): ApplicationOffer | undefined {
	return entries.application === null ? undefined : applications?.find(({id}) => id === entries.application);
}

/** Where a script of the administrator's own is copied to. */
export function copyTo(path: string, directory: string): string {
	return join(directory, basename(path));
}

/**
 * The answers as `setup --answers` takes them (core/config): the configuration's own keys, and `application` with `applicationSettings`.
 * The poll time is left out where it is the extension's own and nobody has written it down.
 */
export function answersOf(entries: Entries, applications: readonly ApplicationOffer[] | null, base: Settings, directory: string): Settings {
	const offer = offerOf(entries, applications);
	const place = (path: string): string => (entries.place === 'copy' ? copyTo(path, directory) : path);
	return {
		...(entries.application === emptyPair ? {[keys.preScript]: join(directory, 'pre.sh'), [keys.postScript]: join(directory, 'post.sh')} : offer === undefined
			? {[keys.preScript]: place(entries.preScript), [keys.postScript]: place(entries.postScript)}
			: applicationAnswers(offer, settingsOf(entries, offer))),
		[keys.preParameters]: [...entries.preParameters],
		[keys.postParameters]: [...entries.postParameters],
		[keys.preRetries]: numberOrText(entries.preRetries),
		[keys.postRetries]: numberOrText(entries.postRetries),
		[keys.timeout]: numberOrText(entries.timeout),
		continueBackupOnFailure: entries.continueBackupOnFailure,
		fsFreezeEnabled: entries.fsFreezeEnabled,
		...(entries.poll === 3 && !Object.hasOwn(base, keys.poll) ? {} : {[keys.poll]: entries.poll}),
	};
}

/** Several are named in a list, with their settings by name. */
function applicationAnswers({name, parts}: ApplicationOffer, settings: Readonly<Record<string, string>>): Settings {
	if (parts === undefined) return {application: name, applicationSettings: settings};
	const named = (part: string): Settings => Object.fromEntries(Object.entries(settings).filter(([key]) => key.startsWith(`${part}.`)).map(([key, value]) => [key.slice(part.length + 1), value]));
	return {application: parts.map(part => part.name), applicationSettings: Object.fromEntries(parts.map(part => [part.name, named(part.name)]))};
}

/** What is no number stays as it was typed, so that the complaint can name it. */
function numberOrText(text: string): number | string {
	return /^\d+$/.test(text) ? Number(text) : text;
}
