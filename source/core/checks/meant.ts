/** The number that a text was surely meant to be; null where it may be anything. */
export function meantNumber(value: unknown): number | null {
	if (typeof value !== 'string' || !/^\s*[-+]?\d+(?:\.\d+)?\s*(?:s|sec|seconds)?\s*$/i.test(value)) return null;
	return Number.parseFloat(value);
}

/** The truth value that a text was surely meant to be; null where it may be anything. */
export function meantTruth(value: unknown): boolean | null {
	if (typeof value !== 'string') return null;
	const word = value.trim().toLowerCase();
	if (['true', 'yes', 'on', '1'].includes(word)) return true;
	return ['false', 'no', 'off', '0'].includes(word) ? false : null;
}

/** A value as the extension can use it under a key: as it is, or as it was surely meant; undefined where it would do harm there. */
export function usableValue(key: string, value: unknown): unknown {
	if (key.endsWith('Location') || key === 'pluginName') return typeof value === 'string' ? value : undefined;
	if (key.endsWith('Params')) return Array.isArray(value) && value.every(item => typeof item === 'string' && !item.includes('\0')) ? value : undefined;
	if (key.endsWith('Enabled') || key.endsWith('OnFailure')) return typeof value === 'boolean' ? value : meantTruth(value) ?? undefined;
	if (key === 'appName') return value;
	const number = typeof value === 'number' ? value : meantNumber(value);
	if (number === null || !Number.isFinite(number)) return undefined;
	return number > 0 || (number === 0 && key.endsWith('Retries')) ? number : undefined;
}
