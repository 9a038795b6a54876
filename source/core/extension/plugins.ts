import {pluginName, type Host} from './host.js';
import {defaultSettings, readEffectiveSettings} from './settings.js';
import type {EffectiveSettings, ExtensionFacts, FileFacts, ScriptPlan} from './types.js';

/** What the extension has in its hands once it has gone through its plugins. */
export type Loaded = {
	/** The error of the last plugin, or the one at which it stopped; 0 where there is none. Errors of earlier plugins are forgotten. */
	readonly code: number;
	/** What the last plugin says of going on after a failure; null where its setting was not read. */
	readonly goesOn: boolean | null;
	readonly fsFreezeEnabled: boolean;
	/** What would run, in the order of the plugins, those included whose errors are forgotten. */
	readonly runs: readonly EffectiveSettings[];
};

/** Only the owner may have a permission. */
function isPrivate(facts: FileFacts): boolean {
	return (facts.mode & 0o077) === 0;
}

/** Goes through the plugins as the extension's host does. */
export function loadPlugins(host: Host, facts: ExtensionFacts): Loaded {
	const runs: EffectiveSettings[] = [];
	let code = 0;
	let goesOn: boolean | null = null;
	let fsFreezeEnabled = true;
	const loaded = (end: number): Loaded => ({code: end, goesOn, fsFreezeEnabled, runs});
	for (let index = 0; index < host.wanted; index++) {
		const plugin = host.plugins[index];
		if (plugin === undefined) return loaded(304);
		goesOn = null;
		const last = plugin.configurationPath === host.plugins.at(-1)?.configurationPath;
		const configuration = last ? facts.configuration : facts.otherConfigurations?.get(plugin.configurationPath) ?? facts.configuration;
		code = configurationError(configuration);
		// It counts only the plugins that it has loaded, and so looks at this one again until it has looked often enough.
		if (code !== 0) return loaded(code);
		if (plugin.name !== pluginName) return loaded(304);
		const read = readEffectiveSettings(configuration.content ?? new Uint8Array(), host.timeoutSeconds);
		// Where it stops at a type, it has not taken over what it had read.
		if ('refused' in read && read.refused === 304) return loaded(304);
		if ('refused' in read) {
			code = read.refused;
			fsFreezeEnabled = read.fsFreezeEnabled;
			runs.push({...defaultSettings(host.timeoutSeconds), pre: nothing, post: nothing});
		} else {
			code = scriptError(read.pre, facts, 302, 306) || scriptError(read.post, facts, 303, 307);
			if (code === 304) return loaded(304);
			({fsFreezeEnabled} = read);
			goesOn = read.continueBackupOnFailure;
			runs.push({...read, pre: seenPlan(read.pre, facts), post: seenPlan(read.post, facts)});
		}
	}

	return loaded(code);
}

function configurationError(file: FileFacts): 0 | 316 | 317 {
	if (file.kind !== 'file') return 316;
	return (file.mode & 0o100) !== 0 || !isPrivate(file) || file.owner !== 'root' ? 317 : 0;
}

function scriptError(plan: ScriptPlan | null, facts: ExtensionFacts, missing: number, permission: number): number {
	if (plan === null) return 0;
	if (!plan.locationUsable) return 304;
	const script = facts.scripts.get(plan.location);
	if (script === undefined || script.kind !== 'file') return missing;
	return isPrivate(script) && script.owner === 'root' ? 0 : permission;
}

/** Of a configuration that it could not read it starts `sh None`. */
const nothing: ScriptPlan = {location: 'None', locationUsable: true, parameters: [], retries: 0, retriesUsable: true, missing: true};

function seenPlan(plan: ScriptPlan | null, facts: ExtensionFacts): ScriptPlan | null {
	return plan === null ? null : {...plan, missing: facts.scripts.get(plan.location)?.kind !== 'file'};
}
