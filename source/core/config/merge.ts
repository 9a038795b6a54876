import type {SettingEdit} from '../checks/finding.js';
import {shown} from '../checks/words.js';
import {editSettings, writeSettings} from '../settings-text.js';
import {checkAnswer, valueProblem} from './answers.js';
import {meantValue} from './convert.js';
import type {PlanWarning} from './plan.js';
import type {Configuration} from './read.js';
import {type AnswerProblem, settingDefaults, type SettingKey, settingKeys} from './settings.js';

export type Merged = {
	readonly text: string;
	/** As the text has them; null for a key that no acceptable value could be found for. */
	readonly settings: Readonly<Record<SettingKey, unknown>>;
	readonly problems: readonly AnswerProblem[];
	readonly warnings: readonly PlanWarning[];
};

/**
 * Puts answers into a configuration: what is answered as answered, what is not as it is there, else the default. What quiesce does not know stays as it
 * is written. A present value that the extension would stumble over is mended where its meaning is plain, and a problem where it is not.
 * `present`: the base is what is in force now, not a template. The answers must be valid (validateAnswers).
 */
export function mergeConfiguration(base: Configuration, answers: Readonly<Record<string, unknown>>, present: boolean): Merged {
	const problems: AnswerProblem[] = [];
	const warnings: PlanWarning[] = [];
	const edits: SettingEdit[] = [];
	const settings: Record<string, unknown> = {};
	const there: Record<string, unknown> = {...base.settings};
	const warn = (key: string, message: string): void => {
		warnings.push({key, message});
	};

	if (base.repaired !== null) warn('', `The ${present ? 'present configuration' : 'template'} could not be read by Azure. ${base.repaired} Its settings can be made out, and are written anew.`);
	for (const key of base.duplicates) warn(key, `${key} stands there more than once with different values. Azure takes the last one, and so does quiesce.`);
	for (const {key, meant} of base.misspelt) {
		if (isEmpty(there[meant]) && !Object.hasOwn(answers, meant)) {
			if (Object.hasOwn(there, meant)) edits.push({change: 'remove', key: meant});
			edits.push({change: 'rename', key, to: meant});
			there[meant] = there[key];
			delete there[key];
			warn(meant, `Azure ignores ${key}: it is renamed to ${meant}.`);
		} else {
			warn(key, `Azure ignores ${key}; the setting is spelt ${meant}, and has a value of its own. ${key} stays as it is.`);
		}
	}

	for (const key of settingKeys) {
		const value = valueFor(key, {answers, there, present, problems, warn});
		settings[key] = value ?? null;
		if (value !== undefined && (!Object.hasOwn(there, key) || JSON.stringify(there[key]) !== JSON.stringify(value))) edits.push({change: 'set', key, value});
	}

	const text = editSettings(base.text, edits) ?? writeSettings({...there, ...settings});
	return {text, settings: settings as Merged['settings'], problems, warnings};
}

type Surroundings = {
	readonly answers: Readonly<Record<string, unknown>>;
	readonly there: Readonly<Record<string, unknown>>;
	readonly present: boolean;
	readonly problems: AnswerProblem[];
	readonly warn: (key: string, message: string) => void;
};

/** The value that a key is to have; undefined where it is not to be written. */
function valueFor(key: SettingKey, {answers, there, present, problems, warn}: Surroundings): unknown {
	if (Object.hasOwn(answers, key)) return answers[key];
	const standard = key === 'preScriptLocation' || key === 'postScriptLocation' ? undefined : settingDefaults[key];
	const optional = key === 'ScriptsExecutionPollTimeSeconds';
	if (!Object.hasOwn(there, key)) {
		if (standard === undefined) {
			problems.push({key, value: undefined, expected: 'an absolute path', message: `The ${role(key)} is not chosen yet: ${key} is missing. Expected: its absolute path.`});
		} else if (present && !optional) {
			warn(key, `${key} was not set${key === 'timeoutInSeconds' ? ', for which Azure takes 10 s' : ''}; ${shown(standard)} is written.`);
		}

		return optional ? undefined : standard;
	}

	const value = there[key];
	// The places to fill of the published template.
	if (!present && Array.isArray(value) && value.every(item => item === '')) return standard;
	if (standard === undefined && value === '') {
		problems.push({key, value, expected: 'an absolute path', message: `The ${role(key)} is not chosen yet: ${key} is empty. Expected: its absolute path.`});
		return undefined;
	}

	if (checkAnswer(key, value) === null) return value;
	const whose = present ? 'present configuration' : 'template';
	const meant = meantValue(key, value);
	if (meant === undefined || checkAnswer(key, meant) !== null) {
		const {expected} = checkAnswer(key, value)!;
		problems.push({...valueProblem(key, value, expected), message: `In the ${whose} ${valueProblem(key, value, expected).message} Give an answer for it.`});
		return undefined;
	}

	warn(key, `In the ${whose} ${key} is ${shown(value)}; it is written as ${shown(meant)}.`);
	return meant;
}

function role(key: string): string {
	return key.startsWith('pre') ? 'pre-script' : 'post-script';
}

function isEmpty(value: unknown): boolean {
	return value === undefined || value === '' || value === null || (Array.isArray(value) && value.every(item => item === ''));
}
