import {useEffect, useState, type ReactNode} from 'react';
import {hostname} from 'node:os';
import {useCellValue} from '../components/cell.js';
import {useChoiceList, type Choice} from '../components/choice-list.js';
import {useNow} from '../components/clock.js';
import {Frame} from '../components/frame.js';
import type {Overview} from '../core/overview.js';
import type {ErrorReference} from '../core/outcome.js';
import {defaultConfiguration} from '../commands/invocation.js';
import {errorTitle} from '../screens/explain.js';
import {Home} from '../screens/home.js';
import {HomeSession, type FindingCounts} from './home/session.js';
import {useRemembered} from './remembered.js';
import type {Route, ViewProps} from './view.js';

const explanation = [
	'The first line says what the next backup of this VM will be, as the backup extension would decide it now. The doctor says why, and mends what can be mended.',
	'A live cycle does now what Azure does at night, scripts and freeze included, and shows every phase. Watching follows a backup that Azure runs.',
	'Nothing is changed, run or frozen from here without being asked about first. Only what an earlier cycle still owes is made up for at once: it is thawed, and its post-script runs.',
	'What is shown here is looked at again whenever it may have changed.',
];

/** The first screen: how things stand, and one key to everything. */
export function View({invocation, memory, open, back, leave}: ViewProps): ReactNode {
	const [session] = useState(() => new HomeSession(invocation.flags.config ?? defaultConfiguration, invocation.flags.mount ?? []));
	useEffect(() => {
		session.look();
		return () => session.close();
	}, [session]);
	const {overview, findings, settled} = useCellValue(session.state);
	// It may be open for days: "2 h ago" is all that changes by itself.
	const now = useNow(10_000);
	const [at, setAt] = useRemembered(memory, 'at', 0);
	const choices = choicesOf(overview, findings);
	const menu = useChoiceList<Route>({
		choices, onChoose: open, enterLabel: 'open', moveLabel: 'choose', initial: at,
		onMove: route => setAt(choices.findIndex(({value}) => value.view === route.view)),
	});
	return (
		<Frame
			where={[]}
			right={hostname().split('.')[0] ?? ''}
			explanation={explanation}
			bindings={[
				...menu.bindings,
				{keys: ['r'], label: 'look again', hidden: true, run: () => session.look()},
				{keys: ['esc', 'q'], label: 'quit', run: back},
				{keys: ['ctrl-c'], label: 'quit', hidden: true, run: () => leave({exitCode: 0})},
			]}
		>
			<Home overview={overview} menu={menu} now={now} notice={settled} />
		</Frame>
	);
}

function choicesOf(overview: Overview | null, findings: FindingCounts | null): readonly Choice<Route>[] {
	const doctor = findings === null
		? {}
		: findings.errors > 0
			? {note: count(findings.errors, 'error'), noteTone: 'bad' as const}
			: findings.warnings > 0 ? {note: count(findings.warnings, 'warning'), noteTone: 'warning' as const} : {note: 'all is well', noteTone: 'good' as const};
	const error = errorShown(overview);
	return [
		{key: 's', label: overview?.configured === false ? 'Set up' : 'Set up or change', detail: 'the scripts and the configuration', value: {view: 'setup'}},
		{key: 'c', label: 'Run a live cycle', detail: 'what Azure does at night, now', value: {view: 'cycle'}},
		{key: 'd', label: 'Doctor', detail: 'why, and what to press to mend it', value: {view: 'doctor'}, ...doctor},
		{key: 'w', label: 'Watch', detail: 'follow Azure\'s backup while it runs', value: {view: 'watch'}},
		{key: 'h', label: 'History', detail: 'earlier cycles and their windows', value: {view: 'history'}},
		{
			key: 'x', label: 'Explain an error', detail: error === undefined ? 'what it means, what to do' : errorTitle(error),
			value: error === undefined ? {view: 'explain'} : {view: 'explain', name: error.name},
		},
	];
}

/** The error that this screen is about: what keeps the next backup from being as it should, or kept the last ones. */
function errorShown(overview: Overview | null): ErrorReference | undefined {
	return overview === null ? undefined : [overview.configured ? overview.verdict : null, overview.azure, overview.cycle].flatMap(one => one?.errors ?? [])[0];
}

function count(number: number, word: string): string {
	return `${number} ${word}${number === 1 ? '' : 's'}`;
}
