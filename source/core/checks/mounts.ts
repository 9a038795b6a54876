import {freezableTypes, planFreeze} from '../freeze-plan.js';
import {isHidden, type MountFact, type MountFacts} from '../mount-facts.js';
import type {FilesystemFacts} from './facts.js';

export type MountQuestions = {
	/** Directories that were named with --mount; empty: what Azure would freeze. */
	readonly requested: readonly string[];
	/** `MountsToSkip` of vmbackup.conf. */
	readonly skip: readonly string[];
	/** Mount points that are files. */
	readonly onFiles: ReadonlySet<string>;
};

/**
 * What is mounted, and what the extension does with each filesystem at the next backup. Throws a Failure (exit 2) for a named directory that cannot
 * be frozen.
 */
export function filesystemsOf(facts: MountFacts, {requested, skip, onFiles}: MountQuestions): readonly FilesystemFacts[] {
	const targets = planFreeze(facts, {requested, skip, fence: null}).waves.flat();
	const frozen = new Set(targets.map(({mount}) => mount));
	const frozenDevices = new Set(targets.map(({device}) => device));
	const seen = new Set<string>();
	const mountOfDevice = new Map<string, string>();
	for (const {device, mount} of [...targets, ...facts.mounts]) {
		if (!mountOfDevice.has(device)) mountOfDevice.set(device, mount);
	}

	return facts.mounts.flatMap((fact): FilesystemFacts[] => {
		if (seen.has(fact.mount) || isHidden(fact, facts.mounts)) return [];
		seen.add(fact.mount);
		const [loop] = facts.devices[fact.device]?.loops ?? [];
		const parent = loop?.imageDevice === undefined || loop.imageDevice === null ? undefined : mountOfDevice.get(loop.imageDevice);
		const because = frozen.has(fact.mount) ? undefined : frozenDevices.has(fact.device) ? 'duplicate' : whySkipped(fact, facts, {requested, skip, onFiles});
		return [{
			mount: fact.mount,
			type: fact.type,
			source: fact.source,
			azure: because === undefined ? 'freezes' : 'skips',
			...(because === undefined ? {} : {because}),
			...(loop === undefined || parent === undefined ? {} : {loop: {image: loop.image, parent}}),
			...(onFiles.has(fact.mount) ? {onFile: true} : {}),
		}];
	});
}

function whySkipped({mount, device, type}: MountFact, facts: MountFacts, {requested, skip}: MountQuestions): NonNullable<FilesystemFacts['because']> {
	if (!freezableTypes.includes(type)) return 'type';
	const found = facts.devices[device];
	if (found === undefined) return 'pseudo';
	if (requested.length > 0) return 'not-named';
	if (found.loops.length > 0) return 'loop';
	if (facts.resourceDevices.includes(device)) return 'resource-disk';
	return skip.includes(mount) ? 'configured' : 'duplicate';
}
