import {checkSettings, readSettingsFile, type Application, type ApplicationSettings, type Detected} from '../../applications/index.js';
import {list} from '../../core/checks/words.js';
import type {PlanWarning} from '../../core/config/plan.js';
import type {AnswerProblem} from '../../core/config/settings.js';
import {lookAt} from '../../system/file-look.js';

/** An application's settings for its scripts; not to be used where there are problems. */
export type Settled = {
	readonly settings: ApplicationSettings;
	readonly problems: readonly AnswerProblem[];
	readonly warnings: readonly PlanWarning[];
};

/** Where settings stand. */
export type SettingsPlaces = {
	/** In the answers: `applicationSettings`, or `applicationSettings.postgresql`. */
	readonly place: string;
	/** Files of an earlier set-up; the first one that is there counts. */
	readonly files: readonly string[];
};

/** What is given, else as it was set up before, else as it was found running, else the default. */
export async function settleSettings(application: Application, value: unknown, {place, files}: SettingsPlaces): Promise<Settled> {
	const none: Settled = {settings: {}, problems: [], warnings: []};
	const toProblem = ({key, ...problem}: AnswerProblem): AnswerProblem => ({key: `${place}.${key}`, ...problem});
	const given = checkSettings(application, value);
	// What is required may be known without being said.
	const wrong = given.problems.filter(({key}) => Object.hasOwn(value ?? {}, key));
	if (wrong.length > 0) return {...none, problems: wrong.map(toProblem)};
	const said = {...presentSettings(application, files), ...given.settings};
	const found = await detected(application, said, place);
	if (found.problem !== null) return {...none, problems: [found.problem]};
	const {settings, problems} = checkSettings(application, {...found.settings, ...said});
	return {settings, problems: problems.map(toProblem), warnings: found.warnings};
}

/** What a settings file says: the first of some that is there, or a text. */
export function presentSettings(application: Application, from: string | readonly string[]): ApplicationSettings {
	if (typeof from === 'string') return readSettingsFile(application, from);
	for (const path of from) {
		const {content} = lookAt(path);
		if (content !== null) return readSettingsFile(application, content.toString('utf8'));
	}

	return {};
}

type Found = {readonly settings: ApplicationSettings; readonly warnings: readonly PlanWarning[]; readonly problem: AnswerProblem | null};

/** What is known of the instance that runs here. Of several one must be named: the scripts of another would make a backup that looks consistent. */
async function detected(application: Application, said: ApplicationSettings, place: string): Promise<Found> {
	const none: Found = {settings: {}, warnings: [], problem: null};
	if (application.settings.every(({name}) => said[name] !== undefined)) return none;
	const instances = await application.detect();
	const running = instances.filter(instance => instance.running);
	if (running.length === 0) {
		// It is what it is told to be.
		if (application.undetected !== undefined) return none;
		const state = instances.length === 0 ? 'was not found on this machine' : 'does not run now';
		return {...none, warnings: [{key: 'application', message: `${application.title} ${state}. Its scripts are set up all the same; they fail as long as it does not run.`}]};
	}

	if (running.length === 1) return {...none, settings: running[0]!.settings};
	const keys = distinguishing(running);
	if (keys.length === 0 || keys.some(key => said[key] !== undefined)) return none;
	const choices = running.map(({title, settings}) => `${title} (${keys.map(key => `${key} ${settings[key] ?? ''}`).join(', ')})`);
	const expected = `${list(keys)} in ${place}`;
	return {...none, problem: {key: 'applicationSettings', value: null, expected, message: `Several run here: ${list(choices, 10)}. Expected: ${expected}, to say which one is meant.`}};
}

/** The settings in which the instances differ. */
function distinguishing(instances: readonly Detected[]): readonly string[] {
	const keys = new Set(instances.flatMap(({settings}) => Object.keys(settings)));
	return [...keys].filter(key => new Set(instances.map(({settings}) => settings[key])).size > 1);
}
