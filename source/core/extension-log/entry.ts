import type {StatusReport} from '../extension-status/report.js';
import {transitionalCode} from '../extension-status/report.js';
import {freezeLimitOf, type HistoryEntry} from '../history.js';
import {nameOf, type CycleStory} from './cycle.js';
import {gatherFacts} from './facts.js';
import {resultOf} from './outcome.js';
import {limitOf, tellPhases} from './story.js';
import type {PhaseStory} from './phases.js';

/** A cycle of the log as the history keeps it; null while it runs, and where only the rest of it is there. */
export function entryOf(story: CycleStory): HistoryEntry | null {
	if (story.end === null || !(story.facts.beginningSeen || story.unseen)) return null;
	const {result, at} = story.end;
	const holdSeconds = story.facts.freezes.at(-1)?.holdSeconds ?? null;
	return {
		version: 1,
		id: story.id,
		source: 'azure',
		at: new Date(story.beganAt).toISOString(),
		durationMs: Math.max(0, at - story.beganAt),
		outcome: result.outcome,
		errors: result.errors,
		freezeWindowMs: result.freezeWindowMs,
		quiesceWindowMs: result.quiesceWindowMs,
		preScriptMs: took(story.phases['pre-script']),
		postScriptMs: took(story.phases['post-script']),
		scriptLimitMs: limitOf(story.facts) ?? null,
		...freezeLimitOf(holdSeconds === null ? null : holdSeconds * 1000),
		mounts: result.mounts,
		snapshot: result.snapshot,
		azure: result.azure,
	};
}

/** A backup that only its status file tells of: what it came to, without times of its phases. Null while it runs, and where it does not say when it was. */
export function entryOfStatus(report: StatusReport): HistoryEntry | null {
	const beganAt = report.askedAt ?? report.at;
	if (beganAt === null || report.code === transitionalCode || report.code === 3) return null;
	const facts = {...gatherFacts([]), beganAt, task: report.task, askedAt: report.askedAt};
	const {outcome, errors, azure, snapshot} = resultOf(facts, tellPhases(facts, false), report);
	return {
		version: 1, id: nameOf(facts), source: 'azure', at: new Date(beganAt).toISOString(), durationMs: Math.max(0, (report.at ?? beganAt) - beganAt),
		outcome, errors, freezeWindowMs: 0, quiesceWindowMs: 0, preScriptMs: null, postScriptMs: null, scriptLimitMs: null, mounts: [], snapshot, azure,
	};
}

function took({startedAt, endedAt}: PhaseStory): number | null {
	return startedAt === null || endedAt === null ? null : Math.max(0, endedAt - startedAt);
}
