import {chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync} from 'node:fs';
import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {processIds, readProcess} from '../../source/system/processes.js';
import {must, pidOf, signalTo, start, type Started} from './process.js';
import {letThrough, until} from './scripts-lab.js';
import {firstReason, whyNoProgram, whyNotRoot, type Reason} from './skip.js';

/** A PostgreSQL server of a test's own. */
export type PostgresqlServer = {
	readonly dataDirectory: string;
	readonly socketDirectory: string;
	readonly pid: () => number;
	/** One answer of psql, as the user postgres. */
	readonly ask: (sql: string) => Promise<string>;
	/** A psql of its own that stays; resolves once it has connected. */
	readonly session: (sql: string) => Started;
	/** Stops the process that makes checkpoints, where it has nothing to do: at work it holds locks that others wait for without end. Answers its id. */
	readonly stopCheckpointer: () => Promise<number>;
	readonly start: () => Promise<void>;
	readonly kill: () => Promise<void>;
	readonly end: () => Promise<void>;
};

export function whyNoPostgresql(): Reason {
	return firstReason(whyNotRoot(), whyNoProgram('psql'), programs() === null ? 'no PostgreSQL server here' : false);
}

/** The directory with the newest server's programs. */
function programs(): string | null {
	const base = '/usr/lib/postgresql';
	const versions = existsSync(base) ? readdirSync(base).toSorted((a, b) => Number(b) - Number(a)) : [];
	return versions.map(version => join(base, version, 'bin')).find(path => existsSync(join(path, 'postgres'))) ?? null;
}

/** Makes a database cluster in DIRECTORY/data and starts its server, with its socket in DIRECTORY. Default superuser: postgres. Or a standby that follows another one. */
export async function startPostgresql(directory: string, options: {readonly settings?: readonly string[]; readonly walDirectory?: string; readonly superuser?: string; readonly standbyOf?: PostgresqlServer} = {}): Promise<PostgresqlServer> {
	const bin = programs();
	if (bin === null) throw new Error('no PostgreSQL server here');
	const dataDirectory = join(directory, 'data');
	mkdirSync(dataDirectory, {recursive: true});
	letThrough(dataDirectory);
	const owner = Number(await must('id', ['-u', 'postgres']));
	const group = Number(await must('id', ['-g', 'postgres']));
	for (const path of [directory, dataDirectory, ...(options.walDirectory === undefined ? [] : [options.walDirectory])]) chownSync(path, owner, group);
	const {superuser = 'postgres'} = options;
	const asPostgres = ['-u', 'postgres', '--'];
	if (options.standbyOf !== undefined) {
		await must('runuser', [...asPostgres, join(bin, 'pg_basebackup'), '-h', options.standbyOf.socketDirectory, '-D', dataDirectory, '-R', '-X', 'stream', '-c', 'fast'], {cwd: '/'});
		chmodSync(dataDirectory, 0o700);
	} else await must('runuser', [...asPostgres, join(bin, 'initdb'), '-D', dataDirectory, '-A', options.superuser === undefined ? 'peer' : 'trust', '-U', superuser, '-N', '-E', 'UTF8', '--no-locale', ...(options.walDirectory === undefined ? [] : ['-X', options.walDirectory])], {cwd: '/'});
	let server: ChildProcess | undefined;
	let words = '';
	const login = ['-X', '-A', '-t', '-q', '-h', directory, '-p', '5432', '-d', 'postgres', '-U', superuser];
	const settings = ['listen_addresses=', `unix_socket_directories=${directory}`, 'autovacuum=off', ...(options.settings ?? [])];
	const begin = async (): Promise<void> => {
		server = spawn('setpriv', ['--reuid', String(owner), '--regid', String(group), '--clear-groups', join(bin, 'postgres'), '-D', dataDirectory, ...settings.flatMap(setting => ['-c', setting])], {stdio: ['ignore', 'ignore', 'pipe'], cwd: '/'});
		const {stderr} = server;
		if (stderr === null) throw new Error('no pipe');
		await new Promise<void>((resolve, reject) => {
			stderr.setEncoding('utf8').on('data', (text: string) => {
				words += text;
				if (/ready to accept (?:read-only )?connections/.test(words)) resolve();
			});
			server?.once('exit', () => reject(new Error(`the server ended: ${words}`)));
		});
		words = '';
	};
	const stop = async (signal: NodeJS.Signals): Promise<void> => {
		if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
		const gone = once(server, 'exit');
		server.kill(signal);
		await gone;
	};
	await begin();
	const pid = (): number => pidOf(server);
	const ask = async (sql: string): Promise<string> => (await must('runuser', [...asPostgres, join(bin, 'psql'), ...login, '-v', 'ON_ERROR_STOP=1', '-c', sql], {cwd: '/'})).trim();
	const checkpointer = (): number => pidOf({pid: processIds().find(id => readProcess(id)?.parent === pid() && titleOf(String(id)).includes('checkpointer'))});
	return {
		dataDirectory,
		socketDirectory: directory,
		pid,
		ask,
		session: sql => start('runuser', [...asPostgres, join(bin, 'psql'), ...login], {cwd: '/', input: sql}),
		stopCheckpointer: async () => {
			// What was asked for before is made, and this one with it.
			await ask('CHECKPOINT');
			await until('the checkpointer idles', async () => await ask('SELECT wait_event FROM pg_stat_activity WHERE backend_type = \'checkpointer\'') === 'CheckpointerMain', 60_000);
			const id = checkpointer();
			signalTo(id, 'SIGSTOP');
			return id;
		},
		start: begin,
		kill: async () => stop('SIGKILL'),
		end: async () => stop('SIGQUIT'),
	};
}

function titleOf(pid: string): string {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
	} catch {
		return '';
	}
}
