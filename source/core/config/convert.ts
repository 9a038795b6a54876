import {meantNumber, meantTruth} from '../checks/meant.js';
import {settingDefaults, settingRanges, type SettingKey} from './settings.js';

/** What a value in a file was surely meant to be, or comes to in the extension anyway; undefined where that would be a guess. */
export function meantValue(key: SettingKey, value: unknown): unknown {
	switch (key) {
		case 'pluginName':
			// Only logs show it, and anything but text stops the extension.
			return settingDefaults.pluginName;
		case 'preScriptLocation':
		case 'postScriptLocation':
			return undefined;
		case 'preScriptParams':
		case 'postScriptParams':
			return meantParameters(value);
		case 'continueBackupOnFailure':
			return value === null ? true : value === 0 || value === 1 ? value === 1 : meantTruth(value) ?? undefined;
		case 'fsFreezeEnabled':
			return value === null ? false : value === 0 || value === 1 ? value === 1 : meantTruth(value) ?? undefined;
		case 'preScriptNoOfRetries':
		case 'postScriptNoOfRetries':
		case 'timeoutInSeconds':
		case 'ScriptsExecutionPollTimeSeconds':
			return meantCount(key, value);
	}
}

function meantCount(key: 'preScriptNoOfRetries' | 'postScriptNoOfRetries' | 'timeoutInSeconds' | 'ScriptsExecutionPollTimeSeconds', value: unknown): number | undefined {
	if (value === null) return settingDefaults[key];
	const number = typeof value === 'number' ? value : meantNumber(value);
	if (number === null || Number.isNaN(number)) return undefined;
	const {least, most} = settingRanges[key];
	switch (key) {
		case 'timeoutInSeconds':
			// Without end, it is the plugin host that ends the wait. Zero is a race, and nobody's wish.
			return number > 0 ? Math.min(most, Math.ceil(number)) : undefined;
		case 'ScriptsExecutionPollTimeSeconds':
			// What the extension does not accept it ignores.
			return Math.trunc(number) >= least && Math.trunc(number) <= most ? Math.trunc(number) : settingDefaults[key];
		case 'preScriptNoOfRetries':
		case 'postScriptNoOfRetries':
			return Math.min(most, Math.max(least, Math.ceil(number)));
	}
}

function meantParameters(value: unknown): readonly string[] | undefined {
	if (value === null || value === '') return [];
	if (typeof value === 'string') return /\s/.test(value) ? undefined : [value];
	if (!Array.isArray(value)) return undefined;
	const texts = (value as readonly unknown[]).map(item => {
		if (typeof item === 'string') return item;
		// As Python writes them, so that the script receives what it received before.
		if (Number.isSafeInteger(item)) return String(item);
		return item === true ? 'True' : item === false ? 'False' : null;
	});
	return texts.every(text => text !== null) ? texts : undefined;
}
