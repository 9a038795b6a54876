/** The value of one setting in the text of a postgresql.conf: the last one counts. Null where it is not set there. */
export function postgresqlSetting(text: string, name: string): string | null {
	let value: string | null = null;
	for (const line of text.split('\n')) {
		const match = /^\s*([A-Za-z_][\w.]*)\s*=?\s*(?:'((?:[^']|'')*)'|([^\s#']+))/.exec(line);
		if (match !== null && match[1]!.toLowerCase() === name) value = match[2]?.replaceAll('\'\'', '\'') ?? match[3] ?? '';
	}

	return value;
}
