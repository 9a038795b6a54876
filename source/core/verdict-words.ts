import type {Outcome, Verdict} from './outcome.js';

/** How an outcome is written in a sentence. */
export const outcomeWords: Readonly<Record<Outcome, string>> = {
	'application-consistent': 'application-consistent',
	'file-system-consistent': 'file-system consistent',
	'crash-consistent': 'crash-consistent',
	failed: 'failed',
};

/** Why, in a clause, for the errors that can be foretold. */
const reasons: Readonly<Record<string, string>> = {
	'Pre-ScriptNotFound': 'Azure will not find the pre-script',
	'Post-ScriptNotFound': 'Azure will not find the post-script',
	'InsufficientPermissionforPre-Script': 'the pre-script does not belong to root alone',
	'InsufficientPermissionforPost-Script': 'the post-script does not belong to root alone',
	'Pre-ScriptExecutionFailed': 'the pre-script will fail',
	'Post-ScriptExecutionFailed': 'the post-script will fail',
	'Pre-ScriptTimeout': 'the pre-script takes longer than its time limit',
	'Post-ScriptTimeout': 'the post-script takes longer than its time limit',
};

const reasonsByCode: Readonly<Record<number, string>> = {
	2: "Azure's extension will stop with an exception",
	304: 'Azure cannot use a value in the configuration or in its plugin host file',
	305: 'Azure cannot read the configuration',
	310: 'the pre-script cannot be started as configured',
	311: 'the post-script cannot be started as configured',
	313: "the extension's plugin host file is missing",
	314: "the extension's plugin host file can be changed by others than root",
	316: 'Azure will not find the configuration',
	317: 'the configuration is not private to root',
	500: "Azure's own database script cannot begin as workload.conf is written",
	501: 'workload.conf cannot be read',
	502: 'workload.conf names a role that Azure does not know',
	503: 'workload.conf names a workload that Azure does not know',
	504: "Azure's own database script will fail after the snapshot as workload.conf is written",
	505: 'workload.conf has neither credentials nor a user for the database',
	507: 'workload.conf names no folder for the messages between the scripts (ipc_folder)',
	510: 'workload.conf makes Azure look for a database session that it never begins',
};

/** Why a verdict is less than application-consistent, in a clause without a full stop; null where it is not. */
export function verdictReason(verdict: Verdict): string | null {
	const [error] = verdict.errors;
	if (error === undefined) return null;
	return reasons[error.name] ?? (error.code === null ? undefined : reasonsByCode[error.code]) ?? `Azure's extension will report ${error.name}${error.code === null ? '' : ` (${error.code})`}`;
}

/** The verdict where there is little room: "Tonight: file-system consistent. Azure will not find the pre-script." */
export function verdictInShort(verdict: Verdict): string {
	const why = verdictReason(verdict);
	return `Tonight: ${verdict.outcome === 'failed' ? 'it will fail' : outcomeWords[verdict.outcome]}.${why === null ? '' : ` ${capitalised(why)}.`}`;
}

/** For the beginning of a sentence; a file keeps its name. */
function capitalised(clause: string): string {
	return /^\S*\.\S/.test(clause) ? clause : `${clause.charAt(0).toUpperCase()}${clause.slice(1)}`;
}

/**
 * The verdict in one sentence: "Tonight's backup will be file-system consistent, not application-consistent: Azure will not find the pre-script."
 * `unseen`: the name of an error that the verdict cannot see, because it shows only when a script runs (a syntax error).
 */
export function verdictSentence(verdict: Verdict, unseen?: string): string {
	const why = verdictReason(verdict);
	const because = why === null ? '' : `: ${why}`;
	switch (verdict.outcome) {
		case 'application-consistent':
			return unseen === undefined
				? "Tonight's backup will be application-consistent."
				: `Azure accepts the configuration, but tonight's backup will not be application-consistent: ${reasons[unseen] ?? unseen}.`;
		case 'failed':
			return `Tonight's backup will fail${because}.`;
		case 'file-system-consistent':
		case 'crash-consistent':
			return `Tonight's backup will be ${outcomeWords[verdict.outcome]}, not application-consistent${because}.`;
	}
}
