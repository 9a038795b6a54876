/** True where the locale is UTF-8 and the terminal has more than the console's 256 characters. */
export function speaksUnicode(environment: Readonly<Record<string, string | undefined>>): boolean {
	const term = environment['TERM'];
	if (term === 'linux' || term === 'dumb') return false;
	const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(value => value !== undefined && value !== '') ?? '';
	return /utf-?8/i.test(locale);
}

/** A text for people as this terminal can show it: without arrows and such where it has only ASCII. */
export function showable(text: string, environment: Readonly<Record<string, string | undefined>>): string {
	return speaksUnicode(environment) ? text : inAscii(text);
}

/** The signs of our own sentences in ASCII. A text can become longer: before it is laid out. */
export function inAscii(text: string): string {
	return text.replaceAll('→', '->').replaceAll('…', '...').replaceAll('·', '-');
}

/** The same character for character, for what is laid out already. */
export function inAsciiSameLength(text: string): string {
	return text.replaceAll('→', '>').replaceAll('…', '.').replaceAll('·', '-');
}
