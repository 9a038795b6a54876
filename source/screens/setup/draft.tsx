import type {ReactNode} from 'react';
import {ago} from '../../core/wizard/ago.js';
import {stepNumber, stepOf} from '../../core/wizard/steps.js';
import {ChoiceQuestion} from './choice-question.js';
import {plainLines} from './lines.js';
import type {SetupProps} from './view.js';

/** Before the first step: an unfinished visit is offered. */
export function DraftScreen(props: SetupProps): ReactNode {
	const {state: {draft, entries}, now} = props;
	const when = draft === null ? '' : ago(draft.at, now);
	const place = draft === null ? '' : `step ${stepNumber(draft.page)}, ${stepOf(draft.page).title}`;
	return (
		<ChoiceQuestion
			{...props}
			value={props.state.entries.takeUp}
			change={value => ({type: 'entered', name: 'takeUp', value})}
			choices={[
				{value: true, label: 'Take it up', detail: `${when}, ${place}`},
				{value: false, label: 'Begin at the first step'},
			]}
			lines={width => plainLines(entries.takeUp ? `You left ${when} at ${place}. What you had entered is still there; nothing was written.` : 'What you had entered is dropped as soon as you answer something new.', width)}
		/>
	);
}
