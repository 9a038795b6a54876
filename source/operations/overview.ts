import {checkExtension, predict} from '../core/extension/index.js';
import {entryOf} from '../core/extension-log/entry.js';
import {planFreeze} from '../core/freeze-plan.js';
import {newestFirst, type HistoryEntry} from '../core/history.js';
import type {Overview, Presence} from '../core/overview.js';
import {gatherExtensionFacts, gatherTunables} from '../system/azure-files.js';
import {readHistory} from '../system/history-store.js';
import {readUnfinished} from '../system/unfinished-cycles.js';
import {extensionLockFile, lookAtLock} from '../system/lock.js';
import {readFence, readMountFacts, resolveDirectories} from '../system/mounts.js';
import {loadNative} from '../system/native.js';
import {isAlive} from '../system/processes.js';
import {stateDirectoryPath} from '../system/state-directory.js';
import {readLatest} from './follow.js';

const trendLength = 8;

/** What there is to say on the home screen. Reads files and changes nothing; what cannot be read is left out. Never throws. */
export function lookAround(configuration: string, mounts: readonly string[]): Overview {
	const facts = gatherExtensionFacts(configuration);
	const check = checkExtension(facts);
	const history = attempt(() => readHistory(stateDirectoryPath(), {limit: 500})) ?? [];
	const own = history.filter(({source}) => source === 'quiesce');
	const {pre, post} = check.settings;
	return {
		configuration,
		configured: facts.configuration.kind !== 'missing',
		verdict: predict(check),
		scripts: pre === null || post === null ? null : {pre: pre.location, post: post.location},
		filesystems: attempt(() => planFreeze(readMountFacts(), {requested: resolveDirectories(mounts), skip: gatherTunables().skip, fence: readFence()}).waves.flat().map(({mount}) => mount)) ?? null,
		azure: latestOfAzure(history),
		cycle: own[0] ?? null,
		trend: own.slice(0, trendLength).map(({freezeWindowMs}) => freezeWindowMs).toReversed(),
		cycles: history.length,
		presence: attempt(presence) ?? {is: 'nothing'},
	};
}

/** From the history, which watch keeps, or from the end of the extension's log. */
function latestOfAzure(history: readonly HistoryEntry[]): HistoryEntry | null {
	const seen = attempt(() => {
		const {latest, past} = readLatest({}, Date.now());
		return [...(latest === null ? [] : [latest]), ...past].flatMap(story => entryOf(story) ?? []);
	}) ?? [];
	return newestFirst([...history.filter(({source}) => source === 'azure'), ...seen])[0] ?? null;
}

function presence(): Presence {
	// Asked of the kernel about this very file: the list of all locks knows files only by a number that another filesystem may use as well.
	const holder = lookAtLock(loadNative(), extensionLockFile);
	const unfinished = readUnfinished(stateDirectoryPath());
	const living = unfinished.find(({sameBoot, main}) => sameBoot && main !== null && isAlive(main));
	if (living !== undefined) return {is: 'cycle', pid: living.main?.pid ?? null};
	if (holder !== null) return {is: 'backup', ...holder};
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
