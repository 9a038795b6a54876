import {opendirSync, statSync} from 'node:fs';
import {join} from 'node:path';

/** How many entries of a directory are looked at, and how many are answered. */
const mostEntries = 5000;
const mostAnswers = 100;

/** Names that no field can hold and no terminal should be shown: with characters that act on it, that are not seen, or that are no UTF-8. */
const unspeakable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD]/u;

/** Paths that begin with a text, directories with a slash at their end, in the order of their names. Hidden ones only where the name begins with a dot; none that could not be typed. Never throws. */
export function completePath(text: string): readonly string[] {
	if (!text.startsWith('/')) return [];
	const directory = text.slice(0, text.lastIndexOf('/') + 1);
	const beginning = text.slice(directory.length);
	const found: string[] = [];
	try {
		const handle = opendirSync(directory);
		try {
			for (let seen = 0; seen < mostEntries; seen++) {
				const entry = handle.readSync();
				if (entry === null) break;
				if (!entry.name.startsWith(beginning) || (entry.name.startsWith('.') && beginning === '')) continue;
				if (unspeakable.test(entry.name)) continue;
				const path = join(directory, entry.name);
				found.push(entry.isDirectory() || (entry.isSymbolicLink() && isDirectory(path)) ? `${path}/` : path);
			}
		} finally {
			handle.closeSync();
		}
	} catch {
		// No such directory: nothing to complete.
	}

	return found.toSorted().slice(0, mostAnswers);
}

function isDirectory(path: string): boolean {
	try {
		return statSync(path).isDirectory();
	} catch {
		return false;
	}
}
