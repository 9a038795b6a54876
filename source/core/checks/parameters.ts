import {Buffer} from 'node:buffer';
import {check} from './check.js';
import type {Facts} from './facts.js';
import {finding, type Finding} from './finding.js';
import {looksSecret} from './secrets.js';
import {setSetting} from './settings.js';
import {kebab, list, shown} from './words.js';

const keys = ['preScriptParams', 'postScriptParams'] as const;

function hasSettings({configuration}: Facts): boolean {
	return configuration.settings !== null;
}

/** What the scripts are given. */
export const parameterChecks = [
	check({
		id: 'parameters-lists',
		title: 'the scripts receive their parameters as written',
		needs: ['configuration'],
		applies: hasSettings,
		conclude(facts) {
			const {settings, path} = facts.configuration;
			const found: Finding[] = [];
			for (const key of keys) {
				const value = settings?.[key];
				const pre = key.startsWith('pre');
				const role = pre ? 'pre' : 'post';
				const common = {path, source: 'configuration'} as const;
				const dies = {
					...common,
					severity: 'error',
					error: pre ? 'FailedPrepostPluginhostPreTimeout' : 'FailedPrepostPluginhostPostTimeout',
					source: 'verdict',
				} as const;
				const dying = `Azure's extension stops at it before the ${role}-script starts, and its host waits for up to half an hour before it goes on without a result (error ${pre ? 310 : 311}).`;
				if (value === undefined) continue;
				const before = found.length;
				const name = settings?.['pluginName'];
				const nameUsable = name === undefined || typeof name === 'string';
				if (value === null || typeof value === 'number' || typeof value === 'boolean') {
					found.push(finding({
						...dies,
						id: `${kebab(key)}-no-list`,
						title: `${key} is ${shown(value)}, not a list`,
						detail: dying,
						remedy: `Write a list of texts: ${value === null ? '[]' : `[${JSON.stringify(String(value))}]`}.`,
						...setSetting(facts, key, value === null ? [] : [String(value)]),
					}));
				} else if (typeof value === 'string') {
					found.push(finding({
						...common,
						severity: value === '' ? 'info' : 'warning',
						id: `${kebab(key)}-text`,
						title: `${key} is a text, not a list`,
						detail: value === '' ? 'An empty text passes no parameters, like an empty list.' : `Azure's extension takes it apart: the script receives ${[...value].length} parameters of one character each.`,
						remedy: 'Write a list of texts, one for each parameter.',
						...(value === '' ? setSetting(facts, key, []) : /[\s\0]/.test(value) || !value.isWellFormed() ? {note: shown(value)} : setSetting(facts, key, [value])),
					}));
				} else if (!Array.isArray(value)) {
					found.push(finding({
						...common,
						severity: 'warning',
						id: `${kebab(key)}-object`,
						title: `${key} is an object, not a list`,
						detail: `The script receives the object's keys as parameters (${list(Object.keys(value).map(shown), 4)}), not their values.`,
						remedy: 'Write a list of texts, one for each parameter.',
					}));
				} else {
					const items = value as readonly unknown[];
					const nul = items.find(item => typeof item === 'string' && item.includes('\0'));
					const long = items.findIndex(item => typeof item === 'string' && Buffer.byteLength(item) >= 131_072);
					const odd = items.filter(item => item === null || typeof item === 'boolean' || typeof item === 'object');
					if (nul !== undefined || long !== -1) {
						found.push(finding({
							...dies,
							id: `${kebab(key)}-not-passable`,
							title: `A parameter of the ${role}-script cannot be passed`,
							detail: `${nul === undefined ? `Parameter ${long + 1} has more than 128 kB, the most that Linux passes in one` : 'It contains a NUL character, which no program can receive'}. ${dying}`,
							remedy: 'Put long or binary values into a file, and pass its path.',
						}));
					} else if (odd.length > 0) {
						found.push(finding({
							...common,
							severity: 'warning',
							id: `${kebab(key)}-odd-items`,
							title: `A parameter of the ${role}-script arrives in another spelling`,
							detail: `The extension writes ${list(odd.map(shown), 4)} as Python does: true becomes True, null becomes None, and objects become Python's notation.`,
							remedy: 'Write each parameter as a text, in quotes, just as the script is to receive it.',
						}));
					}

					if (items.length > 0 && items.length < 50 && items.every(item => item === '')) {
						found.push(finding({
							...common,
							severity: 'info',
							id: `${kebab(key)}-template`,
							title: `The ${role}-script receives ${items.length === 1 ? 'an empty parameter' : `${items.length} empty parameters`}`,
							detail: 'The published template has ["", ""] here. A script that counts its parameters, or takes the first one for a name, is misled by them.',
							remedy: 'Write an empty list: [].',
							...setSetting(facts, key, []),
						}));
					}
				}

				// What is wrong with it shows only when it is put together: half characters, a text with a NUL, too much of everything.
				const plan = facts.check.settings[role];
				if (plan?.parameters === null && plan.locationUsable && nameUsable && !found.slice(before).some(({severity}) => severity === 'error')) {
					found.push(finding({
						...dies,
						id: `${kebab(key)}-not-passable`,
						title: `The parameters of the ${role}-script cannot be passed`,
						detail: `They contain a character that no program can receive, or are more than Linux passes in all (2 MB). ${dying}`,
						remedy: 'Put long or binary values into a file, and pass its path.',
					}));
				}
			}

			return found;
		},
	}),
	check({
		id: 'parameters-no-secrets',
		title: 'no secrets among the parameters',
		needs: ['configuration'],
		applies: hasSettings,
		conclude({configuration: {settings, path}}) {
			return keys.flatMap(key => {
				const value = settings?.[key];
				if (!Array.isArray(value)) return [];
				const items = (value as readonly unknown[]).map(item => typeof item === 'string' ? item.slice(0, 10_000) : '');
				const at = items.findIndex((item, index) => looksSecret(item, items[index - 1]));
				return at === -1 ? [] : [finding({
					id: `${kebab(key)}-secret`,
					severity: 'warning',
					title: `Parameter ${at + 1} of the ${key.startsWith('pre') ? 'pre' : 'post'}-script looks like a secret`,
					detail: 'While the script runs, every user of this VM can read its parameters in the list of processes.',
					remedy: 'Keep it in a file that only root can read (the database\'s own option file, for example), and let the script read it there.',
					note: key,
					path,
					source: 'configuration',
				})];
			});
		},
	}),
];
