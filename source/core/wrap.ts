/** Breaks a text into lines of at most `width` characters, at spaces; the lines after the first begin with `indent`, which is not counted. */
export function wrap(text: string, width: number, indent = ''): string {
	const lines: string[] = [''];
	for (const word of text.split(' ')) {
		const last = lines.at(-1) ?? '';
		if (last === '') lines[lines.length - 1] = word;
		else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
		else lines.push(word);
	}

	return lines.join(`\n${indent}`);
}
