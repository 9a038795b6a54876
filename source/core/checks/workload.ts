import {findError} from '../errors.js';
import {iniSection} from '../extension/ini.js';
import {verdictReason} from '../verdict-words.js';
import {check} from './check.js';
import {finding, type Finding} from './finding.js';
import {octal} from './words.js';

/** The extension's own database scripts, which take the place of the configured ones. */
export const workloadChecks = [
	check({
		id: 'workload',
		title: 'no workload takes the place of the scripts',
		needs: ['check'],
		conclude: ({check: {workload}, extension}) => workload === null ? [] : [finding({
			id: 'workload-takes-over',
			severity: 'info',
			title: `Azure's own ${workload} scripts take the place of yours`,
			detail: `${extension.workload.path} names the workload ${workload}, so the extension uses the scripts that it brings for it, and never the ones of the configuration.`,
			remedy: `To use your own scripts, leave workload_name empty in ${extension.workload.path}.`,
			path: extension.workload.path,
			source: 'extension',
		})],
	}),
	check({
		id: 'workload-works',
		title: 'workload.conf says what Azure\'s own scripts need',
		needs: ['check'],
		applies: ({check: {workload}}) => workload !== null,
		conclude: ({check: {workloadErrors}, extension: {workload: {path}}}) => workloadErrors.map(error => {
			const entry = findError(String(error.code));
			return finding({
				id: `workload-error-${error.code}`,
				severity: 'error',
				error: error.name,
				title: verdictReason({outcome: 'failed', errors: [error]}) ?? error.name,
				detail: `${entry?.happened ?? ''} ${entry?.effect ?? ''} (${error.name}, ${error.code}.)`.trim(),
				remedy: entry?.remedies.join(' ') ?? `See what it means: quiesce explain ${error.name}`,
				path,
				source: 'verdict',
			});
		}),
	}),
	check({
		id: 'workload-private',
		title: 'workload.conf is private to root',
		needs: ['check'],
		applies: ({check: {workload}}) => workload !== null,
		conclude({extension: {workload: file}}) {
			const found: Finding[] = [];
			const writable = file.owner !== 'root' || (file.mode & 0o022) !== 0;
			const access = {mend: {kind: 'access', path: file.path, mode: 0o600, ...(file.owner === 'root' ? {} : {owner: 'root' as const})}, path: file.path, source: 'extension'} as const;
			if (writable) {
				found.push(finding({
					id: 'workload-writable',
					severity: 'error',
					title: 'Others than root can change workload.conf',
					detail: `It belongs to ${file.owner ?? 'a user without a name'} and has ${octal(file.mode)}. What stands in it becomes a part of commands that Azure's extension runs as root; it does not look at the file's owner or permissions.`,
					remedy: `Look whether its content is still what you wrote, then: chown root ${file.path} && chmod 600 ${file.path}`,
					note: `${octal(file.mode)} → 0600`,
					...access,
				}));
			} else if ((file.mode & 0o044) !== 0 && credentials(file.content) !== '') {
				found.push(finding({
					id: 'workload-readable',
					severity: 'warning',
					title: 'Others than root can read the credentials in workload.conf',
					detail: `It has ${octal(file.mode)}, and credString is set. (Azure's extension also writes it into its log; linux_user keeps passwords out of both.)`,
					remedy: `chmod 600 ${file.path}`,
					note: `${octal(file.mode)} → 0600`,
					...access,
				}));
			}

			return found;
		},
	}),
];

function credentials(content: Uint8Array | null): string {
	return content === null ? '' : iniSection(new TextDecoder().decode(content), 'workload')?.get('credstring') ?? '';
}
