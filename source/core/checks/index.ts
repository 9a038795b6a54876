import type {ErrorReference} from '../outcome.js';
import type {Check} from './check.js';
import {configurationChecks} from './configuration.js';
import type {Facts} from './facts.js';
import {filesystemChecks} from './filesystems.js';
import {finding, sortFindings, type Finding} from './finding.js';
import {hostChecks} from './host.js';
import {languageChecks} from './language.js';
import {loudnessChecks} from './loudness.js';
import {machineChecks} from './machine.js';
import {pairChecks} from './pairs.js';
import {parameterChecks} from './parameters.js';
import {scriptChecks} from './scripts.js';
import {settingChecks} from './settings.js';
import {spellingChecks} from './spelling.js';
import {timingChecks} from './timing.js';
import {workloadChecks} from './workload.js';

/** What holds whether or not the configured scripts are used. */
const surroundingChecks: readonly Check[] = [...filesystemChecks, ...machineChecks, ...hostChecks, ...workloadChecks];

/** All checks of the doctor. A new one is an entry in one of these files, or a file and a line here. */
export const checks: readonly Check[] = [
	...configurationChecks,
	...spellingChecks,
	...settingChecks,
	...parameterChecks,
	...timingChecks,
	...scriptChecks,
	...languageChecks,
	...loudnessChecks,
	...pairChecks,
	...surroundingChecks,
];

export type Examined = {
	/** By what they do to the outcome. */
	readonly findings: readonly Finding[];
	/** How many checks applied. */
	readonly checked: number;
	/** The titles of those that found nothing, in order. */
	readonly fine: readonly string[];
};

/** How an error of the verdict is explained where no check has said more about it: the error table's words. */
export type Explain = (error: ErrorReference) => {readonly title: string; readonly detail: string; readonly remedy: string} | null;

/** Runs all checks that apply. Every error of the verdict has a finding at the end. */
export function runChecks(facts: Facts, explain: Explain): Examined {
	const {workload, errors, settings} = facts.check;
	// Where a workload takes their place, or the plugin host runs none, the scripts and their configuration decide nothing.
	const unused = workload !== null || (errors.length === 0 && settings.pre === null);
	const applying = (unused ? surroundingChecks : checks).filter(check => check.applies(facts));
	const found: Finding[] = [];
	const fine: string[] = [];
	for (const check of applying) {
		const said = check.conclude(facts);
		found.push(...said);
		if (said.every(({severity}) => severity === 'info')) fine.push(check.title);
	}

	const findings = unique(found);
	for (const error of facts.verdict.errors) {
		if (findings.some(({error: name, severity}) => name === error.name && severity === 'error')) continue;
		const words = explain(error);
		findings.push(finding({
			id: `verdict-${error.code ?? error.name.toLowerCase()}`,
			severity: 'error',
			error: error.name,
			title: words?.title ?? `Azure will report ${error.name}`,
			detail: words?.detail ?? `Azure's extension ends with this error${error.code === null ? '' : ` (${error.code})`}.`,
			remedy: words?.remedy ?? `See what it means: quiesce explain ${error.name}`,
			path: facts.configuration.path,
			source: 'verdict',
		}));
	}

	return {findings: sortFindings(findings, facts.verdict), checked: applying.length, fine};
}

/** Ids name findings, so each comes once; a second one with the same id gets a number. */
function unique(found: readonly Finding[]): Finding[] {
	const seen = new Map<string, number>();
	return found.map(finding => {
		const times = (seen.get(finding.id) ?? 0) + 1;
		seen.set(finding.id, times);
		return times === 1 ? finding : {...finding, id: `${finding.id}-${times}`};
	});
}
