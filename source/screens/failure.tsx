import type {ReactNode} from 'react';
import {Box, Text} from 'ink';
import type {Binding} from '../components/bindings.js';
import {wrapText} from '../components/columns.js';
import {Frame} from '../components/frame.js';
import {useRoom} from '../components/size.js';
import {useTheme} from '../components/theme.js';
import {Failure} from '../core/failure.js';

/** Something that could not be done: what, and what to try. Anything but a Failure is a bug and says so. */
export function FailureScreen({where, error, bindings}: {readonly where: readonly string[]; readonly error: unknown; readonly bindings: readonly Binding[]}): ReactNode {
	return <Frame where={where} bindings={bindings}><FailureText error={error} /></Frame>;
}

/** The same without a screen of its own. */
export function FailureText({error}: {readonly error: unknown}): ReactNode {
	const theme = useTheme();
	const {columns} = useRoom();
	const expected = error instanceof Failure;
	const message = expected ? error.message : `quiesce met something that it did not expect: ${error instanceof Error ? error.message : String(error)}`;
	const remedies = expected ? error.remedies : ['This is a bug in quiesce. Please report it, with the version and what you did.'];
	const {failed, arrow} = theme.symbols;
	return (
		<Box flexDirection="column">
			{wrapText(message, columns - 3).map((line, index) => (
				<Text key={index}>
					<Text {...theme.style('bad')}>{index === 0 ? failed : ' '.repeat(failed.length)}</Text>
					{` ${line}`}
				</Text>
			))}
			<Box flexDirection="column" marginTop={remedies.length === 0 ? 0 : 1}>
				{remedies.flatMap(remedy => wrapText(remedy, columns - 3 - arrow.length).map((line, row) => `  ${row === 0 ? arrow : ' '.repeat(arrow.length)} ${line}`)).map((line, index) => <Text key={index}>{line}</Text>)}
			</Box>
		</Box>
	);
}
