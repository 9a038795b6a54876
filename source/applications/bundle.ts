import {readTemplate} from '../system/templates.js';
import type {Application, ApplicationScripts, ApplicationSettings, ScriptFile, Setting} from './application.js';
import {settingsFile} from './settings.js';

/** Settings that every pair of scripts has (templates/applications/holding.sh reads them). */
export function commonSettings(leaseSeconds: number): readonly Setting[] {
	return [
		{
			name: 'lease', kind: 'seconds', default: String(leaseSeconds), question: 'After how many seconds does it let go by itself?',
			help: 'The longest that the application is held, whatever becomes of the backup and of the post-script. Seconds.',
		},
		{
			name: 'giveUp', kind: 'seconds', default: '', question: 'After how many seconds does the pre-script give up?',
			help: 'The pre-script leaves the application as it was and fails when it is not ready by then. Empty: two thirds of timeoutInSeconds in the configuration. Seconds.',
		},
		{
			name: 'logFile', kind: 'path', default: '', question: 'Where do the scripts log what they did?',
			help: 'Empty: /var/log/quiesce/NAME.log. Written only by the post-script, when nothing is frozen any more; until then the lines are in memory, in /run/quiesce/NAME/log (or /dev/shm/quiesce/NAME/log).',
		},
	];
}

/** The files of an application: its scripts, those they share, and its settings. `libraries` are further files that its scripts read. */
export function bundle(application: Application, settings: ApplicationSettings, libraries: readonly string[] = []): ApplicationScripts {
	const {name} = application;
	const pre = `${name}-pre.sh`;
	const post = `${name}-post.sh`;
	return {
		files: [...['holding.sh', 'holding-session.sh', ...libraries, pre, post].map(file), {name: `${name}.conf`, content: settingsFile(application, settings), mode: 0o600}],
		pre,
		post,
		preParameters: [],
		postParameters: [],
	};
}

/** A file of templates/applications, as it is written to the machine. */
export function file(name: string): ScriptFile {
	return {name, content: readTemplate(`applications/${name}`), mode: 0o700};
}
