import {meantKey} from '../checks/spelling.js';
import {readSettingsText, repairSettings} from '../settings-text.js';
import {settingKeys} from './settings.js';

/** A configuration, or a template of one, as it can be built upon. */
export type Configuration = {
	/** Valid JSON, one object. As it is written, or, where that cannot be read by the extension but made out, written anew. */
	readonly text: string;
	/** The last value of each key, whatever its type. */
	readonly settings: Readonly<Record<string, unknown>>;
	/** Why the text is not the file's own, in a sentence; null where it is. */
	readonly repaired: string | null;
	/** Keys that the extension ignores although one of its own was surely meant. */
	readonly misspelt: readonly {readonly key: string; readonly meant: string}[];
	/** Keys that stand there twice with different values. */
	readonly duplicates: readonly string[];
};

/** Reads a configuration's bytes; a text is the sentence that says why it cannot be used. Never throws. */
export function readConfiguration(bytes: Uint8Array): Configuration | string {
	const read = readSettingsText(bytes);
	if (read.problem === null) {
		if (read.settings === null) return 'It is JSON, but not an object.';
		return {text: new TextDecoder().decode(bytes), settings: read.settings, repaired: null, misspelt: misspelt(read.settings), duplicates: read.duplicates};
	}

	const text = repairSettings(bytes);
	if (text === null) return read.problem;
	const {settings} = readSettingsText(new TextEncoder().encode(text));
	return settings === null ? read.problem : {text, settings, repaired: read.problem, misspelt: misspelt(settings), duplicates: []};
}

function misspelt(settings: Readonly<Record<string, unknown>>): Configuration['misspelt'] {
	return Object.keys(settings).flatMap(key => {
		const meant = meantKey(key);
		return meant === null || !(settingKeys as readonly string[]).includes(meant) ? [] : [{key, meant}];
	});
}
