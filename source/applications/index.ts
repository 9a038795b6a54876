import type {Application} from './application.js';
import {mariadb} from './mariadb.js';
import {postgresql} from './postgresql.js';
import {redis} from './redis.js';
import {service} from './service.js';
import {sqlite} from './sqlite.js';

export type {Application, ApplicationScripts, ApplicationSettings, Detected, ScriptFile, Setting, SettingProblem} from './application.js';
export {checkSetting, checkSettings, readSettingsFile} from './settings.js';
export {memberName, scriptsOfSeveral, severalDirectory, type Member} from './several.js';

/** All that quiesce brings scripts for, in the order in which the wizard offers them. */
export const applications: readonly Application[] = [postgresql, mariadb, redis, sqlite, service];

/** The application of that name (`mysql` is served by `mariadb`); undefined where there is none. */
export function findApplication(name: string): Application | undefined {
	const known = name === 'mysql' ? 'mariadb' : name;
	return applications.find(application => application.name === known);
}
