import {Ini, IniError, pythonInteger} from './ini.js';
import type {ExtensionFacts, FileFacts} from './types.js';

/** What the plugin host file says, as far as it decides something. */
export type Host = {
	/** Capped at the extension's own limit. */
	readonly timeoutSeconds: number;
	/** 0 or less: no script is run at all. */
	readonly plugins: number;
	/** The path of the scripts' configuration; null where the host stops before it gets there. */
	readonly configurationPath: string | null;
	/** False where the host stops when it loads the plugin, after it has looked at the configuration's owner and permissions. */
	readonly loadable: boolean;
	/** False where it stops at the second plugin, after it has read the first one's configuration. */
	readonly complete: boolean;
};

/** The extension's own limit for a script. */
export const longestTimeoutSeconds = 1800;

/** Not installed: what the extension ships is assumed. */
const shipped: Host = {timeoutSeconds: longestTimeoutSeconds, plugins: 1, configurationPath: null, loadable: true, complete: true};

/** The text of a file, or null where it is no UTF-8. */
export function strictText(facts: FileFacts): string | null {
	try {
		return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(facts.content ?? new Uint8Array());
	} catch {
		return null;
	}
}

/** Reads the plugin host file that counts, the one in /etc/azure, else the shipped one; a number is the code of the error that the extension meets. */
export function readHost({hostConfiguration, shippedHostConfiguration}: Pick<ExtensionFacts, 'hostConfiguration' | 'shippedHostConfiguration'>): Host | 304 | 313 | 314 {
	const file = hostConfiguration.kind === 'file' ? hostConfiguration : shippedHostConfiguration;
	if (file === null) return shipped;
	if (file.kind !== 'file') return 313;
	const digits = [file.mode >> 3 & 7, file.mode & 7];
	if (digits.some(digit => digit !== 0 && digit !== 4) || file.owner !== 'root') return 314;
	const text = strictText(file);
	if (text === null) return 304;
	try {
		return understand(new Ini(text));
	} catch (error) {
		if (error instanceof IniError) return 304;
		throw error;
	}
}

function understand(ini: Ini): Host | 304 {
	const whole = (option: string, otherwise: number): number => {
		if (!ini.hasOption('pre_post', option)) return otherwise;
		const number = pythonInteger(ini.get('pre_post', option));
		if (number === null) throw new IniError(`${option} is no whole number`);
		return number;
	};
	const timeoutSeconds = Math.min(whole('timeoutInSeconds', longestTimeoutSeconds), longestTimeoutSeconds);
	const plugins = whole('numberOfPlugins', 0);
	if (plugins <= 0) return {...shipped, timeoutSeconds, plugins};
	const names = ['pluginName', 'pluginPath', 'pluginConfigPath'];
	const [name, , configurationPath] = names.map(option => ini.get('pre_post', `${option}0`)) as [string, string, string];
	const complete = plugins === 1 || names.every(option => ini.hasOption('pre_post', `${option}1`));
	return {timeoutSeconds, plugins, configurationPath, loadable: name === 'ScriptRunner', complete};
}

/** The path of the scripts' configuration that the plugin host file names; null where it names none. */
export function configurationPathOf(facts: Pick<ExtensionFacts, 'hostConfiguration' | 'shippedHostConfiguration'>): string | null {
	const host = readHost(facts);
	return typeof host === 'number' ? null : host.configurationPath;
}
