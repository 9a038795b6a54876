import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {moreText} from '../../components/scroll.js';
import {useRoom} from '../../components/size.js';
import {Waiting} from '../../components/spinner.js';
import {useTheme} from '../../components/theme.js';
import {wrapText} from '../../components/columns.js';
import type {Examination} from '../../core/checks/examination.js';
import type {Finding} from '../../core/checks/finding.js';
import {findingLines, fineLines, verdictLines, type Line} from './lines.js';
import type {Part} from './part.js';

export type DoctorScreenProps = {
	/** Null while the first answer is being worked out. */
	readonly examination: Examination | null;
	/** Those that are shown: all of them, or what was looked for. */
	readonly findings: readonly Finding[];
	/** The row of the pointer. */
	readonly pointer: number;
	readonly unfolded: ReadonlySet<string>;
	/** Which part of the list is shown; whoever moves the pointer asks it first. */
	readonly part: Part;
	/** Titles of what was mended. */
	readonly mended: readonly string[];
	/** What could not be mended, and why, a sentence each. */
	readonly refused: readonly string[];
};


/** The verdict, the findings, what is fine. */
export function DoctorScreen({examination, findings, pointer, unfolded, part, mended, refused}: DoctorScreenProps): ReactNode {
	const theme = useTheme();
	const {columns: width, rows} = useRoom();
	if (examination === null) return <Waiting text="Looking at the configuration, the scripts and the machine" />;

	const head = [
		...verdictLines(examination, theme, width),
		...refused.flatMap(sentence => wrapText(theme.words(`Not mended. ${sentence}`), width - 2).map((text): Line => ({row: null, spans: [{text: `  ${text}`, tone: 'warning'}]}))),
	].slice(0, Math.max(1, rows - 3));
	const lines = [
		...findingLines(findings, {pointer, unfolded, theme, width}),
		...fineLines({mended, fine: examination.fine.length, findings: examination.findings.length}, theme, width),
	];
	const room = Math.max(1, rows - head.length - 1);
	const fits = lines.length <= room;
	const height = fits ? room : Math.max(1, room - 1);
	const top = part.show(lines, pointer, height);
	return (
		<Box flexDirection="column">
			{head.map((line, index) => <LineView key={index} line={line} />)}
			<Text> </Text>
			{lines.slice(top, top + height).map((line, index) => <LineView key={top + index} line={line} />)}
			{fits ? null : <Text {...theme.style('dim')}>{moreText(top, height, lines.length, theme.symbols.up, theme.symbols.down)}</Text>}
		</Box>
	);
}

function LineView({line}: {readonly line: Line}): ReactNode {
	const theme = useTheme();
	return (
		<Text wrap="truncate">
			{line.spans.length === 0 ? ' ' : line.spans.map(({text, tone}, index) => <Text key={index} {...theme.style(tone)}>{text}</Text>)}
		</Text>
	);
}

/** What is about to be changed, before it is agreed to. */
export function MendScreen({lines, refused}: {readonly lines: readonly string[]; readonly refused: readonly string[]}): ReactNode {
	const theme = useTheme();
	const {columns, rows} = useRoom();
	const body = [
		...lines.flatMap(line => wrapText(theme.words(line), columns - 4).map((text, index) => ({text: `${index === 0 ? '  ' : '    '}${text}`, tone: 'plain' as const}))),
		...refused.flatMap(line => wrapText(theme.words(`Not mended. ${line}`), columns - 2).map(text => ({text: `  ${text}`, tone: 'warning' as const}))),
	];
	const shown = body.slice(0, Math.max(1, rows - 3));
	return (
		<Box flexDirection="column">
			<Text {...theme.style('strong')}>{lines.length === 0 ? 'Nothing can be changed.' : 'This will be changed:'}</Text>
			<Text> </Text>
			{shown.map(({text, tone}, index) => <Text key={index} wrap="truncate" {...theme.style(tone)}>{text}</Text>)}
			{shown.length < body.length ? <Text {...theme.style('dim')}>{`  and ${body.length - shown.length} more lines`}</Text> : null}
		</Box>
	);
}
