import {readdirSync, readFileSync} from 'node:fs';

/** The names in a directory of /proc or /sys; none where it is not there (any more). */
export function entriesOf(directory: string): readonly string[] {
	try {
		return readdirSync(directory);
	} catch {
		return [];
	}
}

/** The text of a file of /proc or /sys, without blanks around it; null where it is not there (any more). */
export function textOf(path: string): string | null {
	try {
		return readFileSync(path, 'utf8').trim();
	} catch {
		return null;
	}
}
