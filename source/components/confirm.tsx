import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import type {Binding} from './bindings.js';
import {wrapText} from './columns.js';
import {useRoom} from './size.js';
import {TextField, useTextField, type TextFieldHandle} from './text-field.js';
import {useTheme} from './theme.js';

export type ConfirmOptions = {
	/** What Enter does: `write`, `start`. */
	readonly yes: string;
	/** What Esc does: `back`. */
	readonly no: string;
	readonly onYes: () => void;
	readonly onNo: () => void;
};

/** The keys of a question that Enter answers with yes and Esc with no. */
export function confirmBindings({yes, no, onYes, onNo}: ConfirmOptions): readonly Binding[] {
	return [
		{keys: ['enter'], label: yes, run: onYes},
		{keys: ['esc'], label: no, run: onNo},
	];
}

/** A question, with what a yes comes to. */
export function Confirm({question, consequences}: {readonly question: string; readonly consequences?: readonly string[]}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	return (
		<Box flexDirection="column" flexShrink={0}>
			{wrapText(question, columns).map((line, index) => <Text key={index} {...theme.style('strong')}>{line}</Text>)}
			{(consequences ?? []).flatMap(text => wrapText(text, columns - 2)).map((line, index) => <Text key={index}>{`  ${line}`}</Text>)}
		</Box>
	);
}

/** The state of a question so dangerous that a word must be typed: pass `typing` to the Frame. Nothing but that word counts. */
export function useTypedConfirm(word: string, onYes: () => void): TextFieldHandle {
	return useTextField({
		onSubmit: value => {
			if (value.trim() === word) onYes();
		},
	});
}

/** Draws a question that is answered by typing a word. */
export function TypedConfirm({question, word, field}: {readonly question: string; readonly word: string; readonly field: TextFieldHandle}): ReactNode {
	const right = field.value.trim() === word;
	return (
		<Box flexDirection="column" flexShrink={0}>
			<Confirm question={question} />
			<TextField
				field={field}
				label={`Type ${word}`}
				validation={right ? {tone: 'warning', text: 'Enter does it.'} : {tone: 'dim', text: field.value === '' ? 'Esc leaves everything as it is.' : `This is not ${word}.`}}
			/>
		</Box>
	);
}
