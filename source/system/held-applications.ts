import {dirname, join} from 'node:path';
import {bytesOfRegular, entriesIn} from './copy-search.js';

/** No script of ours comes near it. */
const mostScriptBytes = 256 * 1024;
/** Where a pre-script that runs several finds them: beside it. */
const severalDirectory = 'quiesce.d';

/**
 * The applications that a pre-script holds and marks, by its text: it says so itself where it writes the mark (`application=NAME`), whatever it is called. An
 * administrator's own script that writes no mark holds none of them as far as a restore can tell.
 */
export function heldApplications(preScript: string): readonly string[] {
	const directory = join(dirname(preScript), severalDirectory);
	const text = textOf(preScript);
	const texts = [text, ...(text.includes(severalDirectory) ? entriesIn(directory).filter(name => name.endsWith('-pre.sh')).map(name => textOf(join(directory, name))) : [])];
	return [...new Set(texts.flatMap(one => [...one.matchAll(/(?:^|[\s"'])application=([a-z][a-z\d-]*)(?=[\s"'\\]|$)/gm)].map(match => match[1]!)))];
}

function textOf(path: string): string {
	return new TextDecoder().decode(bytesOfRegular(path, mostScriptBytes) ?? new Uint8Array());
}
