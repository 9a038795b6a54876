import {useState} from 'react';
import {useAnimation} from 'ink';
import {useCellValue} from './cell.js';
import {pace, slowestPaceMs} from './pace.js';

/** The time now in milliseconds since 1970, anew five times a second (or every `interval` milliseconds, or as often as the terminal can take it) while the component is shown (by Ink's one shared timer). */
export function useNow(interval = 0): number {
	const {ms, since} = useCellValue(pace);
	const [start] = useState(() => Date.now());
	const {time} = useAnimation({interval: Math.max(interval, ms)});
	// Ink counts from the last change of the interval.
	return (interval >= slowestPaceMs ? start : Math.max(start, since)) + time;
}
