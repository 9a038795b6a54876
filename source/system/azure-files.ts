import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {configurationPathOf, longestTimeoutSeconds, pluginsOf, usualConfiguration} from '../core/extension/host.js';
import {readEffectiveSettings} from '../core/extension/settings.js';
import {readTunables, type Tunables} from '../core/extension/tunables.js';
import type {ExtensionFacts, FileFacts} from '../core/extension/types.js';
import {instancesPath} from '../core/extension/workload.js';
import {readPath} from './inspection.js';
import {entriesOf} from './pseudo-files.js';

/** More than any configuration has; what is larger is read to here only. */
const mostBytes = 16 * 1024 * 1024;
/** How much of a script is read: what lies behind cannot be what an administrator wrote. */
const mostScriptBytes = 1024 * 1024;

/** Of more plugins than this the first ones are looked at. */
const mostPlugins = 20;

const agentDirectory = '/var/lib/waagent';
const extensionPrefix = 'Microsoft.Azure.RecoveryServices.VMSnapshotLinux-';

/** The newest installed version of the extension (a directory with its HandlerEnvironment.json), or null where there is none. */
export function installedExtension(waagent = agentDirectory): string | null {
	const version = (name: string): number[] => name.slice(extensionPrefix.length).split('.').map(Number);
	const found = entriesOf(waagent).filter(name => name.startsWith(extensionPrefix)
		&& /^\d+(?:\.\d+)*$/.test(name.slice(extensionPrefix.length))
		&& existsSync(join(waagent, name, 'HandlerEnvironment.json')));
	const newest = found.toSorted((a, b) => compareVersions(version(a), version(b))).at(-1);
	return newest === undefined ? null : join(waagent, newest);
}

function compareVersions(left: readonly number[], right: readonly number[]): number {
	for (let index = 0; index < Math.max(left.length, right.length); index++) {
		const difference = (left[index] ?? 0) - (right[index] ?? 0);
		if (difference !== 0) return difference;
	}

	return 0;
}

/** The directory in which the extension runs scripts: its own; `/` where it is not installed. */
export function extensionDirectory(): string {
	return installedExtension() ?? '/';
}

/** Where a configured location leads: a relative one starts in the extension's directory. Nothing is normalised, because the kernel does not either. */
export function scriptPath(location: string, directory: string): string {
	if (location === '' || location.startsWith('/')) return location;
	return directory === '/' ? `/${location}` : `${directory}/${location}`;
}

/** The path of the configuration that the extension reads: the usual one, unless its plugin host file names another. */
export function configuredPath(facts: Pick<ExtensionFacts, 'hostConfiguration' | 'shippedHostConfiguration'>): string {
	const named = configurationPathOf(facts);
	return named === null ? usualConfiguration : scriptPath(named, extensionDirectory());
}

/**
 * Gathers the files on which the extension's decision rests; `configurationPath` where another configuration than the extension's is meant: the
 * usual path stands for the one that its plugin host file names. Never throws and never waits.
 */
export function gatherExtensionFacts(configurationPath: string = usualConfiguration): ExtensionFacts {
	const installed = installedExtension();
	const file = (path: string, limit = mostBytes): FileFacts => readPath(path, limit).facts;
	const hostConfiguration = file('/etc/azure/VMSnapshotPluginHost.conf');
	const shippedHostConfiguration = installed === null ? null : file(join(installed, 'main/VMSnapshotPluginHost.conf'));
	const configuration = file(configurationPath === usualConfiguration ? configuredPath({hostConfiguration, shippedHostConfiguration}) : configurationPath);
	const directory = installed ?? '/';
	const others = pluginsOf({hostConfiguration, shippedHostConfiguration}).slice(0, -1).slice(0, mostPlugins).map(({configurationPath: named}) => named);
	const otherConfigurations = new Map(others.map(named => [named, file(scriptPath(named, directory))]));
	const scripts = new Map<string, FileFacts>();
	for (const {content} of [configuration, ...otherConfigurations.values()]) {
		const settings = readEffectiveSettings(content ?? new Uint8Array(), longestTimeoutSeconds);
		for (const plan of 'refused' in settings ? [] : [settings.pre, settings.post]) {
			if (plan !== null) scripts.set(plan.location, file(scriptPath(plan.location, directory), mostScriptBytes));
		}
	}

	const workload = file('/etc/azure/workload.conf');
	const instances = instancesPath(workload);
	return {
		hostConfiguration, shippedHostConfiguration, configuration, workload, scripts,
		...(others.length === 0 ? {} : {otherConfigurations}),
		...(instances === null ? {} : {workloadInstances: file(scriptPath(instances, directory), mostScriptBytes)}),
	};
}

/** The settings of the extension's freezer. */
export function gatherTunables(path = '/etc/azure/vmbackup.conf'): Tunables {
	const {content} = readPath(path, mostScriptBytes).facts;
	return readTunables(content === null ? null : new TextDecoder().decode(content));
}
