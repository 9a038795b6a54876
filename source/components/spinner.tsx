import type {ReactNode} from 'react';
import {Text, useAnimation} from 'ink';
import {useCellValue} from './cell.js';
import {pace, slowestPaceMs, usualPaceMs} from './pace.js';
import {useTheme, type Tone} from './theme.js';

/** Something has been running for so long (milliseconds). Turns with the clock that is drawn beside it, so that both are one frame. */
export function Spinner({time, tone = 'accent'}: {readonly time: number; readonly tone?: Tone}): ReactNode {
	const theme = useTheme();
	const {spinner} = theme.symbols;
	// A step a frame, and not the same two places again and again where there is a frame a second.
	const step = Math.floor(time / usualPaceMs) + Math.floor(time / slowestPaceMs);
	return <Text {...theme.style(tone)}>{spinner[step % spinner.length]}</Text>;
}

/** A spinner with words, which appears only after 100 ms: what is quicker needs none. Its place is there from the start. */
export function Waiting({text}: {readonly text: string}): ReactNode {
	const theme = useTheme();
	const {time, frame} = useAnimation({interval: useCellValue(pace) === slowestPaceMs ? slowestPaceMs : 100});
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
