import {columnsOf, wrapSentence, wrapText} from '../../components/columns.js';
import type {Mark, Theme, Tone} from '../../components/theme.js';
import type {Examination} from '../../core/checks/examination.js';
import type {Finding, Severity} from '../../core/checks/finding.js';

/** A stretch of text in one style. */
export type Span = {readonly text: string; readonly tone: Tone};

/** One line of the screen; `row`: the finding to which it belongs, in the order of the list. */
export type Line = {readonly spans: readonly Span[]; readonly row: number | null};

const marks: Readonly<Record<Severity, {readonly mark: Mark; readonly tone: Tone}>> = {
	error: {mark: 'failed', tone: 'bad'},
	warning: {mark: 'warning', tone: 'warning'},
	info: {mark: 'information', tone: 'dim'},
};

/** The sign of a verdict: good, doubtful (a script will fail, which the verdict cannot see), bad. */
export function verdictMark({verdict, findings}: Pick<Examination, 'verdict' | 'findings'>): {readonly mark: Mark; readonly tone: Tone} {
	if (verdict.outcome !== 'application-consistent') return marks.error;
	return findings.some(({severity}) => severity === 'error') ? marks.warning : {mark: 'done', tone: 'good'};
}

/** The verdict, as wide as there is room. */
export function verdictLines(examination: Examination, theme: Theme, width: number): readonly Line[] {
	const {mark, tone} = verdictMark(examination);
	const indent = theme.markWidth + 1;
	return wrapSentence(theme.words(examination.sentence), width - indent).map((text, index) => ({row: null, spans: [
		index === 0 ? {text: theme.symbols[mark].padEnd(indent), tone} : {text: ' '.repeat(indent), tone: 'plain'},
		{text, tone: 'strong'},
	]}));
}

export type FindingsOptions = {
	readonly pointer: number;
	/** Ids of the findings whose details are shown. */
	readonly unfolded: ReadonlySet<string>;
	readonly theme: Theme;
	readonly width: number;
};

/** The list of findings, the unfolded ones with why it matters and what to do. */
export function findingLines(findings: readonly Finding[], {pointer, unfolded, theme, width}: FindingsOptions): readonly Line[] {
	return findings.flatMap((finding, row): readonly Line[] => {
		const title = row === pointer ? titleLines(finding, {row, selected: true, theme, width}) : restingLines(finding, row, theme, width);
		return unfolded.has(finding.id) ? [...title, ...detailLines(finding, row, theme, width)] : title;
	});
}

type Resting = {readonly row: number; readonly theme: Theme; readonly width: number; readonly lines: readonly Line[]};

/** The title of a finding at which the pointer does not stand, as it was drawn last: with hundreds of them a key would take longer, the longer the list. */
const resting = new WeakMap<Finding, Resting>();

function restingLines(finding: Finding, row: number, theme: Theme, width: number): readonly Line[] {
	const known = resting.get(finding);
	if (known?.row === row && known.theme === theme && known.width === width) return known.lines;
	const lines = titleLines(finding, {row, selected: false, theme, width});
	resting.set(finding, {row, theme, width, lines});
	return lines;
}

type TitleOptions = {readonly row: number; readonly selected: boolean; readonly theme: Theme; readonly width: number};

function titleLines(finding: Finding, {row, selected, theme, width}: TitleOptions): readonly Line[] {
	const {symbols, markWidth} = theme;
	const {mark, tone} = marks[finding.severity];
	const indent = 2 + markWidth + 1;
	const titles = wrapSentence(theme.words(finding.title), width - indent);
	const right = noteOf(finding, theme, width - indent - columnsOf(titles[0] ?? '') - 2);
	const gap = ' '.repeat(Math.max(0, width - indent - columnsOf(titles[0] ?? '') - columnsOf(right)));
	return titles.map((text, index): Line => ({row, spans: index > 0 ? [{text: ' '.repeat(indent) + text, tone: selected ? 'selected' : 'plain'}] : [
		{text: selected ? `${symbols.pointer} ` : '  ', tone: 'selected'},
		{text: symbols[mark].padEnd(markWidth + 1), tone},
		{text, tone: selected ? 'selected' : 'plain'},
		...(right === '' ? [] : [{text: gap + right, tone: 'dim' as const}]),
	]}));
}

/** What stands at the right, where there is room: the path or the value, and the key that mends it. */
function noteOf({note, path, title, fixable}: Finding, theme: Theme, room: number): string {
	const beside = theme.words(note ?? path ?? '');
	const fix = fixable ? 'f mend' : '';
	const both = beside === '' || title.includes(beside) ? fix : `${beside}${fix === '' ? '' : `   ${fix}`}`;
	return columnsOf(both) <= room ? both : columnsOf(fix) <= room ? fix : '';
}

function detailLines(finding: Finding, row: number, theme: Theme, width: number): readonly Line[] {
	const indent = 2 + theme.markWidth + 1;
	const arrow = `${theme.symbols.arrow} `;
	const inner = Math.min(width, 88) - indent;
	const blank = ' '.repeat(indent);
	return [
		...(finding.path === undefined ? [] : wrapText(finding.path, inner).map((text): Line => ({row, spans: [{text: blank + text, tone: 'dim'}]}))),
		...wrapSentence(theme.words(finding.detail), inner).map((text): Line => ({row, spans: [{text: blank + text, tone: 'plain'}]})),
		...wrapSentence(theme.words(finding.remedy), inner - arrow.length).map((text, index): Line => ({row, spans: [
			{text: blank, tone: 'plain'},
			{text: index === 0 ? arrow : ' '.repeat(arrow.length), tone: 'accent'},
			{text, tone: 'plain'},
		]})),
	];
}

/** What was mended, and how much is fine, below the list. */
export function fineLines({mended, fine, findings}: {readonly mended: readonly string[]; readonly fine: number; readonly findings: number}, theme: Theme, width: number): readonly Line[] {
	const line = (text: string): readonly Line[] => wrapSentence(text, width - 2 - theme.markWidth - 1).map((text, index): Line => ({row: null, spans: [
		{text: index === 0 ? `  ${theme.symbols.done.padEnd(theme.markWidth + 1)}` : ' '.repeat(2 + theme.markWidth + 1), tone: 'good'},
		{text, tone: 'plain'},
	]}));
	const more = findings === 0 ? '' : 'more ';
	return [
		...mended.flatMap(title => line(`Mended: ${title}`)),
		...(fine === 0 ? [] : line(`${fine} ${more}${fine === 1 ? 'check is' : 'checks are'} fine`)),
	];
}

/** The first of the shown lines so that the pointer's finding can be read, from its first line on, moving no more than necessary. */
export function firstLine(lines: readonly Line[], pointer: number, height: number, previous: number): number {
	const start = lines.findIndex(({row}) => row === pointer);
	if (start === -1) return Math.max(0, Math.min(previous, lines.length - height));
	const end = lines.findLastIndex(({row}) => row === pointer) + 1;
	// The end of the list tells what is fine: it comes into view with the last finding.
	const wanted = lines.slice(end).every(({row}) => row === null) ? lines.length : end;
	const latest = Math.max(0, lines.length - height);
	const low = Math.max(0, wanted - height);
	const top = Math.min(Math.max(previous, low), latest);
	return Math.min(top, start);
}
