import {wrapText} from '../../components/columns.js';
import type {Symbols} from '../../components/theme.js';
import {duration} from '../../core/durations.js';
import {findError} from '../../core/errors.js';
import type {CycleStory} from '../../core/extension-log/cycle.js';
import {consistencySentence} from '../../core/extension-log/warnings.js';
import type {Sight} from '../../core/extension-log/outside.js';
import type {CycleResult, CycleWarning} from '../../core/cycle-events.js';
import {outcomeWords} from '../../core/verdict-words.js';
import type {SummaryLine} from '../cycle-summary.js';
import {outcomeMarks} from '../outcome-marks.js';

/** A text as lines of at most `width` columns, the first with a sign, `lead` before it and as much room before the others. */
function wrapped(text: string, width: number, first: Omit<SummaryLine, 'text'>, lead = ''): readonly SummaryLine[] {
	return wrapText(text, Math.max(10, width - 3 - lead.length)).map((line, index) => index === 0
		? {...first, text: lead + line}
		: {tone: first.tone, text: ' '.repeat(lead.length) + line});
}

/** The outcome of a backup in a sentence. */
export function backupHeadline({outcome}: CycleResult): string {
	switch (outcome) {
		case 'application-consistent': return 'Application-consistent recovery point';
		case 'failed': return 'The backup failed: there is no recovery point';
		case 'file-system-consistent':
		case 'crash-consistent': return `${outcomeWords[outcome].replace(/^./, letter => letter.toUpperCase())} recovery point, not application-consistent`;
	}
}

/** What a backup came to, in a sentence, and its windows. */
export function outcomeLines(story: CycleStory, width: number, {dot}: Symbols): readonly SummaryLine[] {
	if (story.end === null) return [];
	const {result} = story.end;
	const {mark, tone} = outcomeMarks[result.outcome];
	const windows = [
		...(result.freezeWindowMs > 0 ? [`frozen ${duration(result.freezeWindowMs)}`] : ['nothing was frozen']),
		...(result.quiesceWindowMs > 0 ? [`application held ${duration(result.quiesceWindowMs)}`] : ['the application was not held']),
		...(result.mounts.length === 0 ? [] : [result.mounts.join(', ')]),
	].join(` ${dot} `);
	const unknown = story.unseen ? 'The log does not tell of this backup: this is what its status file says.' : windows;
	return [...wrapped(backupHeadline(result), width, {mark, tone}), ...wrapped(unknown, width, {tone: 'plain'})];
}

/** Why a backup is less than it could be, what to do, and what else was noticed: paragraphs, each with a blank line before it. */
export function causeLines(story: CycleStory, width: number, {arrow}: Symbols): readonly SummaryLine[] {
	if (story.end === null) return [];
	const {result} = story.end;
	const {tone} = outcomeMarks[result.outcome];
	const named = new Set(story.warnings.filter(({warning}) => warning.id === 'less-consistent').map(() => result.errors[0]?.name));
	return [
		...story.warnings.flatMap(({warning}) => [{text: '', tone: 'plain'} as const, ...warningLines(warning, result, width, arrow, tone)]),
		...result.errors.filter(({name}) => !named.has(name)).flatMap(error => {
			const entry = findError(error.name);
			return [
				{text: '', tone: 'plain'} as const,
				...wrapped(`${error.name}${error.code === null ? '' : ` (${error.code})`}${entry === undefined ? '' : `: ${entry.happened}`}`, width, {mark: 'failed', tone: 'bad'}),
				...(entry?.remedies ?? []).slice(0, 2).flatMap(remedy => wrapped(remedy, width, {tone: 'plain'}, `${arrow} `)),
			];
		}),
	];
}

function warningLines({id, message, remedy}: CycleWarning, result: CycleResult, width: number, arrow: string, tone: SummaryLine['tone']): readonly SummaryLine[] {
	const first: Omit<SummaryLine, 'text'> = id === 'less-consistent' ? {mark: tone === 'bad' ? 'failed' : 'warning', tone: 'plain'} : {mark: 'warning', tone: 'plain'};
	// The headline has said it already.
	const said = `${consistencySentence(result)} `;
	const text = id === 'less-consistent' && message.startsWith(said) ? message.slice(said.length) : message;
	return [...wrapped(text, width, first), ...(remedy === undefined ? [] : wrapped(remedy, width, {tone: 'plain'}, `${arrow} `))];
}

/** What is known from outside while the log is silent, and for how long it has been; null where it is not. */
export function silenceWords(story: CycleStory, sight: Sight | null, now: number): {readonly outside: string; readonly silent: string} | null {
	if (story.silentSince === null && !story.unseen) return null;
	const {helper, lock} = sight ?? {helper: null, lock: null};
	const seen = [
		...(helper === null ? [] : [helper.busy ? 'safefreeze is at work' : 'safefreeze holds the freeze']),
		...(lock === null ? [] : [lock.isExtension ? 'lock held' : `the lock is held by process ${lock.pid ?? '?'}`]),
	];
	const outside = seen.length === 0 ? 'not seen from outside' : `seen from outside: ${seen.join(', ')}`;
	if (story.silentSince === null) return {outside, silent: 'the log tells nothing of this backup'};
	const silent = now - story.silentSince;
	return {outside, silent: silent >= 0 && silent < 3_600_000 ? `log silent for ${duration(silent)}` : 'the log is silent while the extension freezes'};
}
