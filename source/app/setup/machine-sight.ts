import {list} from '../../core/checks/words.js';
import type {MachineLine, MachineSight} from '../../core/wizard/types.js';
import {mountsOf, type MachineLook} from '../../operations/look-at-machine.js';

/** What was found on the machine, in the words of the wizard's first step. `named`: with --mount. */
export function machineSight(look: MachineLook, named: boolean): MachineSight {
	const {configuration, freeze} = look;
	return {
		lines: [azureLine(look), extensionLine(look), directoryLine(look), freezeLine(look, named), ...configurationLines(look)],
		freezes: freeze.plan === null ? [] : [...mountsOf(freeze.plan), ...freeze.fenced],
		rehearses: freeze.plan === null ? [] : mountsOf(freeze.plan),
		// What cannot be replaced is told, and not offered.
		existing: configuration.state === 'missing' || configuration.state === 'refused' ? null : {path: configuration.path, settings: configuration.settings, problem: configuration.problem},
	};
}

/** As a clause: the line is no sentence of its own. */
function clause(text: string): string {
	return text.replace(/\.$/, '');
}

function azureLine({azure}: MachineLook): MachineLine {
	const what = 'Azure';
	if (azure === null) return {state: 'info', what, found: 'a VM of Azure; what more is known of it is being asked'};
	switch (azure.deployment) {
		case 'resource-manager': return {state: 'fine', what, found: `${azure.name ?? 'this'} is a VM of Azure Resource Manager${azure.location === null ? '' : `, in ${azure.location}`}`};
		case 'classic': return {state: 'problem', what, found: 'a classic VM: Azure Backup runs scripts on VMs of the Resource Manager only'};
		case 'unknown': return {state: 'warning', what, found: `a VM of Azure, of which no more is known${azure.problem === null ? '' : `: ${azure.problem}`}`};
		case 'elsewhere': return {state: 'info', what, found: 'not a VM of Azure; everything can be set up and rehearsed here all the same'};
	}
}

function extensionLine({extension}: MachineLook): MachineLine {
	const what = 'extension';
	if (extension === null) return {state: 'info', what, found: 'not installed yet; Azure installs it with the first backup'};
	return extension.running
		? {state: 'warning', what, found: `version ${extension.version}; a backup is running now`}
		: {state: 'fine', what, found: `version ${extension.version}, no backup is running`};
}

function directoryLine({directory}: MachineLook): MachineLine {
	switch (directory.state) {
		case 'there': return {state: 'fine', what: 'directory', found: `${directory.path} is there`};
		case 'missing': return {state: 'info', what: 'directory', found: `${directory.path} is made when the configuration is written`};
		case 'refused': return {state: 'problem', what: 'directory', found: `${clause(directory.problem ?? `${directory.path} cannot be used`)}${directory.remedy === null ? '' : `. ${clause(directory.remedy)}`}`};
	}
}

function freezeLine({freeze}: MachineLook, named: boolean): MachineLine {
	const what = 'filesystems';
	if (freeze.plan === null) return {state: 'problem', what, found: clause(freeze.problem)};
	const mounts = mountsOf(freeze.plan);
	const {fenced} = freeze;
	if (fenced.length > 0) return {state: 'info', what, found: `Azure would freeze ${list([...mounts, ...fenced])}; QUIESCE_FREEZE_ONLY lets a rehearsal here freeze ${mounts.length === 0 ? 'none of them' : `only ${list(mounts)}`}`};
	if (mounts.length === 0) return {state: 'warning', what, found: 'none here can be frozen'};
	return {state: 'fine', what, found: named ? `${list(mounts)} ${mounts.length === 1 ? 'is' : 'are'} frozen by a rehearsal, as you named with --mount` : `Azure would freeze ${list(mounts)}`};
}

function configurationLines({configuration}: MachineLook): readonly MachineLine[] {
	const what = 'configuration';
	const documented: readonly MachineLine[] = configuration.documented === null ? [] : [{state: 'warning', what: 'documented', found: `${configuration.documented} is here, and Azure never reads it: the documentation has the wrong name`}];
	switch (configuration.state) {
		case 'missing': return [{state: 'info', what, found: 'none yet'}, ...documented];
		case 'there': return [configuration.problem === null ? {state: 'fine', what, found: `${configuration.path} is here`} : {state: 'warning', what, found: `Azure cannot read it: ${clause(configuration.problem)}. Its settings can be made out`}, ...documented];
		case 'unusable': return [{state: 'warning', what, found: `it cannot be made out, and is written anew: ${clause(configuration.problem ?? '')}`}, ...documented];
		case 'refused': return [{state: 'problem', what, found: clause(configuration.problem ?? '')}, ...documented];
	}
}
