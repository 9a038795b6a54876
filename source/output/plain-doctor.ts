import type {Examination} from '../core/checks/examination.js';
import type {Finding, Severity} from '../core/checks/finding.js';
import {visible} from '../core/visible-text.js';

/** The doctor's answer as `--json` writes it: one object, the keys of the product's description. */
export function doctorJson({config, verdict, findings}: Examination): unknown {
	return {
		config,
		verdict: {outcome: verdict.outcome, errors: verdict.errors.map(({name, code}) => ({name, code}))},
		findings: findings.map(({id, severity, error, title, detail, remedy, fixable, path}) => ({
			id, severity, ...(error === undefined ? {} : {error}), title, detail, remedy, fixable, ...(path === undefined ? {} : {path}),
		})),
	};
}

/** One change of a file that mending makes. */
export type ShownStep = {readonly lines: readonly string[]};

/** What mending came to, as far as it is shown. */
export type ShownMending = {
	readonly mended: readonly {readonly finding: Finding; readonly lines: readonly string[]}[];
	readonly refused: readonly {readonly finding: Finding; readonly why: string}[];
	readonly backups: readonly string[];
};

/** The answer of `--fix --json`: the doctor's, as it is afterwards, and what was changed. */
export function mendJson(examination: Examination, reports: readonly ShownMending[]): unknown {
	return {
		...doctorJson(examination) as Readonly<Record<string, unknown>>,
		mended: reports.flatMap(({mended}) => mended.map(({finding: {id, title}, lines}) => ({id, title, changes: lines}))),
		refused: reports.flatMap(({refused}) => refused.map(({finding: {id, title}, why}) => ({id, title, why}))),
		backups: reports.flatMap(({backups}) => backups),
	};
}

/** What would be changed, before anybody is asked. */
export function planLines(steps: readonly ShownStep[]): readonly string[] {
	return ['This would be changed:', ...steps.flatMap(({lines}) => lines.map(line => `  ${visible(line)}`))];
}

/** What was changed, and what was not. */
export function mendLines({mended, refused, backups}: ShownMending): readonly string[] {
	return [
		...mended.map(({finding}) => `Mended: ${visible(finding.title)}`),
		...refused.map(({finding, why}) => `Not mended: ${visible(finding.title)}: ${visible(why)}`),
		...backups.map(path => `Kept as it was: ${visible(path)}`),
	];
}

const marks: Readonly<Record<Severity | 'fine', readonly [symbol: string, ascii: string]>> = {
	error: ['✖', 'x'],
	warning: ['▲', '!'],
	info: ['·', '-'],
	fine: ['✔', 'ok'],
};

/** How the answer is set: with the symbols of the screen, or with plain characters where the terminal has no others. */
export type PlainStyle = {
	readonly ascii: boolean;
	/** Characters in a line, at most. */
	readonly width: number;
};

/** The doctor's answer for people, a sentence a line, in the order of the screen. */
export function doctorLines(examination: Examination, style: PlainStyle): readonly string[] {
	const {sentence, verdict, findings, fine} = examination;
	const worst = verdict.outcome === 'application-consistent' && !findings.some(({severity}) => severity === 'error') ? 'fine' : verdict.outcome === 'application-consistent' ? 'warning' : 'error';
	return [
		...set(`${mark(worst, style)} ${sentence}`, '  ', style),
		...findings.flatMap(finding => ['', ...findingLines(finding, style)]),
		...(fine.length === 0 ? [] : ['', ...set(`${mark('fine', style)} ${fine.length} ${findings.length === 0 ? '' : 'more '}${fine.length === 1 ? 'check is' : 'checks are'} fine`, '  ', style)]),
	];
}

/** One finding: what, why, what to do. */
export function findingLines(finding: Finding, style: PlainStyle): readonly string[] {
	const {severity, title, note, path, detail, remedy, fixable} = finding;
	const beside = note ?? path;
	return [
		...set(`${mark(severity, style)} ${title}${beside === undefined || title.includes(beside.replace(/^→ /, '')) ? '' : ` (${beside})`}`, '  ', style),
		...set(`  ${detail}`, '  ', style),
		...set(`  ${style.ascii ? '->' : '→'} ${remedy}${fixable ? ' (quiesce doctor --fix does it.)' : ''}`, style.ascii ? '     ' : '    ', style),
	];
}

function mark(of: Severity | 'fine', {ascii}: PlainStyle): string {
	return marks[of][ascii ? 1 : 0];
}

/** Breaks a line at spaces; what follows is indented. A word that is too long stands alone. */
function set(text: string, indent: string, {width}: PlainStyle): string[] {
	const lead = /^ */.exec(text)![0];
	const lines: string[] = [];
	let line = '';
	for (const word of visible(text.slice(lead.length)).split(' ')) {
		const before = lines.length === 0 ? lead : indent;
		if (line === '') line = before + word;
		else if (line.length + 1 + word.length <= width) line += ` ${word}`;
		else {
			lines.push(line);
			line = indent + word;
		}
	}

	return [...lines, line];
}
