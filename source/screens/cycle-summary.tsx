import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {columnsOf, cutTo, wrapText} from '../components/columns.js';
import {RoomProvider} from '../components/size.js';
import {useTheme, type Mark, type Theme, type Tone} from '../components/theme.js';
import type {CycleResult} from '../core/cycle-events.js';
import {afterInterruption, errorName, inAzure} from '../core/cycle-words.js';
import {duration} from '../core/durations.js';
import {findError} from '../core/errors.js';
import type {Progress} from '../core/progress.js';
import {outcomeWords} from '../core/verdict-words.js';
import {Phases} from './cycle-phases.js';

/** One line of a summary: a sign in front where it begins something, and a text that fits the width; or parts of it, each in its tone. */
export type SummaryLine = {readonly mark?: Mark; readonly text: string; readonly tone: Tone; readonly parts?: readonly {readonly text: string; readonly tone: Tone}[]};

type Writer = {readonly add: (text: string, options?: {readonly mark?: Mark; readonly tone?: Tone; readonly indent?: number; readonly lead?: string}) => void; readonly blank: () => void; readonly lines: readonly SummaryLine[]};

/** How much of what a failed script wrote stays with its error. */
const lastLines = 4;

/** Writes the lines of a summary, each as wide as there is room. */
export function summaryWriter(width: number): Writer {
	const lines: SummaryLine[] = [];
	return {
		lines,
		blank: () => void lines.push({text: '', tone: 'plain'}),
		add(text, {mark, tone = 'plain', indent = 0, lead = ''} = {}) {
			const hang = ' '.repeat(indent + lead.length);
			for (const [index, line] of wrapText(text, Math.max(10, width - indent - lead.length)).entries()) {
				lines.push({text: index === 0 ? ' '.repeat(indent) + lead + line : hang + line, tone, ...(index === 0 && mark !== undefined ? {mark} : {})});
			}
		},
	};
}

/** The outcome in one line. */
export function headline(result: CycleResult, durationMs: number | null): {readonly mark: Mark; readonly tone: Tone; readonly text: string} {
	const what = result.snapshot?.path === undefined ? 'rehearsal' : 'snapshot';
	const took = durationMs === null ? '' : ` in ${duration(durationMs)}`;
	if (result.interrupted !== undefined) return {mark: 'failed', tone: 'bad', text: `The cycle was interrupted${durationMs === null ? '' : ` after ${duration(durationMs)}`}: ${afterInterruption(result)}`};
	const words = outcomeWords[result.outcome];
	switch (result.outcome) {
		case 'application-consistent': return {mark: 'done', tone: 'good', text: `${capital(words)} ${what}${took}`};
		case 'file-system-consistent':
		case 'crash-consistent': return {mark: 'warning', tone: 'warning', text: `${capital(words)} ${what}${took}, not application-consistent`};
		case 'failed': return {mark: 'failed', tone: 'bad', text: `The cycle failed${durationMs === null ? '' : ` after ${duration(durationMs)}`}`};
	}
}

function capital(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What stays of a cycle: outcome, windows, where the snapshot is, what Azure would have made of it, each error with a way out, each warning. */
export function summaryLines(progress: Progress, result: CycleResult, width: number, {symbols}: Theme): readonly SummaryLine[] {
	const out = summaryWriter(width - 2);
	const {dot, arrow, gutter, ellipsis} = symbols;
	const lead = `${arrow} `;
	const head = headline(result, progress.startedAt === null || progress.endedAt === null ? null : progress.endedAt - progress.startedAt);
	out.add(head.text, {mark: head.mark, tone: head.tone});
	const windows = [
		result.mounts.length === 0 ? 'nothing was frozen' : `frozen ${duration(result.freezeWindowMs)}`,
		progress.heldAt === null ? 'the application was not held' : `application held ${duration(result.quiesceWindowMs)}`,
	];
	const mounts = result.mounts.join(', ');
	const together = [...windows, ...(mounts === '' ? [] : [mounts])].join(` ${dot} `);
	if (columnsOf(together) <= width - 2) {
		out.add(together);
	} else {
		out.add(windows.join(` ${dot} `));
		out.add(mounts);
	}
	if (result.snapshot?.path !== undefined) out.add(`${result.snapshot.path}${result.outcome === 'failed' ? '   kept, and marked as failed' : ''}`, {lead: 'snapshot   '});
	out.add(inAzure(result), {lead: 'in Azure   '});
	// That it was interrupted stands in the first line.
	for (const error of result.errors.filter(({name}) => result.interrupted === undefined || name !== 'Interrupted')) {
		const entry = findError(error.name);
		out.blank();
		out.add(`${errorName(error)}${entry === undefined ? '' : `: ${entry.happened}`}`, {mark: 'failed', tone: 'bad'});
		// Where a phase met several, it says once why.
		const phase = progress.phases.find(({errors: [first]}) => first?.name === error.name);
		if (phase?.detail !== null && phase?.detail !== undefined) out.add(phase.detail);
		// The screen on which they stood is gone.
		for (const {line} of progress.output.filter(({phase: from}) => from === phase?.name).slice(-lastLines)) out.add(cutTo(line.replaceAll('\t', '    '), width - 4, ellipsis), {lead: `${gutter} `});
		for (const remedy of entry?.remedies.slice(0, 2) ?? []) out.add(remedy, {lead});
	}
	for (const failed of progress.phases.filter(({state, detail, errors}) => (state === 'failed' || state === 'timed-out') && detail !== null && errors.length === 0 && (result.interrupted === undefined || detail !== 'interrupted'))) {
		out.blank();
		out.add(`${failed.name}: ${failed.detail ?? ''}`, {mark: 'failed'});
	}
	for (const warning of progress.warnings) {
		out.blank();
		out.add(warning.message, {mark: 'warning', tone: 'warning'});
		if (warning.remedy !== undefined) out.add(warning.remedy, {lead});
	}
	return out.lines;
}

const markTones: Readonly<Partial<Record<Mark, Tone>>> = {done: 'good', failed: 'bad', warning: 'warning'};

/** One line of a summary. */
export function SummaryRow({line}: {readonly line: SummaryLine}): ReactNode {
	const theme = useTheme();
	const sign = line.mark === undefined ? '' : theme.symbols[line.mark];
	return (
		<Text wrap="truncate">
			<Text {...theme.style(line.mark === undefined ? 'plain' : markTones[line.mark] ?? 'plain')}>{sign.padEnd(theme.markWidth + 1)}</Text>
			{(line.parts ?? [{text: line.text === '' ? ' ' : line.text, tone: line.tone}]).map(({text, tone}, index) => <Text key={index} {...theme.style(tone)}>{text}</Text>)}
		</Text>
	);
}

/** The whole summary, for the terminal that quiesce leaves behind. */
export function CycleSummary({progress, result, width}: {readonly progress: Progress; readonly result: CycleResult; readonly width: number}): ReactNode {
	const theme = useTheme();
	return (
		<Box flexDirection="column" paddingLeft={1}>
			<RoomProvider room={{columns: width - 1, rows: 24}}>
				<Phases progress={progress} now={progress.endedAt ?? 0} />
			</RoomProvider>
			<Text> </Text>
			{summaryLines(progress, result, width - 1, theme).map((line, index) => <SummaryRow key={index} line={line} />)}
		</Box>
	);
}
