import {mkdirSync, rmdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {readMounts} from './mounts.js';
import {loadNative} from './native.js';
import {isRunning, kill, processIds, type ProcessFacts, readProcess} from './processes.js';
import {entriesOf, textOf} from './pseudo-files.js';
import type {FamilyHandle, ScriptFamily} from './script-types.js';
import {pause} from './time.js';

/** How long the end of a family is waited for: a process that waits for a frozen filesystem does not end before that is thawed. */
const endPatienceMs = 10_000;

/** A family whose leader is not running yet. */
export type FamilyInTheMaking = ScriptFamily & {
	/** The control group that the leader has to enter by itself before it starts anything; null where there is none. */
	readonly cgroup: string | null;
	begin(leader: number): void;
};

/**
 * Where control groups are made, or null: in the unified hierarchy, /sys/fs/cgroup on most machines, /sys/fs/cgroup/unified on mixed ones; where there is none
 * (RHEL 8), in that of the freezer, which changes nothing for its members unless it is told to.
 */
export function controlGroups(): string | null {
	try {
		const mounts = readMounts();
		const hierarchy = mounts.find(({type}) => type === 'cgroup2') ?? mounts.find(({type, options}) => type === 'cgroup' && options.includes('freezer'));
		return hierarchy?.mount ?? null;
	} catch {
		// No /proc: then there is nothing to find either.
		return null;
	}
}

function makeControlGroup(): string | null {
	const top = controlGroups();
	if (top === null) return null;
	const path = join(top, `quiesce-${textOf('/proc/sys/kernel/random/uuid') ?? ''}`);
	try {
		mkdirSync(path, {mode: 0o700});
		return path;
	} catch {
		return null;
	}
}

/** One that is younger may be waiting for its leader. */
const abandonedAfterMs = 60_000;

/** Removes the empty control groups that cycles left behind because something still ran in them. */
export function removeEmptyFamilies(): void {
	const top = controlGroups();
	if (top === null) return;
	for (const name of entriesOf(top).filter(name => /^quiesce-[\da-f-]{36}$/.test(name))) {
		const path = join(top, name);
		try {
			if (statSync(path).ctimeMs < Date.now() - abandonedAfterMs) rmdirSync(path);
		} catch {
			// Something still runs in it.
		}
	}
}

function groupMembers(cgroup: string): readonly number[] {
	return (textOf(join(cgroup, 'cgroup.procs')) ?? '').split('\n').filter(line => line !== '').map(Number);
}

/** Leaders that this process started: children of ours that belong to their own family only. */
const leaders = new Set<number>();

/**
 * Makes orphans children of this process instead of the init process (prctl(2), PR_SET_CHILD_SUBREAPER), so that they can still be found
 * where there are no control groups. They are reaped when this process ends.
 */
function adoptOrphans(): void {
	try {
		loadNative().becomeSubreaper();
	} catch {
		// Then sessions and groups still tell most of a family.
	}
}

/**
 * Everything that `leader` started, as /proc shows it: its session, its group, all descendants, and adopted orphans younger than it (an
 * orphan of another script that runs at the same time would count too; a cycle runs one script at a time).
 */
function relatives(leader: number, leaderStart: string, known: ReadonlySet<number>): readonly ProcessFacts[] {
	const processes = processIds().map(pid => readProcess(pid)).filter(found => found !== null);
	const family = new Set<number>([leader, ...known]);
	const isYounger = (id: number, start: string): boolean => Number(start) > Number(leaderStart) || (start === leaderStart && id > leader);
	for (let grown = true; grown;) {
		grown = false;
		for (const {pid: id, parent, group, session, start} of processes) {
			if (!family.has(id) && !leaders.has(id) && (family.has(parent) || group === leader || session === leader || (parent === process.pid && leaders.has(leader) && isYounger(id, start)))) {
				family.add(id);
				grown = true;
			}
		}
	}

	return processes.filter(({pid}) => family.has(pid));
}

/** The family of a handle, also of one that another process began: what the guard and `quiesce thaw` end when the main process is gone. */
export function familyOf(handle: FamilyHandle): ScriptFamily {
	const known = new Map<number, string>();

	const alive = (): readonly ProcessFacts[] => {
		if (handle.cgroup !== null) {
			return groupMembers(handle.cgroup).map(pid => readProcess(pid)).filter(isRunning);
		}

		if (handle.leader === 0) return [];
		const leader = readProcess(handle.leader);
		// The id of an ended leader may have been given away: then its session and group are not the family's.
		if (leader !== null && leader.start !== handle.leaderStart) return [];
		for (const [id, start] of known) {
			if (readProcess(id)?.start !== start) known.delete(id);
		}

		const found = relatives(handle.leader, handle.leaderStart, new Set(known.keys())).filter(isRunning);
		for (const {pid, start} of found) known.set(pid, start);
		return found;
	};

	const endAll = (): void => {
		if (handle.cgroup !== null) {
			try {
				writeFileSync(join(handle.cgroup, 'cgroup.kill'), '1');
				return;
			} catch {
				// Kernels before 5.14 have no cgroup.kill, and the freezer's groups have none at all.
			}
		}

		for (const {pid} of alive()) kill(pid);
	};

	return {
		handle,
		async members() {
			return alive().map(({pid}) => pid);
		},
		async end(patienceMs = endPatienceMs) {
			const until = performance.now() + patienceMs;
			// A process may fork between the look and the blow, so it is repeated until nothing is left. There is no event for that.
			for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
				endAll();
				const left = alive();
				if (left.length === 0 || performance.now() > until) return left.map(({pid}) => pid);
				await pause(wait);
			}
		},
		async endSession() {
			const all = alive();
			const inSession = all.filter(({session}) => session === handle.leader);
			for (const {pid} of inSession) kill(pid);
			return {ended: inSession.length, stayed: all.length - inSession.length};
		},
		async release() {
			if (handle.cgroup === null) return;
			try {
				rmdirSync(handle.cgroup);
			} catch {
				// What stays in it on purpose keeps it; an empty folder in memory is all that it costs.
			}
		},
	};
}

/** Prepares a family: makes its control group where the machine lets it. */
export function makeFamily(withoutControlGroup = false): FamilyInTheMaking {
	const cgroup = withoutControlGroup ? null : makeControlGroup();
	if (cgroup === null) adoptOrphans();
	let family = familyOf({cgroup, leader: 0, leaderStart: ''});
	return {
		cgroup,
		get handle() {
			return family.handle;
		},
		begin(leader) {
			leaders.add(leader);
			family = familyOf({cgroup, leader, leaderStart: readProcess(leader)?.start ?? ''});
		},
		members: async () => family.members(),
		end: async patienceMs => family.end(patienceMs),
		endSession: async () => family.endSession(),
		release: async () => family.release(),
	};
}
