import {resolve} from 'node:path';
import {readConfiguration} from '../core/config/read.js';
import {documentedName} from '../core/checks/configuration.js';
import {Failure} from '../core/failure.js';
import {planFreeze, type FreezePlan} from '../core/freeze-plan.js';
import {installedExtension, gatherTunables} from '../system/azure-files.js';
import {readAzureVm, type AzureVm, type AzureVmOptions} from '../system/azure-vm.js';
import {lookAt} from '../system/file-look.js';
import {extensionLockFile, readLockHolder} from '../system/lock.js';
import {readFence, readMountFacts, resolveDirectories} from '../system/mounts.js';
import {processIds, workingDirectoryOf} from '../system/processes.js';
import {textOf} from '../system/pseudo-files.js';
import {whyNotWritable} from '../system/safe-directory.js';

/** What the first step of the set-up shows. */
export type MachineLook = {
	readonly root: boolean;
	/** Null while the instance metadata service is being asked. */
	readonly azure: AzureVm | null;
	/** The configuration's directory. */
	readonly directory: {
		readonly path: string;
		readonly state: 'there' | 'missing' | 'refused';
		/** Why it is refused, in a sentence. */
		readonly problem: string | null;
		/** What mends it first; null where nothing is refused. */
		readonly remedy: string | null;
	};
	/** Null where it is not installed: Azure installs it with the first backup. */
	readonly extension: {readonly directory: string; readonly version: string; /** A backup runs now. */ readonly running: boolean} | null;
	/** What a rehearsal would freeze; `problem`: why that cannot be told (a named directory is no mount point), in a sentence. */
	readonly freeze: {
		readonly plan: FreezePlan;
		/** Mount points that Azure would freeze as well: only the fence of a laboratory keeps quiesce away from them. */
		readonly fenced: readonly string[];
		readonly problem: null;
	} | {readonly plan: null; readonly problem: string};
	readonly configuration: ConfigurationLook;
};

export type ConfigurationLook = {
	readonly path: string;
	/** `unusable`: there, but not to be made out; `refused`: no regular file. */
	readonly state: 'missing' | 'there' | 'unusable' | 'refused';
	/** The last value of each key, whatever its type; null where it is not there or cannot be made out. */
	readonly settings: Readonly<Record<string, unknown>> | null;
	/** What is wrong with the file, in a sentence; null where nothing. */
	readonly problem: string | null;
	/** A file under the name from the documentation, which the extension does not read; null where there is none. */
	readonly documented: string | null;
};

export type LookOptions = {
	readonly configuration: string;
	/** Directories named with --mount; none: what the extension would freeze. */
	readonly mounts?: readonly string[];
	readonly azure?: AzureVmOptions;
	/** Is told all that is known without the instance metadata service, where that one is still being asked: nobody has to wait for it. */
	readonly onEarly?: (look: MachineLook) => void;
};

/** Looks at the machine for the set-up. Changes nothing, waits for nothing longer than a second, and that only on Azure. */
export async function lookAtMachine({configuration, mounts = [], azure = {}, onEarly}: LookOptions): Promise<MachineLook> {
	const vm = readAzureVm(azure);
	const path = resolve(configuration);
	const look: MachineLook = {
		root: process.geteuid?.() === 0,
		directory: lookAtDirectory(resolve(path, '..')),
		extension: lookAtExtension(),
		freeze: lookAtFreeze(mounts),
		configuration: lookAtConfiguration(path),
		azure: null,
	};
	const known = await Promise.race([vm, new Promise<null>(later => setImmediate(later, null))]);
	if (known === null) onEarly?.(look);
	return {...look, azure: await vm};
}

/** What the configuration holds, if it is there. */
export function lookAtConfiguration(path: string): ConfigurationLook {
	const look = lookAt(path, 1024 * 1024);
	const documented = resolve(path, '..', documentedName);
	const common = {path, documented: documented !== path && lookAt(documented, 0).kind === 'file' ? documented : null};
	switch (look.kind) {
		case 'missing':
			return {...common, state: 'missing', settings: null, problem: null};
		case 'link':
			return {...common, state: 'refused', settings: null, problem: `${path} is a symbolic link, and quiesce does not write through links.`};
		case 'directory':
		case 'other':
			return {...common, state: 'refused', settings: null, problem: `${path} is not a regular file.`};
		case 'file': {
			if (look.content === null) return {...common, state: 'refused', settings: null, problem: `${path} ${look.size > 1024 * 1024 ? 'is too large for a configuration' : 'cannot be read'}.`};
			const read = readConfiguration(look.content);
			if (typeof read === 'string') return {...common, state: 'unusable', settings: null, problem: read};
			return {...common, state: 'there', settings: read.settings, problem: read.repaired};
		}
	}
}

function lookAtDirectory(path: string): MachineLook['directory'] {
	if (lookAt(path, 0, 'follow').kind === 'missing' && lookAt(path, 0).kind === 'missing') return {path, state: 'missing', problem: null, remedy: null};
	const problem = whyNotWritable(path);
	return problem === null ? {path, state: 'there', problem: null, remedy: null} : {path, state: 'refused', problem: problem.message, remedy: problem.remedies[0] ?? null};
}

function lookAtExtension(): MachineLook['extension'] {
	const directory = installedExtension();
	if (directory === null) return null;
	// The lock is held while filesystems are frozen; before and after that only the extension's processes tell.
	const running = readLockHolder(extensionLockFile) !== null || processIds().some(pid => isOfExtension(pid, directory));
	return {directory, version: directory.slice(directory.lastIndexOf('-') + 1), running};
}

/** Its own programs: scripts, of Azure's backups and of cycles here, run in its directory as well. */
function isOfExtension(pid: number, directory: string): boolean {
	const words = (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0');
	if (!words.some(word => /(?:^|\/)(?:handle\.py|safefreeze)$/.test(word))) return false;
	return words.some(word => word.startsWith(`${directory}/`)) || workingDirectoryOf(pid) === directory;
}

function lookAtFreeze(mounts: readonly string[]): MachineLook['freeze'] {
	try {
		const facts = readMountFacts();
		const requested = resolveDirectories(mounts);
		const {skip} = gatherTunables();
		const fence = readFence();
		const plan = planFreeze(facts, {requested, skip, fence});
		const reached = new Set(mountsOf(plan));
		const fenced = fence === null || requested.length > 0 ? [] : mountsOf(planFreeze(facts, {requested, skip, fence: null})).filter(mount => !reached.has(mount));
		return {plan, fenced, problem: null};
	} catch (error) {
		if (error instanceof Failure) return {plan: null, problem: error.message};
		throw error;
	}
}

/** In the order in which they are frozen. */
export function mountsOf(plan: FreezePlan): readonly string[] {
	return plan.waves.flat().map(({mount}) => mount);
}
