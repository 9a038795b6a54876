import type {ReactNode} from 'react';
import {ChoiceQuestion} from './choice-question.js';
import type {SetupProps} from './view.js';

/** Step 7: what a failed script does to the backup. */
export function OnFailureScreen(props: SetupProps): ReactNode {
	return (
		<ChoiceQuestion
			{...props}
			value={props.state.entries.continueBackupOnFailure}
			change={value => ({type: 'entered', name: 'continueBackupOnFailure', value})}
			choices={[
				{value: true, label: 'Back up all the same', detail: 'less than application-consistent'},
				{value: false, label: 'No backup', detail: 'it fails, and is reported'},
			]}
		/>
	);
}
