import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {columnsOf, cutTo, wrapText} from '../components/columns.js';
import {ScrollView, type Scroll} from '../components/scroll.js';
import {useRoom} from '../components/size.js';
import {useTheme, type Mark, type Tone} from '../components/theme.js';
import {duration} from '../core/durations.js';
import type {Proof, ProofCheck, VerifyResult} from '../core/verification.js';
import {visible} from '../core/visible-text.js';
import type {StepRow} from '../core/verification-steps.js';
import {summaryWriter, SummaryRow, type SummaryLine} from './cycle-summary.js';

const doing: Readonly<Record<StepRow['step'], string>> = {
	copy: 'copy', mount: 'mount', check: 'check', search: 'look for', start: 'start the server on', examine: 'examine', remember: 'write to the', 'clean-up': 'remove the',
};
const marks: Readonly<Record<StepRow['state'], {readonly mark: Mark; readonly tone: Tone}>> = {
	started: {mark: 'running', tone: 'accent'}, succeeded: {mark: 'done', tone: 'good'}, failed: {mark: 'failed', tone: 'bad'},
};

/** A verification while it runs: its steps, the latest of them where there is no room for all. */
export function VerifyRunning({steps, now, aborting}: {readonly steps: readonly StepRow[]; readonly now: number; readonly aborting: boolean}): ReactNode {
	const theme = useTheme();
	const {rows, columns} = useRoom();
	const head = wrapText(aborting ? 'Stopping: the copies are being removed.' : 'On a copy. The snapshot and all that runs here stay as they are.', columns);
	const shown = steps.slice(-Math.max(1, rows - head.length - 1));
	return (
		<Box flexDirection="column">
			{head.map((line, index) => <Text key={index} {...theme.style(aborting ? 'warning' : 'dim')}>{line}</Text>)}
			<Text> </Text>
			{shown.map((step, index) => <StepLine key={steps.length - shown.length + index} step={step} now={now} />)}
		</Box>
	);
}

function StepLine({step, now}: {readonly step: StepRow; readonly now: number}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const {mark, tone} = marks[step.state];
	const time = duration(step.durationMs ?? Math.max(0, now - step.startedAt)).padStart(9);
	const room = Math.max(8, columns - theme.markWidth - 1 - columnsOf(time) - 1);
	// What was found in the copy may say anything.
	const what = cutTo(visible(`${doing[step.step]} ${step.subject}`), room, theme.symbols.ellipsis);
	const left = room - columnsOf(what) - 3;
	// A detail of which only a word or two would be left says nothing.
	const detail = step.detail === null || left < 14 ? '' : `   ${cutTo(visible(step.detail), left, theme.symbols.ellipsis)}`;
	return (
		<Text wrap="truncate">
			<Text {...theme.style(tone)}>{theme.symbols[mark].padEnd(theme.markWidth + 1)}</Text>
			{what}
			<Text {...theme.style('dim')}>{detail + ' '.repeat(Math.max(1, columns - theme.markWidth - 1 - columnsOf(what) - columnsOf(detail) - columnsOf(time))) + time}</Text>
		</Text>
	);
}

const proofMarks: Readonly<Record<Proof, {readonly mark: Mark; readonly tone: Tone}>> = {
	restores: {mark: 'done', tone: 'good'},
	'restores-without-the-mark': {mark: 'warning', tone: 'warning'},
	'not-proven': {mark: 'warning', tone: 'warning'},
	'does-not-restore': {mark: 'failed', tone: 'bad'},
};

/** What a verification found, a sentence for the whole, then for each filesystem and application. */
export function proofLines(result: VerifyResult, width: number): readonly SummaryLine[] {
	const out = summaryWriter(width);
	const checks = (all: readonly ProofCheck[]): void => {
		for (const {name, passed, sentence, durationMs} of all) out.add(visible(`${name}: ${sentence} (${duration(durationMs)})`), {indent: 2, tone: passed === false ? 'warning' : 'dim'});
	};
	const head = proofMarks[result.result];
	out.add(visible(result.sentence), {mark: head.mark, tone: result.result === 'restores' ? 'strong' : head.tone});
	for (const {result: proof, sentence, type, mountMs, frozen, checks: made} of result.filesystems) {
		out.blank();
		out.add(visible(sentence), {mark: proofMarks[proof].mark});
		out.add([type, ...(mountMs === null ? [] : [`mounted in ${duration(mountMs)}`]), ...(frozen === null ? [] : [frozen ? 'taken frozen' : 'not frozen when it was taken'])].join(', '), {indent: 2, tone: 'dim'});
		// The first one is the sentence's own.
		checks(made.slice(1));
	}
	for (const {result: proof, sentence, dataDirectory, checks: made} of result.applications) {
		out.blank();
		out.add(visible(sentence), {mark: proofMarks[proof].mark});
		if (dataDirectory !== '') out.add(visible(`data ${dataDirectory}`), {indent: 2, tone: 'dim'});
		checks(made);
	}
	out.blank();
	out.add(`${result.snapshot.path}   verified in ${duration(result.durationMs)}`, {tone: 'dim'});
	return out.lines;
}

/** The result on a screen of its own. */
export function VerifyEnded({result, scroll}: {readonly result: VerifyResult; readonly scroll: Scroll}): ReactNode {
	const {columns, rows} = useRoom();
	const lines = proofLines(result, Math.min(columns, 96) - 3);
	return <ScrollView scroll={scroll} count={lines.length} height={rows} renderRow={index => <SummaryRow line={lines[index] ?? {text: '', tone: 'plain'}} />} />;
}

/** What stays on the terminal. */
export function VerifySummary({result, width}: {readonly result: VerifyResult; readonly width: number}): ReactNode {
	return <Box flexDirection="column" paddingLeft={1}>{proofLines(result, width - 4).map((line, index) => <SummaryRow key={index} line={line} />)}</Box>;
}
