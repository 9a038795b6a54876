import {check} from './check.js';
import {finding, type Finding} from './finding.js';
import type {Facts} from './facts.js';
import {meantNumber, meantTruth} from './meant.js';
import {meantKey, mostKeys} from './spelling.js';
import {kebab, list, shown} from './words.js';

/** How Python reads a JSON value where a truth value is wanted. */
function truthy(value: unknown): boolean {
	if (Array.isArray(value)) return value.length > 0;
	if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
	return Boolean(value) || Number.isNaN(value);
}

function set(facts: Facts, key: string, value: unknown): {readonly mend: NonNullable<Finding['mend']>; readonly note: string} {
	return {
		mend: {kind: 'settings', path: facts.configuration.path, edits: [{change: 'set', key, value}]},
		note: `${shown(facts.configuration.settings?.[key])} → ${shown(value)}`,
	};
}

function hasSettings({configuration}: Facts): boolean {
	return configuration.settings !== null;
}

const optionalDefaults = {
	preScriptParams: [],
	postScriptParams: [],
	preScriptNoOfRetries: 0,
	postScriptNoOfRetries: 0,
	timeoutInSeconds: 10,
	continueBackupOnFailure: true,
	fsFreezeEnabled: true,
} as const;

/** Values of types that the extension takes for something else. Parameters and times have files of their own. */
export const settingChecks = [
	check({
		id: 'locations-given',
		title: 'both scripts are named',
		needs: ['configuration'],
		applies: hasSettings,
		conclude({configuration: {settings, path}}) {
			const found: Finding[] = [];
			for (const key of ['preScriptLocation', 'postScriptLocation']) {
				const value = settings?.[key];
				const spelling = Object.keys(settings ?? {}).some(other => other !== key && other.toLowerCase() === key.toLowerCase());
				if (value === undefined && !spelling) {
					found.push(finding({
						id: `${kebab(key)}-not-given`,
						severity: 'error',
						error: 'IncorrectJSONConfigFile',
						title: `The configuration does not name the ${key.startsWith('pre') ? 'pre' : 'post'}-script`,
						detail: `${key} is required. Without it Azure reports an invalid configuration, runs neither script, and the backup is only file-system consistent. (IncorrectJSONConfigFile, 305.)`,
						remedy: 'Choose the scripts: quiesce setup',
						note: key,
						path,
						source: 'verdict',
					}));
				} else if (value !== undefined && typeof value !== 'string') {
					found.push(finding({
						id: `${kebab(key)}-no-text`,
						severity: 'error',
						error: 'IncorrectPluginhostFile',
						title: `${key} is not a path`,
						detail: `It is ${shown(value)}, and Azure's extension stops at it with an error that it reports as a broken plugin host file. Neither script runs. (IncorrectPluginhostFile, 304.)`,
						remedy: 'Give the absolute path of the script as text: quiesce setup',
						note: shown(value),
						path,
						source: 'verdict',
					}));
				}
			}

			return found;
		},
	}),
	check({
		id: 'plugin-name-text',
		title: 'pluginName is text',
		needs: ['configuration'],
		applies: hasSettings,
		conclude(facts) {
			const {settings, path} = facts.configuration;
			const value = settings?.['pluginName'];
			if (value === undefined || typeof value === 'string') return [];
			const common = {severity: 'error', path, source: 'verdict', remedy: 'Write "pluginName": "ScriptRunner".', ...set(facts, 'pluginName', 'ScriptRunner')} as const;
			return [
				finding({
					...common,
					id: 'plugin-name-no-text',
					error: 'FailedPrepostPluginhostPreTimeout',
					title: 'pluginName is not text',
					detail: `Azure's extension puts it into log lines and stops at ${shown(value)} before it has started the pre-script; its host then waits for up to half an hour. (Error 310.)`,
				}),
				finding({
					...common,
					id: 'plugin-name-no-text-post',
					error: 'FailedPrepostPluginhostPostTimeout',
					title: 'pluginName keeps the post-script from starting as well',
					detail: `Azure's extension stops at ${shown(value)} there too, and its host waits once more for up to half an hour. (Error 311.)`,
				}),
			];
		},
	}),
	check({
		id: 'continue-truth-value',
		title: 'continueBackupOnFailure is true or false',
		needs: ['configuration'],
		applies: hasSettings,
		conclude(facts) {
			const {settings, path} = facts.configuration;
			const value = settings?.['continueBackupOnFailure'];
			const {settingsKnown, settings: {continueThrows, continueBackupOnFailure, continueAfterFailure}} = facts.check;
			// 1.0 is not 1 to the extension, and looks like it here.
			if (value === undefined || typeof value === 'boolean' || ((value === 0 || value === 1) && !(settingsKnown && continueThrows))) return [];
			const throws = typeof value !== 'number' || (settingsKnown && continueThrows);
			const meant = value === null ? true : typeof value === 'number' ? value !== 0 : meantTruth(value);
			if (!throws && settingsKnown && continueBackupOnFailure === continueAfterFailure) return [];
			return [finding({
				id: 'continue-type',
				severity: 'warning',
				title: `continueBackupOnFailure is ${typeof value === 'string' ? 'text' : shown(value)}, not true or false`,
				detail: throws
					? 'As long as both scripts succeed it does not matter. When one fails, Azure\'s extension stops with an exception: no snapshot is reported as good, and after a failed pre-script the post-script does not run, so the application stays held.'
					: 'Of a whole number the last bit counts when a script has failed: Azure\'s extension takes an even one for false.',
				remedy: 'Write true or false, without quotes.',
				path,
				source: 'configuration',
				...(meant === null ? {note: shown(value)} : set(facts, 'continueBackupOnFailure', meant)),
			})];
		},
	}),
	check({
		id: 'freeze-truth-value',
		title: 'fsFreezeEnabled is true or false',
		needs: ['configuration'],
		applies: hasSettings,
		conclude(facts) {
			const {settings, path} = facts.configuration;
			const value = settings?.['fsFreezeEnabled'];
			if (value === undefined || typeof value === 'boolean' || value === 0 || value === 1) return [];
			const meant = meantTruth(value);
			const now = truthy(value);
			return [finding({
				id: 'freeze-type',
				severity: 'warning',
				title: `fsFreezeEnabled is ${typeof value === 'string' ? 'text' : shown(value)}, not true or false`,
				detail: `Azure's extension takes ${shown(value)} for ${now ? 'true: filesystems are frozen' : 'false: nothing is frozen'}${meant !== null && meant !== now ? ', which is the opposite of what it says' : ''}.`,
				remedy: 'Write true or false, without quotes.',
				path,
				source: 'configuration',
				...(meant === null ? {note: shown(value)} : set(facts, 'fsFreezeEnabled', meant)),
			})];
		},
	}),
	check({
		id: 'freeze-on',
		title: 'filesystems are frozen for the snapshot',
		needs: ['check'],
		applies: facts => facts.configuration.settings !== null && facts.check.settingsKnown,
		conclude({check: {settings}, configuration}) {
			if (settings.fsFreezeEnabled) return [];
			const harder = settings.freezeOffFailsHard && settings.continueBackupOnFailure;
			return [finding({
				id: 'freeze-off',
				severity: 'info',
				title: 'Freezing is switched off',
				detail: `The scripts alone make the snapshot consistent: nothing is flushed for programs that they do not hold.${harder ? ' And with freezing off a failed script always fails the whole backup, although continueBackupOnFailure is true.' : ''}`,
				remedy: 'Unless freezing harms something on this VM, set fsFreezeEnabled to true.',
				path: configuration.path,
				source: 'configuration',
			})];
		},
	}),
	check({
		id: 'settings-complete',
		title: 'all settings are written down',
		needs: ['configuration'],
		applies: hasSettings,
		conclude({configuration: {settings, path}}) {
			const given = new Set(Object.keys(settings ?? {}).flatMap((key, index) => index < mostKeys ? [key, meantKey(key) ?? key] : [key]));
			const missing = Object.entries(optionalDefaults).filter(([key]) => !given.has(key));
			if (missing.length === 0) return [];
			const timeout = missing.some(([key]) => key === 'timeoutInSeconds');
			return [finding({
				id: 'settings-missing',
				severity: 'info',
				title: `${list(missing.map(([key]) => key))} ${missing.length === 1 ? 'is' : 'are'} not set`,
				detail: `Azure's extension then uses ${list(missing.map(([key, value]) => `${key} ${shown(value)}`), 9)}.${timeout ? ' The time limit in the documentation is 30 s; without the setting it is 10 s.' : ''}`,
				remedy: 'Write them down, so that everybody sees what holds; quiesce adds the values that are in force now.',
				path,
				source: 'configuration',
				mend: {kind: 'settings', path, edits: missing.map(([key, value]) => ({change: 'set', key, value}))},
			})];
		},
	}),
	check({
		id: 'settings-no-numbers-as-text',
		title: 'retries are numbers',
		needs: ['configuration'],
		applies: hasSettings,
		conclude(facts) {
			const {settings, path} = facts.configuration;
			const found: Finding[] = [];
			for (const key of ['preScriptNoOfRetries', 'postScriptNoOfRetries']) {
				const value = settings?.[key];
				if (value === undefined || typeof value === 'boolean' || (typeof value === 'number' && value < 1e8)) continue;
				const meant = value === null || typeof value === 'number' ? 0 : meantNumber(value);
				found.push(finding({
					id: `${kebab(key)}-type`,
					severity: 'warning',
					title: typeof value === 'number' ? `${key} is ${shown(value)}` : `${key} is not a number`,
					detail: `As long as the script succeeds it does not matter. When it fails, Azure's extension ${typeof value === 'number' ? 'counts on and on' : `stops at ${shown(value)}`}, and its host waits for up to half an hour before it goes on without a result (error ${key.startsWith('pre') ? 310 : 311}).`,
					remedy: 'Write a number, without quotes.',
					path,
					source: 'configuration',
					...(meant === null ? {note: shown(value)} : set(facts, key, meant)),
				}));
			}

			return found;
		},
	}),
];

export {set as setSetting};
