import {useState, type ReactNode} from 'react';
import {ChoiceList, useChoiceList} from '../../components/choice-list.js';
import {cutPathTo, wrapText} from '../../components/columns.js';
import {useTheme, type Symbols} from '../../components/theme.js';
import {count} from '../../core/checks/words.js';
import type {Plan} from '../../core/config/plan.js';
import {verdictSentence} from '../../core/verdict-words.js';
import {visible} from '../../core/visible-text.js';
import {stepNumber, steps} from '../../core/wizard/steps.js';
import type {StepName} from '../../core/wizard/pages.js';
import {summaryOf} from '../../core/wizard/words.js';
import {markedLines, plainLines, remedyLines, type Line} from './lines.js';
import {Question} from './question.js';
import type {SetupProps} from './view.js';

/** Step 11: everything that will be changed, and what the next backup will then be. */
export function ReviewScreen(props: SetupProps): ReactNode {
	const {state, send} = props;
	const theme = useTheme();
	const [choosing, setChoosing] = useState(false);
	const plan = state.plan?.plan ?? null;
	if (choosing) return <StepsToEdit {...props} close={() => setChoosing(false)} />;
	const writes = plan?.changed !== false;
	return (
		<Question
			{...props}
			rows={0}
			reads
			waiting={plan === null ? 'comparing with what is there' : 'writing'}
			bindings={[
				{keys: ['enter'], hidden: plan?.valid === false, label: plan === null && state.complaint !== null ? 'look again' : writes ? 'write' : 'next', run: () => send({type: 'next'})},
				{keys: ['e'], label: 'edit a step', run: () => setChoosing(true)},
				{keys: ['r'], label: 'look again', hidden: true, run: () => send({type: 'refresh'})},
			]}
			lines={width => (plan === null ? [] : reviewLines(plan, width, theme.symbols))}
		/>
	);
}

/** The review as lines: the verdict first, since it is what counts; then the changes. */
export function reviewLines(plan: Plan, width: number, symbols: Symbols): readonly Line[] {
	const blank: Line = {tone: 'plain', text: ''};
	// Of a script that is sure to fail the verdict knows nothing, the sentence does.
	const good = plan.sentence === verdictSentence({outcome: 'application-consistent', errors: []});
	const others = plan.actions.filter(({kind}) => kind !== 'write-configuration');
	return [
		...(plan.valid ? markedLines(good ? 'done' : 'warning', plan.sentence, width, symbols) : []),
		...plan.problems.flatMap(({message, remedies = []}) => [
			...markedLines('failed', message, width, symbols),
			...remedies.flatMap(remedy => remedyLines(remedy, width, symbols)),
		]),
		...plan.warnings.flatMap(({message}) => markedLines('warning', message, width, symbols)),
		blank,
		...headingLines(plan, width, symbols),
		...diffLines(plan, width),
		...(others.length === 0 ? [] : [blank, {tone: 'strong', text: 'Also'} as Line, ...others.flatMap(({sentence}) => hangingLines(sentence, width))]),
	];
}

function headingLines(plan: Plan, width: number, symbols: Symbols): readonly Line[] {
	const changed = plan.diff.filter(({sign}) => sign === '+').length;
	const gone = plan.diff.filter(({sign}) => sign === '-').length;
	const what = !plan.changed ? 'nothing changes' : plan.previous === null ? 'is new' : changed === 0 && gone === 0 ? 'stays as it is' : `changes ${count(Math.max(changed, gone), 'line')}`;
	if (plan.path.length + what.length + 3 <= width) return [{tone: 'strong', text: `${plan.path}   ${what}`}];
	return [{tone: 'strong', text: cutPathTo(plan.path, width, symbols.ellipsis)}, {tone: 'dim', text: `  ${what}`}];
}

function diffLines(plan: Plan, width: number): readonly Line[] {
	const lines = plan.diff.length > 0 ? plan.diff : plan.text.replace(/\n$/, '').split('\n').map(text => ({sign: ' ' as const, text}));
	const tones = {' ': 'plain', '+': 'good', '-': 'bad'} as const;
	const fresh = plan.previous === null;
	// Long values are broken, never cut: what is written must be seen whole.
	return lines.flatMap(({sign, text}) => {
		const spaced = visible(text).replaceAll('\t', '  ');
		const indent = spaced.slice(0, spaced.search(/\S|$/));
		return wrapText(spaced.slice(indent.length), Math.max(8, width - 4 - indent.length)).map((part, index): Line => ({
			tone: fresh ? 'plain' : tones[sign],
			text: `${index === 0 && !fresh ? sign : ' '} ${indent}${index === 0 ? '' : '  '}${part}`,
		}));
	});
}

function hangingLines(text: string, width: number): readonly Line[] {
	return plainLines(text, width - 4).map((line, index): Line => ({...line, text: `${index === 0 ? '  ' : '    '}${line.text}`}));
}

/** The steps with their present answers: the chosen one is gone to, and leads back to the review. */
function StepsToEdit(props: SetupProps & {readonly close: () => void}): ReactNode {
	const {state, send, close} = props;
	const list = useChoiceList<StepName>({
		choices: steps.slice(0, 9).map(({name, title}, index) => ({value: name, label: `${String(index + 1).padStart(2)}  ${title}`, detail: summaryOf(name, state)})),
		initial: Math.min(2, stepNumber(state.page)),
		onChoose: step => send({type: 'edit', step}),
		enterLabel: 'edit',
		moveLabel: 'choose',
	});
	return (
		<Question {...props} question="Which step shall be changed?" back={close} bindings={list.bindings} rows={list.choices.length} lines={() => []}>
			{rows => <ChoiceList list={list} height={rows} />}
		</Question>
	);
}
