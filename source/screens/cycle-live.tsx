import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {columnsOf, cutPathTo, cutTo} from '../components/columns.js';
import {barText} from '../components/progress-bar.js';
import {useRoom} from '../components/size.js';
import {useTheme, type Mark, type Tone} from '../components/theme.js';
import {duration} from '../core/durations.js';
import {freezeWindowOf, isFrozen, phaseTime, quiesceWindowOf, runningPhase, type MountProgress, type Progress} from '../core/progress.js';
import {Phases} from './cycle-phases.js';

export type CycleLiveProps = {
	readonly progress: Progress;
	/** Milliseconds since 1970. */
	readonly now: number;
	/** How many processes wait for a frozen filesystem; null where that is not known. */
	readonly waiting?: number | null;
	/** Somebody asked for the end: what is done about it. */
	readonly aborting?: boolean;
	/** What is there instead of output, where none is expected (a backup seen from outside). */
	readonly silence?: string;
	/** Whether anything is frozen is only seen from outside, which may not see it. */
	readonly seenFromOutside?: boolean;
};

/** A cycle while it runs: the phases, what is frozen or held, the filesystems, the scripts' last lines. Every part has its place from the start. */
export function CycleLive({progress, now, waiting = null, aborting = false, silence, seenFromOutside = false}: CycleLiveProps): ReactNode {
	const {rows} = useRoom();
	const mountRows = Math.min(progress.mounts.length, Math.max(0, Math.min(6, rows - 14)));
	// Where there are few lines, the space between the parts goes to what the scripts write.
	const tight = rows < 13;
	const outputRows = Math.max(0, tight ? rows - 8 : rows - 6 - 4 - (mountRows === 0 ? 0 : mountRows + 1) - 1);
	// Where not everything fits, what is frozen goes before the phases.
	const small = rows < 8;
	return (
		<Box flexDirection="column">
			{small ? null : <Phases progress={progress} now={now} />}
			<Box flexDirection="column" marginTop={tight ? 0 : 1} flexShrink={0}>
				<StatusLine progress={progress} now={now} seenFromOutside={seenFromOutside} />
				<HeldLine progress={progress} now={now} waiting={waiting} aborting={aborting} />
			</Box>
			{small ? <Phases progress={progress} now={now} rows={Math.max(1, rows - 2)} /> : null}
			{mountRows === 0 ? null : <Mounts mounts={progress.mounts} rows={mountRows} />}
			{outputRows === 0 ? null : <Output progress={progress} rows={outputRows} tight={tight} {...(silence === undefined ? {} : {silence})} />}
		</Box>
	);
}

/** The one line that nobody may overlook while anything is frozen; otherwise how much of its time a script has used. */
function StatusLine({progress, now, seenFromOutside}: {readonly progress: Progress; readonly now: number; readonly seenFromOutside: boolean}): ReactNode {
	if (isFrozen(progress)) return <FrozenLine progress={progress} now={now} />;
	const running = runningPhase(progress);
	const time = running === null ? null : phaseTime(running, now);
	if (running !== null && running.limitMs !== null && time !== null && time >= 1000) return <LimitLine name={running.name} time={time} limitMs={running.limitMs} />;
	return <ThawedLine progress={progress} now={now} seenFromOutside={seenFromOutside} />;
}

function FrozenLine({progress, now}: {readonly progress: Progress; readonly now: number}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const window = freezeWindowOf(progress, now) ?? 0;
	const limit = progress.thawsAfterMs;
	const {frozen} = theme.symbols;
	const left = `${frozen === 'FROZEN' ? '' : `${frozen} `}FROZEN  ${duration(window).padStart(6)}`;
	const remaining = limit === null ? '' : `${columns < 50 ? 'thaws' : 'thaws by itself'} ${window >= limit ? 'now' : `in ${((limit - window) / 1000).toFixed(1).padStart(4)} s`}`;
	const cells = Math.min(20, columns - columnsOf(left) - columnsOf(remaining) - 8);
	const bar = limit === null || cells < 5 ? '' : Object.values(barText(window / limit, cells, theme.symbols.barFull, theme.symbols.barEmpty)).join('');
	const text = ` ${left}   ${bar === '' ? '' : `${bar}   `}${remaining}`;
	return <Text wrap="truncate" {...theme.style('frozen')}>{cutTo(text, columns, '') + ' '.repeat(Math.max(0, columns - columnsOf(text)))}</Text>;
}

function LimitLine({name, time, limitMs}: {readonly name: string; readonly time: number; readonly limitMs: number}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const text = `${duration(time)} of ${columns < 50 ? '' : 'at most '}${duration(limitMs)}`;
	const cells = Math.max(5, Math.min(20, columns - 2 - columnsOf(text) - name.length - 6));
	const {full, empty} = barText(time / limitMs, cells, theme.symbols.barFull, theme.symbols.barEmpty);
	const tone: Tone = time / limitMs > 0.8 ? 'warning' : 'accent';
	return (
		<Text wrap="truncate">
			{`  ${name}  `}
			<Text {...theme.style(tone)}>{full}</Text>
			<Text {...theme.style('dim')}>{empty}</Text>
			{`  ${text}`}
		</Text>
	);
}

function ThawedLine({progress, now, seenFromOutside}: {readonly progress: Progress; readonly now: number; readonly seenFromOutside: boolean}): ReactNode {
	const theme = useTheme();
	const window = freezeWindowOf(progress, now);
	// A filesystem takes no writes from the beginning of the call on, and perhaps for as long as the kernel does not answer it.
	const doing = progress.result !== null ? null : progress.mounts.some(({state}) => state === 'hung') ? 'the kernel does not answer: whatever writes there may wait'
		: progress.mounts.some(({state}) => state === 'freezing') ? 'being frozen: whatever writes there waits already' : null;
	if (doing !== null) return <Text wrap="truncate" {...theme.style('warning')}>{`  ${doing}`}</Text>;
	return <Text wrap="truncate" {...theme.style('dim')}>{window === null ? seenFromOutside ? '  nothing is seen to be frozen' : '  nothing is frozen' : `  thawed after ${duration(window)}`}</Text>;
}

function HeldLine({progress, now, waiting, aborting}: {readonly progress: Progress; readonly now: number; readonly waiting: number | null; readonly aborting: boolean}): ReactNode {
	const theme = useTheme();
	const held = quiesceWindowOf(progress, now);
	const {dot} = theme.symbols;
	const parts = [
		held === null ? 'the application is not held' : progress.releasedAt === null ? `application held ${duration(held)}` : `application was held ${duration(held)}`,
		...(isFrozen(progress) && waiting !== null && waiting > 0 ? [`${waiting} ${waiting === 1 ? 'process' : 'processes'} waiting`] : []),
	];
	return (
		<Text wrap="truncate">
			<Text {...theme.style(held === null || progress.releasedAt !== null ? 'dim' : 'plain')}>{`  ${parts.join(` ${dot} `)}`}</Text>
			{aborting ? <Text {...theme.style('warning')}>{` ${dot} aborting`}</Text> : null}
		</Text>
	);
}

const mountMarks: Readonly<Record<MountProgress['state'], {readonly mark: Mark; readonly tone: Tone; readonly word: string}>> = {
	freezing: {mark: 'running', tone: 'accent', word: 'is being frozen'},
	frozen: {mark: 'frozen', tone: 'selected', word: 'frozen'},
	refused: {mark: 'failed', tone: 'bad', word: 'could not be frozen'},
	thawing: {mark: 'running', tone: 'accent', word: 'is being thawed'},
	thawed: {mark: 'done', tone: 'good', word: 'thawed'},
	hung: {mark: 'warning', tone: 'warning', word: 'the kernel does not answer'},
};

function Mounts({mounts, rows}: {readonly mounts: readonly MountProgress[]; readonly rows: number}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	// Where there are more than fit, those that are not as they should be come first.
	const urgent = [...mounts].toSorted((a, b) => urgency(a) - urgency(b));
	const shown = mounts.length <= rows ? mounts : urgent.slice(0, Math.max(1, rows - 1));
	const names = Math.min(Math.max(...shown.map(({mount}) => columnsOf(mount))), columns < 60 ? columns - 16 : columns - 30);
	const markWidth = Math.max(theme.markWidth, columnsOf(theme.symbols.frozen));
	return (
		<Box flexDirection="column" marginTop={1} flexShrink={0}>
			{shown.map(one => {
				const {mark, tone, word} = mountMarks[one.state];
				const sign = theme.symbols[mark];
				const name = cutPathTo(one.mount, names, theme.symbols.ellipsis);
				const details = [columns < 60 ? one.state : word, one.durationMs === null || columns < 60 ? null : duration(one.durationMs), one.detail].filter(part => part !== null).join(` ${theme.symbols.dot} `);
				return (
					<Text key={one.mount} wrap="truncate">
						<Text {...theme.style(tone)}>{`  ${sign}${' '.repeat(markWidth + 1 - columnsOf(sign))}`}</Text>
						{name + ' '.repeat(names - columnsOf(name))}
						<Text {...theme.style(one.state === 'refused' || one.state === 'hung' ? tone : 'dim')}>{`  ${details}`}</Text>
					</Text>
				);
			})}
			{shown.length < mounts.length ? <Text {...theme.style('dim')}>{`  and ${mounts.length - shown.length} more`}</Text> : null}
		</Box>
	);
}

function urgency({state}: MountProgress): number {
	return ['hung', 'refused', 'thawing', 'freezing', 'frozen', 'thawed'].indexOf(state);
}

/** The scripts' last lines; on the way, warnings are told in the same place. */
function Output({progress, rows, tight, silence}: {readonly progress: Progress; readonly rows: number; readonly tight: boolean; readonly silence?: string}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const {gutter, ellipsis, warning} = theme.symbols;
	const warnings = progress.warnings.slice(-Math.max(1, Math.floor(rows / 3)));
	const lines = progress.output.slice(-Math.max(0, rows - warnings.length));
	return (
		<Box flexDirection="column" marginTop={tight ? 0 : 1} flexShrink={0}>
			{lines.length === 0 && silence !== undefined ? <Text wrap="truncate" {...theme.style('dim')}>{`  ${silence}`}</Text> : null}
			{lines.map(({number, line, stream}) => (
				<Text key={number} wrap="truncate">
					<Text {...theme.style(stream === 'stderr' ? 'warning' : 'dim')}>{`  ${gutter} `}</Text>
					<Text {...theme.style('dim')}>{cutTo(line.replaceAll('\t', '    '), columns - 4, ellipsis)}</Text>
				</Text>
			))}
			{warnings.map(({id, message}, index) => <Text key={`${id} ${index}`} wrap="truncate" {...theme.style('warning')}>{`  ${warning} ${message}`}</Text>)}
		</Box>
	);
}
