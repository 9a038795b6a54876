import type {ReactNode} from 'react';
import {Text, useAnimation} from 'ink';
import {useCellValue} from './cell.js';
import {pace, slowestPaceMs} from './pace.js';
import {useTheme, type Tone} from './theme.js';

/** Something is running. Turns by Ink's one shared timer. */
export function Spinner({tone = 'accent'}: {readonly tone?: Tone}): ReactNode {
	const theme = useTheme();
	const {frame} = useAnimation({interval: useCellValue(pace).ms});
	const {spinner} = theme.symbols;
	return <Text {...theme.style(tone)}>{spinner[frame % spinner.length]}</Text>;
}

/** A spinner with words, which appears only after 100 ms: what is quicker needs none. Its place is there from the start. */
export function Waiting({text}: {readonly text: string}): ReactNode {
	const theme = useTheme();
	const {time, frame} = useAnimation({interval: useCellValue(pace).ms === slowestPaceMs ? slowestPaceMs : 100});
	const {spinner} = theme.symbols;
	if (time < 100) return <Text> </Text>;
	const seconds = time < 1000 ? '' : `   ${Math.floor(time / 1000)} s`;
	return (
		<Text wrap="truncate">
			<Text {...theme.style('accent')}>{spinner[frame % spinner.length]}</Text>
			{` ${text}`}
			<Text {...theme.style('dim')}>{seconds}</Text>
		</Text>
	);
}
