import {Ini, IniError, pythonInteger} from './ini.js';
import type {ExtensionFacts, FileFacts} from './types.js';

/** One plugin that the host file names. */
export type Plugin = {readonly name: string; readonly configurationPath: string};

/** What the plugin host file says, as far as it decides something. */
export type Host = {
	/** Capped at the extension's own limit. */
	readonly timeoutSeconds: number;
	/** How many plugins it asks for; 0 or less: no script is run at all. */
	readonly wanted: number;
	/** Those of them that can be read, in order; the host stops at the first one that cannot. */
	readonly plugins: readonly Plugin[];
};

/** The extension's own limit for a script. */
export const longestTimeoutSeconds = 1800;

/** Where the extension looks for the scripts' configuration, unless its plugin host file names another. */
export const usualConfiguration = '/etc/azure/VMSnapshotScriptPluginConfig.json';

/** The only plugin that the extension brings. */
export const pluginName = 'ScriptRunner';

/** Not installed: what the extension ships is assumed. */
const shipped: Host = {timeoutSeconds: longestTimeoutSeconds, wanted: 1, plugins: [{name: pluginName, configurationPath: usualConfiguration}]};

/** The text of a file, or null where it is no UTF-8. */
export function strictText(facts: FileFacts): string | null {
	try {
		return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(facts.content ?? new Uint8Array());
	} catch {
		return null;
	}
}

type HostFiles = Pick<ExtensionFacts, 'hostConfiguration' | 'shippedHostConfiguration'>;

/** The plugin host file that counts: the one in /etc/azure where that is a regular file, else the extension's own; null where the extension is not installed. */
export function hostFile({hostConfiguration, shippedHostConfiguration}: HostFiles): FileFacts | null {
	return hostConfiguration.kind === 'file' ? hostConfiguration : shippedHostConfiguration;
}

/** Reads the plugin host file that counts; a number is the code of the error that the extension meets. */
export function readHost(facts: HostFiles): Host | 304 | 313 | 314 {
	const file = hostFile(facts);
	if (file === null) return shipped;
	if (file.kind !== 'file') return 313;
	const digits = [file.mode >> 3 & 7, file.mode & 7];
	if (digits.some(digit => digit !== 0 && digit !== 4) || file.owner !== 'root') return 314;
	const host = readHostText(file);
	return typeof host === 'string' ? 304 : host;
}

/** What keeps the extension from loading its plugins by that file, in a clause; null where that is nothing, or the file's permissions. */
export function hostTrouble(facts: HostFiles): string | null {
	const file = hostFile(facts);
	const host = file === null || file.kind !== 'file' ? null : readHostText(file);
	if (host === null || typeof host === 'string') return host;
	const strange = host.plugins.find(({name}) => name !== pluginName);
	if (strange !== undefined) return `it names the plugin "${strange.name}", and the extension brings ${pluginName}`;
	const missing = host.plugins.length;
	return missing >= host.wanted ? null : `numberOfPlugins is ${host.wanted}, and pluginName${missing}, pluginPath${missing} or pluginConfigPath${missing} cannot be read`;
}

/** A text says what is wrong with it. */
function readHostText(file: FileFacts): Host | string {
	const text = strictText(file);
	if (text === null) return 'it is no UTF-8';
	try {
		return understand(new Ini(text));
	} catch (error) {
		if (error instanceof IniError) return error.message;
		throw error;
	}
}

function understand(ini: Ini): Host {
	const whole = (option: string, otherwise: number): number => {
		if (!ini.hasOption('pre_post', option)) return otherwise;
		const number = pythonInteger(ini.get('pre_post', option));
		if (number === null) throw new IniError(`${option} is no whole number`);
		return number;
	};
	const timeoutSeconds = Math.min(whole('timeoutInSeconds', longestTimeoutSeconds), longestTimeoutSeconds);
	const wanted = whole('numberOfPlugins', 0);
	const plugins: Plugin[] = [];
	while (plugins.length < wanted) {
		const plugin = pluginAt(ini, plugins.length);
		if (plugin === null) break;
		plugins.push(plugin);
	}

	return {timeoutSeconds, wanted, plugins};
}

function pluginAt(ini: Ini, index: number): Plugin | null {
	try {
		const [name, , configurationPath] = ['pluginName', 'pluginPath', 'pluginConfigPath'].map(option => ini.get('pre_post', `${option}${index}`)) as [string, string, string];
		return {name, configurationPath};
	} catch (error) {
		if (error instanceof IniError) return null;
		throw error;
	}
}

/** The path of the scripts' configuration that the plugin host file names (of several the last one, which decides); null where it names none. */
export function configurationPathOf(facts: HostFiles): string | null {
	return pluginsOf(facts).at(-1)?.configurationPath ?? null;
}

/** The plugins that the extension would load. */
export function pluginsOf(facts: HostFiles): readonly Plugin[] {
	const host = readHost(facts);
	return typeof host === 'number' ? [] : host.plugins;
}
