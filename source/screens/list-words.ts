import type {ErrorReference} from '../core/outcome.js';

/** An error in a list: its code first, so that it is there where the name does not fit. */
export function errorText({name, code}: ErrorReference): string {
	return code === null ? name : `${code} ${name}`;
}

/** What a screen is about, in its title: `backup of 2026-11-23 01:12 UTC`, or only day and time where it is narrow. `at`: milliseconds since 1970. */
export function whenText(what: string, at: number, narrow: boolean): string {
	const text = new Date(at).toISOString().slice(0, 16).replace('T', ' ');
	return narrow ? text.slice(5) : `${what} of ${text} UTC`;
}
