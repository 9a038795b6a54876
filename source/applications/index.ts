import type {Application} from './application.js';
import {postgresql} from './postgresql.js';

export type {Application, ApplicationScripts, ApplicationSettings, Detected, ScriptFile, Setting, SettingProblem} from './application.js';
export {checkSetting, checkSettings} from './settings.js';

/** All that quiesce brings scripts for, in the order in which the wizard offers them. */
export const applications: readonly Application[] = [postgresql];

/** The application of that name; undefined where there is none. */
export function findApplication(name: string): Application | undefined {
	return applications.find(application => application.name === name);
}
