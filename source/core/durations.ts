/** How long something took, as people read it: `4 ms`, `0.04 s`, `1.3 s`, `75 s`, `4 min 10 s`. */
export function duration(milliseconds: number): string {
	const seconds = Math.max(0, milliseconds) / 1000;
	// A freeze that is measured in milliseconds has not taken no time at all.
	if (milliseconds > 0 && milliseconds < 9.5) return milliseconds < 0.5 ? '<1 ms' : `${Math.round(milliseconds)} ms`;
	if (seconds < 0.995) return `${seconds.toFixed(2)} s`;
	if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
	const whole = Math.round(seconds);
	if (whole < 120) return `${whole} s`;
	return whole < 7200 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long ago something was, where the exact time does not matter: `just now`, `5 min ago`, `2 h ago`, `3 days ago`. */
export function ago(milliseconds: number): string {
	const minutes = Math.floor(milliseconds / 60_000);
	if (minutes < 1) return 'just now';
	if (minutes < 60) return `${minutes} min ago`;
	const hours = Math.floor(minutes / 60);
	if (hours < 48) return `${hours} h ago`;
	return `${Math.floor(hours / 24)} days ago`;
}
