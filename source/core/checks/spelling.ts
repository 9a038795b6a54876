import {settingKeys} from '../config/settings.js';
import {check} from './check.js';
import {finding, type Finding, type SettingEdit} from './finding.js';
import {usableValue} from './meant.js';
import {distance} from '../spelling-distance.js';
import {kebab, shown} from './words.js';

/** Every key that the extension reads. */
export const knownKeys = [...settingKeys, 'appName'] as const;

/** More keys than this are looked at by nobody, and for spelling neither here. */
export const mostKeys = 500;

const documentedSpellings: readonly string[] = ['PreScriptLocation', 'PreScriptParams', 'PreScriptNoOfRetries'];

/** The known key that a key was surely meant to be; null for keys of somebody else's. */
export function meantKey(key: string): string | null {
	if ((knownKeys as readonly string[]).includes(key) || key.length > 60) return null;
	const plain = (word: string): string => word.toLowerCase().replace(/[^a-z\d]/g, '');
	const same = knownKeys.find(known => plain(known) === plain(key));
	if (same !== undefined) return same;
	const near = knownKeys.filter(known => known.length > 8 && distance(plain(known), plain(key), 2) <= 2);
	// "preScript…" and "postScript…" are two apart at times: the nearest must be the only one.
	if (near.length < 2) return near[0] ?? null;
	const single = near.filter(known => distance(plain(known), plain(key), 1) <= 1);
	return single.length === 1 ? single[0]! : null;
}

function isEmpty(value: unknown): boolean {
	return value === undefined || value === '' || value === null || (Array.isArray(value) && value.every(item => item === ''));
}

/** Keys that the extension ignores although somebody meant them. */
export const spellingChecks = [
	check({
		id: 'keys-spelt-right',
		title: 'all settings are spelt as Azure reads them',
		needs: ['configuration'],
		applies: ({configuration}) => configuration.settings !== null,
		conclude({configuration: {settings, path}}) {
			const found: Finding[] = [];
			const taken = new Set<string>();
			for (const [key, value] of Object.entries(settings ?? {}).slice(0, mostKeys)) {
				const meant = meantKey(key);
				if (meant === null) continue;
				if (found.length >= 50) break;
				const there = settings?.[meant];
				const free = !taken.has(meant) && isEmpty(there);
				taken.add(meant);
				const same = JSON.stringify(there) === JSON.stringify(value);
				const usable = usableValue(meant, value);
				const edits: readonly SettingEdit[] | null = free
					? usable === undefined ? null : [
						...(there === undefined ? [] : [{change: 'remove' as const, key: meant}]),
						{change: 'rename', key, to: meant},
						...(usable === value ? [] : [{change: 'set' as const, key: meant, value: usable}]),
					]
					: same ? [{change: 'remove', key}] : null;
				const location = meant.endsWith('Location') && isEmpty(there);
				found.push(finding({
					id: `misspelt-${kebab(key)}`,
					severity: location ? 'error' : same ? 'info' : 'warning',
					...(location ? {error: there === undefined ? 'IncorrectJSONConfigFile' : meant.startsWith('pre') ? 'Pre-ScriptNotFound' : 'Post-ScriptNotFound'} : {}),
					title: `Azure ignores ${key}: it is spelt ${meant}`,
					detail: `${documentedSpellings.includes(key) ? 'The documentation spells it so, but the extension reads' : 'The extension reads'} only ${meant}, to the letter.${there === undefined ? '' : ` It takes ${shown(there)} from there.`} ${location ? 'Without a location it runs neither script.' : `The value ${shown(value)} has no effect.`}`,
					remedy: edits === null ? free ? `Write a value that Azure can use, under ${meant}.` : `Decide which of the two values is meant, and keep it under ${meant}.` : free ? `Rename the key to ${meant}.` : `Remove ${key}.`,
					note: `→ ${meant}`,
					path,
					source: location ? 'verdict' : 'configuration',
					...(edits === null ? {} : {mend: {kind: 'settings', path, edits}}),
				}));
			}

			return found;
		},
	}),
];
