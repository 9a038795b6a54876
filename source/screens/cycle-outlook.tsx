import type {ReactNode} from 'react';
import {Text} from 'ink';
import {columnsOf, cutPathTo, wrapText} from '../components/columns.js';
import {ScrollView, type Scroll} from '../components/scroll.js';
import {useRoom} from '../components/size.js';
import {useTheme, type Theme, type Tone} from '../components/theme.js';
import type {CycleOutlook} from '../core/cycle-outlook.js';
import {duration} from '../core/durations.js';
import {outcomeWords, verdictReason} from '../core/verdict-words.js';

export type CycleOutlookProps = {
	readonly outlook: CycleOutlook;
	readonly scroll: Scroll;
};

type Line = {readonly label?: string; readonly text: string; readonly tone: Tone};

const labelWidth = 11;

/** What a cycle would do, for whoever is about to start one. */
export function CycleOutlookScreen({outlook, scroll}: CycleOutlookProps): ReactNode {
	const theme = useTheme();
	const {rows, columns} = useRoom();
	const lines = outlookLines(outlook, columns, theme);
	return (
		<ScrollView
			scroll={scroll}
			count={lines.length}
			height={rows}
			renderRow={index => {
				const line = lines[index];
				if (line === undefined) return null;
				return (
					<Text wrap="truncate">
						<Text {...theme.style('dim')}>{line.label === undefined ? '' : `  ${line.label}`.padEnd(labelWidth)}</Text>
						<Text {...theme.style(line.tone)}>{line.text === '' ? ' ' : line.text}</Text>
					</Text>
				);
			}}
		/>
	);
}

function outlookLines(outlook: CycleOutlookProps['outlook'], columns: number, {symbols}: Theme): readonly Line[] {
	const {freezes, leaves, scripts, provider, verdict} = outlook;
	const width = Math.min(columns, 90);
	const lines: Line[] = [];
	const sentence = (text: string, tone: Tone = 'plain'): void => void lines.push(...wrapText(text, width).map(line => ({text: line, tone})));
	const blank = (): void => void lines.push({text: '', tone: 'plain'});
	const row = (label: string, text: string, tone: Tone = 'plain'): void => {
		for (const [index, line] of wrapText(text, width - labelWidth).entries()) lines.push({label: index === 0 ? label : ' ', text: line, tone});
	};

	const count = freezes.length;
	const filesystems = count === 0 ? 'no filesystem' : count === 1 ? 'one filesystem' : `${count} filesystems`;
	sentence(`A live cycle now: ${scripts === null ? 'no script will run, ' : 'the scripts run, and between them '}${filesystems} ${count < 2 ? 'is' : 'are'} frozen${count === 0 ? '' : ' for a moment'}.`, 'strong');
	sentence(provider.name === 'rehearsal' ? 'It is a rehearsal: no snapshot is kept.' : `Provider ${provider.name}: it ${provider.summary}.`);
	blank();
	if (scripts !== null) {
		row('Runs', scripts.pre);
		row(' ', scripts.post);
		row(' ', `at most ${duration(scripts.limitMs)} each`, 'dim');
	}
	if (!outlook.freezeEnabled) row('Freezes', 'nothing: fsFreezeEnabled is off');
	const names = Math.min(Math.max(0, ...freezes.map(({mount}) => columnsOf(mount))), width - labelWidth - 8);
	for (const [index, {mount, type}] of freezes.entries()) row(index === 0 ? 'Freezes' : ' ', `${cutPathTo(mount, names, symbols.ellipsis)}${' '.repeat(Math.max(0, names - columnsOf(mount)))}  ${type}`);
	if (outlook.freezeEnabled && count === 0) row('Freezes', 'nothing: there is no filesystem that may be frozen', 'warning');
	if (count > 0) row('Thaws', `by itself after ${duration(outlook.thawsAfterMs)}, whatever happens`);
	for (const [index, {mount, reason}] of leaves.entries()) row(index === 0 ? 'Leaves' : ' ', `${mount}: ${reason}`, 'dim');
	if (verdict.outcome !== 'application-consistent') {
		blank();
		sentence(`${symbols.warning} As it is configured now, a backup will be ${outcomeWords[verdict.outcome]}: ${verdictReason(verdict) ?? 'see the doctor'}.`, 'warning');
	}
	return lines;
}
