/** From this part of a limit on, something is said. */
export const nearLimit = 0.8;

/** Is a duration near its limit, or beyond it? Limits of 0, unknown and endless ones are never near. */
export function isNearLimit(durationMs: number | null, limitMs: number | null | undefined): boolean {
	return durationMs !== null && limitMs !== null && limitMs !== undefined && limitMs > 0 && Number.isFinite(limitMs) && durationMs >= limitMs * nearLimit;
}

/** Milliseconds as people read them: `38 ms`, `0.26 s`, `12.4 s`, `3 min 5 s`, `2 h 10 min`. */
export function durationWords(ms: number): string {
	const value = Math.max(0, Math.round(ms));
	if (value < 100) return `${value} ms`;
	if (value < 9995) return `${(value / 1000).toFixed(2)} s`;
	if (value < 99_950) return `${(value / 1000).toFixed(1)} s`;
	const seconds = Math.round(value / 1000);
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
	const minutes = Math.round(seconds / 60);
	return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
