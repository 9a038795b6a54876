import type {ReactNode} from 'react';
import {wrapText} from '../../components/columns.js';
import {useRoom, useSize} from '../../components/size.js';
import {TextField, useTextField, type TextFieldHandle} from '../../components/text-field.js';
import {useTheme, type Mark, type Tone} from '../../components/theme.js';
import type {LeftOut} from '../../components/text-field-state.js';
import {visible} from '../../core/visible-text.js';
import type {WizardEvent} from '../../core/wizard/types.js';
import {Question} from './question.js';
import type {SetupProps} from './view.js';

/** What the check of a value says. `plain` has no mark: it asks for something. */
export type Validation = {readonly kind: 'good' | 'warning' | 'bad' | 'plain'; readonly text: string};

export type TextQuestionProps = SetupProps & {
	readonly initial: string;
	readonly change: (value: string) => WizardEvent;
	readonly validation: Validation;
	readonly placeholder?: string;
	readonly secret?: boolean;
	/** Tab completes a path. */
	readonly path?: boolean;
	readonly waiting?: string;
};

/** Lines that the check of a value has, whatever it says: nothing below jumps. */
function linesFor(columns: number): number {
	return columns < 60 ? 3 : 2;
}

/** A question that is answered by typing. The value is checked as it is typed. */
export function TextQuestion(props: TextQuestionProps): ReactNode {
	const {initial, change, send, path = false, complete} = props;
	const size = useSize();
	const field = useTextField({
		initial,
		onChange: value => send(change(value)),
		onSubmit: () => send({type: 'next'}),
		...(path ? {complete} : {}),
	});
	return (
		<Question
			{...props}
			typing
			quiet
			bindings={[{keys: ['enter'], label: 'next', run: () => {}}, ...(path ? [{keys: ['tab'], label: 'complete', run: () => {}}] : [])]}
			rows={1 + linesFor(size.columns) + Math.min(field.offered.length, 6)}
		>
			<CheckedField field={field} {...props} />
		</Question>
	);
}

const marks: Readonly<Record<Validation['kind'], Mark | null>> = {good: 'done', warning: 'warning', bad: 'failed', plain: null};
const tones: Readonly<Record<Validation['kind'], Tone>> = {good: 'good', warning: 'warning', bad: 'bad', plain: 'dim'};

export type CheckedFieldProps = {
	readonly field: TextFieldHandle;
	readonly validation: Validation;
	readonly placeholder?: string;
	readonly secret?: boolean;
	readonly label?: string;
};

const leftOutWords: Readonly<Record<LeftOut, string>> = {
	lines: 'Only the first of the pasted lines was taken.',
	characters: 'Tabs, control characters and invisible ones in what was pasted were left out.',
};

/** A field with what its check says below, in as many lines as it needs. */
export function CheckedField({field, validation, placeholder = '', secret = false, label = ''}: CheckedFieldProps): ReactNode {
	const theme = useTheme();
	const room = useRoom();
	// What is lost is said before what is right.
	const {kind, text}: Validation = field.leftOut === null || validation.kind === 'bad' ? validation : {kind: 'warning', text: `${leftOutWords[field.leftOut]} ${validation.text}`.trimEnd()};
	const mark = marks[kind];
	const front = mark === null ? '' : `${theme.symbols[mark]} `;
	return <TextField field={field} label={label} placeholder={placeholder} secret={secret} validation={{tone: tones[kind], text: wrapText(front + visible(text), room.columns - 3).join('\n')}} />;
}
