import {Buffer} from 'node:buffer';
import {join} from 'node:path';
import {applications, findApplication, memberName, scriptsOfSeveral, severalDirectory, type Application, type ScriptFile} from '../../applications/index.js';
import {valueProblem} from '../../core/config/answers.js';
import type {PlanWarning} from '../../core/config/plan.js';
import type {AnswerProblem} from '../../core/config/settings.js';
import {entriesOf} from '../../system/pseudo-files.js';
import {presentSettings, settleSettings} from './application-settings.js';
import type {FreshFile} from './scripts.js';

export type Answers = Readonly<Record<string, unknown>>;

export type Brought = {
	/** The configuration's own keys. */
	readonly answers: Answers;
	readonly files: readonly FreshFile[];
	/** Scripts of an earlier set-up that would run as well, and are not meant any more. Absolute. */
	readonly aside: readonly string[];
	readonly problems: readonly AnswerProblem[];
	readonly warnings: readonly PlanWarning[];
};

/**
 * Puts the files and locations of an application, or of several, in the place of the `application` in the answers. What their settings do not say is as
 * it was set up before, else as it was found running, else the default.
 */
export async function bringApplication(answers: Answers, directory: string): Promise<Brought> {
	const {application: named, applicationSettings, ...rest} = answers;
	const none: Brought = {answers: rest, files: [], aside: [], problems: [], warnings: []};
	const several = Array.isArray(named);
	const names: readonly unknown[] = several ? named : named === undefined ? [] : [named];
	if (names.length === 0) return none;
	const members = names.map(name => ({name, application: findApplication(String(name))}));
	const unknown = members.find(({application}) => application === undefined);
	if (unknown !== undefined) return {...none, problems: [valueProblem('application', unknown.name, `one of ${applications.map(known => known.name).join(', ')}`)]};
	const chosen = members as readonly {readonly name: string; readonly application: Application}[];
	const twice = chosen.find(({application}, index) => chosen.findIndex(other => other.application === application) !== index);
	if (twice !== undefined) {
		const first = chosen.find(({application}) => application === twice.application)!;
		return {...none, problems: [valueProblem('application', named, `each application once; ${first.name} and ${twice.name} are the same one`)]};
	}


	const given = (applicationSettings ?? {}) as Readonly<Record<string, unknown>>;
	const stranger = several ? Object.keys(given).find(key => !chosen.some(({name}) => name === key)) : undefined;
	if (stranger !== undefined) {
		const expected = `settings of ${chosen.map(({name}) => name).join(', ')}`;
		return {...none, problems: [{key: `applicationSettings.${stranger}`, value: null, expected, message: `applicationSettings are for ${stranger}, which is not in application. Expected: ${expected}.`}]};
	}

	const settled = await Promise.all(chosen.map(async ({name, application}) => {
		const place = several ? `applicationSettings.${name}` : 'applicationSettings';
		return {application, ...await settleSettings(application, several ? given[name] ?? {} : given, {place, files: settingsFiles(application, directory, several)})};
	}));
	const problems = settled.flatMap(one => one.problems);
	if (problems.length > 0) return {...none, problems};

	const {files, pre, post, preParameters, postParameters} = several ? scriptsOfSeveral(settled) : settled[0]!.application.scripts(settled[0]!.settings);
	return {
		answers: {preScriptParams: preParameters, postScriptParams: postParameters, ...rest, preScriptLocation: join(directory, pre), postScriptLocation: join(directory, post)},
		files: files.map(file => ({path: join(directory, file.name), bytes: Buffer.from(file.content), mode: file.mode, keepExisting: saysSame(file, directory), from: null})),
		aside: several ? leftOvers(settled.map(({application}) => application), directory) : [],
		problems: [],
		warnings: settled.flatMap(one => one.warnings),
	};
}

/** Where an application's settings may be said already: where they will be, and where they would be with or without others. */
function settingsFiles(application: Application, directory: string, several: boolean): readonly string[] {
	const alone = join(directory, `${application.name}.conf`);
	const among = join(directory, severalDirectory, `${memberName(application)}.conf`);
	return several ? [among, alone] : [alone, among];
}

/** A settings file that says the same in other words, with an administrator's comments perhaps, is left alone. */
function saysSame({name, content}: ScriptFile, directory: string): boolean {
	const application = applications.find(one => name === `${one.name}.conf` || name === `${severalDirectory}/${memberName(one)}.conf`);
	if (application === undefined) return false;
	const present = presentSettings(application, [join(directory, name)]);
	const wanted = Object.entries(presentSettings(application, content));
	return wanted.length > 0 && wanted.every(([key, value]) => present[key] === value);
}

/** The scripts of applications that are not meant any more: all that is in the directory runs. An administrator's own scripts have other names. */
function leftOvers(meant: readonly Application[], directory: string): readonly string[] {
	const names = applications.filter(application => !meant.includes(application)).flatMap(application => ['pre', 'post'].map(role => `${memberName(application)}-${role}.sh`));
	return entriesOf(join(directory, severalDirectory)).filter(name => names.includes(name)).map(name => join(directory, severalDirectory, name));
}
