import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {ChoiceList, type ChoiceListState} from '../../components/choice-list.js';
import {wrapText} from '../../components/columns.js';
import {ScrollView, type Scroll} from '../../components/scroll.js';
import {useRoom} from '../../components/size.js';
import {useTheme} from '../../components/theme.js';
import {ago} from '../../core/durations.js';
import type {CycleStory} from '../../core/extension-log/cycle.js';
import type {Sight} from '../../core/extension-log/outside.js';
import type {Progress} from '../../core/progress.js';
import {CycleLive} from '../cycle-live.js';
import {PhaseLine, Phases} from '../cycle-phases.js';
import {SummaryRow} from '../cycle-summary.js';
import {causeLines, outcomeLines, silenceWords} from './lines.js';

/** The extension waits for a script half an hour at most, and for a freeze two minutes: after more silence than that it does not live any more. */
const longestSilenceMs = 75 * 60_000;

/** A backup that runs: the live cycle's screen, fed by the log; where that is silent, by what is seen from outside. */
export function BackupRunning({progress, story, sight, now}: {readonly progress: Progress; readonly story: CycleStory; readonly sight: Sight | null; readonly now: number}): ReactNode {
	const {columns} = useRoom();
	const words = silenceWords(story, sight, now);
	// The phase that the silence is about says so itself.
	const shown: Progress = words === null ? progress : {
		...progress,
		phases: progress.phases.map(phase => phase.name === 'freeze' && (phase.state === 'running' || phase.state === 'succeeded') ? withDetail(phase, words.outside) : phase),
	};
	const old = now - story.lastAt;
	const silence = old > longestSilenceMs ? `last line of the log ${ago(old)}: the extension may have been killed` : words?.silent ?? (columns < 56 ? 'Azure reads no output of scripts' : 'Azure\'s extension reads no output of the scripts');
	return <CycleLive progress={shown} now={now} silence={silence} seenFromOutside={words !== null} />;
}

function withDetail(phase: Progress['phases'][number], detail: string): Progress['phases'][number] {
	return {...phase, detail};
}

/** No backup runs: what the last one came to, and those before it, of which one can be opened. */
export function WatchWaiting({latest, list, logThere, log, now}: {readonly latest: CycleStory | null; readonly list: ChoiceListState<CycleStory>; readonly logThere: boolean; readonly log: string; readonly now: number}): ReactNode {
	const theme = useTheme();
	const {columns, rows} = useRoom();
	const last = latest === null ? '' : ` ${theme.symbols.dot} last one ${ago(now - latest.beganAt)}`;
	const waiting = logThere || latest !== null ? `waiting${columns < 50 && last !== '' ? '' : ' for the next backup'}${last}` : 'waiting for the log of the backup extension';
	const why = logThere ? [] : [`${log} is not there${latest === null ? ' yet: Azure installs the extension with the first backup of this VM.' : '.'}`];
	const summary = latest === null ? [] : [...outcomeLines(latest, columns, theme.symbols), ...causeLines(latest, columns, theme.symbols)];
	const whyLines = why.flatMap(text => wrapText(text, columns - 4)).slice(0, 3);
	const listRows = list.choices.length === 0 ? 0 : Math.min(list.choices.length, Math.max(2, rows - 4 - whyLines.length - Math.min(summary.length, 8)));
	const summaryRows = Math.max(0, Math.min(summary.length, rows - 3 - whyLines.length - listRows - (listRows > 0 ? 1 : 0)));
	return (
		<Box flexDirection="column">
			<Text wrap="truncate"><Text {...theme.style('dim')}>{theme.symbols.pending.padEnd(theme.markWidth)}</Text>{` ${waiting}`}</Text>
			{whyLines.map((line, index) => <Text key={index} wrap="truncate" {...theme.style('dim')}>{`  ${line}`}</Text>)}
			{summaryRows === 0 ? null : (
				<Box flexDirection="column" marginTop={1} flexShrink={0}>
					{summary.slice(0, summaryRows).map((line, index) => <SummaryRow key={index} line={line} />)}
				</Box>
			)}
			{listRows === 0 ? null : <Box marginTop={1} flexShrink={0}><ChoiceList list={list} height={listRows} /></Box>}
		</Box>
	);
}

/** One backup that is over: what it came to, its phases, and all that is to be said of it. */
export function BackupEnded({progress, story, scroll}: {readonly progress: Progress; readonly story: CycleStory; readonly scroll: Scroll}): ReactNode {
	const theme = useTheme();
	const {columns, rows} = useRoom();
	const outcome = outcomeLines(story, columns, theme.symbols);
	const causes = causeLines(story, columns, theme.symbols);
	const phases = story.unseen ? 0 : progress.phases.length + 1;
	// Where there is no room for both, why it is less stands before how it went.
	const isSmall = rows - outcome.length - phases < Math.min(5, causes.length);
	const above = isSmall ? outcome.slice(0, Math.max(1, rows - 5)) : outcome;
	const height = Math.max(2, rows - above.length - (isSmall ? 0 : phases));
	const hidden = isSmall ? outcome.slice(above.length) : [];
	const lines = [...hidden, ...causes];
	const count = lines.length + (isSmall ? phases : 0);
	return (
		<Box flexDirection="column">
			{above.map((line, index) => <SummaryRow key={index} line={line} />)}
			{isSmall || phases === 0 ? null : <Box flexDirection="column" flexShrink={0} marginTop={1}><Phases progress={progress} now={progress.endedAt ?? 0} /></Box>}
			<ScrollView
				scroll={scroll}
				count={count}
				height={height}
				renderRow={index => {
					const phase = progress.phases[index - lines.length - 1];
					return phase === undefined ? <SummaryRow line={lines[index] ?? {text: '', tone: 'plain'}} /> : <PhaseLine phase={phase} frozen={false} now={progress.endedAt ?? 0} />;
				}}
			/>
		</Box>
	);
}
