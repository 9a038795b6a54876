import {useState} from 'react';
import {useAnimation} from 'ink';

/** The time now in milliseconds since 1970, anew ten times a second (or every `interval` milliseconds) while the component is shown (by Ink's one shared timer). */
export function useNow(interval = 100): number {
	const [start] = useState(() => Date.now());
	const {time} = useAnimation({interval});
	return start + time;
}
