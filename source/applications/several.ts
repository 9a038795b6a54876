import type {Application, ApplicationScripts, ApplicationSettings, ScriptFile} from './application.js';
import {file} from './bundle.js';

/** The directory of scripts below that of the configuration. */
export const severalDirectory = 'quiesce.d';

/** One of several applications, and its settings. */
export type Member = {
	readonly application: Application;
	readonly settings: ApplicationSettings;
};

/** What an application's scripts and settings are called in the directory: `50-postgresql`. Fixed, so that another set-up writes the same files. */
export function memberName({name, order = 50}: Application): string {
	return `${order}-${name}`;
}

/**
 * The files of several applications: a pair of scripts that runs all that are in a directory, and in there each application's own. All that is in the
 * directory runs, an administrator's own scripts as well.
 */
export function scriptsOfSeveral(members: readonly Member[]): ApplicationScripts {
	const runner = ['quiesce-pre.sh', 'quiesce-post.sh'] as const;
	const inside = [file('holding.sh'), file('quiesce-directory.sh'), ...members.flatMap(({application, settings}): readonly ScriptFile[] => {
		const {files, pre, post} = application.scripts(settings);
		// Only what bears the application's name belongs to it; the rest are files that scripts read and may share.
		const own = [pre, post, `${application.name}.conf`];
		return files.map(one => (own.includes(one.name) ? {...one, name: one.name.replace(application.name, memberName(application))} : one));
	})];
	const unique = inside.filter(({name}, index) => inside.findIndex(other => other.name === name) === index);
	return {
		files: [...unique.map(one => ({...one, name: `${severalDirectory}/${one.name}`})), ...runner.map(file)],
		pre: runner[0],
		post: runner[1],
		preParameters: [],
		postParameters: [],
	};
}
