import {closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, readSync, type Stats, statSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {defaultSettings, readSettings} from '../core/extension/settings.js';
import type {ExtensionFacts, FileFacts} from '../core/extension/types.js';

/** More than any configuration or script has; what is larger is read to here only. */
const mostBytes = 16 * 1024 * 1024;

const agentDirectory = '/var/lib/waagent';
const extensionPrefix = 'Microsoft.Azure.RecoveryServices.VMSnapshotLinux-';

/** The newest installed version of the extension, or null where there is none. */
export function installedExtension(): string | null {
	let names: readonly string[];
	try {
		names = readdirSync(agentDirectory).filter(name => name.startsWith(extensionPrefix));
	} catch {
		return null;
	}

	const newest = names.toSorted((left, right) => left.localeCompare(right, 'en', {numeric: true})).at(-1);
	return newest === undefined ? null : join(agentDirectory, newest);
}

/** The directory in which the extension runs scripts: its own; `/` where it is not installed. */
export function extensionDirectory(): string {
	return installedExtension() ?? '/';
}

function userNames(): ReadonlyMap<number, string> {
	try {
		return new Map(readFileSync('/etc/passwd', 'utf8').split('\n').map(line => line.split(':')).filter(fields => fields.length > 2).map(fields => [Number(fields[2]), fields[0]!]).toReversed() as Array<[number, string]>);
	} catch {
		return new Map([[0, 'root']]);
	}
}

/** Reads at most {@link mostBytes} of a regular file, without waiting for anything (a FIFO, a device). */
function contentOf(path: string): Uint8Array | null {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch {
		return null;
	}

	try {
		const facts = fstatSync(descriptor);
		if (!facts.isFile()) return null;
		const buffer = Buffer.alloc(Math.min(facts.size, mostBytes));
		let length = 0;
		while (length < buffer.length) {
			const count = readSync(descriptor, buffer, length, buffer.length - length, length);
			if (count === 0) break;
			length += count;
		}

		return buffer.subarray(0, length);
	} catch {
		return null;
	} finally {
		closeSync(descriptor);
	}
}

/** What the extension sees of a path: links are followed, as `os.stat` does. */
function factsOf(path: string, names: ReadonlyMap<number, string>, withContent: boolean): FileFacts {
	let stats: Stats;
	try {
		stats = statSync(path);
	} catch {
		return {path, kind: 'missing', mode: 0, owner: null, content: null};
	}

	const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
	return {path, kind, mode: stats.mode & 0o7777, owner: names.get(stats.uid) ?? null, content: withContent && kind === 'file' ? contentOf(path) : null};
}

/** Gathers the files on which the extension's decision rests; `configurationPath` where another configuration than the extension's is meant. Never throws and never waits. */
export function gatherExtensionFacts(configurationPath = '/etc/azure/VMSnapshotScriptPluginConfig.json'): ExtensionFacts {
	const names = userNames();
	const installed = installedExtension();
	const directory = installed ?? '/';
	const configuration = factsOf(configurationPath, names, true);
	const scripts = new Map<string, FileFacts>();
	const settings = configuration.content === null ? defaultSettings(1800) : readSettings(configuration.content, 1800);
	if (typeof settings !== 'number') {
		for (const plan of [settings.pre, settings.post]) {
			if (plan !== null && !plan.location.includes('\0')) scripts.set(plan.location, factsOf(plan.location === '' ? '/nonexistent/' : resolve(directory, plan.location) + (plan.location.endsWith('/') ? '/' : ''), names, true));
		}
	}

	return {
		hostConfiguration: factsOf('/etc/azure/VMSnapshotPluginHost.conf', names, true),
		shippedHostConfiguration: installed === null ? null : factsOf(join(installed, 'main/VMSnapshotPluginHost.conf'), names, true),
		configuration,
		workload: factsOf('/etc/azure/workload.conf', names, true),
		scripts,
	};
}
