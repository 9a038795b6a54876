import {join} from 'node:path';
import {mountOf, type MountFact} from '../core/mount-facts.js';
import {readMounts} from '../system/mounts.js';
import {entriesOf, textOf} from '../system/pseudo-files.js';
import {linkOf, seesAlike, serverProcesses, withoutLinks} from '../system/server-processes.js';
import type {Application, Detected} from './application.js';
import {bundle, commonSettings} from './bundle.js';

export const postgresql: Application = {
	name: 'postgresql',
	title: 'PostgreSQL',
	summary: 'Puts everything that PostgreSQL has acknowledged on disk and makes a checkpoint, so that a restored copy recovers at once. Nothing is held and no client waits; where the data lies on several filesystems, backup mode is on during the snapshot.',
	settings: [
		{
			name: 'dataDirectory', kind: 'path', default: '', question: 'Which data directory?',
			help: 'Empty: that of the only PostgreSQL server that runs.',
		},
		{
			name: 'user', default: '', question: 'As which PostgreSQL user?',
			help: 'A superuser that may log in over the server\'s socket without a password (peer). Empty: the user to whom the data directory belongs, mostly postgres.',
		},
		{
			name: 'database', default: 'postgres', question: 'To which database do the scripts connect?',
			help: 'Any that the user may connect to; nothing is written to it.',
		},
		{
			name: 'hold', kind: 'choice', choices: ['auto', 'checkpoint', 'backup'], default: 'auto', question: 'How is PostgreSQL prepared?',
			help: 'checkpoint: a checkpoint, nothing is held. backup: backup mode during the snapshot, and its label in the log. auto: backup where the data lies on several filesystems, else checkpoint.',
		},
		...commonSettings(300),
	],
	async detect() {
		const mounts = readMounts();
		const running = serverProcesses(['postgres', 'postmaster']).flatMap(({pid, directory}) => {
			// Only the postmaster, not its children, stands in this file.
			if (directory === null || pidOf(directory) !== String(pid) || !seesAlike(pid, join(directory, 'postmaster.pid'))) return [];
			const socket = textOf(join(directory, 'postmaster.pid'))?.split('\n')[4] ?? '';
			return [describe(directory, true, socket === '' ? 'it listens on no socket, which the scripts need' : 'over its socket, as the user of its data', mounts)];
		});
		const known = new Set(running.map(({dataDirectory}) => dataDirectory));
		const idle = installedDirectories().filter(directory => !known.has(directory)).map(directory => describe(directory, false, 'not running', mounts));
		return [...running, ...idle];
	},
	scripts: settings => bundle(postgresql, settings, ['postgresql-server.sh']),
};

function pidOf(directory: string): string | undefined {
	return textOf(join(directory, 'postmaster.pid'))?.split('\n')[0]?.trim();
}

function describe(directory: string, running: boolean, access: string, mounts: readonly MountFact[]): Detected {
	const version = textOf(join(directory, 'PG_VERSION'));
	const tablespaces = entriesOf(join(directory, 'pg_tblspc')).flatMap(name => linkOf(join(directory, 'pg_tblspc', name)) ?? []);
	const places = [directory, withoutLinks(join(directory, 'pg_wal')), ...tablespaces.map(withoutLinks)];
	return {
		name: 'postgresql',
		title: version === null ? 'PostgreSQL' : `PostgreSQL ${version}`,
		running,
		version,
		dataDirectory: directory,
		mounts: [...new Set(places.flatMap(place => mountOf(place, mounts)?.mount ?? []))],
		access,
		settings: {dataDirectory: directory},
	};
}

/** Where the packages of Debian and of Red Hat put their data. */
function installedDirectories(): readonly string[] {
	const debian = entriesOf('/var/lib/postgresql').flatMap(version => entriesOf(join('/var/lib/postgresql', version)).map(cluster => join('/var/lib/postgresql', version, cluster)));
	const redHat = ['/var/lib/pgsql/data', ...entriesOf('/var/lib/pgsql').map(version => join('/var/lib/pgsql', version, 'data'))];
	return [...debian, ...redHat].filter(directory => textOf(join(directory, 'PG_VERSION')) !== null).map(withoutLinks);
}
