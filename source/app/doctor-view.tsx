import {useEffect, useState, type ReactNode} from 'react';
import {backBindings, type Binding} from '../components/bindings.js';
import {useCell, useCellValue} from '../components/cell.js';
import {confirmBindings} from '../components/confirm.js';
import {wrapText} from '../components/columns.js';
import {Frame} from '../components/frame.js';
import {Searched, useSearch} from '../components/search.js';
import {useSize} from '../components/size.js';
import {useTheme} from '../components/theme.js';
import {defaultConfiguration} from '../commands/invocation.js';
import {hasErrors, type Finding} from '../core/checks/finding.js';
import {count} from '../core/checks/words.js';
import {exitCodes} from '../core/failure.js';
import {wordFilter} from '../core/search.js';
import {DoctorScreen, MendScreen} from '../screens/doctor/index.js';
import {Part} from '../screens/doctor/part.js';
import {verdictMark} from '../screens/doctor/lines.js';
import {DoctorSession, type DoctorState} from './doctor/session.js';
import type {Leaving, ViewProps} from './view.js';

const explanation = [
	'What Azure\'s extension will do at the next backup, judged by the files as they lie on this VM, and everything else that was noticed: errors first, in the order in which the extension meets them.',
	'What can be mended has the word mend beside it. The change is shown before anything is written, and a file whose content changes is kept under a dated name.',
	'Watching looks again by itself whenever the configuration or a script changes: mend it in an editor beside this, and see the finding go.',
];

/** `d`: the doctor. */
export function View({invocation, memory, open, back, leave}: ViewProps): ReactNode {
	const theme = useTheme();
	const [session] = useState(() => new DoctorSession({
		configuration: invocation.flags.config ?? defaultConfiguration,
		...(invocation.flags.mount === undefined ? {} : {mounts: invocation.flags.mount}),
	}, memory.get('state') as DoctorState | undefined));
	const state = useCellValue(session.state);
	if (state.failure !== null) throw state.failure.error;
	const [wanted, pointer] = useCell(() => (memory.get('row') as number | undefined) ?? 0);
	// Nothing chosen yet: the first error tells by itself why the verdict is what it is, where there is room for that.
	const [chosen, folds] = useCell<ReadonlySet<string> | null>(() => (memory.get('unfolded') as ReadonlySet<string> | null | undefined) ?? null);
	const [part] = useState(() => new Part());
	const [, moves] = useCell(() => 0);
	const {columns} = useSize();
	useEffect(() => {
		session.check();
		return () => {
			memory.set('state', session.state.read()).set('row', pointer.read()).set('unfolded', folds.read());
			session.close();
		};
	}, [session, memory, pointer, folds]);

	const all = state.examination?.findings ?? [];
	const search = useSearch({isUseless: all.length < 2, initial: (memory.get('search') as string | undefined) ?? '', onChange: text => void memory.set('search', text)});
	const findings = matching(all, search.wanted);
	const last = Math.max(0, findings.length - 1);
	const row = Math.min(wanted, last);
	const current = (): Finding | undefined => matching(session.state.read().examination?.findings ?? [], search.wanted)[Math.min(pointer.read(), last)];
	const unfolded = (): ReadonlySet<string> => folds.read() ?? (columns < widthForDetails ? new Set() : firstError(session.state.read()));
	const away = (exitCode: number): void => leave(leavingWith(state, exitCode, theme.symbols, columns));
	const stops: readonly Binding[] = [{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => away(exitCodes.interrupted)}];

	if (state.plan !== null) {
		const {steps, refused} = state.plan;
		const lines = steps.flatMap(({lines}) => lines);
		return (
			<Frame where={['doctor', 'mend']} explanation={explanation} bindings={[
				...(lines.length === 0
					? backBindings(() => session.decline(), {more: ['enter']})
					: confirmBindings({yes: 'make these changes', no: 'back, nothing is changed', onYes: () => session.accept(), onNo: () => session.decline()})),
				...stops,
			]}>
				<MendScreen lines={lines} refused={refused.map(({finding, why}) => `${finding.title}: ${why}`)} />
			</Frame>
		);
	}

	const fixable = findings.filter(finding => finding.fixable);
	const move = (to: number): void => pointer.set(Math.max(0, Math.min(last, to)));
	const ownRoute = invocation.command === 'doctor';
	const bindings: readonly Binding[] = [
		...search.bindings,
		{keys: ['up', 'down'], label: 'move', hidden: findings.length < 2, run: key => {
			if (part.move(key === 'up' ? 'up' : 'down')) moves.set(moves.read() + 1);
			else move(Math.min(pointer.read(), last) + (key === 'up' ? -1 : 1));
		}},
		{keys: ['home', 'end'], label: 'first or last', hidden: true, run: key => move(key === 'home' ? 0 : last)},
		{keys: ['enter'], label: 'unfold', hidden: findings.length === 0, run: () => {
			const finding = current();
			if (finding !== undefined) folds.set(toggled(unfolded(), finding.id));
		}},
		{keys: ['f'], label: 'mend', hidden: findings[row]?.fixable !== true, run: () => {
			const finding = current();
			if (finding?.fixable === true) session.propose([finding]);
		}},
		{keys: ['F'], label: 'mend all', hidden: fixable.length < 2, run: () => session.propose(fixable)},
		{keys: ['r'], label: 'check again', run: () => session.check()},
		{keys: ['w'], label: state.watching ? 'stop watching' : 'watch the files', run: () => session.toggleWatching()},
		{keys: ['x'], label: 'explain', hidden: findings[row]?.error === undefined, run: () => {
			const error = current()?.error;
			open(error === undefined ? {view: 'explain'} : {view: 'explain', name: error});
		}},
		...backBindings(() => ownRoute ? away(state.examination !== null && hasErrors(state.examination) ? exitCodes.findings : exitCodes.done) : back(), ownRoute ? {label: 'leave'} : {}),
		...stops,
	];
	return (
		<Frame where={['doctor']} right={standing(state)} explanation={explanation} typing={search.typing} bindings={bindings}>
			<Searched search={search} found={findings.length} of={all.length} things="findings" sayMore>
				<DoctorScreen examination={state.examination} findings={findings} pointer={row} unfolded={chosen ?? unfolded()} part={part} mended={state.mended.map(({title}) => title)} refused={state.refused} />
			</Searched>
		</Frame>
	);
}

/** The findings that have all the words that are looked for, wherever they stand in them. */
function matching(findings: readonly Finding[], wanted: string): readonly Finding[] {
	const hasWords = wordFilter(wanted);
	return wanted === '' ? findings : findings.filter(({title, detail, remedy, note, path, error, severity}) => hasWords([title, detail, remedy, note ?? '', path ?? '', error ?? '', severity].join(' ')));
}

/** Below this many columns the list itself needs the room. */
const widthForDetails = 60;

function firstError({examination}: DoctorState): ReadonlySet<string> {
	const [first] = examination?.findings ?? [];
	return new Set(first?.severity === 'error' ? [first.id] : []);
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
	const next = new Set(ids);
	if (!next.delete(id)) next.add(id);
	return next;
}

function standing({busy, checkedAt, watching, examination}: DoctorState): string {
	if (busy === 'mending') return 'mending';
	if (busy === 'examining') return examination === null ? '' : 'checking';
	const at = checkedAt === null ? '' : `checked ${checkedAt.toTimeString().slice(0, 8)}`;
	return watching ? `watching the files${at === '' ? '' : `, ${at}`}` : at;
}

/** What stays on the terminal: the verdict, and how much was found. */
function leavingWith({examination}: DoctorState, exitCode: number, symbols: ReturnType<typeof useTheme>['symbols'], columns: number): Leaving {
	if (examination === null) return {exitCode};
	const {sentence, findings} = examination;
	const counted = (['error', 'warning'] as const).flatMap(severity => {
		const number = findings.filter(finding => finding.severity === severity).length;
		return number === 0 ? [] : [count(number, severity)];
	});
	const mark = symbols[verdictMark(examination).mark];
	const lines = wrapText(sentence, Math.min(columns, 100) - mark.length - 1).map((line, index) => `${index === 0 ? mark : ' '.repeat(mark.length)} ${line}`);
	return {exitCode, summary: [...lines, ...(counted.length === 0 ? [] : [`${' '.repeat(mark.length)} ${counted.join(', ')}: quiesce doctor`])].join('\n')};
}
