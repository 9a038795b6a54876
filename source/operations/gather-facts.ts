import {dirname, join, resolve} from 'node:path';
import {documentedName} from '../core/checks/configuration.js';
import type {ConfigurationFacts, Facts, FilesystemFacts, LoggedCycle, Role, ScriptFacts} from '../core/checks/facts.js';
import {filesystemsOf} from '../core/checks/mounts.js';
import {checkExtension, predict} from '../core/extension/index.js';
import type {ExtensionFacts} from '../core/extension/types.js';
import {Failure} from '../core/failure.js';
import {freezableTypes} from '../core/freeze-plan.js';
import type {MountFact, MountFacts} from '../core/mount-facts.js';
import {readSettingsText, repairSettings} from '../core/settings-text.js';
import {configuredPath, extensionDirectory, gatherExtensionFacts, gatherTunables} from '../system/azure-files.js';
import {isRegularFile, openPlaces, readPath} from '../system/inspection.js';
import {readUnfinished} from '../system/unfinished-cycles.js';
import {readMachineFacts} from '../system/machine-facts.js';
import {readMountFacts, resolveDirectories} from '../system/mounts.js';
import {isAlive} from '../system/processes.js';
import {readScriptFacts} from '../system/script-facts.js';
import {shellName} from '../system/shell.js';
import {stateDirectoryPath} from '../system/state-directory.js';
import {readLatest} from './follow.js';

export type ExamineOptions = {
	/** The configuration's path; the usual one stands for the one that the plugin host file names. */
	readonly configuration: string;
	/** Directories to freeze instead of what Azure would freeze. */
	readonly mounts?: readonly string[];
	/** The extension's log, where it is not the one that its HandlerEnvironment.json names. */
	readonly log?: string;
};

/** Gathers once all that the checks look at. Throws a Failure (exit 2) for a named mount that cannot be frozen, and nothing else. */
export async function gatherFacts({configuration, mounts = [], log}: ExamineOptions): Promise<Facts> {
	const extension = gatherExtensionFacts(resolve(configuration));
	const text = settingsText(extension);
	const shell = shellName();
	// First what takes other processes: they work while the rest is looked at.
	let mountFacts: MountFacts | undefined;
	const scripts = scriptFacts(text.settings, () => (mountFacts ??= readMountFacts()).mounts, shell);
	const check = checkExtension(extension);
	const known = configurationFacts(extension, text);
	mountFacts ??= readMountFacts();
	const {skip, deadlineMs} = gatherTunables();
	const filesystems = filesystemFacts(mountFacts, mounts, skip);
	const machine = await readMachineFacts({shell, leftFrozen: leftFrozen()});
	const logged = loggedCycle(log);
	const {pre, post} = await scripts;
	return {extension, check, verdict: predict(check), configuration: known, pre, post, filesystems, freezeDeadlineMs: deadlineMs, machine, logged};
}

type SettingsText = ReturnType<typeof readSettingsText>;

function settingsText({configuration: {content}}: ExtensionFacts): SettingsText {
	return content === null ? {settings: null, duplicates: [], problem: null, refusal: null} : readSettingsText(content);
}

function configurationFacts(extension: ExtensionFacts, text: SettingsText): ConfigurationFacts {
	const file = extension.configuration;
	const {path, content} = file;
	const documented = readPath(join(dirname(path), documentedName), 0).facts;
	return {
		path,
		readByExtension: path === configuredPath(extension),
		file,
		...text,
		repaired: text.problem === null || content === null ? null : repairSettings(content),
		documented: documented.kind === 'missing' || documented.path === path ? null : documented,
		openPlaces: file.kind === 'file' ? openPlaces(path) : [],
	};
}

async function scriptFacts(settings: SettingsText['settings'], mounts: () => readonly MountFact[], shell: string | null): Promise<Pick<Facts, Role>> {
	const scripts = (['pre', 'post'] as const).flatMap(role => {
		const location = settings?.[`${role}ScriptLocation`];
		return typeof location === 'string' ? [{role, location, directory: extensionDirectory(), mounts}] : [];
	});
	const read = await readScriptFacts(scripts, shell);
	const of = (role: Role): ScriptFacts | null => read.find(facts => facts.role === role) ?? null;
	return {pre: of('pre'), post: of('post')};
}

function filesystemFacts(facts: MountFacts, named: readonly string[], skip: readonly string[]): readonly FilesystemFacts[] {
	// Only on local filesystems: a mount point on another machine may never answer.
	const onFiles = new Set(facts.mounts.filter(({type, root, mount}) => freezableTypes.includes(type) && root !== '/' && isRegularFile(mount)).map(({mount}) => mount));
	return filesystemsOf(facts, {requested: resolveDirectories(named), skip, onFiles});
}

/** Azure's latest backup as its log tells it; null where there is no log that can be read. */
function loggedCycle(log: string | undefined): LoggedCycle | null {
	try {
		const {latest} = readLatest(log === undefined ? {} : {log}, Date.now());
		if (latest === null) return null;
		const {outcome, errors} = latest.end?.result ?? {outcome: 'failed', errors: []};
		return {at: new Date(latest.beganAt).toISOString(), verdict: {outcome, errors}, running: latest.end === null};
	} catch (error) {
		if (error instanceof Failure || (error as NodeJS.ErrnoException).code !== undefined) return null;
		throw error;
	}
}

/** What the journals of cycles that died say may be frozen still. */
function leftFrozen(): readonly string[] {
	const dead = readUnfinished(stateDirectoryPath()).filter(({sameBoot, mayBeFrozen, main, guard}) => sameBoot && mayBeFrozen && (main === null || !isAlive(main)) && (guard === null || !isAlive(guard)));
	return dead.flatMap(({waves}) => waves.flat().map(({mount}) => mount));
}
