/** One section of a file as Python's configparser reads it: names in small letters, `=` or `:` between name and value. Null where it cannot be read or the section is missing. */
export function iniSection(text: string, wanted: string): ReadonlyMap<string, string> | null {
	let section: string | null = null;
	const values = new Map<string, string>();
	const seen = new Set<string>();
	for (const line of text.split(/\r\n|[\n\r]/)) {
		const trimmed = line.trim();
		if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
		const header = /^\[(?<name>[^\]]+)\]/.exec(trimmed);
		if (header !== null && !/^\s/.test(line)) {
			section = header.groups!['name']!;
			if (seen.has(section)) return null;
			seen.add(section);
			continue;
		}

		if (section === null) return null;
		const option = /^(?<name>.*?)\s*[=:]\s*(?<value>.*)$/.exec(trimmed);
		if (option === null) {
			// An indented line goes on with the value above; any other is an error for the whole file.
			if (/^\s/.test(line)) continue;
			return null;
		}

		const name = option.groups!['name']!.toLowerCase();
		if (section === wanted) {
			if (values.has(name)) return null;
			values.set(name, option.groups!['value']!);
		}
	}

	return seen.has(wanted) ? values : null;
}
