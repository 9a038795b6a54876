import {databaseErrors} from './errors/databases.js';
import type {ErrorEntry} from './errors/entry.js';
import {extensionErrors} from './errors/extension.js';
import {ownErrors} from './errors/own.js';
import {scriptErrors} from './errors/scripts.js';
import type {ErrorReference} from './outcome.js';
import {wordFilter} from './search.js';

/** All errors: the scripts' first, as the documentation lists them. */
export const errorTable: readonly ErrorEntry[] = [...scriptErrors, ...extensionErrors, ...databaseErrors, ...ownErrors];

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
