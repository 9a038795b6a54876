import {chownSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {must, pidOf, start, type Started} from './process.js';
import {letThrough} from './scripts-lab.js';
import {startServer, type ServerProcess} from './server-process.js';
import {firstReason, whyNoProgram, whyNotRoot, type Reason} from './skip.js';

/** A MariaDB server of a test's own, without network. */
export type MariadbServer = {
	readonly dataDirectory: string;
	readonly socket: string;
	readonly pid: () => number;
	/** The answer of the client, as root, columns separated by tabs. */
	readonly ask: (sql: string) => Promise<string>;
	/** A client of its own. */
	readonly session: (sql: string) => Started;
	readonly start: () => Promise<void>;
	readonly kill: () => Promise<void>;
	readonly end: () => Promise<void>;
};

export function whyNoMariadb(): Reason {
	return firstReason(whyNotRoot(), whyNoProgram('mariadbd'), whyNoProgram('mariadb'), whyNoProgram('mariadb-install-db'));
}

/** Makes a data directory DIRECTORY/data and starts its server, with its socket in DIRECTORY. */
export async function startMariadb(directory: string, options: {readonly settings?: readonly string[]; readonly pageSize?: string} = {}): Promise<MariadbServer> {
	const pageSize = options.pageSize === undefined ? [] : [`--innodb-page-size=${options.pageSize}`];
	const dataDirectory = join(directory, 'data');
	mkdirSync(dataDirectory, {recursive: true});
	letThrough(dataDirectory);
	const owner = Number(await must('id', ['-u', 'mysql']));
	const group = Number(await must('id', ['-g', 'mysql']));
	for (const path of [directory, dataDirectory]) chownSync(path, owner, group);
	await must('mariadb-install-db', ['--no-defaults', '--user=mysql', `--datadir=${dataDirectory}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...pageSize], {cwd: '/'});
	const socket = join(directory, 'socket');
	const client = ['--no-defaults', `--socket=${socket}`, '--user=root', '--batch', '--skip-column-names', '--unbuffered'];
	let server: ServerProcess | undefined;
	const begin = async (): Promise<void> => {
		server = await startServer('mariadbd', ['--no-defaults', '--user=mysql', `--datadir=${dataDirectory}`, `--socket=${socket}`, `--pid-file=${join(directory, 'pid')}`, '--skip-networking', '--innodb-buffer-pool-size=32M', '--innodb-log-file-size=16M', ...pageSize, ...(options.settings ?? [])], /ready for connections/);
	};
	await begin();
	return {
		dataDirectory,
		socket,
		pid: () => pidOf(server),
		ask: async sql => (await must('mariadb', [...client, '-e', sql], {cwd: '/'})).trim(),
		session: sql => start('mariadb', client, {cwd: '/', input: sql}),
		start: begin,
		kill: async () => server?.end('SIGKILL'),
		end: async () => server?.end('SIGTERM'),
	};
}
