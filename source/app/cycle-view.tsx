import {useEffect, useState, type ReactNode} from 'react';
import {hostname} from 'node:os';
import {Box, Text, renderToString} from 'ink';
import {useCellValue} from '../components/cell.js';
import {backBindings, type Binding} from '../components/bindings.js';
import {wrapText} from '../components/columns.js';
import {Frame} from '../components/frame.js';
import {ScrollView, useScroll} from '../components/scroll.js';
import {useRoom, useSize} from '../components/size.js';
import {Waiting} from '../components/spinner.js';
import {useTheme} from '../components/theme.js';
import type {CycleResult} from '../core/cycle-events.js';
import type {CycleOutlook} from '../core/cycle-outlook.js';
import {exitCodeOf} from '../core/cycle/exit-code.js';
import {duration} from '../core/durations.js';
import {findError} from '../core/errors.js';
import type {ErrorEntry} from '../core/errors/entry.js';
import type {Progress} from '../core/progress.js';
import {foreseeCycle} from '../operations/cycle-outlook.js';
import type {CycleOrder} from '../operations/run-cycle.js';
import {CycleLive} from '../screens/cycle-live.js';
import {CycleOutlookScreen} from '../screens/cycle-outlook.js';
import {CycleSummary, SummaryRow, summaryLines} from '../screens/cycle-summary.js';
import {Phases} from '../screens/cycle-phases.js';
import {defaultConfiguration, type Invocation} from '../commands/invocation.js';
import {ErrorFrame} from '../screens/explain.js';
import {FailureScreen} from '../screens/failure.js';
import {useCycleClock} from './cycle-clock.js';
import {RunningCycle} from './running-cycle.js';
import type {ViewProps} from './view.js';

const explanation = [
	'A cycle does what Azure Backup does at night: it checks the configuration, runs the pre-script, freezes the filesystems, takes the snapshot, thaws, and runs the post-script.',
	'While filesystems are frozen everything that writes to them waits; nothing is lost. They are thawed when the snapshot is taken, and at the latest by themselves at the deadline, also where quiesce itself is killed.',
	'ctrl-c aborts: what is frozen is thawed, the post-script runs once, and the cycle ends. Closing the terminal does the same.',
];

const machine = hostname().split('.')[0] ?? '';

function orderOf({flags}: Invocation): CycleOrder {
	return {
		configuration: flags.config ?? defaultConfiguration,
		mounts: flags.mount ?? [],
		provider: flags.snapshot ?? 'rehearsal',
		holdMs: (flags.hold ?? 0) * 1000,
		lockWaitMs: (flags.wait ?? 0) * 1000,
	};
}

/** What stays on the terminal, drawn once more without one. */
function summarise(progress: Progress, result: CycleResult): string {
	const width = Math.min(process.stdout.columns || 80, 100);
	return renderToString(<CycleSummary progress={progress} result={result} width={width} />, {columns: width});
}

type Stage =
	| {readonly is: 'asking'}
	| {readonly is: 'running'; readonly cycle: RunningCycle}
	| {readonly is: 'ended'; readonly cycle: RunningCycle; readonly result: CycleResult}
	| {readonly is: 'refused'; readonly error: unknown};

/**
 * `c`, and `quiesce cycle`: a live cycle. From the app it first says what it will do, and asks; as a command, or from the wizard, it was asked for already.
 * As the whole of a command it leaves when it has ended.
 */
export function View(props: ViewProps): ReactNode {
	const {invocation, route, leave} = props;
	const asked = invocation.command === 'cycle' || (route.view === 'cycle' && route.asked === true);
	const alone = invocation.command === 'cycle' || invocation.command === 'setup';
	const [stage, setStage] = useState<Stage>({is: 'asking'});
	const start = (): void => {
		const cycle = new RunningCycle(orderOf(invocation), summarise);
		setStage({is: 'running', cycle});
		cycle.ended.then(
			result => (alone ? leave({exitCode: exitCodeOf(result), summary: cycle.summary(result)}) : setStage({is: 'ended', cycle, result})),
			(error: unknown) => (alone ? leave({exitCode: 1, error}) : setStage({is: 'refused', error})),
		);
	};
	switch (stage.is) {
		case 'asking': return asked ? <Begin onBegin={start} /> : <Asking {...props} onStart={start} />;
		case 'running': return <Running cycle={stage.cycle} />;
		case 'ended': return <Ended {...props} cycle={stage.cycle} result={stage.result} onAgain={start} />;
		case 'refused': return <FailureScreen where={['live cycle']} error={stage.error} bindings={[{keys: ['enter', 'r'], label: 'try again', run: () => setStage({is: 'asking'})}, ...leaveKeys(props)]} />;
	}
}

function leaveKeys({back, leave}: ViewProps): readonly Binding[] {
	return [
		...backBindings(back),
		{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => leave({exitCode: 130})},
	];
}

/** The first frame is on the screen before anything is done. */
function Begin({onBegin}: {readonly onBegin: () => void}): ReactNode {
	useEffect(() => {
		const timer = setImmediate(onBegin);
		return () => clearImmediate(timer);
	});
	return <Frame where={['live cycle']} right={machine} bindings={[]}><Text>Making ready.</Text></Frame>;
}

function Asking(props: ViewProps & {readonly onStart: () => void}): ReactNode {
	const {invocation, onStart} = props;
	const scroll = useScroll();
	const [outlook] = useState<{readonly is: CycleOutlook} | {readonly error: unknown}>(() => {
		try {
			return {is: foreseeCycle(orderOf(invocation))};
		} catch (error) {
			return {error};
		}
	});
	if ('error' in outlook) return <FailureScreen where={['live cycle']} error={outlook.error} bindings={leaveKeys(props)} />;
	return (
		<Frame where={['live cycle']} right={machine} explanation={explanation} bindings={[{keys: ['enter'], label: 'start', run: onStart}, ...scroll.bindings, ...leaveKeys(props)]}>
			<CycleOutlookScreen outlook={outlook.is} scroll={scroll} />
		</Frame>
	);
}

function Running({cycle}: {readonly cycle: RunningCycle}): ReactNode {
	const progress = useCellValue(cycle.progress);
	const stage = useCellValue(cycle.stage);
	const aborting = useCellValue(cycle.aborting);
	const waiting = useCellValue(cycle.waiting);
	const now = useCycleClock(progress);
	const elapsed = progress.startedAt === null ? '' : `   ${duration(Math.max(0, now - progress.startedAt))}`;
	const holder = useCellValue(cycle.holder);
	const narrow = useSize().columns < 60;
	const label = stage === 'preparing' ? 'leave, nothing has been done'
		: aborting === null ? (narrow ? 'abort: thaw, post-script, end' : 'abort: thaw, run the post-script, stop')
			: narrow ? 'aborting: thaw, post-script' : 'aborting: it thaws, runs the post-script, and ends';
	return (
		<Frame where={['live cycle']} right={machine + elapsed} explanation={explanation} bindings={[{keys: ['ctrl-c'], label, run: () => cycle.abort('SIGINT')}]}>
			{stage === 'preparing' ? <Preparing holder={holder} /> : <CycleLive progress={progress} now={now} waiting={waiting} aborting={aborting !== null} />}
		</Frame>
	);
}

function Preparing({holder}: {readonly holder: string | null}): ReactNode {
	const {columns} = useRoom();
	if (holder === null) return <Waiting text="making ready" />;
	return (
		<Box flexDirection="column">
			<Waiting text="waiting for the lock" />
			<Text> </Text>
			{wrapText(`Another cycle, or a backup by Azure, is under way: ${holder} holds the lock.`, columns - 2).map((line, index) => <Text key={index}>{`  ${line}`}</Text>)}
		</Box>
	);
}

function Ended(props: ViewProps & {readonly cycle: RunningCycle; readonly result: CycleResult; readonly onAgain: () => void}): ReactNode {
	const {cycle, result, onAgain, open, back, leave} = props;
	const snapshot = result.snapshot?.path;
	const [explained, setExplained] = useState<ErrorEntry | null>(null);
	const progress = useCellValue(cycle.progress);
	const scroll = useScroll();
	const [error] = result.errors.flatMap(({name}) => findError(name) ?? []);
	if (explained !== null) return <ErrorFrame entry={explained} back={() => setExplained(null)} leave={() => leave({exitCode: 130})} />;
	return (
		<Frame
			where={['live cycle', 'ended']}
			right={machine}
			explanation={explanation}
			bindings={[
				{keys: ['enter'], label: 'done', run: back},
				...scroll.bindings,
				{keys: ['r'], label: 'run again', run: onAgain},
				...(error === undefined ? [] : [{keys: ['x'], label: 'explain', run: () => setExplained(error)}]),
				...(snapshot === undefined ? [] : [{keys: ['v'], label: 'verify the snapshot', run: () => open({view: 'verify', snapshot})}]),
				...leaveKeys(props),
			]}
		>
			<Phases progress={progress} now={progress.endedAt ?? 0} />
			<Text> </Text>
			<SummaryView progress={progress} result={result} scroll={scroll} />
		</Frame>
	);
}

function SummaryView({progress, result, scroll}: {readonly progress: Progress; readonly result: CycleResult; readonly scroll: ReturnType<typeof useScroll>}): ReactNode {
	const theme = useTheme();
	const {rows, columns} = useRoom();
	const lines = summaryLines(progress, result, columns, theme);
	return <ScrollView scroll={scroll} count={lines.length} height={Math.max(2, rows - 7)} renderRow={index => <SummaryRow line={lines[index] ?? {text: '', tone: 'plain'}} />} />;
}
