import {useState} from 'react';
import {useAnimation} from 'ink';

/** The time now in milliseconds since 1970, anew ten times a second while the component is shown (by Ink's one shared timer). */
export function useNow(): number {
	const [start] = useState(() => Date.now());
	const {time} = useAnimation({interval: 100});
	return start + time;
}
