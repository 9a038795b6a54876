import {phaseNames, type CycleEvent, type CycleHappening, type PhaseName} from '../cycle-events.js';
import type {CycleStory} from './cycle.js';
import type {PhaseStory} from './phases.js';

/** Turns what is known of a cycle into events: each thing once, and once more where it turns out otherwise. */
export type Narrator = {
	/** What is new since the last call, in the order of time. */
	tell(story: CycleStory): readonly CycleEvent[];
};

type Told = {startedAt: number | null; attempt: number; end: string | null};

/** `waits`: the result is told only when log and status file have come to rest, so that nothing has to be told behind it. */
export function createNarrator({waits}: {readonly waits: boolean}): Narrator {
	const told = new Map<PhaseName, Told>(phaseNames.map(name => [name, {startedAt: null, attempt: 0, end: null}]));
	const warnings = new Set<string>();
	const mounts = new Set<string>();
	let result: string | null = null;
	return {
		tell: story => {
			const events: {readonly at: number; readonly rank: number; readonly happening: CycleHappening}[] = [];
			const add = (at: number, rank: number, happening: CycleHappening): void => {
				events.push({at, rank, happening});
			};
			phaseNames.forEach((name, index) => {
				// Whether the snapshot was good is logged after the thaw: the phases are told in their order all the same.
				if (name === 'thaw' && story.phases.snapshot.state === 'running') return;
				tellPhase(name, story.phases[name], told.get(name)!, (at, last, happening) => add(at, index * 10 + (last ? 9 : 0), happening));
			});
			for (const {mount, state, at, detail, rank} of story.mounts) {
				const key = `${state} ${mount} ${at}`;
				if (mounts.has(key) || mounts.size > 10_000) continue;
				mounts.add(key);
				add(at, rank, {event: 'mount', mount, state, ...(detail === undefined ? {} : {detail})});
			}
			for (const {at, warning} of story.warnings) {
				const key = `${warning.id} ${warning.message}`;
				if (warnings.has(key)) continue;
				warnings.add(key);
				add(at, 80, warning);
			}
			const sorted = events.toSorted((a, b) => a.at - b.at || a.rank - b.rank);
			const {end} = story;
			if (end !== null && (story.atRest || !waits) && JSON.stringify(end.result) !== result) {
				result = JSON.stringify(end.result);
				// Nothing stands behind the result, and nothing is younger.
				sorted.push({at: Math.max(end.at, sorted.at(-1)?.at ?? end.at), rank: 99, happening: end.result});
			}
			return sorted.map(({at, happening}) => eventAt(at, happening));
		},
	};
}

/** All events of a cycle as it is known now, for those who draw it anew each time. */
export function narrate(story: CycleStory): readonly CycleEvent[] {
	return createNarrator({waits: false}).tell(story);
}

export function eventAt(at: number, happening: CycleHappening): CycleEvent {
	return Object.assign({}, happening, {at: new Date(at).toISOString()});
}

function tellPhase(phase: PhaseName, story: PhaseStory, told: Told, add: (at: number, last: boolean, happening: CycleHappening) => void): void {
	const attempt = story.attempt ?? 1;
	if (story.startedAt !== null && (told.startedAt === null || told.attempt < attempt)) {
		told.startedAt = story.startedAt;
		told.attempt = attempt;
		told.end = null;
		add(story.startedAt, false, {
			event: 'phase', phase, state: 'started',
			...(story.attempt === undefined ? {} : {attempt}),
			...(story.limitMs === undefined ? {} : {limitMs: story.limitMs}),
			...(story.thawsAfterMs === undefined ? {} : {thawsAfterMs: story.thawsAfterMs}),
			...(story.script === undefined ? {} : {script: story.script}),
			...(story.mounts === undefined ? {} : {mounts: story.mounts}),
			...(story.detail === undefined || story.state !== 'running' ? {} : {detail: story.detail}),
		});
	}
	if (story.state === 'pending' || story.state === 'running' || story.endedAt === null) return;
	const end = `${story.state} ${story.endedAt} ${story.errors.map(({code, name}) => code ?? name).join(' ')}`;
	if (told.end === end) return;
	told.end = end;
	add(story.endedAt, true, {
		event: 'phase', phase, state: story.state,
		...(story.startedAt === null ? {} : {durationMs: Math.max(0, story.endedAt - story.startedAt)}),
		...(story.attempt === undefined ? {} : {attempt}),
		...(story.errors.length === 0 ? {} : {errors: story.errors}),
		...(story.detail === undefined ? {} : {detail: story.detail}),
	});
}
