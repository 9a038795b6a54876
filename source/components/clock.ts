import {useEffect, useState} from 'react';
import {useCellValue} from './cell.js';
import {pace} from './pace.js';

/**
 * The time now in milliseconds since 1970, anew five times a second, or as often as the terminal can take it, while the component is shown. `interval`: where
 * less is enough, in milliseconds, or what decides that. One clock a screen: all that moves by it is drawn in one frame.
 */
export function useNow(interval: number | ((now: number) => number) = 0): number {
	const [now, setNow] = useState(() => Date.now());
	const every = Math.max(typeof interval === 'number' ? interval : interval(now), useCellValue(pace));
	useEffect(() => {
		const tick = (): void => setNow(Date.now());
		tick();
		const timer = setInterval(tick, every);
		return () => clearInterval(timer);
	}, [every]);
	return now;
}
