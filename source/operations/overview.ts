import {dirname} from 'node:path';
import {checkExtension, predict} from '../core/extension/index.js';
import type {CycleStory} from '../core/extension-log/cycle.js';
import {entryOf} from '../core/extension-log/entry.js';
import {planFreeze} from '../core/freeze-plan.js';
import {newestFirst, type HistoryEntry} from '../core/history.js';
import type {Overview, Presence} from '../core/overview.js';
import {gatherExtensionFacts, gatherTunables} from '../system/azure-files.js';
import {watchDirectory, watchFile, type ChangeWatch} from '../system/change-watch.js';
import {findDaemon} from '../system/extension-sight.js';
import {readHistory} from '../system/history-store.js';
import {readUnfinished} from '../system/unfinished-cycles.js';
import {extensionLockFile, lookAtLock} from '../system/lock.js';
import {readMountFacts, resolveDirectories} from '../system/mounts.js';
import {loadNative} from '../system/native.js';
import {isAlive} from '../system/processes.js';
import {stateDirectoryPath} from '../system/state-directory.js';
import {placesOf, readLatest, type Snapshot} from './follow.js';

const trendLength = 8;

/** What there is to say on the home screen. Reads files and changes nothing; what cannot be read is left out. Never throws. */
export function lookAround(configuration: string, mounts: readonly string[]): Overview {
	const facts = gatherExtensionFacts(configuration);
	const check = checkExtension(facts);
	const history = attempt(() => readHistory(stateDirectoryPath(), {limit: 500})) ?? [];
	const seen = attempt(() => readLatest({}, Date.now()));
	const own = history.filter(({source}) => source === 'quiesce');
	const {pre, post} = check.settings;
	return {
		configuration,
		configured: facts.configuration.kind !== 'missing',
		verdict: predict(check),
		scripts: pre === null || post === null ? null : {pre: pre.location, post: post.location},
		filesystems: check.settings.fsFreezeEnabled ? attempt(() => planFreeze(readMountFacts(), {requested: resolveDirectories(mounts), skip: gatherTunables().skip, fence: null}).waves.flat().map(({mount}) => mount)) ?? null : 'off',
		azure: latestOfAzure(history, seen),
		cycle: own[0] ?? null,
		trend: own.slice(0, trendLength).map(({freezeWindowMs}) => freezeWindowMs).toReversed(),
		presence: attempt(() => presence(seen?.latest ?? null)) ?? {is: 'nothing'},
	};
}

/** What of the overview may have changed: the configuration and the scripts, or what was and is done with them. */
export type OverviewChange = 'settings' | 'state';

/** Calls `changed` when what `lookAround` answered may not hold any more, as far as the kernel tells of it. */
export function watchOverview({configuration, scripts}: Overview, changed: (what: OverviewChange) => void): ChangeWatch {
	const {log, statusDirectory} = placesOf({});
	const watches = [
		...[configuration, ...(scripts === null ? [] : [scripts.pre, scripts.post])].map(path => watchFile(path, () => changed('settings'))),
		...[stateDirectoryPath(), dirname(extensionLockFile), dirname(log), ...(statusDirectory === null ? [] : [statusDirectory])].map(path => watchDirectory(path, () => changed('state'))),
	];
	return {close: () => watches.forEach(watch => watch.close())};
}

/** From the history, which watch keeps, or from the end of the extension's log. */
function latestOfAzure(history: readonly HistoryEntry[], seen: Snapshot | undefined): HistoryEntry | null {
	const told = seen === undefined ? [] : [...(seen.latest === null ? [] : [seen.latest]), ...seen.past];
	return newestFirst([...history.filter(({source}) => source === 'azure'), ...told.flatMap(story => entryOf(story) ?? [])])[0] ?? null;
}

/** `latest`: the latest backup of the extension's log. */
function presence(latest: CycleStory | null): Presence {
	// Asked of the kernel about this very file: the list of all locks knows files only by a number that another filesystem may use as well.
	const holder = lookAtLock(loadNative(), extensionLockFile);
	const unfinished = readUnfinished(stateDirectoryPath());
	const living = unfinished.find(({sameBoot, main}) => sameBoot && main !== null && isAlive(main));
	if (living !== undefined) return {is: 'cycle', pid: living.main?.pid ?? null};
	if (holder !== null) return {is: 'backup', ...holder};
	// The extension takes the lock only when it freezes: while its pre-script runs, and while that holds the application, the log alone tells.
	const daemon = latest !== null && latest.end === null ? findDaemon() : null;
	if (daemon !== null) return {is: 'backup', ...daemon};
	const left = unfinished.find(({sameBoot, mayBeFrozen, preStarted, postState}) => (mayBeFrozen && sameBoot) || (preStarted && postState !== 'ended'));
	return left === undefined ? {is: 'nothing'} : {is: 'unfinished', since: left.cycle.slice(0, 20), mayBeFrozen: left.mayBeFrozen && left.sameBoot};
}

function attempt<Value>(look: () => Value): Value | undefined {
	try {
		return look();
	} catch {
		return undefined;
	}
}
