import type {CycleEvent, CycleHappening} from '../cycle-events.js';
import type {CycleStory} from './cycle.js';

/** What another process can see of the extension at one moment (system/extension-sight.ts says how). */
export type Sight = {
	readonly helper: {readonly pid: number; readonly words: readonly string[]; readonly busy: boolean} | null;
	readonly lock: {readonly pid: number | null; readonly command: string | null; readonly isExtension: boolean} | null;
};

/** Tells, while the log is silent, what can be seen from outside. Its events are marked (`seen`), and the log's own lines correct them later. */
export type OutsideNarrator = {
	/** `now`: milliseconds since 1970. */
	tell(sight: Sight, story: CycleStory, now: number): readonly CycleEvent[];
};

/** So long after safefreeze has ended the log must go on; the extension needs up to a second for it. */
const patienceMs = 5000;

/** Where looking is worth while: the log is silent because of the freeze, or there are no lines of this cycle at all. */
export function isInTheDark(story: CycleStory): boolean {
	return story.end === null && (story.silentSince !== null || story.unseen);
}

export function createOutsideNarrator(): OutsideNarrator {
	let cycle: string | null = null;
	let state: 'unseen' | 'freezing' | 'frozen' | 'gone' = 'unseen';
	let mounts: readonly string[] = [];
	let goneAt = 0;
	const said = new Set<string>();
	return {
		tell: (sight, story, now) => {
			const key = `${story.number} ${story.silentSince ?? ''}`;
			if (cycle !== key) {
				cycle = key;
				state = 'unseen';
				said.clear();
			}
			const events: CycleHappening[] = [];
			const warn = (id: string, message: string, remedy: string): void => {
				if (said.has(id)) return;
				said.add(id);
				events.push({event: 'warning', id, message, remedy});
			};
			const mountEvents = (next: 'freezing' | 'frozen' | 'thawed'): void => {
				for (const mount of next === 'thawed' ? mounts.toReversed() : mounts) events.push({event: 'mount', mount, state: next, detail: 'seen from outside'});
			};
			if (sight.lock !== null && !sight.lock.isExtension && state === 'unseen' && story.silentSince !== null) {
				const who = sight.lock.pid === null ? 'another process' : `process ${sight.lock.pid}${sight.lock.command === null ? '' : ` (${sight.lock.command})`}`;
				warn('lock-held-by-another', `The extension wants to freeze, and ${who} holds its lock. It tries for 35 seconds, and then freezes without it.`, 'Look for a second backup or a quiesce cycle at the same time.');
			}
			if (sight.helper !== null) {
				mounts = sight.helper.words.slice(2, 1002);
				const next = sight.helper.busy && state !== 'frozen' ? 'freezing' : 'frozen';
				if (next !== state) mountEvents(next);
				state = next;
			} else if (state === 'frozen' || state === 'freezing') {
				if (state === 'frozen') mountEvents('thawed');
				state = 'gone';
				goneAt = now;
			} else if (state === 'gone' && now - goneAt >= patienceMs) {
				warn('log-stays-silent', 'safefreeze has ended, and the log does not go on: the freeze failed, or ran into its time-out. The extension writes its lines at the end of the cycle.', 'Wait for the end of the backup; its lines tell which filesystem it was.');
			}
			return events.map(happening => marked(happening, now));
		},
	};
}

function marked(happening: CycleHappening, now: number): CycleEvent {
	return Object.assign({}, happening, {at: new Date(now).toISOString(), seen: 'outside' as const});
}
