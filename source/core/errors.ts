import {databaseErrors} from './errors/databases.js';
import type {ErrorEntry} from './errors/entry.js';
import {extensionErrors} from './errors/extension.js';
import {ownErrors} from './errors/own.js';
import {scriptErrors} from './errors/scripts.js';
import {stateCodes} from './errors/states.js';
import type {ErrorReference} from './outcome.js';
import {wordFilter} from './search.js';
import {distance} from './spelling-distance.js';

/** All errors: the scripts' first, as the documentation lists them, and the codes that are none. */
export const errorTable: readonly ErrorEntry[] = [...scriptErrors, ...extensionErrors, ...databaseErrors, ...stateCodes, ...ownErrors];

/** The entry of `errors` lists for a code of the extension. An unknown code keeps its number as its name. */
export function errorReference(code: number): ErrorReference {
	const entry = errorTable.find(known => known.code === code);
	return {name: entry?.name ?? String(code), code};
}

/** The entry of `errors` lists for one of quiesce's own errors. */
export function ownError(name: (typeof ownErrors)[number]['name']): ErrorReference {
	return {name, code: null};
}

function plain(word: string): string {
	return word.toLowerCase().replace(/[^a-z\d]/g, '');
}

/** Finds an error by its code or by any of its names; case, dashes and spaces do not count. */
export function findError(nameOrCode: string): ErrorEntry | undefined {
	const wanted = plain(nameOrCode);
	if (wanted === '') return undefined;
	return errorTable.find(({name, code, aliases}) => [name, ...aliases, ...(code === null ? [] : [String(code)])].some(word => plain(word) === wanted));
}

/** All errors in whose words every word of the text occurs; all of them for an empty text. */
export function searchErrors(text: string): readonly ErrorEntry[] {
	const hasWords = wordFilter(text);
	return errorTable.filter(({name, code, aliases, happened, effect, remedies}) => hasWords([name, code ?? '', ...aliases, happened, effect, ...remedies].join(' ')));
}

/** The errors that may have been meant by what is none: numbers that look like it, names in which the words stand, or nearly so. At most `most`. */
export function nearErrors(text: string, most = 5): readonly ErrorEntry[] {
	const wanted = text.trim();
	if (wanted === '' || wanted.length > 100) return [];
	if (/^[-+]?[\d.]+$/.test(wanted)) {
		const digits = wanted.replaceAll(/\D/g, '').slice(0, 6);
		return ranked(({code}) => code === null ? null : distance(digits, String(code), 1) > 1 && !String(code).startsWith(digits) ? null : Math.abs(code - Number(digits)), most);
	}

	const inWords = searchErrors(wanted);
	if (inWords.length > 0) {
		const inName = ({name, aliases}: ErrorEntry): boolean => [name, ...aliases].some(word => plain(word).includes(plain(wanted)));
		return inWords.toSorted((a, b) => Number(inName(b)) - Number(inName(a))).slice(0, most);
	}

	return ranked(({name, aliases}) => {
		const least = Math.min(...[name, ...aliases].flatMap(word => [plain(word), ...parts(word)]).map(word => distance(plain(wanted), word, 2) / (word.length > 5 ? 1 : 0.5)));
		return least > 2 ? null : least;
	}, most);
}

/** The words of which a name is made: `Pre-ScriptTimeout` → pre, script, timeout. */
function parts(name: string): readonly string[] {
	return name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z\d]+/).filter(word => word.length > 3);
}

function ranked(rank: (entry: ErrorEntry) => number | null, most: number): readonly ErrorEntry[] {
	return errorTable.flatMap(entry => {
		const at = rank(entry);
		return at === null ? [] : [{entry, at}];
	}).toSorted((a, b) => a.at - b.at).slice(0, most).map(({entry}) => entry);
}
