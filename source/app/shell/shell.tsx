import type {ReactNode} from 'react';
import {Text} from 'ink';
import {backBindings} from '../../components/bindings.js';
import {useCellValue, type Cell} from '../../components/cell.js';
import {Frame} from '../../components/frame.js';
import {SizeProvider, type Size} from '../../components/size.js';
import type {Invocation} from '../../commands/invocation.js';
import type {ViewProps} from '../view.js';
import type {Navigation} from './navigation.js';

export type ShellProps = {readonly navigation: Navigation; readonly size: Cell<Size>; readonly invocation: Invocation};

/** Draws the uppermost view at the terminal's size. */
export function Shell({navigation, size, invocation}: ShellProps): ReactNode {
	const stack = useCellValue(navigation.stack);
	const room = useCellValue(size);
	const entry = stack.at(-1);
	if (entry === undefined) return null;
	const {open, replace, back, leave} = navigation;
	const props: ViewProps = {invocation, route: entry.route, memory: entry.memory, open, replace, back, leave};
	const View = entry.module?.View ?? MissingView;
	return <SizeProvider size={room}><View key={entry.number} {...props} /></SizeProvider>;
}

function MissingView({route, back, leave}: ViewProps): ReactNode {
	return (
		<Frame
			where={[route.view]}
			bindings={[
				...backBindings(back),
				{keys: ['ctrl-c'], label: 'leave', hidden: true, run: () => leave({exitCode: 130})},
			]}
		>
			<Text>This screen is not in this version yet. What it is for works as a command: quiesce --help</Text>
		</Frame>
	);
}
