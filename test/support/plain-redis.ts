import {chownSync, mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {must, pidOf} from './process.js';
import {letThrough} from './scripts-lab.js';
import {startServer, type ServerProcess} from './server-process.js';
import {firstReason, whyNoProgram, whyNotRoot, type Reason} from './skip.js';

/** A Redis server of a test's own, without network. */
export type RedisServer = {
	readonly dataDirectory: string;
	readonly socket: string;
	readonly pid: () => number;
	readonly ask: (...words: readonly string[]) => Promise<string>;
	readonly start: () => Promise<void>;
	readonly kill: () => Promise<void>;
	readonly end: () => Promise<void>;
};

export function whyNoRedis(): Reason {
	return firstReason(whyNotRoot(), whyNoProgram('redis-server'), whyNoProgram('redis-cli'));
}

/** Starts a server with its data in DIRECTORY/data and its socket in DIRECTORY. Default settings: an append-only file, no dumps. */
export async function startRedis(directory: string, options: {readonly settings?: readonly string[]} = {}): Promise<RedisServer> {
	const dataDirectory = join(directory, 'data');
	mkdirSync(dataDirectory, {recursive: true});
	letThrough(dataDirectory);
	const owner = Number(await must('id', ['-u', 'redis']));
	const group = Number(await must('id', ['-g', 'redis']));
	for (const path of [directory, dataDirectory]) chownSync(path, owner, group);
	const socket = join(directory, 'socket');
	let server: ServerProcess | undefined;
	const begin = async (): Promise<void> => {
		const settings = options.settings ?? ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
		server = await startServer('setpriv', ['--reuid', String(owner), '--regid', String(group), '--clear-groups', 'redis-server', '--port', '0', '--unixsocket', socket, '--dir', dataDirectory, ...settings], /eady to accept connections/);
	};
	await begin();
	return {
		dataDirectory,
		socket,
		pid: () => pidOf(server),
		ask: async (...words) => (await must('redis-cli', ['-s', socket, ...words], {cwd: '/'})).trim(),
		start: begin,
		kill: async () => server?.end('SIGKILL'),
		end: async () => server?.end('SIGTERM'),
	};
}
