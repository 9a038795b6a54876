import {useState, type ReactNode} from 'react';
import {useChoiceList} from '../components/choice-list.js';
import {Frame} from '../components/frame.js';
import {useTextField} from '../components/text-field.js';
import {findError, searchErrors} from '../core/errors.js';
import type {ErrorEntry} from '../core/errors/entry.js';
import {ErrorFrame, ErrorSearch, errorTitle, explanation} from '../screens/explain.js';
import type {ViewProps} from './view.js';

/** `x`: what an error means and what to do. */
export function View(props: ViewProps): ReactNode {
	const {route} = props;
	const named = route.view === 'explain' && route.name !== undefined ? findError(route.name) : undefined;
	const [entry, setEntry] = useState<ErrorEntry | null>(named ?? null);
	const [wanted, setWanted] = useState(named === undefined && route.view === 'explain' ? route.name ?? '' : '');
	return entry === null
		? <Search {...props} wanted={wanted} onWanted={setWanted} onOpen={setEntry} />
		: <ErrorFrame entry={entry} back={named === undefined ? () => setEntry(null) : props.back} all={() => setEntry(null)} leave={() => props.leave({exitCode: 130})} />;
}

type SearchProps = ViewProps & {readonly wanted: string; readonly onWanted: (text: string) => void; readonly onOpen: (entry: ErrorEntry) => void};

function Search({wanted, onWanted, onOpen, back, leave}: SearchProps): ReactNode {
	const list = useChoiceList({
		choices: searchErrors(wanted).map(value => ({value, label: errorTitle(value), detail: value.happened})),
		onChoose: onOpen,
		enterLabel: 'open',
	});
	const field = useTextField({
		initial: wanted,
		reserved: ['/', '?'],
		onChange: onWanted,
		onSubmit: () => {
			if (list.current !== undefined) onOpen(list.current.value);
		},
	});
	const opens = list.bindings.filter(({keys}) => !keys.includes('enter'));
	return (
		<Frame
			where={['explain']}
			explanation={explanation}
			// While nothing is typed, ? is the key that it is everywhere.
			typing={field.value !== ''}
			bindings={[
				...opens,
				// The field has the key itself.
				{keys: ['enter'], label: 'open', run: () => {}},
				{keys: ['esc'], label: 'back', run: back},
				{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => leave({exitCode: 130})},
			]}
		>
			<ErrorSearch field={field} list={list} />
		</Frame>
	);
}
