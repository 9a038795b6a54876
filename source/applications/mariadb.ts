import {join} from 'node:path';
import {mountOf, type MountFact} from '../core/mount-facts.js';
import {isRoots} from '../system/installed.js';
import {readMounts} from '../system/mounts.js';
import {entriesOf} from '../system/pseudo-files.js';
import {linkOf, listeningSockets, seesAlike, serverProcesses, withoutLinks} from '../system/server-processes.js';
import {findCommand, runShortly} from '../system/shell.js';
import type {Application, Detected} from './application.js';
import {bundle, commonSettings} from './bundle.js';

export const mariadb: Application = {
	name: 'mariadb',
	title: 'MariaDB or MySQL',
	summary: 'Holds all commits while the snapshot is taken, in a session that lets go by itself; queries that only read go on. It never waits long for a lock, and never behind a long query.',
	// Last, because its clients wait while it is held.
	order: 90,
	settings: [
		{
			name: 'socket', kind: 'path', default: '', question: 'On which socket does the server listen?',
			help: 'Empty: the one that the client takes by itself, mostly /run/mysqld/mysqld.sock.',
		},
		{
			name: 'loginFile', kind: 'path', default: '', question: 'Which file has the login?',
			help: 'An option file with user and password under [client], owner root, mode 600. Empty: root gets in over the socket without a password, or /root/.my.cnf or /etc/mysql/debian.cnf has the login.',
		},
		{
			name: 'hold', kind: 'choice', choices: ['auto', 'stages', 'read-lock'], default: 'auto', question: 'How is the server held?',
			help: 'stages: BACKUP STAGE BLOCK_COMMIT (MariaDB from 10.4): reading goes on and long queries are not waited for. read-lock: FLUSH TABLES WITH READ LOCK. auto: stages where the server has it.',
		},
		{
			name: 'lockWait', kind: 'seconds', default: '5', question: 'For how many seconds may it wait for a lock?',
			help: 'While it waits, others wait behind it; then it gives up and the pre-script fails. Seconds.',
		},
		...commonSettings(60),
	],
	async detect() {
		const mounts = readMounts();
		const running = await Promise.all(serverProcesses(['mariadbd', 'mysqld']).map(async ({pid, directory, executable, words}) => {
			// The server works in its data directory.
			if (directory === null || !seesAlike(pid, directory)) return null;
			const socket = listeningSockets(pid).find(path => !path.endsWith('mysqlx.sock')) ?? words.find(word => word.startsWith('--socket='))?.slice('--socket='.length) ?? '';
			const version = executable === null || !isRoots(executable) ? null : await versionOf(executable);
			return describe(directory, version, await accessBy(socket), socket, mounts);
		}));
		const found = running.filter(one => one !== null);
		const idle = ['/var/lib/mysql'].map(withoutLinks).filter(directory => entriesOf(directory).includes('ibdata1') && !found.some(({dataDirectory}) => dataDirectory === directory));
		return [...found, ...idle.map(directory => describe(directory, null, null, '', mounts))];
	},
	scripts: settings => bundle(mariadb, settings, ['mariadb-server.sh']),
};

function describe(directory: string, version: string | null, access: string | null, socket: string, mounts: readonly MountFact[]): Detected {
	const brand = version === null || version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
	const short = version === null ? null : /\d+\.\d+/.exec(version)?.[0] ?? null;
	// Databases may be links to other places.
	const places = [directory, ...entriesOf(directory).filter(name => linkOf(join(directory, name)) !== null).map(name => withoutLinks(join(directory, name)))];
	return {
		name: 'mariadb',
		title: short === null ? brand : `${brand} ${short}`,
		running: access !== null,
		version: short,
		dataDirectory: withoutLinks(directory),
		mounts: [...new Set(places.flatMap(place => mountOf(place, mounts)?.mount ?? []))],
		access: access ?? 'not running',
		settings: socket === '' ? {} : {socket},
	};
}

/** `mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for …`; the program itself says it, without a login. */
async function versionOf(executable: string): Promise<string | null> {
	const run = await runShortly(executable, ['--no-defaults', '--version'], {deadlineMs: 500});
	return /\bVer (\S+)/.exec(run?.stdout ?? '')?.[1] ?? null;
}

async function accessBy(socket: string): Promise<string> {
	const client = findCommand('mariadb') ?? findCommand('mysql');
	if (client === null) return 'no client (mariadb or mysql) is installed, which the scripts need';
	const target = socket === '' ? [] : [`--socket=${socket}`];
	const ask = ['--connect-timeout=1', '-e', 'DO 0'];
	const plain = await runShortly('env', ['HOME=/root', client, ...target, ...ask], {deadlineMs: 400});
	if (plain?.exitCode === 0) return 'over its socket, as root, without a password';
	const debian = await runShortly(client, ['--defaults-file=/etc/mysql/debian.cnf', ...target, ...ask], {deadlineMs: 300});
	if (debian?.exitCode === 0) return 'over its socket, with the login in /etc/mysql/debian.cnf';
	return 'root needs a password: the scripts need a login file';
}
