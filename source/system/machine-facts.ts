import {readlinkSync, statSync} from 'node:fs';
import type {BackupAgent, MachineFacts, ProcessName} from '../core/checks/facts.js';
import {installedExtension} from './azure-files.js';
import {extensionLockFile, readLockHolder} from './lock.js';
import {programIds, readProcess, type ProcessFacts} from './processes.js';
import {entriesOf, textOf} from './pseudo-files.js';

const agents: readonly {readonly name: string; readonly files: readonly string[]; readonly processes: readonly string[]; readonly freezes: boolean}[] = [
	{name: 'QEMU guest agent with a freeze hook', files: ['/etc/qemu/fsfreeze-hook', '/etc/qemu-ga/fsfreeze-hook'], processes: ['qemu-ga'], freezes: true},
	{name: 'VMware Tools', files: ['/etc/vmware-tools/backupScripts.d'], processes: ['vmtoolsd'], freezes: true},
	{name: 'Azure Site Recovery', files: ['/usr/local/ASR', '/usr/local/.vx_version'], processes: ['svagents', 'cxpsclient', 's2'], freezes: true},
	{name: 'Veeam Agent', files: ['/etc/veeam', '/opt/veeam'], processes: ['veeamservice', 'veeamdeployment'], freezes: true},
	{name: 'Commvault', files: ['/etc/CommVaultRegistry', '/opt/commvault'], processes: ['cvd', 'cvlaunchd'], freezes: true},
	{name: 'Rubrik', files: ['/etc/rubrik'], processes: ['backup_agent_main', 'bootstrap_agent_main'], freezes: false},
	{name: 'NetBackup', files: ['/usr/openv/netbackup'], processes: ['bpcd', 'vnetd'], freezes: false},
	{name: 'Acronis', files: ['/usr/lib/Acronis', '/var/lib/Acronis'], processes: ['acronis_mms'], freezes: true},
	{name: 'Google guest agent with snapshot scripts', files: ['/etc/google/snapshots/pre.sh'], processes: ['google_guest_agent'], freezes: false},
];

/** All but the kernel's own threads, which have no files and take no backups. */
function programs(): readonly ProcessFacts[] {
	return programIds().flatMap(pid => {
		const facts = readProcess(pid);
		return facts === null || facts.ofKernel ? [] : [facts];
	});
}

function exists(path: string): boolean {
	try {
		statSync(path);
		return true;
	} catch {
		return false;
	}
}

/** CAP_SYS_ADMIN (capabilities(7)) among the lower 32: without it nobody gets a group that answers for accesses. */
const administrate = 1 << 21;

/** Whether a process may answer for file accesses. A database's hundreds of processes, with thousands of open files, may not, and are not looked through. */
function mayAnswer(pid: number): boolean {
	if (statSync(`/proc/${pid}`, {throwIfNoEntry: false})?.uid === 0) return true;
	const permitted = /^CapPrm:\s*([\da-f]+)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1];
	return permitted !== undefined && (Number.parseInt(permitted.slice(-8), 16) & administrate) !== 0;
}

/** Content classes of fanotify(7): only they answer for accesses, and so can hold up a freeze. */
const permissionClasses = 0x04 | 0x08;

/** Processes that answer for file accesses. Bounded: what is not seen within `untilMs` (of performance.now) is not looked at. */
function accessGates(all: readonly ProcessFacts[], untilMs: number): ProcessName[] {
	const found: ProcessName[] = [];
	for (const process of all) {
		if (performance.now() > untilMs) break;
		if (!mayAnswer(process.pid)) continue;
		for (const descriptor of entriesOf(`/proc/${process.pid}/fd`)) {
			let target: string;
			try {
				target = readlinkSync(`/proc/${process.pid}/fd/${descriptor}`);
			} catch {
				continue;
			}

			if (target !== 'anon_inode:[fanotify]') continue;
			const flags = /^fanotify flags:([\da-f]+)/m.exec(textOf(`/proc/${process.pid}/fdinfo/${descriptor}`) ?? '')?.[1];
			if (flags !== undefined && (Number.parseInt(flags, 16) & permissionClasses) !== 0) {
				found.push({pid: process.pid, name: process.name});
				break;
			}
		}
	}

	return found;
}

/** Those that wait uninterruptibly where writers to a frozen filesystem wait. */
function waiting(all: readonly ProcessFacts[]): readonly ProcessFacts[] {
	return all.filter(({pid, state}) => state === 'D' && textOf(`/proc/${pid}/wchan`) === 'percpu_rwsem_wait');
}

/** Only what still waits a moment later: control groups use the same kind of lock, for an instant. */
async function stalled(all: readonly ProcessFacts[]): Promise<ProcessName[]> {
	const first = waiting(all);
	if (first.length === 0) return [];
	await new Promise(resolve => setTimeout(resolve, 60));
	const now = first.flatMap(({pid}) => readProcess(pid) ?? []);
	return waiting(now).map(({pid, name}) => ({pid, name}));
}

/** The extension's lock: looked at without opening the file, which would give up a lock of one's own. */
function lockFacts(path: string): MachineFacts['lock'] {
	if (!exists(path)) return {state: 'absent', path, holder: null};
	const held = readLockHolder(path);
	if (held === null) return {state: 'stale', path, holder: null};
	return {state: 'held', path, holder: held.pid === null ? null : {pid: held.pid, name: textOf(`/proc/${held.pid}/comm`) ?? 'a process'}};
}

function findAgents(all: readonly ProcessFacts[]): BackupAgent[] {
	return agents.flatMap(({name, files, processes: names, freezes}) => {
		const file = files.find(exists);
		const process = all.find(({name: comm}) => names.some(known => comm === known.slice(0, 15)));
		// A guest agent alone, without its hook or its scripts, takes no backups.
		if (file === undefined) return [];
		return [{name, evidence: process === undefined ? file : `${process.name} (${process.pid})`, freezes, running: process !== undefined}];
	});
}

export type MachineOptions = {
	/** What `sh` is here. */
	readonly shell: string | null;
	/** Mounts that a cycle which died may have left frozen. */
	readonly leftFrozen: readonly string[];
	/** The extension's lock, where a test has another one. */
	readonly lockFile?: string;
};

/** What else on the machine decides over a backup. Reads /proc and a few names; changes nothing, freezes nothing, tries nothing. */
export async function readMachineFacts({shell, leftFrozen, lockFile = extensionLockFile}: MachineOptions): Promise<MachineFacts> {
	const all = programs();
	return {
		shell,
		extensionDirectory: installedExtension(),
		lock: lockFacts(lockFile),
		fanotify: accessGates(all, performance.now() + 300),
		stalled: await stalled(all),
		leftFrozen,
		agents: findAgents(all),
	};
}
