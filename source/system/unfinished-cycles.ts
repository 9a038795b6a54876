import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {PlannedTarget} from '../core/freeze-plan.js';
import {hasRun, readBootId, readJournal, type JournalEntry} from './journal.js';
import type {NotedCommand} from './noted-command.js';
import type {ProcessMark} from './processes.js';
import type {FamilyHandle} from './script-types.js';

/** A cycle whose journal has no end. */
export type UnfinishedCycle = {
	readonly path: string;
	readonly cycle: string;
	/** When it began, ISO 8601. */
	readonly at: string;
	readonly bootId: string;
	/** False after a restart of the machine: then nothing is frozen and no process of it runs. */
	readonly sameBoot: boolean;
	readonly main: ProcessMark | null;
	readonly guard: ProcessMark | null;
	readonly waves: readonly (readonly PlannedTarget[])[];
	/** Some of the mounts may be frozen, unless the machine has been restarted. */
	readonly mayBeFrozen: boolean;
	/** Its main process left it to others, because some of the mounts could not be thawed. */
	readonly stuck: boolean;
	/** The kernel may still be hurried by it (guard/haste.ts). */
	readonly hastened: boolean;
	readonly pre: FamilyHandle | null;
	/** The pre-script has begun, or may have. */
	readonly preStarted: boolean;
	readonly preEnded: boolean;
	readonly post: NotedCommand | null;
	readonly limitMs: number;
	/** That are left, and that there were in all. */
	readonly retries: number;
	readonly allRetries: number;
	/** `owed`: not started. `unknown`: about to start, or started, without an end. `ended`: it ran to its end (or nothing was owed). */
	readonly postState: 'owed' | 'unknown' | 'ended';
	readonly postFamily: FamilyHandle | null;
};

const namePattern = /^cycle-[\w-]+\.journal$/;

/** All cycles in the state directory that did not come to their end, oldest first. A journal that another user may have written is not read. */
export function readUnfinished(stateDirectory: string): readonly UnfinishedCycle[] {
	let names: readonly string[];
	try {
		names = readdirSync(stateDirectory);
	} catch {
		return [];
	}
	const cycles = names.filter(name => namePattern.test(name)).flatMap(name => readUnfinishedCycle(join(stateDirectory, name)) ?? []);
	return cycles.toSorted((a, b) => a.at.localeCompare(b.at));
}

/** One journal; null where it is not there, not ours, without a beginning, or of a cycle that came to its end. */
export function readUnfinishedCycle(path: string): UnfinishedCycle | null {
	const entries = readJournal(path);
	return entries === null ? null : foldJournal(path, entries);
}

/** What the entries of a journal come to; null for one without a beginning, and for one that came to its end. */
export function foldJournal(path: string, entries: readonly JournalEntry[]): UnfinishedCycle | null {
	const first = entries.find(entry => entry.step === 'begun');
	if (first === undefined || entries.some(entry => entry.step === 'finished')) return null;
	const at: {-readonly [Key in keyof UnfinishedCycle]: UnfinishedCycle[Key]} = {
		path, cycle: first.cycle, at: first.at, bootId: first.bootId, sameBoot: first.bootId === readBootId(), main: first.main, guard: null, waves: [], mayBeFrozen: false, stuck: false, hastened: false,
		pre: null, preStarted: false, preEnded: false, post: null, limitMs: 0, retries: 0, allRetries: 0, postState: 'ended', postFamily: null,
	};
	for (const entry of entries) {
		switch (entry.step) {
			case 'begun':
			case 'finished':
				break;
			case 'guard':
				at.guard = entry.guard;
				break;
			case 'mounts':
				at.waves = entry.waves;
				break;
			case 'pre-starting':
				at.preStarted = !at.sameBoot || hasRun(path, 'pre') !== false;
				at.post = entry.post;
				at.limitMs = entry.limitMs;
				at.retries = entry.retries;
				at.allRetries = entry.retries;
				at.postState = entry.post === null || !at.preStarted ? 'ended' : 'owed';
				break;
			case 'pre-started':
				at.pre = entry.family;
				break;
			case 'pre-ended':
				at.preEnded = true;
				break;
			case 'freezing':
				at.mayBeFrozen = at.sameBoot;
				at.hastened = at.sameBoot && entry.hastened === true;
				break;
			case 'thawed':
				at.stuck = entry.stuck !== undefined;
				at.mayBeFrozen &&= at.stuck;
				at.waves = at.waves.map(wave => wave.filter(({mount}) => entry.stuck?.includes(mount)));
				at.hastened = false;
				break;
			case 'post-starting':
				at.postState = 'unknown';
				at.postFamily = null;
				break;
			case 'post-started':
				at.postFamily = entry.family;
				break;
			case 'post-ended':
				at.postState = entry.willRetry ? 'owed' : 'ended';
				if (entry.willRetry) at.retries = Math.max(0, at.retries - 1);
				break;
		}
	}
	return at;
}
