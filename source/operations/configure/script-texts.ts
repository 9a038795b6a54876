import type {Role, ScriptFacts} from '../../core/checks/facts.js';
import {readScriptFacts} from '../../system/script-facts.js';
import type {FreshFile} from './scripts.js';

/**
 * What the scripts of a configuration are, read without running them, as they will lie there. Null for one that is not there, and for one that quiesce
 * brings along: its text is known.
 */
export async function readScriptTexts(scripts: readonly {readonly role: Role; readonly location: string}[], fresh: readonly FreshFile[]): Promise<{readonly pre: ScriptFacts | null; readonly post: ScriptFacts | null}> {
	const read = async (role: Role): Promise<ScriptFacts | null> => {
		const location = scripts.find(script => script.role === role)?.location;
		if (location === undefined || !location.startsWith('/') || location.includes('\0')) return null;
		const written = fresh.find(({path}) => path === location);
		if (written !== undefined && written.from === null) return null;
		const facts = await readScriptFacts({role, location: written?.from ?? location, directory: '/', mounts: null});
		if (facts.file.kind !== 'file') return null;
		// Where it lies, whose it is and who may change it is the plan's own matter.
		return {...facts, location, path: location, openPlaces: [], file: {...facts.file, path: location, owner: 'root', mode: 0o700}};
	};
	const [pre, post] = await Promise.all([read('pre'), read('post')]);
	return {pre, post};
}
