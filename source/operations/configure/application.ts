import {Buffer} from 'node:buffer';
import {join} from 'node:path';
import {applications, checkSettings, findApplication, readSettingsFile, type Application, type ApplicationSettings, type Detected} from '../../applications/index.js';
import {list} from '../../core/checks/words.js';
import {valueProblem} from '../../core/config/answers.js';
import type {PlanWarning} from '../../core/config/plan.js';
import type {AnswerProblem} from '../../core/config/settings.js';
import {lookAt} from '../../system/file-look.js';
import type {FreshFile} from './scripts.js';

export type Answers = Readonly<Record<string, unknown>>;

export type Brought = {
	/** The configuration's own keys. */
	readonly answers: Answers;
	readonly files: readonly FreshFile[];
	readonly problems: readonly AnswerProblem[];
	readonly warnings: readonly PlanWarning[];
};

/** Puts an application's files and locations in the place of the `application` in the answers. What its settings do not say is as it was set up before, else as it was found running, else the default. */
export async function bringApplication(answers: Answers, directory: string): Promise<Brought> {
	const {application: name, applicationSettings, ...rest} = answers;
	const none: Brought = {answers: rest, files: [], problems: [], warnings: []};
	if (typeof name !== 'string') return none;
	const application = findApplication(name);
	if (application === undefined) return {...none, problems: [valueProblem('application', name, `one of ${applications.map(known => known.name).join(', ')}`)]};

	const given = checkSettings(application, applicationSettings ?? {});
	// What is required may be known without being said.
	const wrong = given.problems.filter(({key}) => Object.hasOwn(applicationSettings ?? {}, key));
	if (wrong.length > 0) return {...none, problems: wrong.map(settingProblem)};
	const present = presentSettings(application, directory);
	const said = {...present, ...given.settings};
	const found = await detected(application, said);
	if (found.problem !== null) return {...none, problems: [found.problem]};
	const {settings, problems} = checkSettings(application, {...found.settings, ...said});
	if (problems.length > 0) return {...none, problems: problems.map(settingProblem)};

	const {files, pre, post, preParameters, postParameters} = application.scripts(settings);
	return {
		answers: {preScriptParams: preParameters, postScriptParams: postParameters, ...rest, preScriptLocation: join(directory, pre), postScriptLocation: join(directory, post)},
		files: files.map(file => ({path: join(directory, file.name), bytes: Buffer.from(file.content), mode: file.mode, keepExisting: saysSame(application, file.name, file.content, directory), from: null})),
		problems: [],
		warnings: found.warnings,
	};
}

function settingProblem({key, value, expected, message}: AnswerProblem): AnswerProblem {
	return {key: `applicationSettings.${key}`, value, expected, message};
}

/** What the settings file of an earlier set-up says. */
function presentSettings(application: Application, directory: string): ApplicationSettings {
	const {content} = lookAt(join(directory, `${application.name}.conf`));
	return content === null ? {} : readSettingsFile(application, content.toString('utf8'));
}

/** A settings file that says the same in other words, with an administrator's comments perhaps, is left alone. */
function saysSame(application: Application, name: string, content: string, directory: string): boolean {
	if (name !== `${application.name}.conf`) return false;
	const present = presentSettings(application, directory);
	const wanted = readSettingsFile(application, content);
	return Object.keys(wanted).length > 0 && Object.entries(wanted).every(([key, value]) => present[key] === value);
}

type Found = {readonly settings: ApplicationSettings; readonly warnings: readonly PlanWarning[]; readonly problem: AnswerProblem | null};

/** What is known of the instance that runs here. Of several one must be named: the scripts of another would make a backup that looks consistent. */
async function detected(application: Application, said: ApplicationSettings): Promise<Found> {
	const none: Found = {settings: {}, warnings: [], problem: null};
	if (application.settings.every(({name}) => said[name] !== undefined)) return none;
	const instances = await application.detect();
	const running = instances.filter(instance => instance.running);
	if (running.length === 0) {
		const state = instances.length === 0 ? 'was not found on this machine' : 'does not run now';
		return {...none, warnings: [{key: 'application', message: `${application.title} ${state}. Its scripts are set up all the same; they fail as long as it does not run.`}]};
	}

	if (running.length === 1) return {...none, settings: running[0]!.settings};
	const keys = distinguishing(running);
	if (keys.length === 0 || keys.some(key => said[key] !== undefined)) return none;
	const choices = running.map(({title, settings}) => `${title} (${keys.map(key => `${key} ${settings[key] ?? ''}`).join(', ')})`);
	const expected = `${list(keys)} in applicationSettings`;
	return {...none, problem: {key: 'applicationSettings', value: null, expected, message: `Several run here: ${list(choices, 10)}. Expected: ${expected}, to say which one is meant.`}};
}

/** The settings in which the instances differ. */
function distinguishing(instances: readonly Detected[]): readonly string[] {
	const keys = new Set(instances.flatMap(({settings}) => Object.keys(settings)));
	return [...keys].filter(key => new Set(instances.map(({settings}) => settings[key])).size > 1);
}
