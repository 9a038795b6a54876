import type {ReactNode} from 'react';
import {count} from '../../core/checks/words.js';
import {NumberScreen} from './number-question.js';
import type {SetupProps} from './view.js';

/** Step 5: how often a script is tried again. */
export function RetriesScreen(props: SetupProps & {readonly entry: 'preRetries' | 'postRetries'}): ReactNode {
	return <NumberScreen {...props} words={retries => (retries === 0 ? 'no retry' : count(retries, 'retry', 'retries'))} />;
}
