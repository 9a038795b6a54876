import {Buffer} from 'node:buffer';
import {basename, dirname} from 'node:path';
import type {Action, PlannedFile, PlanWarning, SeenFile} from '../../core/config/plan.js';
import type {AnswerProblem} from '../../core/config/settings.js';
import {octal} from '../../core/checks/words.js';
import type {FileFacts} from '../../core/extension/types.js';
import {lookAt, realPath} from '../../system/file-look.js';
import {backupPath} from '../../system/files.js';
import {openPlaces, readPath, similarPaths} from '../../system/inspection.js';
import {whyNotWritable} from '../../system/safe-directory.js';
import {planDirectory} from './place.js';

/** A file that is to lie on the machine afterwards. */
export type FreshFile = {
	readonly path: string;
	readonly bytes: Buffer;
	readonly mode: number;
	/** A file that is there already is left as it is, whatever it contains. */
	readonly keepExisting: boolean;
	/** Of which file it is a copy; null for one that quiesce brings along. */
	readonly from: string | null;
};

export type ScriptsPlan = {
	readonly problems: readonly AnswerProblem[];
	readonly warnings: readonly PlanWarning[];
	readonly actions: readonly Action[];
	readonly seen: readonly SeenFile[];
	readonly files: readonly PlannedFile[];
	/** By location, as the extension will see them. */
	readonly facts: ReadonlyMap<string, FileFacts>;
};

/** One script of the configuration. */
export type ScriptOrder = {
	readonly role: 'pre' | 'post';
	readonly location: string;
	/** Its location was answered now, and not just found in the configuration. */
	readonly answered: boolean;
};

const wantedMode = 0o700;

/** Programs of the system, which others than root run as well. */
const systemPlaces = /^\/(?:(?:usr\/)?(?:s?bin|lib(?:32|64|x32|exec)?)|boot|proc|sys|dev)\//;

/** Plans for the scripts that lie on the machine: whether they can be used where they are, and what must be set. `fresh`: files that will lie there first. */
export function planScripts(orders: readonly ScriptOrder[], {fresh, mend, configuration}: {readonly fresh: readonly FreshFile[]; readonly mend: boolean; readonly configuration: string}): ScriptsPlan {
	const problems: AnswerProblem[] = [];
	const warnings: PlanWarning[] = [];
	const actions: Action[] = [];
	const seen: SeenFile[] = [];
	const files: PlannedFile[] = [];
	const facts = new Map<string, FileFacts>();
	for (const {role, location, answered} of orders) {
		const key = `${role}ScriptLocation`;
		const refuse = (expected: string, message: string, remedies: readonly string[] = []): void => {
			problems.push({key, value: location, expected, message, ...(remedies.length === 0 ? {} : {remedies})});
		};
		const found = readPath(location, 4096).facts;
		files.push({role, path: location, kind: found.kind, owner: found.kind === 'missing' ? null : found.owner ?? 'unknown', mode: found.mode, wanted: wantedMode});
		if (fresh.some(({path}) => path === location)) {
			facts.set(location, {path: location, kind: 'file', mode: wantedMode, owner: 'root', content: null});
			continue;
		}

		facts.set(location, found);
		if (found.kind !== 'file') {
			const near = found.kind === 'missing' ? similarPaths(location)[0] : undefined;
			refuse('the path of a file that is there', found.kind === 'missing'
				? `There is no ${role}-script ${location}.${near === undefined ? '' : ` Did you mean ${near}?`}`
				: found.kind === 'directory' ? `The ${role}-script ${location} is a directory; a file is expected.` : `The ${role}-script ${location} is not a regular file (a pipe, a device, a socket).`);
			continue;
		}

		const real = realPath(location);
		const look = lookAt(real, 0);
		if (real === realPath(configuration)) {
			refuse('a script', `The ${role}-script ${location} is the configuration itself.`);
			continue;
		}

		const {kind, mode, uid} = look;
		const wrongMode = mode !== wantedMode;
		const wrongOwner = uid !== 0;
		const change = mend && (wrongMode || wrongOwner);
		const [open] = openPlaces(location);
		if (open !== undefined) {
			const message = `The ${role}-script ${location} lies where somebody else than root can replace it: ${open.path} (${open.owner}, ${octal(open.mode)}). Azure would run as root whatever is put there.`;
			if (answered || change) refuse('a script in a directory that only root can write to', message, ['Copy it to a directory of root\'s, such as /etc/azure.', `Or let only root write there: chown root ${open.path} && chmod go-w ${open.path}`]);
			else warnings.push({key, message});
			continue;
		}

		if (!change) continue;
		const refusal = whyNotChanged(role, location, real, look.links, found.content, mode);
		if (refusal !== null) {
			refuse('a script of its own, for Azure Backup alone', refusal);
			continue;
		}

		const unwritable = whyNotWritable(dirname(real), basename(real));
		if (unwritable !== null) refuse('a script in a directory that only root can write to', unwritable.message, unwritable.remedies);
		facts.set(location, {...found, mode: wantedMode, owner: 'root'});
		// What the script contains may change meanwhile; who owns it and who may change it may not.
		if (seen.some(({path}) => path === real)) continue;
		seen.push({path: real, kind, mode, uid, digest: null});
		if (wrongOwner) {
			actions.push({kind: 'chown', path: real, owner: 'root', sentence: `chown root ${real} (now ${found.owner ?? uid})`});
			warnings.push({key, message: `The ${role}-script ${location} belongs to ${found.owner ?? `uid ${uid}`}, who could have changed it until now. Look at what it does before Azure runs it as root.`});
		}

		if (wrongMode) actions.push({kind: 'chmod', path: real, mode: wantedMode, sentence: `chmod 700 ${real} (now ${mode.toString(8)})`});
	}

	return {problems, warnings, actions, seen, files, facts};
}

/** Files that other programs or users may need as they are. */
function whyNotChanged(role: string, location: string, real: string, links: number, head: Uint8Array | null, mode: number): string | null {
	const copy = 'Copy it to /etc/azure, and name the copy.';
	if (systemPlaces.test(real)) return `The ${role}-script ${location} belongs to the system${real === location ? '' : ` (it leads to ${real})`}: with the permissions that Azure wants (700), others than root could not use it any more. ${copy}`;
	if (links > 1) return `The ${role}-script ${location} is a hard link: the same file has ${links} names, and its permissions would change under all of them. ${copy}`;
	const looks = (mode & 0o111) !== 0 || /\.[a-z]{1,4}sh$|\.sh$|\.(?:py|pl|rb)$/.test(real) || Buffer.from(head?.subarray(0, 2) ?? []).toString() === '#!';
	return looks ? null : `The ${role}-script ${location} does not look like a script: it is not executable, begins without #! and its name does not end in .sh. If it is one, set its permissions yourself (chmod 700 ${location}), and run the set-up again.`;
}

/** Plans for the files that are to be written: copies of the administrator's own scripts, and those that quiesce brings along. */
export function planFresh(files: readonly FreshFile[], {now, made}: {readonly now: Date; readonly made: readonly string[]}): Pick<ScriptsPlan, 'problems' | 'warnings' | 'actions' | 'seen'> {
	const problems: AnswerProblem[] = [];
	const warnings: PlanWarning[] = [];
	const actions: Action[] = [];
	const seen: SeenFile[] = [];
	const directories = new Set(made);
	for (const file of files) {
		const {path, bytes, from, keepExisting, mode} = file;
		const directory = dirname(path);
		if (!directories.has(directory)) {
			const place = planDirectory(directory, 0o700, directories);
			directories.add(directory);
			problems.push(...place.problems);
			actions.push(...place.actions);
		}

		const look = lookAt(path);
		if (look.kind !== 'missing' && look.kind !== 'file') {
			problems.push({key: '', value: path, expected: 'a regular file, or none', message: `${path} is ${look.kind === 'link' ? 'a symbolic link' : look.kind === 'directory' ? 'a directory' : 'not a regular file'}, and a script is to be written there. Move it away.`});
			continue;
		}

		seen.push(plain(look));
		const same = look.content !== null && look.content.equals(bytes);
		if (look.kind === 'file' && (same || keepExisting)) {
			if (look.links > 1) problems.push({key: '', value: path, expected: 'a file with one name', message: `${path} is a hard link: the same file has ${look.links} names. Remove the others, or move it away.`});
			if (look.uid !== 0) actions.push({kind: 'chown', path, owner: 'root', sentence: `chown root ${path}`});
			if (look.mode !== mode) actions.push({kind: 'chmod', path, mode, sentence: `chmod ${mode.toString(8)} ${path} (now ${look.mode.toString(8)})`});
			continue;
		}

		if (look.kind === 'file') {
			const backup = backupPath(path, now);
			actions.push({kind: 'backup', path, to: backup, sentence: `keep the present ${path} as ${backup}`});
			warnings.push({key: '', message: `${path} is there already, with another content: it is replaced, and kept as ${backup}.`});
		}

		actions.push(from === null
			? {kind: 'write-script', path, content: bytes.toString('utf8'), mode, sentence: `write ${path} (root, ${mode.toString(8)})`}
			: {kind: 'copy-script', from, path, mode, sentence: `copy ${from} to ${path} (root, ${mode.toString(8)})`});
	}

	return {problems, warnings, actions, seen};
}

/** What is compared later, without the content. */
export function plain({path, kind, mode, uid, digest}: SeenFile): SeenFile {
	return {path, kind, mode, uid, digest};
}
