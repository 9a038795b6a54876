import type {CycleOutlook} from '../core/cycle-outlook.js';
import {checkExtension, predict} from '../core/extension/index.js';
import {scriptLimitMs} from '../core/extension/settings.js';
import {planFreeze} from '../core/freeze-plan.js';
import {findProvider} from '../providers/index.js';
import {gatherExtensionFacts, gatherTunables} from '../system/azure-files.js';
import {readFence, readMountFacts, resolveDirectories} from '../system/mounts.js';

/** Reads a few files and changes nothing. Throws a Failure for a mount or a provider that will not do. */
export function foreseeCycle(order: {readonly configuration: string; readonly mounts: readonly string[]; readonly provider: string}): CycleOutlook {
	const {name, summary} = findProvider(order.provider);
	const {skip, deadlineMs} = gatherTunables();
	const plan = planFreeze(readMountFacts(), {requested: resolveDirectories(order.mounts), skip, fence: readFence()});
	const check = checkExtension(gatherExtensionFacts(order.configuration));
	const {pre, post, fsFreezeEnabled} = check.settings;
	return {
		freezes: fsFreezeEnabled ? plan.waves.flat().map(({mount, type}) => ({mount, type})) : [],
		freezeEnabled: fsFreezeEnabled,
		leaves: plan.excluded,
		scripts: check.errors.length > 0 || pre === null || post === null ? null : {pre: pre.location, post: post.location, limitMs: scriptLimitMs(check.settings)},
		provider: {name, summary},
		thawsAfterMs: deadlineMs,
		verdict: predict(check),
	};
}
