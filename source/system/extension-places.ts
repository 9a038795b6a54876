import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';

/** Where the extension writes. */
export type ExtensionPlaces = {
	readonly log: string;
	/** The folder of its status files; null where the extension is not installed. */
	readonly statusDirectory: string | null;
};

const agentDirectory = '/var/lib/waagent';
const extensionName = 'Microsoft.Azure.RecoveryServices.VMSnapshotLinux';
const logTop = '/var/log/azure';
const logName = 'extension.log';

/**
 * Where the extension's log and status files are: by its own HandlerEnvironment.json, of several versions the one with the newest status; else by looking
 * into the usual folders; else where they will be once it is installed. Never throws.
 */
export function findExtensionPlaces(): ExtensionPlaces {
	const installed = namesIn(agentDirectory)
		.filter(name => name.startsWith(`${extensionName}-`))
		.toSorted((a, b) => b.localeCompare(a, 'en', {numeric: true}))
		.flatMap(name => {
			const environment = readEnvironment(join(agentDirectory, name, 'HandlerEnvironment.json'));
			if (environment === null) return [];
			const statusDirectory = environment.statusFolder ?? join(agentDirectory, name, 'status');
			return [{logFolder: environment.logFolder, statusDirectory, at: youngestIn(statusDirectory)}];
		});
	const [used] = installed.toSorted((a, b) => b.at - a.at);
	const folder = used?.logFolder ?? null;
	const log = folder === null ? findLog() : join(folder, logName);
	return {log, statusDirectory: used?.statusDirectory ?? null};
}

function readEnvironment(path: string): {readonly logFolder: string | null; readonly statusFolder: string | null} | null {
	try {
		const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
		const first = (Array.isArray(parsed) ? parsed[0] : parsed) as {handlerEnvironment?: Record<string, unknown>} | undefined;
		const folder = (key: string): string | null => {
			const value = first?.handlerEnvironment?.[key];
			return typeof value === 'string' && value.startsWith('/') ? value : null;
		};
		return {logFolder: folder('logFolder'), statusFolder: folder('statusFolder')};
	} catch {
		return null;
	}
}

/** The youngest log in the usual folder, or in one of a version below it. */
function findLog(): string {
	const folders = namesIn(logTop).filter(name => name.startsWith(extensionName)).map(name => join(logTop, name));
	const versions = folders.flatMap(folder => namesIn(folder).map(name => join(folder, name)));
	const logs = [...folders, ...versions].map(folder => join(folder, logName))
		.map(path => ({path, at: ageOf(path)}))
		.filter(({at}) => at > 0)
		.toSorted((a, b) => b.at - a.at);
	return logs[0]?.path ?? join(logTop, extensionName, logName);
}

function youngestIn(directory: string): number {
	return Math.max(0, ...namesIn(directory).filter(name => /^\d+[._]status$/.test(name)).map(name => ageOf(join(directory, name))));
}

function ageOf(path: string): number {
	try {
		return statSync(path).mtimeMs;
	} catch {
		return 0;
	}
}

function namesIn(directory: string): readonly string[] {
	try {
		return readdirSync(directory);
	} catch {
		return [];
	}
}
