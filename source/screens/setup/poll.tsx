import type {ReactNode} from 'react';
import {ChoiceQuestion} from './choice-question.js';
import type {SetupProps} from './view.js';

/** Step 9: how often the extension looks. */
export function PollScreen(props: SetupProps): ReactNode {
	return <ChoiceQuestion {...props} value={props.state.entries.poll}
			change={value => ({type: 'entered', name: 'poll', value})} choices={[1, 2, 3, 4, 5].map(seconds => ({value: seconds, label: `every ${seconds} s`, ...(seconds === 3 ? {note: 'default'} : {})}))} />;
}
