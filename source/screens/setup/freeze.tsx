import type {ReactNode} from 'react';
import {ChoiceQuestion} from './choice-question.js';
import type {SetupProps} from './view.js';

/** Step 8: whether the filesystems are frozen. */
export function FreezeScreen(props: SetupProps): ReactNode {
	const freezes = props.state.machine?.freezes ?? [];
	return (
		<ChoiceQuestion
			{...props}
			value={props.state.entries.fsFreezeEnabled}
			change={value => ({type: 'entered', name: 'fsFreezeEnabled', value})}
			choices={[
				{value: true, label: 'Freeze', detail: freezes.length === 0 ? 'nothing here can be frozen' : freezes.join('  ')},
				{value: false, label: 'Do not freeze', detail: 'the scripts hold everything that matters'},
			]}
		/>
	);
}
