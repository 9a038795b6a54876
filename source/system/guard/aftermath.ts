import type {PostSettlement, ScriptSettlement} from '../../core/settlement.js';
import {familyOf} from '../families.js';
import type {HeldScripts} from './types.js';
import {continueJournal, hasRun, readJournal, thawedStep, type Finisher, type Journal, type JournalStep} from '../journal.js';
import {recallCommand, type NotedCommand} from '../noted-command.js';
import {isAlive} from '../processes.js';
import {drainOutputOf, startScript} from '../scripts.js';
import type {FamilyHandle, ScriptCommand} from '../script-types.js';
import {pause} from '../time.js';
import {foldJournal, readUnfinishedCycle} from '../unfinished-cycles.js';

/** Between two attempts of a script. */
const retryPauseMs = 1000;
const pollMs = 50;

export type SettleOptions = {
	readonly by: Finisher;
	/** Mount points that could not be thawed: the journal is left open, so that they are looked at again. */
	readonly stuck: readonly string[];
	/** The journal lies on one of them, and cannot be written to without waiting for it. */
	readonly journalStuck: boolean;
	/** What the post-script writes while it is made up for. */
	readonly onOutput?: (stream: 'stdout' | 'stderr', line: string) => void;
};

/**
 * What is owed when the main process has died, once everything is thawed: ends a pre-script that still runs, then runs the post-script under its limit,
 * or waits for the one that the main process had started. Notes each step in the journal, as far as that can be written, and finishes it.
 */
export async function settleScripts(scripts: HeldScripts | null, journalFile: string, options: SettleOptions): Promise<ScriptSettlement> {
	const journal = options.journalStuck ? null : openIfThere(journalFile);
	const note = (step: JournalStep): void => {
		try {
			journal?.append(step);
		} catch {
			// A full disk must not keep the post-script from running.
		}
	};
	note(thawedStep(options.stuck));
	let settlement: ScriptSettlement = {endedPre: false, post: nothing('not-owed'), left: []};
	if (scripts !== null) {
		const pre = preOf(scripts, journalFile);
		const preRuns = pre !== null && isAlive(markOf(pre));
		if (pre !== null && preRuns) await endFamily(pre);
		const post = await settlePost(scripts, journalFile, journal, options, note);
		// What a successful pre-script left behind lived until now.
		settlement = {endedPre: preRuns, post, left: pre === null ? [] : await endFamily(pre)};
	}
	try {
		if (options.stuck.length === 0) journal?.finish(options.by);
		else journal?.close();
	} catch {
		// It stays, and the next start of quiesce says so.
	}
	return settlement;
}

/** The pre-script's family. The journal may know one that the last word of the main process did not tell; after a restart its process ids are somebody else's. */
function preOf(scripts: HeldScripts, journalFile: string): FamilyHandle | null {
	const cycle = readUnfinishedCycle(journalFile);
	if (cycle?.sameBoot === false) return null;
	return cycle?.pre ?? scripts.pre;
}

/** Runs the post-script, unless it ran already; waits for one that runs. The journal knows more than the last word of the main process. */
async function settlePost(scripts: HeldScripts, journalFile: string, journal: Journal | null, options: SettleOptions, note: (step: JournalStep) => void): Promise<PostSettlement> {
	const {post, postStarted, limitMs} = scripts;
	const steps = readJournal(journalFile) ?? [];
	const cycle = foldJournal(journalFile, steps);
	const started = steps.findLast(entry => entry.step === 'post-starting');
	const lastAttempt = started?.step === 'post-starting' ? started.attempt : 0;
	if (cycle !== null && !cycle.preStarted) return nothing('not-owed');
	const last = steps.findLast(entry => entry.step === 'post-starting' || entry.step === 'post-started' || entry.step === 'post-ended');
	if (last?.step === 'post-ended' && !last.willRetry) return nothing('had-ended');
	if (post === null) return nothing('not-owed');
	// Whoever tried before could not note it either.
	const unnoted = options.journalStuck && options.by === 'thaw';
	const makeUp = async (attempt: number): Promise<PostSettlement> => ({...await runWithRetries(post, limitMs, attempt, scripts.retries + 1, journal, options, note), mayHaveRunBefore: unnoted});
	if (last?.step === 'post-ended') return makeUp(lastAttempt + 1);
	if (cycle !== null && !cycle.sameBoot) return {...await makeUp(1), mayHaveRunBefore: lastAttempt > 0};

	// Whoever starts a script tells its family before it lets it go: one of which nobody was told has not begun.
	const family = last?.step === 'post-started' ? last.family : postStarted;
	const inTime = family === null || await waitForEnd(family, limitMs);
	// The script's own process marks that it has begun: without the mark nothing of it has run, whatever was noted before.
	const mark = hasRun(journalFile, 'post');
	const ran = lastAttempt > 1 ? family !== null : mark ?? family !== null;
	if (!ran) return makeUp(Math.max(1, lastAttempt));
	note({step: 'post-ended', exitCode: null, willRetry: false});
	return nothing(inTime ? 'waited-for' : 'ended-at-limit');
}

function nothing(state: PostSettlement['state']): PostSettlement {
	return {state, exitCode: null, attempts: 0, mayHaveRunBefore: false};
}

async function runWithRetries(noted: NotedCommand, limitMs: number, first: number, attempts: number, journal: Journal | null, options: SettleOptions, note: (step: JournalStep) => void): Promise<PostSettlement> {
	let post: ScriptCommand;
	try {
		post = recallCommand(noted);
	} catch (error) {
		return {...nothing('changed'), detail: (error as Error).message};
	}
	const until = performance.now() + limitMs;
	let change: string | undefined;
	for (let attempt = first; ; attempt++) {
		note({step: 'post-starting', attempt, by: options.by});
		const ranMark = attempt === 1 ? journal?.armMark('post') : undefined;
		const {family, ended} = startScript(post, {
			limitMs: Math.max(1, until - performance.now()),
			beforeStart: handle => note({step: 'post-started', family: handle}),
			onChanged: what => {
				change = what;
			},
			...(ranMark === undefined ? {} : {ranMark}),
			...(options.onOutput === undefined ? {} : {onOutput: options.onOutput}),
		});
		const {exitCode, endedBy, startError, changed} = await ended;
		if (endedBy !== 'itself') await family.end();
		await family.release();
		// One that was changed will not be what was checked the next time either.
		const again = exitCode !== 0 && changed !== true && attempt < attempts && performance.now() + retryPauseMs < until;
		note({step: 'post-ended', exitCode, willRetry: again});
		if (again) {
			await pause(retryPauseMs);
			continue;
		}
		const state = changed === true ? 'changed' : startError !== undefined ? 'not-started' : endedBy === 'limit' ? 'timed-out' : exitCode === 0 ? 'succeeded' : 'failed';
		return {state, exitCode, attempts: attempt - first + 1, mayHaveRunBefore: false, ...detailed(startError?.message ?? change)};
	}
}

function detailed(detail: string | undefined): Pick<PostSettlement, 'detail'> {
	return detail === undefined ? {} : {detail};
}

/** Waits for a script that the main process had started, and takes its output meanwhile; at its limit it is ended with everything that it started, and the answer is false. */
async function waitForEnd(family: FamilyHandle, limitMs: number): Promise<boolean> {
	const until = performance.now() + limitMs;
	const stopDraining = drainOutputOf(family.leader);
	try {
		while (isAlive(markOf(family))) {
			if (performance.now() >= until) {
				await endFamily(family);
				return false;
			}
			await pause(pollMs);
		}
		return true;
	} finally {
		stopDraining();
	}
}

async function endFamily(handle: FamilyHandle): Promise<readonly number[]> {
	const family = familyOf(handle);
	const left = await family.end();
	await family.release();
	return left;
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
