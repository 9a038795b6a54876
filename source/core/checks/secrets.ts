/** A parameter that gives a secret away: by its name, by the option before it, or by its looks. */
export function looksSecret(parameter: string, before: string | undefined): boolean {
	if (/(?:^|[^a-z])(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|account[-_]?key|credentials?|sig)\s*[=:]\s*[^\s/${][^\s]*/i.test(parameter)) return true;
	if (before !== undefined && /^--?(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key)$/i.test(before) && !/^[-/$]/.test(parameter) && parameter !== '') return true;
	if (/:\/\/[^\s/:@]+:[^\s/@]+@/.test(parameter) || /\b(?:AKIA|ASIA)[A-Z\d]{16}\b/.test(parameter) || /\beyJ[\w-]{10,}\.[\w-]{10,}\./.test(parameter)) return true;
	// Long, mixed and without structure: a key in base64. Paths, identifiers and hashes in hexadecimal are not.
	return /^[A-Za-z\d+/_-]{40,}={0,2}$/.test(parameter)
		&& /[A-Z]/.test(parameter) && /[a-z]/.test(parameter) && /\d/.test(parameter)
		&& !parameter.startsWith('/') && !/[-_/][a-z]+[-_/]/i.test(parameter);
}

/** A value as it may be shown: what looks like a secret in a text or a list is left out. */
export function withoutSecrets(value: unknown): unknown {
	if (typeof value === 'string') return value.length < 10_000 && looksSecret(value, undefined) ? '…' : value;
	if (!Array.isArray(value)) return value;
	const items = value as readonly unknown[];
	return items.map((item, index) => {
		const before = items[index - 1];
		return typeof item === 'string' && item.length < 10_000 && looksSecret(item, typeof before === 'string' ? before : undefined) ? '…' : item;
	});
}
