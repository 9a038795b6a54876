import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import {useCell} from '../../components/cell.js';
import {windowStart} from '../../components/scroll.js';
import {useSize} from '../../components/size.js';
import {textFieldState, valueOf} from '../../components/text-field-state.js';
import {useTextField} from '../../components/text-field.js';
import {useTheme} from '../../components/theme.js';
import {count} from '../../core/checks/words.js';
import {visible} from '../../core/visible-text.js';
import {obstacle} from '../../core/wizard/rules.js';
import {Question} from './question.js';
import {CheckedField, type Validation} from './text-question.js';
import type {SetupProps} from './view.js';

/** A parameter that the field can show as it is: one with a line break in it is only kept. */
function isEditable(parameter: string): boolean {
	return valueOf(textFieldState(parameter)) === parameter;
}

const mostRows = 6;

/** Step 4: the parameters of one script, a line each. Enter goes down the list, and on from its empty end. */
export function ParametersScreen(props: SetupProps & {readonly entry: 'preParameters' | 'postParameters'}): ReactNode {
	const {state, read, send, entry} = props;
	const theme = useTheme();
	const size = useSize();
	const parameters = state.entries[entry];
	// A list that is there stands for an answer: Enter accepts it from its end.
	const [at, row] = useCell(() => parameters.length);
	const now = (): readonly string[] => read().entries[entry];
	const store = (value: readonly string[]): void => send({type: 'entered', name: entry, value});
	const change = (text: string): void => {
		const index = row.read();
		const before = now()[index];
		if (before === text || (before === undefined && text === '') || (before !== undefined && !isEditable(before))) return;
		store(before === undefined ? [...now(), text] : now().with(index, text));
	};
	const field = useTextField({
		initial: '',
		onChange: change,
		onSubmit: () => {
			if (row.read() < now().length) moveTo(row.read() + 1);
			else send({type: 'next'});
		},
	});
	const moveTo = (index: number): void => {
		const bounded = Math.max(0, Math.min(index, now().length));
		row.set(bounded);
		field.set(now()[bounded] ?? '');
	};
	const shown = Math.min(parameters.length + 1, mostRows);
	const start = windowStart(at, parameters.length + 1, shown, Math.max(0, at - shown + 1));
	return (
		<Question
			{...props}
			typing
			quiet
			rows={shown + (size.columns < 60 ? 3 : 2)}
			bindings={[
				{keys: ['enter'], label: at < parameters.length ? 'next line' : 'next', run: () => {}},
				{keys: ['up', 'down'], label: 'choose', hidden: parameters.length === 0, run: key => moveTo(row.read() + (key === 'up' ? -1 : 1))},
				{
					keys: ['ctrl-x'], label: 'remove', hidden: at >= parameters.length, run: () => {
						if (row.read() >= now().length) return;
						store(now().toSpliced(row.read(), 1));
						moveTo(row.read());
					},
				},
				{
					keys: ['ctrl-n'], label: 'an empty one', hidden: at < parameters.length, run: () => {
						store([...now(), '']);
						moveTo(now().length);
					},
				},
			]}
		>
			{Array.from({length: shown}, (_, offset) => {
				const index = start + offset;
				const number = `${index + 1}`.padStart(2);
				if (index === at) return <CheckedField key="field" field={field} label={number} placeholder={at < parameters.length ? '' : parameters.length === 0 ? 'none: Enter goes on' : 'another one, or Enter to go on'} validation={validationOf(props, parameters[at], obstacle(entry === 'preParameters' ? 'pre-parameters' : 'post-parameters', state))} />;
				const parameter = parameters[index];
				return (
					<Box key={index} height={1} flexShrink={0}>
						<Text wrap="truncate"><Text {...theme.style('dim')}>{`  ${number}  `}</Text>{parameter === undefined ? '' : quoted(parameter)}</Text>
					</Box>
				);
			})}
		</Question>
	);
}

/** So that blanks at its ends and an empty one are seen. */
function quoted(parameter: string): string {
	return isEditable(parameter) ? `'${parameter}'` : visible(JSON.stringify(parameter));
}

function validationOf({state}: SetupProps, parameter: string | undefined, problem: string | null): Validation {
	if (problem !== null) return {kind: 'bad', text: problem};
	if (state.complaint !== null) return {kind: 'bad', text: state.complaint};
	if (parameter === undefined) return {kind: 'plain', text: ''};
	if (!isEditable(parameter)) return {kind: 'warning', text: `It has characters that cannot be typed here, and is kept as it is: ${visible(JSON.stringify(parameter))}`};
	return {kind: 'good', text: parameter === '' ? 'an empty parameter' : `${count([...parameter].length, 'character')}, passed on as ${[...parameter].length === 1 ? 'it is' : 'they are'}`};
}
