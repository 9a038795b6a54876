import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {controlGroups, familyOf} from '../families.js';
import type {HeldScripts} from '../guard.js';
import {continueJournal, readJournal, type Journal, type JournalStep} from '../journal.js';
import {isAlive, processIds, readProcess} from '../processes.js';
import {startScript, type FamilyHandle, type ScriptCommand} from '../scripts.js';
import {pause} from '../time.js';

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
		await settlePost(scripts, journalFile, note);
		// What a successful pre-script left behind lived until now.
		if (scripts.pre !== null && !preRuns) await endFamily(scripts.pre);
	}
	try {
		journal?.finish('guard');
	} catch {
		// It stays, and the next start of quiesce says so.
	}
}

/** Runs the post-script, unless it ran already; waits for one that runs. The journal knows more than the last word of the main process. */
async function settlePost(scripts: HeldScripts, journalFile: string, note: (step: JournalStep) => void): Promise<void> {
	const {post, postStarted, limitMs} = scripts;
	const steps = readJournal(journalFile) ?? [];
	const last = steps.findLast(entry => entry.step === 'post-starting' || entry.step === 'post-started' || entry.step === 'post-ended');
	if (last?.step === 'post-ended') {
		const made = steps.filter(entry => entry.step === 'post-ended').length;
		if (last.willRetry && post !== null) await runWithRetries(post, limitMs, Math.max(0, scripts.retries - made), note);
		return;
	}
	const family = last?.step === 'post-started' ? last.family : postStarted ?? (last === undefined ? null : runningPost(post));
	if (family === null) {
		if (post !== null) await runWithRetries(post, limitMs, scripts.retries, note);
		return;
	}
	await waitForEnd(family, limitMs);
	note({step: 'post-ended', exitCode: null, willRetry: false});
}

async function runWithRetries(post: ScriptCommand, limitMs: number, retries: number, note: (step: JournalStep) => void): Promise<void> {
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

/** One run of the script, as the extension would start it, with what is left of the time; null where it was ended at the limit or could not be started. */
async function runOnce(command: ScriptCommand, until: number, started: (family: FamilyHandle) => void): Promise<number | null> {
	const {family, ended} = startScript(command, {limitMs: Math.max(1, until - performance.now())});
	started(family.handle);
	const {exitCode, endedBy} = await ended;
	if (endedBy !== 'itself') await family.end();
	await family.release();
	return exitCode;
}

/** Waits for a script that the main process had started; at its limit it is ended with everything that it started. */
async function waitForEnd(family: FamilyHandle, limitMs: number): Promise<void> {
	const until = performance.now() + limitMs;
	while (isAlive(markOf(family))) {
		if (performance.now() >= until) return endFamily(family);
		await pause(pollMs);
	}
}

/** A post-script that the main process started in the moment of its death, before it could say so: found by its command line. */
function runningPost(post: ScriptCommand | null): FamilyHandle | null {
	if (post === null) return null;
	const words = [post.path, ...post.parameters];
	for (const pid of processIds()) {
		try {
			const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
			const found = readProcess(pid);
			// The script itself leads its session; what it starts does not.
			if (found?.session !== pid || line.length <= words.length || !words.every((word, index) => word === line.at(index - words.length))) continue;
			const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
			return {cgroup: ownCgroup(path), leader: pid, leaderStart: found.start};
		} catch {
			// It has ended by itself.
		}
	}
	return null;
}

/** The directory of a script's own control group; null for any other. */
function ownCgroup(path: string): string | null {
	const name = /\/(quiesce-[\w-]+)$/.exec(path)?.[1];
	const top = controlGroups();
	return name !== undefined && top !== null && existsSync(join(top, name)) ? join(top, name) : null;
}

async function endFamily(handle: FamilyHandle): Promise<void> {
	const family = familyOf(handle);
	await family.end();
	await family.release();
}

function openIfThere(path: string): Journal | null {
	try {
		return continueJournal(path);
	} catch {
		return null;
	}
}

function markOf(family: FamilyHandle): {readonly pid: number; readonly start: string} {
	return {pid: family.leader, start: family.leaderStart};
}
