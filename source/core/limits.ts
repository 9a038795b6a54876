/** From this part of a limit on, something is said. */
export const nearLimit = 0.8;

/** Is a duration near its limit, or beyond it? Limits of 0, unknown and endless ones are never near. */
export function isNearLimit(durationMs: number | null, limitMs: number | null | undefined): boolean {
	return durationMs !== null && limitMs !== null && limitMs !== undefined && limitMs > 0 && Number.isFinite(limitMs) && durationMs >= limitMs * nearLimit;
}
