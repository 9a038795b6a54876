/** Blanks as Python's `str.strip` knows them. */
const blanks = new Set('\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000');
const defaultSection = 'DEFAULT';

/** What `int()` drops around a text: fewer than `str.strip`. */
const plainBlanks = new Set('\t\n\v\f\r ');

/** How many blanks a line begins with. */
function indentationOf(text: string, blank = blanks): number {
	let start = 0;
	while (start < text.length && blank.has(text[start]!)) start++;
	return start;
}

function stripEnd(text: string, blank = blanks): string {
	let end = text.length;
	while (end > 0 && blank.has(text[end - 1]!)) end--;
	return text.slice(0, end);
}

function strip(text: string, blank = blanks): string {
	return stripEnd(text.slice(indentationOf(text, blank)), blank);
}

/** The file cannot be read as Python's configparser reads it, or a value in it cannot be made out. */
export class IniError extends Error {
	override readonly name = 'IniError';
}

/** A file as Python's `ConfigParser` (3.11) reads it, every section with what [DEFAULT] adds to it. Names of options are in small letters. */
export class Ini {
	readonly #sections: ReadonlyMap<string, ReadonlyMap<string, string>>;
	readonly #defaults: ReadonlyMap<string, string>;

	/** @throws IniError for a text without a section at its beginning, for lines that say nothing, for sections and options that stand there twice. */
	constructor(text: string) {
		const sections = readSections(text);
		this.#defaults = sections.get(defaultSection) ?? new Map();
		sections.delete(defaultSection);
		this.#sections = sections;
	}

	hasSection(section: string): boolean {
		return this.#sections.has(section);
	}

	hasOption(section: string, option: string): boolean {
		const name = option.toLowerCase();
		return this.#sections.has(section) && (this.#sections.get(section)!.has(name) || this.#defaults.has(name));
	}

	/** The options of a section as they are written; null where there is no such section. */
	section(section: string): ReadonlyMap<string, string> | null {
		const own = this.#sections.get(section);
		return own === undefined ? null : new Map([...this.#defaults, ...own]);
	}

	/** One value, `%(name)s` in it replaced. @throws IniError where it is missing, or a percent sign stands for nothing. */
	get(section: string, option: string): string {
		const values = this.section(section);
		const value = values?.get(option.toLowerCase());
		if (values === null || value === undefined) throw new IniError(`there is no ${option} in [${section}]`);
		return interpolate(value, values, 1);
	}
}

/** As deep as values may lead to other values. */
const deepest = 10;

function interpolate(value: string, values: ReadonlyMap<string, string>, depth: number): string {
	if (depth > deepest) throw new IniError('the values refer to one another without end');
	return value.replaceAll(/%(?:%|\(([^)]+)\)s|[^]?)/g, (found, name: string | undefined) => {
		if (found === '%%') return '%';
		const other = name === undefined ? undefined : values.get(name.toLowerCase());
		if (other === undefined) throw new IniError(`${found} stands for nothing`);
		return other.includes('%') ? interpolate(other, values, depth + 1) : other;
	});
}

type Section = Map<string, string[]>;

function readSections(text: string): Map<string, ReadonlyMap<string, string>> {
	const sections = new Map<string, Section>();
	let current: Section | null = null;
	let sectionName = '';
	let option: string[] | null = null;
	let indentation = 0;
	let complaint = '';
	const written = new Set<string>();
	const lines = text.split(/\r\n|[\n\r]/);
	// What stands behind the last line end is no line.
	if (lines.at(-1) === '') lines.pop();
	for (const line of lines) {
		const content = strip(line);
		const comment = content.startsWith('#') || content.startsWith(';');
		if (content === '' || comment) {
			if (!comment) option?.push('');
			continue;
		}

		const indented = indentationOf(line);
		if (current !== null && option !== null && indented > indentation) {
			option.push(content);
			continue;
		}

		indentation = indented;
		const header = /^\[(.+)\]/s.exec(content);
		if (header !== null) {
			sectionName = header[1]!;
			if (sections.has(sectionName) && sectionName !== defaultSection) throw new IniError(`the section [${sectionName}] stands there twice`);
			current = sections.get(sectionName) ?? new Map<string, string[]>();
			sections.set(sectionName, current);
			option = null;
			continue;
		}

		if (current === null) throw new IniError('a section is missing at the beginning');
		const parts = /^(.*?)\s*[=:]\s*(.*)$/s.exec(content);
		if (parts === null || parts[1] === '') {
			complaint ||= `"${content.slice(0, 40)}" says nothing`;
			continue;
		}

		const name = strip(parts[1]!).toLowerCase();
		const key = `${sectionName}\n${name}`;
		if (written.has(key)) throw new IniError(`${name} stands there twice`);
		written.add(key);
		option = [strip(parts[2]!)];
		current.set(name, option);
	}

	if (complaint !== '') throw new IniError(complaint);
	return new Map([...sections].map(([name, options]) => [name, new Map([...options].map(([option, lines]) => [option, stripEnd(lines.join('\n'))]))]));
}

/** Reads a file's text; null where the extension could not. */
export function parseIni(text: string): Ini | null {
	try {
		return new Ini(text);
	} catch (error) {
		if (error instanceof IniError) return null;
		throw error;
	}
}

/** The options of one section as they are written, names in small letters; null where the file cannot be read or has no such section. */
export function iniSection(text: string, wanted: string): ReadonlyMap<string, string> | null {
	return parseIni(text)?.section(wanted) ?? null;
}

/** The decimal digits of all scripts stand in blocks of ten, some of them side by side. */
function digitValue(character: string): number {
	const code = character.codePointAt(0)!;
	let before = 0;
	while (/^\p{Nd}$/u.test(String.fromCodePoint(code - before - 1))) before++;
	return before % 10;
}

/** `int()` of a text: blanks around it, single underscores between digits and the digits of other scripts are fine. Null where Python raises a ValueError. */
export function pythonInteger(text: string): number | null {
	const digits = strip(text.replaceAll(/\P{ASCII}/gu, character => blanks.has(character) ? ' ' : /\p{Nd}/u.test(character) ? String(digitValue(character)) : character), plainBlanks);
	if (!/^[-+]?\d+(?:_\d+)*$/.test(digits)) return null;
	const plain = digits.replaceAll('_', '');
	// More digits than this it refuses to convert.
	return plain.replace(/^[-+]/, '').length <= 4300 ? Number(plain) : null;
}
