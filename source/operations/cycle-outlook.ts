import {checkExtension, predict} from '../core/extension/index.js';
import {planFreeze} from '../core/freeze-plan.js';
import type {Verdict} from '../core/outcome.js';
import {findProvider} from '../providers/index.js';
import {gatherExtensionFacts, gatherTunables} from '../system/azure-files.js';
import {readFence, readMountFacts, resolveDirectories} from '../system/mounts.js';

/** What a cycle would do, before anybody has asked for it. */
export type CycleOutlook = {
	/** What would be frozen, in this order; empty where freezing is switched off. */
	readonly freezes: readonly {readonly mount: string; readonly type: string}[];
	readonly freezeEnabled: boolean;
	/** What might be expected there and is left out, with the reason as a clause. */
	readonly leaves: readonly {readonly mount: string; readonly reason: string}[];
	/** As configured; null where neither will run. */
	readonly scripts: {readonly pre: string; readonly post: string; readonly limitMs: number} | null;
	readonly provider: {readonly name: string; readonly summary: string};
	/** After how long everything is thawed whatever happens. */
	readonly thawsAfterMs: number;
	readonly verdict: Verdict;
};

/** Reads a few files and changes nothing. Throws a Failure for a mount or a provider that will not do. */
export function foreseeCycle(order: {readonly configuration: string; readonly mounts: readonly string[]; readonly provider: string}): CycleOutlook {
	const {name, summary} = findProvider(order.provider);
	const {skip, deadlineMs} = gatherTunables();
	const plan = planFreeze(readMountFacts(), {requested: resolveDirectories(order.mounts), skip, fence: readFence()});
	const check = checkExtension(gatherExtensionFacts(order.configuration));
	const {pre, post, limitMs, hostTimeoutSeconds, fsFreezeEnabled} = check.settings;
	return {
		freezes: fsFreezeEnabled ? plan.waves.flat().map(({mount, type}) => ({mount, type})) : [],
		freezeEnabled: fsFreezeEnabled,
		leaves: plan.excluded,
		scripts: check.errors.length > 0 || pre === null || post === null ? null : {pre: pre.location, post: post.location, limitMs: Math.min(limitMs, hostTimeoutSeconds * 1000)},
		provider: {name, summary},
		thawsAfterMs: deadlineMs,
		verdict: predict(check),
	};
}
