import {entryOf, entryOfStatus} from '../core/extension-log/entry.js';
import {newestFirst, type HistoryEntry} from '../core/history.js';
import {readHistory} from '../system/history-store.js';
import {stateDirectoryPath} from '../system/state-directory.js';
import {readStatusFiles} from '../system/status-files.js';
import {placesOf, readLatest, type FollowOrder} from './follow.js';

/** How much of the end of the extension's log is read for the history. Bytes: some seventy backups. */
const logBytes = 4 * 1024 * 1024;

/**
 * Every cycle that is known, newest first: those that quiesce ran or saw (its history), those at the end of the extension's log, and those of which only a
 * status file is left. Reads only. Where the log cannot be read (no right to it), the others are answered.
 */
export function lookBack(order: FollowOrder, now: number): readonly HistoryEntry[] {
	const entries = new Map<string, HistoryEntry>();
	// Of the same backup the log knows most, and most freshly; then the history; the status file only what it came to.
	for (const entry of [...fromStatuses(order), ...readHistory(stateDirectoryPath()).toReversed(), ...fromLog(order, now)]) entries.set(`${entry.source} ${entry.id}`, entry);
	return newestFirst([...entries.values()]);
}

function fromLog(order: FollowOrder, now: number): readonly HistoryEntry[] {
	try {
		const {latest, past} = readLatest(order, now, logBytes);
		// Status files tell less: what no line of the log tells of is not taken from here.
		return [...past.toReversed(), ...(latest === null ? [] : [latest])].filter(({unseen}) => !unseen).flatMap(story => entryOf(story) ?? []);
	} catch {
		return [];
	}
}

function fromStatuses(order: FollowOrder): readonly HistoryEntry[] {
	const {statusDirectory} = placesOf(order);
	if (statusDirectory === null) return [];
	return readStatusFiles(statusDirectory).toReversed().flatMap(report => entryOfStatus(report) ?? []);
}
