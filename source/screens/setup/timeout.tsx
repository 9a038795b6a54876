import type {ReactNode} from 'react';
import {NumberScreen} from './number-question.js';
import type {SetupProps} from './view.js';

/** Step 6: how long a script may take. */
export function TimeoutScreen(props: SetupProps): ReactNode {
	return <NumberScreen {...props} entry="timeout" words={seconds => `${seconds} s`} />;
}
