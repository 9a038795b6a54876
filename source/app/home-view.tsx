import {useEffect, useState, type ReactNode} from 'react';
import {hostname} from 'node:os';
import {useChoiceList, type Choice} from '../components/choice-list.js';
import {Frame} from '../components/frame.js';
import {Failure} from '../core/failure.js';
import type {Overview} from '../core/overview.js';
import {settledCycleLines} from '../core/settlement-words.js';
import {defaultConfiguration} from '../commands/invocation.js';
import {Home} from '../screens/home.js';
import type {Route, ViewProps} from './view.js';

const explanation = [
	'The first line says what the next backup of this VM will be, as the backup extension would decide it now. The doctor says why, and mends what can be mended.',
	'A live cycle does now what Azure does at night, scripts and freeze included, and shows every phase. Watching follows a backup that Azure runs.',
	'Nothing is changed, run or frozen from here without being asked about first. Only what an earlier cycle still owes is made up for at once: it is thawed, and its post-script runs.',
];

type Findings = {readonly errors: number; readonly warnings: number};

/** The first screen: how things stand, and one key to everything. */
export function View({invocation, open, replace, back, leave}: ViewProps): ReactNode {
	const configuration = invocation.flags.config ?? defaultConfiguration;
	const {mount} = invocation.flags;
	const [seen, setSeen] = useState<{readonly overview: Overview; readonly at: number} | null>(null);
	const [settled, setSettled] = useState<readonly string[]>([]);
	const [findings, setFindings] = useState<Findings | null>(null);
	useEffect(() => {
		let gone = false;
		const look = async (): Promise<void> => {
			// Only now, so that the first frame need not wait for it.
			const {lookAround} = await import('../operations/overview.js');
			if (gone) return;
			const overview = lookAround(configuration, mount ?? []);
			setSeen({overview, at: Date.now()});
			if (overview.presence.is === 'unfinished') {
				const {resume} = await import('../operations/resume.js');
				const lines = await resume().then(({cycles}) => cycles.flatMap(settledCycleLines), failureLines);
				if (gone) return;
				setSettled(lines);
				setSeen({overview: lookAround(configuration, mount ?? []), at: Date.now()});
			}
			const {examine} = await import('../operations/examine.js');
			const examination = await examine({configuration, ...(mount === undefined ? {} : {mounts: mount})}).catch(() => null);
			if (gone || examination === null) return;
			const count = (severity: string): number => examination.findings.filter(finding => finding.severity === severity).length;
			setFindings({errors: count('error'), warnings: count('warning')});
		};
		void look();
		return () => {
			gone = true;
		};
	}, [configuration, mount]);

	const menu = useChoiceList<Route>({choices: choicesOf(seen?.overview ?? null, findings), onChoose: open, enterLabel: 'open', moveLabel: 'choose'});
	return (
		<Frame
			where={[]}
			right={hostname().split('.')[0] ?? ''}
			explanation={explanation}
			bindings={[
				...menu.bindings,
				{keys: ['r'], label: 'look again', hidden: true, run: () => replace({view: 'home'})},
				{keys: ['q', 'esc'], label: 'quit', run: back},
				{keys: ['ctrl-c'], label: 'quit', hidden: true, run: () => leave({exitCode: 0})},
			]}
		>
			<Home overview={seen?.overview ?? null} menu={menu} now={seen?.at ?? 0} notice={settled} />
		</Frame>
	);
}

function failureLines(error: unknown): readonly string[] {
	return [error instanceof Error ? error.message : String(error), ...(error instanceof Failure ? error.remedies.map(remedy => `  ${remedy}`) : [])];
}

function choicesOf(overview: Overview | null, findings: Findings | null): readonly Choice<Route>[] {
	const doctor = findings === null
		? {}
		: findings.errors > 0
			? {note: count(findings.errors, 'error'), noteTone: 'bad' as const}
			: findings.warnings > 0 ? {note: count(findings.warnings, 'warning'), noteTone: 'warning' as const} : {note: 'all is well', noteTone: 'good' as const};
	return [
		{key: 's', label: overview?.configured === false ? 'Set up' : 'Set up or change', detail: 'the scripts and the configuration', value: {view: 'setup'}},
		{key: 'c', label: 'Run a live cycle', detail: 'what Azure does at night, now', value: {view: 'cycle'}},
		{key: 'd', label: 'Doctor', detail: 'why, and what to press to mend it', value: {view: 'doctor'}, ...doctor},
		{key: 'w', label: 'Watch', detail: 'follow Azure\'s backup while it runs', value: {view: 'watch'}},
		{key: 'h', label: 'History', detail: 'earlier cycles and their windows', value: {view: 'history'}, ...(overview === null || overview.cycles === 0 ? {} : {note: count(overview.cycles, 'cycle')})},
		{key: 'x', label: 'Explain an error', detail: 'what it means, what to do', value: {view: 'explain'}},
	];
}

function count(number: number, word: string): string {
	return `${number} ${word}${number === 1 ? '' : 's'}`;
}
