import {findError} from '../errors.js';
import type {ErrorReference, Verdict} from '../outcome.js';
import {verdictReason, verdictSentence} from '../verdict-words.js';
import type {Facts} from './facts.js';
import type {Finding} from './finding.js';
import {runChecks} from './index.js';

/** What the doctor answers. */
export type Examination = {
	/** The path of the configuration that was looked at. */
	readonly config: string;
	/** What the extension would do at the next backup, as far as it can be known without running a script. */
	readonly verdict: Verdict;
	/** The verdict in one sentence. */
	readonly sentence: string;
	/** By what they do to the outcome. */
	readonly findings: readonly Finding[];
	/** How many checks applied. */
	readonly checked: number;
	/** The titles of the checks that found nothing. */
	readonly fine: readonly string[];
	/** The files on which the answer rests: when one of them changes, it may be another. */
	readonly files: readonly string[];
};

/** The error table's words, where no check has said more about an error of the verdict. */
function explainError(error: ErrorReference): {readonly title: string; readonly detail: string; readonly remedy: string} | null {
	const entry = error.code === null ? findError(error.name) : findError(String(error.code));
	if (entry === undefined) return null;
	const reason = verdictReason({outcome: 'failed', errors: [error]}) ?? entry.name;
	return {
		title: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`,
		detail: `${entry.happened} ${entry.effect} (${entry.name}${entry.code === null ? '' : `, ${entry.code}`}.)`,
		remedy: entry.remedies.join(' '),
	};
}

/** Concludes what the facts say. Pure: the same facts give the same answer. */
export function examineFacts(facts: Facts): Examination {
	const {findings, checked, fine} = runChecks(facts, explainError);
	const {verdict} = facts;
	// A script that is sure to fail shows in no verdict, because that supposes that scripts succeed.
	const unseen = findings.find(({severity, error, source}) => severity === 'error' && error !== undefined && source === 'script')?.error;
	return {config: facts.configuration.path, verdict, sentence: verdictSentence(verdict, unseen), findings, checked, fine, files: filesOf(facts)};
}

function filesOf({extension, configuration, pre, post}: Facts): readonly string[] {
	const paths = [
		configuration.path, configuration.documented?.path, extension.hostConfiguration.path, extension.workload.path,
		...[pre, post].map(script => script?.path),
	];
	return [...new Set(paths.filter(path => path?.startsWith('/')) as string[])];
}
