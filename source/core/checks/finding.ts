import type {Verdict} from '../outcome.js';

export type Severity = 'error' | 'warning' | 'info';

/** Where a finding comes from: what the extension decides, a script's text, the configuration, the machine, its filesystems, the extension's own files and logs. */
export type FindingSource = 'verdict' | 'script' | 'configuration' | 'machine' | 'filesystems' | 'extension';

/** One change of one setting in the configuration. The others, and what quiesce does not know, stay as they are. */
export type SettingEdit =
	| {readonly change: 'set'; readonly key: string; readonly value: unknown}
	| {readonly change: 'rename'; readonly key: string; readonly to: string}
	| {readonly change: 'remove'; readonly key: string};

/** What mends a finding. It never changes what a script does. */
export type Mend =
	/** Owner root where `owner` is there, permissions where `mode` is there. A link is followed. */
	| {readonly kind: 'access'; readonly path: string; readonly mode?: number; readonly owner?: 'root'}
	/** Settings of the configuration. */
	| {readonly kind: 'settings'; readonly path: string; readonly edits: readonly SettingEdit[]}
	/** The configuration's text as UTF-8 without byte order mark, comments and trailing commas. */
	| {readonly kind: 'text'; readonly path: string; readonly text: string}
	/** Windows line ends (CR LF) become Unix line ends (LF). */
	| {readonly kind: 'line-ends'; readonly path: string}
	/** A file gets the name under which the extension looks for it. */
	| {readonly kind: 'rename'; readonly path: string; readonly to: string};

/** One thing that the doctor noticed. */
export type Finding = {
	/** Kebab-case, stable, unique within a report. */
	readonly id: string;
	readonly severity: Severity;
	/** The name in the error table, where one applies. */
	readonly error?: string;
	/** A short sentence without a full stop. */
	readonly title: string;
	/** Why it matters, in sentences. */
	readonly detail: string;
	/** What to do, in sentences. */
	readonly remedy: string;
	/** Whether quiesce can mend it. */
	readonly fixable: boolean;
	readonly path?: string;
	readonly source: FindingSource;
	/** A few characters beside the title: a path, a value, `0755 → 0700`. */
	readonly note?: string;
	readonly mend?: Mend;
};

/** What a check says; `fixable` follows from `mend`. */
export type FindingWords = Omit<Finding, 'fixable'>;

export function finding(words: FindingWords): Finding {
	return {...words, fixable: words.mend !== undefined};
}

/** True where something must be done: the doctor then ends with 3. */
export function hasErrors({findings}: {readonly findings: readonly Finding[]}): boolean {
	return findings.some(({severity}) => severity === 'error');
}

const weight: Readonly<Record<Severity, number>> = {error: 0, warning: 1, info: 2};

/** By what they do to the outcome: the verdict's errors first, in the extension's order; then other errors, warnings, information. Stable. */
export function sortFindings(findings: readonly Finding[], verdict: Verdict): Finding[] {
	const rank = (finding: Finding): number => {
		if (finding.severity !== 'error') return weight[finding.severity] * 1000;
		const place = finding.error === undefined ? -1 : verdict.errors.findIndex(error => error.name === finding.error);
		return place === -1 ? 999 : place;
	};

	return findings.map(found => ({found, rank: rank(found)})).toSorted((a, b) => a.rank - b.rank).map(({found}) => found);
}
