import {pythonInteger} from '../extension/ini.js';
import {check} from './check.js';
import type {Facts} from './facts.js';
import {finding, type Finding} from './finding.js';
import {meantNumber} from './meant.js';
import {setSetting} from './settings.js';
import {shown} from './words.js';

function hasSettings({configuration}: Facts): boolean {
	return configuration.settings !== null;
}

/** How long the scripts may run, how often the extension looks, and what it does about failures. */
export const timingChecks = [
	check({
		id: 'time-limit-number',
		title: 'the time limit is a number',
		needs: ['configuration'],
		applies: hasSettings,
		conclude(facts) {
			const {settings, path} = facts.configuration;
			const value = settings?.['timeoutInSeconds'];
			if (value === undefined) return [];
			if (value === true || (typeof value === 'number' && !Number.isNaN(value))) {
				if (value !== true && value > 0) return [];
				return [finding({
					id: 'timeout-too-small',
					severity: 'warning',
					title: value === true ? 'timeoutInSeconds is true, which counts as 1 second' : `timeoutInSeconds is ${shown(value)}`,
					detail: value === true
						? 'A script that takes longer than that is given up (Pre-ScriptTimeout, 308).'
						: 'A script that is still running when Azure looks for the first time is given up at once (Pre-ScriptTimeout, 308). Whether that happens is a matter of chance.',
					remedy: 'Write the seconds that the slower script needs, with room to spare: 30, for example.',
					path,
					source: 'configuration',
					note: shown(value),
				})];
			}

			if (typeof value === 'number') {
				return [finding({
					id: 'timeout-no-limit',
					severity: 'warning',
					title: 'timeoutInSeconds is NaN, so only the plugin host ends the wait',
					detail: 'A script that hangs holds the application until the plugin host gives up, after half an hour (error 310).',
					remedy: 'Write a number of seconds: 30, for example.',
					path,
					source: 'configuration',
					...setSetting(facts, 'timeoutInSeconds', 30),
				})];
			}

			const meant = value === false ? null : meantNumber(value);
			if (value === false) {
				return [finding({
					id: 'timeout-too-small',
					severity: 'warning',
					title: 'timeoutInSeconds is false, which counts as 0 seconds',
					detail: 'A script that is still running when Azure looks for the first time is given up at once (Pre-ScriptTimeout, 308).',
					remedy: 'Write the seconds that the slower script needs, with room to spare: 30, for example.',
					path,
					source: 'configuration',
					...setSetting(facts, 'timeoutInSeconds', 30),
				})];
			}

			return [finding({
				id: 'timeout-type',
				severity: 'error',
				error: 'IncorrectPluginhostFile',
				title: `timeoutInSeconds is ${typeof value === 'string' ? 'text' : shown(value)}, not a number`,
				detail: `Azure's extension stops at ${shown(value)} with an error that it reports as a broken plugin host file. Neither script runs. (IncorrectPluginhostFile, 304.)`,
				remedy: 'Write a number of seconds, without quotes.',
				path,
				source: 'verdict',
				...(meant === null && value !== null ? {note: shown(value)} : setSetting(facts, 'timeoutInSeconds', meant ?? 30)),
			})];
		},
	}),
	check({
		id: 'time-limit-as-written',
		title: 'the time limit holds as written',
		needs: ['check'],
		applies: facts => hasSettings(facts) && facts.check.settingsKnown,
		conclude({check: {settings}, configuration: {settings: written, path}}) {
			const value = written?.['timeoutInSeconds'];
			if (typeof value !== 'number' || !(value > 0)) return [];
			const {hostTimeoutSeconds, pollSeconds, limitMs} = settings;
			if (value > hostTimeoutSeconds) {
				return [finding({
					id: 'timeout-capped',
					severity: 'warning',
					title: `The time limit is ${hostTimeoutSeconds} s, not ${shown(value)} s`,
					detail: `The plugin host allows no script more than ${hostTimeoutSeconds} s, whatever timeoutInSeconds says.`,
					remedy: `Make the scripts faster, and write what holds: ${hostTimeoutSeconds}.`,
					path,
					source: 'configuration',
					note: `${shown(value)} s → ${hostTimeoutSeconds} s`,
				})];
			}

			if (!Number.isFinite(limitMs) || Math.round(limitMs) === Math.round(value * 1000)) return [];
			return [finding({
				id: 'timeout-rounded',
				severity: 'info',
				title: `The time limit is ${limitMs / 1000} s, not ${shown(value)} s`,
				detail: `Azure's extension looks after a script every ${pollSeconds} s, so its time limit comes to the next whole multiple of that.`,
				remedy: 'Nothing needs to be done; reckon with the longer time.',
				path,
				source: 'configuration',
				note: `${shown(value)} s → ${limitMs / 1000} s`,
			})];
		},
	}),
	check({
		id: 'polling',
		title: 'the polling time is one that Azure accepts',
		needs: ['configuration'],
		applies: hasSettings,
		conclude(facts) {
			const {settings, path} = facts.configuration;
			const key = 'ScriptsExecutionPollTimeSeconds';
			const value = settings?.[key];
			if (value === undefined) return [];
			const number = typeof value === 'boolean' ? Number(value) : typeof value === 'number' ? value : typeof value === 'string' ? pythonInteger(value) : null;
			// A whole number beyond all bounds looks infinite here, and to the extension is only too large.
			if ((number === null || !Number.isFinite(number)) && !facts.check.settingsKnown) {
				// An infinite number is no ValueError to Python, but an OverflowError.
				const none = value === null || typeof value === 'object' || number === Number.POSITIVE_INFINITY || number === Number.NEGATIVE_INFINITY;
				return [finding({
					id: 'poll-type',
					severity: 'error',
					error: none ? 'IncorrectPluginhostFile' : 'IncorrectJSONConfigFile',
					title: `${key} is no whole number`,
					detail: `Azure's extension stops at ${shown(value)} and runs neither script. (Error ${none ? 304 : 305}.)`,
					remedy: 'Write a whole number from 1 to 5, without quotes; 3 is what holds without the setting.',
					path,
					source: 'verdict',
					...setSetting(facts, key, 3),
				})];
			}

			if (number !== null && Math.trunc(number) >= 1 && Math.trunc(number) <= 5) return [];
			return [finding({
				id: 'poll-ignored',
				severity: 'info',
				title: `${key} ${shown(value)} is ignored; 3 s holds`,
				detail: 'Azure\'s extension accepts only 1 to 5 seconds.',
				remedy: 'Write a whole number from 1 to 5, or remove the setting.',
				path,
				source: 'configuration',
				...setSetting(facts, key, 3),
			})];
		},
	}),
	check({
		id: 'retries-happen',
		title: 'no retries are counted on',
		needs: ['configuration'],
		applies: hasSettings,
		conclude({configuration: {settings, path}}) {
			const asked = ['preScriptNoOfRetries', 'postScriptNoOfRetries'].filter(key => {
				const value = settings?.[key];
				return (typeof value === 'number' && value > 0) || (typeof value === 'string' && (meantNumber(value) ?? 0) > 0);
			});
			if (asked.length === 0) return [];
			const found: readonly Finding[] = [finding({
				id: 'retries-ignored',
				severity: 'warning',
				title: 'Retries will not happen',
				detail: 'Azure\'s extension counts retries, but never runs a script again: the first failure decides. A live cycle of quiesce does retry, as the documentation promises.',
				remedy: 'Let the script itself try again where that can help, within the time limit.',
				note: asked.map(key => `${key} ${shown(settings?.[key])}`).join(', '),
				path,
				source: 'configuration',
			})];
			return found;
		},
	}),
];

