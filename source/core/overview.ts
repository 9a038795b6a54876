import type {HistoryEntry} from './history.js';
import type {Verdict} from './outcome.js';

/** Whether anything is frozen or held at this moment, as far as the journals and the lock tell. */
export type Presence =
	| {readonly is: 'nothing'}
	/** A cycle of quiesce is running in another process. */
	| {readonly is: 'cycle'; readonly pid: number | null}
	/** Somebody else holds the extension's lock: a backup, as a rule. */
	| {readonly is: 'backup'; readonly pid: number | null; readonly command: string | null}
	/** A cycle came to no end: something may be frozen, or the application held. */
	| {readonly is: 'unfinished'; readonly since: string; readonly mayBeFrozen: boolean};

/** What the home screen tells. */
export type Overview = {
	readonly configuration: string;
	readonly configured: boolean;
	readonly verdict: Verdict;
	/** The scripts' paths, where the configuration can be read. */
	readonly scripts: {readonly pre: string; readonly post: string} | null;
	/** What Azure's next backup freezes, whatever quiesce itself may freeze here; null where that cannot be told, `off` where the configuration says no. */
	readonly filesystems: readonly string[] | 'off' | null;
	/** The latest that Azure made. */
	readonly azure: HistoryEntry | null;
	/** The latest of quiesce's own. */
	readonly cycle: HistoryEntry | null;
	/** Freeze windows of the latest cycles of quiesce, oldest first. Milliseconds. */
	readonly trend: readonly number[];
	readonly presence: Presence;
};
