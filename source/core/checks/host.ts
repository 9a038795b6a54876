import {hostFile, hostTrouble, pluginsOf} from '../extension/host.js';
import type {ExtensionFacts, FileFacts} from '../extension/types.js';
import {check} from './check.js';
import {finding, type Finding} from './finding.js';
import {count, list, octal} from './words.js';

const neitherRuns = 'Azure runs neither script, and the backup is only file-system consistent.';

/** Whose the file is: the administrator's, who may remove it, or the extension's. */
function isShipped(facts: ExtensionFacts, file: FileFacts): boolean {
	return file !== facts.hostConfiguration;
}

/** The plugin host file, by which the extension finds the scripts' configuration. */
export const hostChecks = [
	check({
		id: 'host-private',
		title: "nobody but root can change the extension's plugin host file",
		needs: ['extension'],
		applies: ({check: {workload}}) => workload === null,
		conclude({extension}) {
			const file = hostFile(extension);
			if (file === null || file.kind !== 'file') return [];
			const modeBad = [(file.mode >> 3) & 7, file.mode & 7].some(digit => digit !== 0 && digit !== 4);
			const ownerBad = file.owner !== 'root';
			return !modeBad && !ownerBad ? [] : [finding({
				id: 'host-permissions',
				severity: 'error',
				error: 'FailedPrepostPluginhostConfigPermissionError',
				title: "Others than root may change the extension's plugin host file",
				detail: `It belongs to ${file.owner ?? 'a user without a name'} and has ${octal(file.mode)}; group and others may at most read it. ${neitherRuns} (Error 314.)`,
				remedy: `${ownerBad ? `Look whether its content is still what it was, then: chown root ${file.path} && ` : ''}chmod 644 ${file.path}`,
				note: ownerBad ? `${file.owner ?? '?'} → root` : `${octal(file.mode)} → 0644`,
				path: file.path,
				source: 'verdict',
				mend: {kind: 'access', path: file.path, ...(modeBad ? {mode: 0o644} : {}), ...(ownerBad ? {owner: 'root'} : {})},
			})];
		},
	}),
	check({
		id: 'host-readable',
		title: "the extension's plugin host file can be read",
		needs: ['extension'],
		applies: ({check: {workload}}) => workload === null,
		conclude({extension, check: {errors}}) {
			const file = hostFile(extension);
			const trouble = hostTrouble(extension);
			// What is said of the last plugin's configuration comes first, where that is wrong as well.
			if (file === null || trouble === null || !errors.some(({code}) => code === 304)) return [];
			return [finding({
				id: 'host-damaged',
				severity: 'error',
				error: 'IncorrectPluginhostFile',
				title: "The extension's plugin host file is damaged",
				detail: `Of ${file.path}: ${trouble}. ${neitherRuns} (IncorrectPluginhostFile, 304.)`,
				remedy: isShipped(extension, file) ? 'Reinstall the backup extension: it is its own file.' : `Correct it, or move it away: the one that the extension ships is then used (mv ${file.path} ${file.path}.old).`,
				path: file.path,
				source: 'verdict',
			})];
		},
	}),
	check({
		id: 'host-time',
		title: 'the plugin host file gives the scripts time',
		needs: ['extension'],
		applies: ({check: {workload}}) => workload === null,
		conclude({extension, check: {errors, settings}}) {
			const file = hostFile(extension);
			return file === null || errors.length > 0 || settings.pre === null || settings.hostLimitMs > 0 ? [] : [finding({
				id: 'host-no-time',
				severity: 'error',
				error: 'error',
				title: 'The plugin host file gives the scripts no time',
				detail: `timeoutInSeconds in ${file.path} is ${settings.hostTimeoutSeconds}: Azure starts the pre-script, does not wait for it, and stops with an exception. There is no backup, and the post-script does not run. (Error 2.)`,
				remedy: 'Write 1800 there.',
				note: String(settings.hostTimeoutSeconds),
				path: file.path,
				source: 'verdict',
			})];
		},
	}),
	check({
		id: 'host-plugins',
		title: 'the plugin host file starts one pair of scripts',
		needs: ['extension'],
		applies: ({check: {workload}}) => workload === null,
		conclude({extension, check: {errors, settings}}) {
			const file = hostFile(extension);
			if (file === null || file.kind !== 'file') return [];
			const found: Finding[] = [];
			if (errors.length === 0 && settings.pre === null) {
				found.push(finding({
					id: 'host-no-plugins',
					severity: 'warning',
					title: 'The plugin host file switches the scripts off',
					detail: `${file.path} says that there are no plugins (numberOfPlugins 0, or nothing): Azure runs no script at all, and still calls the backup application-consistent.`,
					remedy: isShipped(extension, file) ? 'Reinstall the backup extension: it is its own file.' : 'Set numberOfPlugins to 1, or remove the file: the one that the extension ships is then used.',
					path: file.path,
					source: 'extension',
				}));
			}

			const plugins = pluginsOf(extension);
			if (plugins.length > 1) {
				found.push(finding({
					id: 'host-several-plugins',
					severity: 'warning',
					title: `The plugin host file starts ${count(plugins.length, 'plugin')} at once`,
					detail: `Azure runs the scripts of ${list([...new Set(plugins.map(({configurationPath}) => configurationPath))], 4)} at the same time, and forgets what is wrong with all but the last plugin until they run. This is about the last one.`,
					remedy: `Set numberOfPlugins to 1, and let one pair of scripts hold everything: ${file.path}`,
					path: file.path,
					source: 'extension',
				}));
			}

			return found;
		},
	}),
];
