import {check} from './check.js';
import type {Facts, Role, ScriptFacts} from './facts.js';
import {finding, type Finding} from './finding.js';
import {isTemporary, openPlacesFinding} from './places.js';
import {distinctScripts, list, octal, scriptErrors, scriptName} from './words.js';

const roles: readonly Role[] = ['pre', 'post'];

function consequence(facts: Facts): string {
	if (facts.check.settings.continueBackupOnFailure) return 'Azure then runs neither script, and the backup is only file-system consistent.';
	return 'Azure then runs neither script and takes no snapshot, because continueBackupOnFailure is false: the backup fails.';
}

/** One check for each script that the configuration names. */
function eachScript(words: {
	readonly id: string;
	readonly title: string;
	readonly conclude: (script: ScriptFacts, facts: Facts) => readonly Finding[];
}): ReturnType<typeof check>[] {
	return roles.map(role => check({
		id: `${scriptName(role)}-${words.id}`,
		title: `the ${scriptName(role)} ${words.title}`,
		needs: [role],
		conclude: facts => words.conclude(facts[role], facts),
	}));
}

/** The two scripts as files. */
export const scriptChecks = [
	...eachScript({
		id: 'there',
		title: 'is there',
		conclude(script, facts) {
			const {role, location, path, file} = script;
			if (file.kind === 'file') return [];
			const name = scriptName(role);
			const trimmed = location.trim();
			const empty = trimmed === '';
			const spaced = !empty && trimmed !== location && script.similar.includes(trimmed);
			const why = empty
				? `${role}ScriptLocation is empty.`
				: file.kind === 'missing'
					? `The configuration names ${JSON.stringify(location)}, and there is no such file${location.startsWith('/') ? '' : ` in the extension's directory, from which a relative path is taken${/^~|\$/.test(location) ? ' (neither ~ nor variables are replaced)' : ''}`}.`
					: `${path} is ${file.kind === 'directory' ? 'a directory' : 'not a regular file'}.`;
			const hint = script.similar.filter(other => other !== trimmed);
			return [finding({
				id: `${name}-missing`,
				severity: 'error',
				error: scriptErrors[role].missing,
				title: empty ? `No ${name} is given` : `The ${name} is missing`,
				detail: `${why} ${consequence(facts)} (${scriptErrors[role].missing}, ${role === 'pre' ? 302 : 303}.)`,
				remedy: spaced
					? 'The same path without the spaces around it is there: quiesce removes them.'
					: hint.length > 0 ? `Did you mean ${hint.slice(0, 3).join(' or ')}? Correct the path: quiesce setup` : 'Put the script there, or choose another one: quiesce setup',
				path: empty ? facts.configuration.path : path,
				note: empty ? `${role}ScriptLocation` : path,
				source: 'verdict',
				...(spaced ? {mend: {kind: 'settings', path: facts.configuration.path, edits: [{change: 'set', key: `${role}ScriptLocation`, value: trimmed}]}} : {}),
			})];
		},
	}),
	...eachScript({
		id: 'private',
		title: 'belongs to root alone',
		conclude(script, facts) {
			const {role, path, file} = script;
			if (file.kind !== 'file') return [];
			const modeBad = (file.mode & 0o077) !== 0;
			const ownerBad = file.owner !== 'root';
			if (!modeBad && !ownerBad) return [];
			const name = scriptName(role);
			const written = ownerBad || (file.mode & 0o022) !== 0;
			return [finding({
				id: `${name}-permissions`,
				severity: 'error',
				error: scriptErrors[role].permission,
				title: ownerBad ? `The ${name} does not belong to root` : `Others than root can ${(file.mode & 0o022) === 0 ? 'read or run' : 'write'} the ${name}`,
				detail: `It belongs to ${file.owner ?? 'a user without a name'} and has ${octal(file.mode)}; Azure accepts only root, with no permissions for group and others. ${consequence(facts)} (${scriptErrors[role].permission}, ${role === 'pre' ? 306 : 307}.)`,
				remedy: `${written ? 'Look first whether it still does what you wrote: others could change it. Then: ' : ''}${ownerBad ? `chown root ${path} && ` : ''}chmod 700 ${path}`,
				note: ownerBad ? `${file.owner ?? '?'} → root` : `${octal(file.mode)} → 0700`,
				path,
				source: 'verdict',
				mend: {kind: 'access', path, ...(modeBad ? {mode: 0o700} : {}), ...(ownerBad ? {owner: 'root'} : {})},
			})];
		},
	}),
	...eachScript({
		id: 'place',
		title: 'cannot be replaced by others',
		conclude: ({role, path, file, openPlaces}) => file.kind !== 'file' ? [] : openPlacesFinding({
			id: `${scriptName(role)}-directory-writable`,
			what: `the ${scriptName(role)}`,
			path,
			openPlaces,
		}),
	}),
	...eachScript({
		id: 'path',
		title: 'has a lasting path',
		conclude({role, location, path, file}) {
			if (file.kind !== 'file') return [];
			const name = scriptName(role);
			if (!location.startsWith('/')) {
				return [finding({
					id: `${name}-relative`,
					severity: 'warning',
					title: `The path of the ${name} is relative`,
					detail: `It is taken from the extension's own directory, whose name contains the extension's version: after its next update the script is not found any more (${scriptErrors[role].missing}).`,
					remedy: 'Move the script to /etc/azure, and give its absolute path: quiesce setup',
					note: location,
					path,
					source: 'configuration',
				})];
			}

			return !isTemporary(path) ? [] : [finding({
				id: `${name}-temporary`,
				severity: 'warning',
				title: `The ${name} lies in a directory for temporary files`,
				detail: `Such directories are emptied at a boot or by a cleaner; after that Azure does not find it any more (${scriptErrors[role].missing}).`,
				remedy: 'Move it to /etc/azure, and choose it there: quiesce setup',
				note: path,
				path,
				source: 'machine',
			})];
		},
	}),
	check({
		id: 'scripts-differ',
		title: 'the two scripts differ',
		needs: ['pre', 'post', 'configuration'],
		conclude({pre, post, configuration: {settings}}) {
			if (pre.file.kind !== 'file' || pre.path !== post.path) return [];
			if (JSON.stringify(settings?.['preScriptParams'] ?? []) !== JSON.stringify(settings?.['postScriptParams'] ?? [])) return [];
			return [finding({
				id: 'scripts-same',
				severity: 'warning',
				title: 'The same script runs before and after the snapshot',
				detail: 'With the same parameters it cannot know whether to hold the application or to let it go.',
				remedy: 'Give each its own script, or parameters that tell the two runs apart.',
				note: pre.path,
				path: pre.path,
				source: 'configuration',
			})];
		},
	}),
	check({
		id: 'scripts-filesystem',
		title: 'the scripts lie on no filesystem that is frozen',
		needs: ['filesystems'],
		applies: facts => facts.check.settings.fsFreezeEnabled,
		conclude({filesystems, ...facts}) {
			const frozen = new Set(filesystems.filter(({azure}) => azure === 'freezes').map(({mount}) => mount));
			const scripts = distinctScripts(facts).filter(({file, mount}) => file.kind === 'file' && mount !== null && frozen.has(mount));
			const mounts = [...new Set(scripts.map(({mount}) => mount!))];
			return mounts.length === 0 ? [] : [finding({
				id: 'scripts-on-frozen-filesystem',
				severity: 'info',
				title: `The scripts lie on ${list(mounts)}, which will be frozen`,
				detail: 'That is fine for the scripts themselves: the pre-script has ended before the freeze, and the post-script starts after the thaw. But what the pre-script leaves running (a database session, for example) waits as soon as it writes a file there, until the thaw.',
				remedy: 'Nothing needs to be done where nothing is left running, or where that writes nothing.',
				source: 'filesystems',
			})];
		},
	}),
];
