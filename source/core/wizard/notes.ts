import {shown} from '../checks/words.js';
import {settingDefaults, settingRanges} from '../config/settings.js';
import {entriesOf, keys} from './entries.js';
import type {Page} from './pages.js';
import type {Settings, WizardState} from './types.js';

type Numbers = 'preRetries' | 'postRetries' | 'timeout' | 'poll';
type Truths = 'continueBackupOnFailure' | 'fsFreezeEnabled';

/** "now 60 · default 30 · from 1 to 1800": what stands beside a field. */
export function valueNotes(page: Page, state: WizardState): readonly string[] {
	const present = state.machine?.existing?.settings ?? null;
	switch (page) {
		case 'pre-retries': return numberNotes('preRetries', present, '');
		case 'post-retries': return numberNotes('postRetries', present, '');
		case 'timeout': return numberNotes('timeout', present, ' s');
		case 'poll': return numberNotes('poll', present, ' s');
		case 'on-failure': return truthNotes('continueBackupOnFailure', present, 'back up', 'no backup');
		case 'freeze': return truthNotes('fsFreezeEnabled', present, 'freeze', 'do not freeze');
		default: return [];
	}
}

function numberNotes(name: Numbers, present: Settings | null, unit: string): readonly string[] {
	const key = keys[name];
	const {least, most} = settingRanges[key];
	const isRight = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
	return [...nowNote(name, present, isRight, value => `${String(value)}${unit}`), `default ${settingDefaults[key]}${unit}`, `from ${least} to ${most}${unit}`];
}

function truthNotes(name: Truths, present: Settings | null, yes: string, no: string): readonly string[] {
	return [...nowNote(name, present, value => typeof value === 'boolean', value => (value === true ? yes : no)), `default ${yes}`, keys[name]];
}

/** What Azure does not take for what it says is shown as it stands there. */
function nowNote(name: Numbers | Truths, present: Settings | null, isRight: (value: unknown) => boolean, words: (value: unknown) => string): readonly string[] {
	if (present === null) return [];
	const key = keys[name];
	if (Object.hasOwn(present, key) && !isRight(present[key])) return [`now ${shown(present[key])}, which is not right`];
	const value = entriesOf(present)[name];
	return value === undefined ? [] : [`now ${words(value)}`];
}
