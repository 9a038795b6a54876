import {useEffect, useMemo, useState, type ReactNode} from 'react';
import {hostname} from 'node:os';
import {useChoiceList, type Choice} from '../components/choice-list.js';
import {backBindings, type Binding} from '../components/bindings.js';
import {Frame} from '../components/frame.js';
import {useScroll} from '../components/scroll.js';
import {Searched, useSearch} from '../components/search.js';
import {useSize} from '../components/size.js';
import {Waiting} from '../components/spinner.js';
import {exitCodes} from '../core/failure.js';
import {duration} from '../core/durations.js';
import {isWithoutReport, withoutReport, type HistoryEntry} from '../core/history.js';
import {wordFilter} from '../core/search.js';
import {outcomeWords} from '../core/verdict-words.js';
import {outcomeMarks} from '../screens/outcome-marks.js';
import {errorText, whenText} from '../screens/list-words.js';
import {HistoryDetail, HistoryList, HistoryTrend} from '../screens/history/index.js';
import {useRemembered} from './remembered.js';
import type {ViewProps} from './view.js';

const explanation = [
	'Every cycle that quiesce ran on this VM, and every backup of Azure that it saw in the extension\'s log and status files, newest first. Times are UTC.',
	'Frozen is the time from the first filesystem frozen to the last one thawed; held the time from the end of the pre-script to the end of the post-script.',
	'Below the list is how these times go on, and a warning before one of them reaches its limit.',
];

const machine = hostname().split('.')[0] ?? '';

type Which = 'all' | 'azure' | 'quiesce';
const next: Readonly<Record<Which, Which>> = {all: 'azure', azure: 'quiesce', quiesce: 'all'};
const whichWords: Readonly<Record<Which, string>> = {all: '', azure: 'Azure\'s backups only', quiesce: 'cycles of quiesce only'};

/** `h`, and `quiesce history`: earlier cycles. */
export function View(props: ViewProps): ReactNode {
	const {invocation, memory, open, replace, back, leave} = props;
	const [entries, setEntries] = useState<readonly HistoryEntry[] | null>(null);
	const [which, setWhich] = useRemembered<Which>(memory, 'which', 'all');
	const [chosen, setChosen] = useRemembered<HistoryEntry | null>(memory, 'chosen', null);
	const [trend, setTrend] = useState(false);
	const narrow = useSize().columns < 60;
	useEffect(() => {
		let gone = false;
		const {log, status} = invocation.flags;
		const look = async (): Promise<void> => {
			// Only now, so that the first frame need not wait for it.
			const {lookBack} = await import('../operations/look-back.js');
			if (!gone) setEntries(lookBack({...(log === undefined ? {} : {log}), ...(status === undefined ? {} : {statusDirectory: status})}, Date.now()));
		};
		void look();
		return () => {
			gone = true;
		};
	}, [invocation]);

	const alone = invocation.command === 'history';
	// Of ten thousand cycles nothing is worked out anew for a key.
	const theirs = useMemo(() => (entries ?? []).filter(({source}) => which === 'all' || source === which), [entries, which]);
	const search = useSearch({isUseless: theirs.length < 2, initial: (memory.get('search') as string | undefined) ?? '', onChange: text => void memory.set('search', text)});
	const shown = useMemo(() => matching(theirs, search.wanted), [theirs, search.wanted]);
	const choices = useMemo(() => shown.map(entry => choiceOf(entry, narrow)), [shown, narrow]);
	const list = useChoiceList({choices, onChoose: setChosen, enterLabel: 'show it whole', initial: typeof memory.get('at') === 'number' ? memory.get('at') as number : 0, onMove: entry => memory.set('at', shown.indexOf(entry))});
	const both = useMemo(() => new Set((entries ?? []).map(({source}) => source)).size > 1, [entries]);
	const stops: readonly Binding[] = [{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => leave({exitCode: exitCodes.interrupted})}];
	if (chosen !== null) return <Detail entry={chosen} open={open} onBack={() => setChosen(null)} stops={stops} />;
	if (trend) return <Trend entries={shown} onBack={() => setTrend(false)} stops={stops} />;
	return (
		<Frame
			where={['history', ...(which === 'all' ? [] : [whichWords[which]])]}
			right={entries === null ? machine : `${shown.length} ${shown.length === 1 ? 'cycle' : 'cycles'}`}
			explanation={explanation}
			typing={search.typing}
			bindings={[
				...search.bindings,
				...(shown.length === 0 ? [] : list.bindings),
				...(both ? [{keys: ['tab'], label: 'whose', run: () => setWhich(next[which])}] : []),
				{keys: ['x'], label: 'explain', hidden: list.current?.value.errors[0] === undefined, run: () => {
					const error = list.current?.value.errors[0];
					open(error === undefined ? {view: 'explain'} : {view: 'explain', name: error.name});
				}},
				{keys: ['t'], label: 'trend', hidden: shown.length < 2, run: () => setTrend(true)},
				{keys: ['r'], label: 'look again', hidden: true, run: () => replace({view: 'history'})},
				...backBindings(() => (alone ? leave({exitCode: exitCodes.done}) : back()), alone ? {label: 'leave'} : {}),
				...stops,
			]}
		>
			{entries === null ? <Waiting text="reading the history" /> : (
				<Searched search={search} found={shown.length} of={theirs.length} things="cycles"><HistoryList entries={shown} list={list} /></Searched>
			)}
		</Frame>
	);
}

/** The cycles that have all the words that are looked for: of when, whose, how it went, errors, filesystems, snapshot. */
function matching(entries: readonly HistoryEntry[], wanted: string): readonly HistoryEntry[] {
	const hasWords = wordFilter(wanted);
	return wanted === '' ? entries : entries.filter(({at, source, outcome, errors, mounts, snapshot, verified, id}) => hasWords([
		at.replace('T', ' '), source, outcomeWords[outcome], ...errors.flatMap(({name, code}) => [name, String(code ?? '')]), ...mounts, snapshot?.path ?? '', verified?.replaceAll('-', ' ') ?? '', id,
	].join(' ')));
}

function choiceOf(entry: HistoryEntry, narrow: boolean): Choice<HistoryEntry> {
	const [error] = entry.errors;
	const told = error !== undefined ? errorText(error) : isWithoutReport(entry) ? withoutReport.short : null;
	const windows = entry.freezeWindowMs > 0 ? `${duration(entry.freezeWindowMs)} frozen` : '';
	const detail = told ?? entry.verified?.replaceAll('-', ' ');
	return {
		value: entry,
		mark: outcomeMarks[entry.outcome],
		label: narrow
			? `${entry.at.slice(5, 16).replace('T', ' ')} ${outcomeWords[entry.outcome]}`
			: `${entry.at.slice(0, 16).replace('T', ' ')}  ${entry.source === 'azure' ? 'Azure  ' : 'quiesce'}  ${outcomeWords[entry.outcome]}`,
		...(detail === undefined ? {} : {detail}),
		// What went wrong has the room of both.
		...(windows === '' || told !== null ? {} : {note: windows}),
	};
}

function Trend({entries, onBack, stops}: {readonly entries: readonly HistoryEntry[]; readonly onBack: () => void; readonly stops: readonly Binding[]}): ReactNode {
	const scroll = useScroll();
	return (
		<Frame where={['history', 'trend']} explanation={explanation} bindings={[...scroll.bindings, ...backBindings(onBack, {more: ['enter', 't']}), ...stops]}>
			<HistoryTrend entries={entries} scroll={scroll} />
		</Frame>
	);
}

type DetailProps = {readonly entry: HistoryEntry; readonly open: ViewProps['open']; readonly onBack: () => void; readonly stops: readonly Binding[]};

function Detail({entry, open, onBack, stops}: DetailProps): ReactNode {
	const scroll = useScroll();
	const [error] = entry.errors;
	const path = process.geteuid?.() === 0 ? entry.snapshot?.path : undefined;
	return (
		<Frame
			where={['history', whenText(entry.source === 'azure' ? 'backup' : 'cycle', Date.parse(entry.at), useSize().columns < 60)]}
			explanation={explanation}
			bindings={[
				...scroll.bindings,
				...(error === undefined ? [] : [{keys: ['x'], label: 'explain', run: () => open({view: 'explain', name: error.name})}]),
				...(path === undefined ? [] : [{keys: ['v'], label: 'verify the snapshot', run: () => open({view: 'verify', snapshot: path})}]),
				...backBindings(onBack, {more: ['enter']}),
				...stops,
			]}
		>
			<HistoryDetail entry={entry} scroll={scroll} />
		</Frame>
	);
}
