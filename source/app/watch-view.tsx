import {useEffect, useState, type ReactNode} from 'react';
import {hostname} from 'node:os';
import {backBindings, type Binding} from '../components/bindings.js';
import {useCellValue} from '../components/cell.js';
import {useChoiceList, type Choice} from '../components/choice-list.js';
import {useNow} from '../components/clock.js';
import {Frame} from '../components/frame.js';
import {useScroll} from '../components/scroll.js';
import {useSize} from '../components/size.js';
import {Waiting} from '../components/spinner.js';
import {useTheme, type Theme} from '../components/theme.js';
import {exitCodes} from '../core/failure.js';
import {duration} from '../core/durations.js';
import type {CycleStory} from '../core/extension-log/cycle.js';
import {withoutReport} from '../core/history.js';
import type {ErrorReference} from '../core/outcome.js';
import {outcomeWords} from '../core/verdict-words.js';
import type {FollowView} from '../operations/follow.js';
import {FailureScreen} from '../screens/failure.js';
import {errorText, whenText} from '../screens/list-words.js';
import {outcomeMarks} from '../screens/outcome-marks.js';
import {BackupEnded, BackupRunning, WatchWaiting} from '../screens/watch/index.js';
import {backupHeadline} from '../screens/watch/lines.js';
import {useCycleClock} from './cycle-clock.js';
import {progressOf, WatchSession} from './watch/session.js';
import {useRemembered} from './remembered.js';
import type {Leaving, ViewProps} from './view.js';

const explanation = [
	'Azure\'s own backups of this VM, as its extension tells them in its log and its status files. Nothing is written near them, and nothing of the backup is changed by watching.',
	'While the extension has the filesystems frozen its log is silent. What is shown then is seen from outside: the process that freezes, and the lock. The log\'s own lines correct it afterwards.',
	'Azure reports a backup that is less than application-consistent as a success. What it really is, and why, stands here.',
];

const machine = hostname().split('.')[0] ?? '';

/** `w`, and `quiesce watch`: follows Azure's backups. */
export function View(props: ViewProps): ReactNode {
	const {invocation, memory, open, back, leave} = props;
	const theme = useTheme();
	const [session] = useState(() => new WatchSession({
		...(invocation.flags.log === undefined ? {} : {log: invocation.flags.log}),
		...(invocation.flags.status === undefined ? {} : {statusDirectory: invocation.flags.status}),
	}, memory));
	useEffect(() => {
		session.begin();
		return () => session.close();
	}, [session]);
	const {view, progress, watched, failure} = useCellValue(session.state);
	const [chosen, setChosen] = useRemembered<CycleStory | null>(memory, 'chosen', null);
	const alone = invocation.command === 'watch';
	const latest = view?.latest ?? null;
	const running = latest !== null && latest.end === null;
	const away = (exitCode: number): void => leave(leavingWith(latest, exitCode, theme));
	const keys: readonly Binding[] = [
		{keys: ['h'], label: 'history', run: () => open({view: 'history'})},
		...backBindings(() => (alone ? away(exitCodes.done) : back()), alone ? {label: 'leave'} : {}),
		{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => away(exitCodes.interrupted)},
	];
	if (failure !== null) return <FailureScreen where={['watch']} error={failure.error} bindings={keys.slice(1)} />;
	if (view === null) return <Frame where={['watch']} right={machine} explanation={explanation} bindings={keys}><Waiting text="reading the end of the log" /></Frame>;
	if (chosen !== null) return <Ended story={chosen} onBack={() => setChosen(null)} open={open} leave={away} />;
	if (running) return <Running view={view} story={latest} progress={progress} bindings={[...explainBinding(progress.phases.flatMap(({errors}) => errors)[0], open), ...keys]} />;
	if (latest !== null && latest.id === watched) return <Ended story={latest} onBack={() => session.dismiss()} open={open} leave={away} />;
	return <Idle view={view} bindings={keys} onChoose={setChosen} open={open} />;
}

/** The key that opens what an error means; none where there is no error. */
function explainBinding(error: ErrorReference | undefined, open: ViewProps['open']): readonly Binding[] {
	return error === undefined ? [] : [{keys: ['x'], label: 'explain', run: () => open({view: 'explain', name: error.name})}];
}

type RunningProps = {readonly view: FollowView; readonly story: CycleStory; readonly progress: ReturnType<typeof progressOf>; readonly bindings: readonly Binding[]};

function Running({view, story, progress, bindings}: RunningProps): ReactNode {
	const now = useCycleClock(progress, view.lagMs);
	const age = now - story.beganAt;
	const elapsed = age >= 0 && age < 86_400_000 ? `   ${duration(age)}` : '';
	return (
		<Frame where={['watch', 'Azure\'s backup']} right={machine + elapsed} explanation={explanation} bindings={bindings}>
			<BackupRunning progress={progress} story={story} sight={view.sight} now={now} />
		</Frame>
	);
}

function Idle({view, bindings, onChoose, open}: {readonly view: FollowView; readonly bindings: readonly Binding[]; readonly onChoose: (story: CycleStory) => void; readonly open: ViewProps['open']}): ReactNode {
	// It may wait for days: nothing turns, and nothing is drawn but what has changed.
	const now = useNow(10_000);
	const narrow = useSize().columns < 60;
	const stories = [...(view.latest === null ? [] : [view.latest]), ...view.past];
	const list = useChoiceList({choices: stories.map(story => choiceOf(story, narrow)), onChoose, enterLabel: 'show it whole'});
	return (
		<Frame where={['watch']} right={machine} explanation={explanation} bindings={[...(stories.length === 0 ? [] : list.bindings), ...explainBinding(list.current?.value.end?.result.errors[0], open), ...bindings]}>
			<WatchWaiting latest={view.latest} list={list} logThere={view.logThere} log={view.places.log} now={now} />
		</Frame>
	);
}

function choiceOf(story: CycleStory, narrow: boolean): Choice<CycleStory> {
	const result = story.end?.result ?? null;
	const outcome = result?.outcome ?? 'failed';
	const [error] = result?.errors ?? [];
	const told = error !== undefined ? errorText(error) : outcome === 'failed' ? withoutReport.short : null;
	const windows = result === null ? 'not ended' : result.freezeWindowMs > 0 ? `frozen ${duration(result.freezeWindowMs)}` : '';
	return {
		value: story,
		mark: outcomeMarks[outcome],
		label: `${new Date(story.beganAt).toISOString().slice(narrow ? 5 : 0, 16).replace('T', ' ')}${narrow ? ' ' : '  '}${outcomeWords[outcome]}`,
		...(told === null ? {} : {detail: told}),
		// What went wrong has the room of both.
		...(windows === '' || told !== null ? {} : {note: windows}),
	};
}

type EndedProps = {readonly story: CycleStory; readonly onBack: () => void; readonly open: ViewProps['open']; readonly leave: (exitCode: number) => void};

function Ended({story, onBack, open, leave}: EndedProps): ReactNode {
	const scroll = useScroll();
	const progress = progressOf(story);
	return (
		<Frame
			where={['watch', whenText('backup', story.beganAt, useSize().columns < 60)]}
			explanation={explanation}
			bindings={[
				...scroll.bindings,
				...explainBinding(story.end?.result.errors[0], open),
				...backBindings(onBack, {more: ['enter']}),
				{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => leave(exitCodes.interrupted)},
			]}
		>
			<BackupEnded progress={progress} story={story} scroll={scroll} />
		</Frame>
	);
}

/** What stays on the terminal: the last backup in a line. */
function leavingWith(latest: CycleStory | null, exitCode: number, {symbols}: Theme): Leaving {
	if (latest === null) return {exitCode};
	const began = `${new Date(latest.beganAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
	if (latest.end === null) return {exitCode, summary: `${symbols.running === '⠹' ? symbols.pending : symbols.running} The backup of ${began} is still running.`};
	const {result} = latest.end;
	return {exitCode, summary: `${symbols[outcomeMarks[result.outcome].mark]} ${backupHeadline(result)}\n  Azure's backup of ${began}`};
}
