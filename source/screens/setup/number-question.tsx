import type {ReactNode} from 'react';
import {obstacle} from '../../core/wizard/rules.js';
import {TextQuestion} from './text-question.js';
import type {SetupProps} from './view.js';

export type NumberScreenProps = SetupProps & {
	readonly entry: 'preRetries' | 'postRetries' | 'timeout';
	/** The number with its unit: `60 s`. */
	readonly words: (number: number) => string;
};

/** A whole number, checked as it is typed. */
export function NumberScreen(props: NumberScreenProps): ReactNode {
	const {state, entry, words} = props;
	const problem = obstacle(state.page, state);
	const value = state.entries[entry];
	return (
		<TextQuestion
			{...props}
			initial={value}
			change={text => ({type: 'entered', name: entry, value: text.trim()})}
			validation={problem === null ? {kind: 'good', text: words(Number(value))} : {kind: value === '' && state.complaint === null ? 'plain' : 'bad', text: problem}}
		/>
	);
}
