import type {Role, ScriptFacts} from '../../core/checks/facts.js';
import {readScriptFacts} from '../../system/script-facts.js';
import {shellName} from '../../system/shell.js';
import type {FreshFile} from './scripts.js';

/**
 * What the scripts of a configuration are, read without running them, as they will lie there. Null for one that is not there, and for one that quiesce
 * brings along: its text is known.
 */
export async function readScriptTexts(scripts: readonly {readonly role: Role; readonly location: string}[], fresh: readonly FreshFile[]): Promise<{readonly pre: ScriptFacts | null; readonly post: ScriptFacts | null}> {
	const wanted = scripts.flatMap(({role, location}) => {
		if (!location.startsWith('/') || location.includes('\0')) return [];
		const written = fresh.find(({path}) => path === location);
		return written !== undefined && written.from === null ? [] : [{role, location, from: written?.from ?? location}];
	});
	const read = await readScriptFacts(wanted.map(({role, from}) => ({role, location: from, directory: '/', mounts: null})), shellName());
	const of = (role: Role): ScriptFacts | null => {
		const index = wanted.findIndex(script => script.role === role);
		const facts = read[index];
		if (facts === undefined || facts.file.kind !== 'file') return null;
		const {location} = wanted[index]!;
		// Where it lies, whose it is and who may change it is the plan's own matter.
		return {...facts, location, path: location, openPlaces: [], file: {...facts.file, path: location, owner: 'root', mode: 0o700}};
	};
	return {pre: of('pre'), post: of('post')};
}
