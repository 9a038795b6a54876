import {check} from './check.js';
import {finding} from './finding.js';
import {openPlacesFinding} from './places.js';
import {list, octal} from './words.js';

/** The name that the documentation gives to the configuration; the extension never looks for it. */
export const documentedName = 'VMSnapshotPluginConfig.json';

const notReadWords = 'Azure runs neither script and goes on with a snapshot that is only file-system consistent, whatever continueBackupOnFailure says.';

/** The configuration as a file: there, under its right name, private, readable. */
export const configurationChecks = [
	check({
		id: 'configuration-there',
		title: 'the configuration is where Azure looks for it',
		needs: ['configuration'],
		conclude({configuration}) {
			const {path, file, documented} = configuration;
			if (file.kind === 'file') return [];
			const inDocumentedPlace = documented?.kind === 'file' && file.kind === 'missing';
			if (inDocumentedPlace) {
				return [finding({
					id: 'configuration-documented-name',
					severity: 'error',
					error: 'FailedPrepostPluginConfigNotFound',
					title: 'The configuration has the name from the documentation, and Azure looks for another',
					detail: `${documented.path} is there, but the extension reads only ${path}. ${notReadWords} (Error 316.)`,
					remedy: `Rename it: mv ${documented.path} ${path}`,
					path: documented.path,
					source: 'verdict',
					mend: {kind: 'rename', path: documented.path, to: path},
				})];
			}

			return [finding({
				id: file.kind === 'missing' ? 'configuration-missing' : 'configuration-no-file',
				severity: 'error',
				error: 'FailedPrepostPluginConfigNotFound',
				title: file.kind === 'missing' ? 'There is no configuration yet' : 'The configuration is not a regular file',
				detail: `Azure reads ${path}, and ${file.kind === 'missing' ? 'there is no such file' : `that is ${file.kind === 'directory' ? 'a directory' : 'something else (a pipe, a device, a socket)'}`}. ${notReadWords} (Error 316.)`,
				remedy: file.kind === 'missing' ? 'Set up the scripts: quiesce setup' : 'Move it away and set up the scripts: quiesce setup',
				path,
				source: 'verdict',
			})];
		},
	}),
	check({
		id: 'configuration-private',
		title: 'the configuration is private to root',
		needs: ['configuration'],
		applies: ({configuration}) => configuration.file.kind === 'file',
		conclude({configuration: {path, file}}) {
			const modeBad = (file.mode & 0o177) !== 0;
			const ownerBad = file.owner !== 'root';
			if (!modeBad && !ownerBad) return [];
			return [finding({
				id: 'configuration-permissions',
				severity: 'error',
				error: 'FailedPrepostPluginConfigPermissionError',
				title: ownerBad ? 'The configuration does not belong to root' : 'The configuration is not private to root',
				detail: `Azure refuses a configuration that belongs to somebody else than root, that group or others may read, write or execute, or that is executable. This one belongs to ${file.owner ?? 'a user without a name'} and has ${octal(file.mode)}. ${notReadWords} (Error 317.)`,
				remedy: `${ownerBad ? `Look whether its content is still what you wrote, then: chown root ${path} && ` : ''}chmod 600 ${path}`,
				note: ownerBad ? `${file.owner ?? '?'} → root` : `${octal(file.mode)} → 0600`,
				path,
				source: 'verdict',
				mend: {kind: 'access', path, ...(modeBad ? {mode: 0o600} : {}), ...(ownerBad ? {owner: 'root'} : {})},
			})];
		},
	}),
	check({
		id: 'configuration-readable',
		title: 'the configuration is valid JSON',
		needs: ['configuration'],
		applies: ({configuration}) => configuration.file.kind === 'file',
		conclude({configuration: {path, problem, refusal, repaired, file, settings}}) {
			if (problem !== null) {
				return [finding({
					id: 'configuration-not-json',
					severity: 'error',
					error: refusal === 304 ? 'IncorrectPluginhostFile' : 'IncorrectJSONConfigFile',
					title: 'The configuration is not valid JSON',
					detail: `${problem} ${notReadWords} (${refusal === 304 ? 'IncorrectPluginhostFile, 304' : 'IncorrectJSONConfigFile, 305'}.)`,
					remedy: repaired === null ? 'Correct the file, or write it anew: quiesce setup' : 'The settings can be made out: quiesce writes them as plain JSON in UTF-8.',
					path,
					source: 'verdict',
					...(repaired === null ? {} : {mend: {kind: 'text', path, text: repaired}}),
				})];
			}

			if (settings !== null || file.content === null) return [];
			return [finding({
				id: 'configuration-no-object',
				severity: 'error',
				error: 'IncorrectPluginhostFile',
				title: 'The configuration is JSON, but not an object',
				detail: `It must be one object, { … }, with the settings as its keys. Azure reports this as a broken plugin host file, which has nothing to do with it. ${notReadWords} (IncorrectPluginhostFile, 304.)`,
				remedy: 'Write it anew: quiesce setup',
				path,
				source: 'verdict',
			})];
		},
	}),
	check({
		id: 'configuration-keys-once',
		title: 'no setting stands there twice',
		needs: ['configuration'],
		conclude({configuration: {duplicates, path}}) {
			return duplicates.length === 0 ? [] : [finding({
				id: 'configuration-duplicate-keys',
				severity: 'warning',
				title: `${list(duplicates)} ${duplicates.length === 1 ? 'stands' : 'stand'} there more than once`,
				detail: 'The values differ, and Azure takes the last one. Whoever reads the first one is misled.',
				remedy: 'Remove the earlier lines.',
				path,
				source: 'configuration',
			})];
		},
	}),
	check({
		id: 'configuration-place',
		title: 'nobody but root can replace the configuration',
		needs: ['configuration'],
		applies: ({configuration}) => configuration.file.kind === 'file',
		conclude({configuration: {path, openPlaces}}) {
			return openPlacesFinding({id: 'configuration-directory-writable', what: 'the configuration', path, openPlaces});
		},
	}),
	check({
		id: 'configuration-documented-copy',
		title: 'there is one configuration only',
		needs: ['configuration'],
		conclude({configuration: {path, file, documented}}) {
			return file.kind !== 'file' || documented?.kind !== 'file' ? [] : [finding({
				id: 'configuration-second-file',
				severity: 'info',
				title: 'There is a second configuration that Azure never reads',
				detail: `${documented.path} has the name from the documentation; the extension reads only ${path}. What is changed in the other file changes nothing.`,
				remedy: `Remove it, once you are sure that nothing in it is needed: rm ${documented.path}`,
				path: documented.path,
				source: 'configuration',
			})];
		},
	}),
	check({
		id: 'configuration-is-the-one',
		title: 'this is the configuration that Azure reads',
		needs: ['configuration'],
		conclude({configuration: {path, readByExtension}}) {
			return readByExtension ? [] : [finding({
				id: 'configuration-elsewhere',
				severity: 'info',
				title: 'Azure does not read this file',
				detail: `The verdict supposes that ${path} were in the place of the one that Azure reads.`,
				remedy: 'Put it where the plugin host configuration says once it is as you want it, or check the real one: quiesce doctor without --config.',
				path,
				source: 'configuration',
			})];
		},
	}),
];
