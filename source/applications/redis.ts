import {join} from 'node:path';
import {mountOf, type MountFact} from '../core/mount-facts.js';
import {isRoots, versionOf} from '../system/installed.js';
import {readMounts} from '../system/mounts.js';
import {entriesOf, textOf} from '../system/pseudo-files.js';
import {listeningSockets, seesAlike, serverProcesses, withoutLinks, type ServerProcess} from '../system/server-processes.js';
import {findCommand, runShortly} from '../system/shell.js';
import type {Application, Detected} from './application.js';
import {bundle, commonSettings} from './bundle.js';

export const redis: Application = {
	name: 'redis',
	title: 'Redis',
	summary: 'Puts everything that Redis (or Valkey) has acknowledged on disk: into its append-only file, or, where it has none, into a dump. Nothing is held, unless writing is to be paused during the snapshot.',
	settings: [
		{
			name: 'address', default: '', question: 'Where does the server listen?',
			help: 'The path of its socket, a port, or HOST:PORT. Empty: where the only server that runs here listens.',
		},
		{
			name: 'loginFile', kind: 'path', default: '', question: 'Which file has the password?',
			help: 'A file with the password on one line, or the user on one and the password on the next, owner root, mode 600. Empty: no password is needed, or it is the requirepass in the server\'s own configuration below /etc/redis.',
		},
		{
			name: 'hold', kind: 'choice', choices: ['auto', 'flush', 'pause'], default: 'auto', question: 'How is Redis prepared?',
			help: 'flush: what is acknowledged goes to the disk, and nothing is held. pause: writing commands also wait until the post-script, while reading goes on (from Redis 6.2). auto: flush.',
		},
		{
			name: 'dump', kind: 'choice', choices: ['auto', 'always'], default: 'auto', question: 'What where Redis is told to keep nothing on disk?',
			help: 'auto: the pre-script fails, because a restored copy would come up empty. always: it has a dump written, for which there must be room.',
		},
		...commonSettings(60),
	],
	async detect() {
		const mounts = readMounts();
		const all = serverProcesses(['redis-server', 'valkey-server']);
		const servers = all.filter(({parent, words}) => !all.some(({pid}) => pid === parent) && !words.join(' ').includes('[sentinel]'));
		const running = await Promise.all(servers.map(async server => {
			// The server works in its data directory.
			if (server.directory === null || !seesAlike(server.pid, server.directory)) return null;
			const address = addressOf(server);
			return describe(server.directory, server.executable === null || !isRoots(server.executable) ? '' : await versionOf(server.executable), address, await accessBy(address), mounts);
		}));
		const found = running.filter(one => one !== null);
		const idle = ['/var/lib/redis', '/var/lib/valkey'].map(withoutLinks)
			.filter(directory => entriesOf(directory).some(name => name === 'dump.rdb' || name === 'appendonlydir' || name === 'appendonly.aof') && !found.some(({dataDirectory}) => dataDirectory === directory));
		return [...found, ...idle.map(directory => describe(directory, '', '', null, mounts))];
	},
	scripts: settings => bundle(redis, settings, ['redis-server.sh']),
};

/** `Redis server v=7.0.15 …`; on Debian the program is also its own checker, and then says `redis-check-rdb 7.0.15 …`. Valkey says its name. */
function describe(directory: string, words: string, address: string, access: string | null, mounts: readonly MountFact[]): Detected {
	const brand = /valkey/i.test(words) ? 'Valkey' : 'Redis';
	const version = /(?:\bv=|\s)(\d+\.\d+)/.exec(words)?.[1] ?? null;
	// The append-only file may be a link to another place.
	const places = [directory, withoutLinks(join(directory, 'appendonlydir'))];
	return {
		name: 'redis',
		title: version === null ? brand : `${brand} ${version}`,
		running: access !== null,
		version,
		dataDirectory: withoutLinks(directory),
		mounts: [...new Set(places.flatMap(place => mountOf(place, mounts)?.mount ?? []))],
		access: access ?? 'not running',
		settings: address === '' ? {} : {address},
	};
}

/** A socket's path rather than a port: nobody from outside gets in there. The server tells its port in its title: `redis-server 127.0.0.1:6379`. */
function addressOf({pid, words}: ServerProcess): string {
	const socket = listeningSockets(pid)[0];
	if (socket !== undefined) return socket;
	const [, host = '*', port = '6379'] = /-server (\S+):(\d+)/.exec(words.join(' ')) ?? [];
	return ['*', '0.0.0.0', '127.0.0.1', '::', '[::]'].includes(host) ? port : `${host}:${port}`;
}

async function accessBy(address: string): Promise<string> {
	const client = findCommand('redis-cli') ?? findCommand('valkey-cli');
	if (client === null) return 'no client (redis-cli or valkey-cli) is installed, which the scripts need';
	const port = address.slice(address.lastIndexOf(':') + 1);
	const target = address.startsWith('/') ? ['-s', address] : ['-h', address.includes(':') ? address.slice(0, address.lastIndexOf(':')) : '127.0.0.1', '-p', port];
	const place = address.startsWith('/') ? 'over its socket' : `on port ${port}`;
	const run = await runShortly(client, [...target, 'PING'], {deadlineMs: 400});
	if (run === null) return 'it does not answer';
	if (!run.stdout.startsWith('NOAUTH')) return `${place}, without a password`;
	return ownConfigurations().some(text => /^\s*requirepass\s/m.test(text)) ? `${place}, with the password in its own configuration` : 'it wants a password: the scripts need a login file';
}

function ownConfigurations(): readonly string[] {
	const below = ['/etc/redis', '/etc/valkey'].flatMap(directory => entriesOf(directory).filter(name => name.endsWith('.conf')).map(name => join(directory, name)));
	return [...below, '/etc/redis.conf', '/etc/valkey.conf'].flatMap(path => textOf(path) ?? []);
}
