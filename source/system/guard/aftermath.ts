import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {HeldScripts} from '../guard.js';
import {continueJournal, readJournal, type Journal, type JournalStep} from '../journal.js';
import {isAlive, readProcess} from '../processes.js';
import type {FamilyHandle, ScriptCommand} from '../scripts.js';

/** Between two attempts of a script. */
const retryPauseMs = 1000;
const pollMs = 50;

/**
 * What is owed when the main process has died, once everything is thawed: ends a pre-script that still runs, then runs the post-script under its limit,
 * or waits for the one that the main process had started. Notes each step in the journal, as far as that can be written, and finishes it.
 */
export async function settleScripts(scripts: HeldScripts | null, journalFile: string): Promise<void> {
	const journal = openIfThere(journalFile);
	const note = (step: JournalStep): void => {
		try {
			journal?.append(step);
		} catch {
			// A full disk must not keep the post-script from running.
		}
	};
	note({step: 'thawed'});
	if (scripts !== null) {
		const preRuns = scripts.pre !== null && isAlive(markOf(scripts.pre));
		if (scripts.pre !== null && preRuns) await endFamily(scripts.pre);
		const started = scripts.postStarted ?? startedByMain(scripts.post, journalFile);
		if (started !== null) {
			await waitForEnd(started, scripts.limitMs);
			note({step: 'post-ended', exitCode: null, willRetry: false});
		} else if (scripts.post !== null && !hasEnded(journalFile)) {
			await runWithRetries(scripts.post, scripts, note);
		}
		// What a successful pre-script left behind lived until now.
		if (scripts.pre !== null && !preRuns) await endFamily(scripts.pre);
	}
	try {
		journal?.finish('guard');
	} catch {
		// It stays, and the next start of quiesce says so.
	}
}

async function runWithRetries(post: ScriptCommand, {limitMs, retries}: HeldScripts, note: (step: JournalStep) => void): Promise<void> {
	const until = performance.now() + limitMs;
	for (let attempt = 1; ; attempt++) {
		note({step: 'post-starting', attempt, by: 'guard'});
		const exitCode = await runOnce(post, until, family => note({step: 'post-started', family}));
		const again = exitCode !== 0 && attempt <= retries && performance.now() + retryPauseMs < until;
		note({step: 'post-ended', exitCode, willRetry: again});
		if (!again) return;
		await pause(retryPauseMs);
	}
}

/** One run of the script, as the extension would start it; null where it was ended at the limit or could not be started. */
async function runOnce(command: ScriptCommand, until: number, started: (family: FamilyHandle) => void): Promise<number | null> {
	const child = spawn('sh', [command.path, ...command.parameters], {cwd: command.directory, env: {...command.environment}, detached: true, stdio: 'ignore'});
	const end = once(child, 'exit').then(([code]) => code as number | null, () => null);
	if (child.pid === undefined) return end;
	const family: FamilyHandle = {cgroup: null, leader: child.pid, leaderStart: readProcess(child.pid)?.start ?? ''};
	started(family);
	let timer: NodeJS.Timeout | undefined;
	const limit = new Promise<'limit'>(resolve => {
		timer = setTimeout(() => resolve('limit'), Math.max(0, until - performance.now()));
	});
	const outcome = await Promise.race([end, limit]);
	clearTimeout(timer);
	if (outcome !== 'limit') return outcome;
	await endFamily(family);
	return null;
}

/** Waits for a script that the main process had started; at its limit it is ended with everything that it started. */
async function waitForEnd(family: FamilyHandle, limitMs: number): Promise<void> {
	const until = performance.now() + limitMs;
	while (isAlive(markOf(family))) {
		if (performance.now() >= until) return endFamily(family);
		await pause(pollMs);
	}
}

/** SIGKILL for a script and all that it started, again and again until nothing is left. */
export async function endFamily(family: FamilyHandle): Promise<void> {
	for (let round = 0; round < 100; round++) {
		if (family.cgroup !== null) {
			try {
				writeFileSync(join(family.cgroup, 'cgroup.kill'), '1');
			} catch {
				// An old kernel, or the group is gone.
			}
		}
		const members = membersOf(family);
		if (members.length === 0) return;
		for (const pid of members) {
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				// It has ended by itself.
			}
		}
		await pause(pollMs);
	}
}

/** The living processes of a family: of its cgroup, its session, and their descendants. */
function membersOf(family: FamilyHandle): readonly number[] {
	const inGroup = family.cgroup === null ? [] : numbersIn(join(family.cgroup, 'cgroup.procs'));
	const leader = readProcess(family.leader);
	// Another process has the leader's id by now: then that session is not ours.
	const recycled = leader !== null && leader.start !== family.leaderStart;
	const all = new Map(readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(name => {
		const found = readProcess(Number(name));
		return found === null || found.state === 'Z' || found.state === 'X' ? [] : [[Number(name), found] as const];
	}));
	const members = new Set(inGroup);
	if (!recycled) {
		for (const [pid, {session}] of all) if (session === family.leader || pid === family.leader) members.add(pid);
	}
	for (let size = -1; size !== members.size;) {
		size = members.size;
		for (const [pid, {parent}] of all) if (members.has(parent)) members.add(pid);
	}
	members.delete(process.pid);
	return [...members].filter(pid => all.has(pid));
}

/** The post-script that the main process started in the moment of its death: the journal says that it was about to, and a process of that command line is there. */
function startedByMain(post: ScriptCommand | null, journalFile: string): FamilyHandle | null {
	if (post === null) return null;
	const entries = readJournal(journalFile) ?? [];
	const last = entries.findLast(entry => entry.step === 'post-starting' || entry.step === 'post-started' || entry.step === 'post-ended');
	if (last?.step === 'post-started') return last.family;
	if (last?.step !== 'post-starting') return null;
	const words = ['sh', post.path, ...post.parameters].join('\0');
	for (const name of readdirSync('/proc')) {
		if (!/^\d+$/.test(name)) continue;
		try {
			const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replace(/\0$/, '');
			const found = readProcess(Number(name));
			if (found !== null && (line === words || line === words.replace(/^sh/, '/bin/sh'))) return {cgroup: null, leader: Number(name), leaderStart: found.start};
		} catch {
			// It has ended by itself.
		}
	}
	return null;
}

/** The journal says that the post-script came to its end, for good. */
function hasEnded(journalFile: string): boolean {
	return (readJournal(journalFile) ?? []).some(entry => entry.step === 'post-ended' && !entry.willRetry);
}

function openIfThere(path: string): Journal | null {
	try {
		return continueJournal(path);
	} catch {
		return null;
	}
}

function numbersIn(path: string): readonly number[] {
	try {
		return readFileSync(path, 'utf8').split('\n').filter(line => line !== '').map(Number);
	} catch {
		return [];
	}
}

function markOf(family: FamilyHandle): {readonly pid: number; readonly start: string} {
	return {pid: family.leader, start: family.leaderStart};
}

async function pause(milliseconds: number): Promise<void> {
	await new Promise(resolve => {
		setTimeout(resolve, milliseconds);
	});
}
