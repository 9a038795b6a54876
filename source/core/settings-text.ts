import type {SettingEdit} from './checks/finding.js';
import {parsePythonJson, PythonJsonError} from './extension/python-json.js';
import type {PythonValue} from './extension/python-value.js';

/** One member of the configuration's object, with its places in the text. */
type Member = {
	readonly key: string;
	readonly value: unknown;
	readonly keyStart: number;
	readonly keyEnd: number;
	readonly valueStart: number;
	readonly valueEnd: number;
};

export type SettingsText = {
	/** The last value of each key; null where the text is no JSON object. */
	readonly settings: Readonly<Record<string, unknown>> | null;
	/** Keys that stand there more than once with different values. */
	readonly duplicates: readonly string[];
	/** In a sentence, with the line; null where the text parses, whatever it holds. */
	readonly problem: string | null;
	/** The error with which the extension refuses a text that does not parse: 305, or 304 where it is nested too deep. */
	readonly refusal: 304 | 305 | null;
};

class Trouble extends Error {
	constructor(message: string, readonly at: number) {
		super(message);
	}
}

const words: Readonly<Record<string, unknown>> = {true: true, false: false, null: null, NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY};

/** Walks over the object's own members; what is inside of values is only measured. `relaxed`: comments and trailing commas are skipped. */
class Walker {
	#at = 0;

	constructor(readonly text: string, readonly relaxed: boolean) {}

	/** The members, or null where the text holds something else than an object. */
	members(): Member[] | null {
		this.#blank();
		if (this.text[this.#at] !== '{') {
			this.#value();
			this.#end();
			return null;
		}

		this.#at++;
		const members: Member[] = [];
		this.#blank();
		while (this.text[this.#at] !== '}') {
			const keyStart = this.#at;
			if (this.text[keyStart] !== '"') throw new Trouble(members.length > 0 && this.text[keyStart] === undefined ? 'the closing brace } is missing' : 'a key in double quotes is expected', keyStart);
			const key = this.#value() as string;
			const keyEnd = this.#at;
			this.#blank();
			if (this.text[this.#at] !== ':') throw new Trouble(`a colon is expected after "${key.slice(0, 40)}"`, this.#at);
			this.#at++;
			this.#blank();
			const valueStart = this.#at;
			const value = this.#value();
			members.push({key, value, keyStart, keyEnd, valueStart, valueEnd: this.#at});
			this.#blank();
			if (this.text[this.#at] === ',') {
				this.#at++;
				this.#blank();
				if (this.text[this.#at] === '}' && !this.relaxed) throw new Trouble('there is a comma after the last setting', this.#at);
			} else if (this.text[this.#at] !== '}') {
				throw new Trouble(this.text[this.#at] === undefined ? 'the closing brace } is missing' : 'a comma is expected between two settings', this.#at);
			}
		}

		this.#at++;
		this.#end();
		return members;
	}

	#end(): void {
		this.#blank();
		if (this.#at < this.text.length) throw new Trouble('something follows after the end', this.#at);
	}

	#blank(): void {
		for (;;) {
			while (' \t\n\r'.includes(this.text[this.#at] ?? 'x')) this.#at++;
			if (!this.relaxed) {
				if (this.text.startsWith('//', this.#at) || this.text.startsWith('/*', this.#at) || this.text[this.#at] === '#') throw new Trouble('there is a comment, which JSON does not have', this.#at);
				return;
			}

			if (this.text.startsWith('//', this.#at) || this.text[this.#at] === '#') {
				const end = this.text.indexOf('\n', this.#at);
				this.#at = end === -1 ? this.text.length : end;
			} else if (this.text.startsWith('/*', this.#at)) {
				const end = this.text.indexOf('*/', this.#at + 2);
				this.#at = end === -1 ? this.text.length : end + 2;
			} else {
				return;
			}
		}
	}

	/** Reads one value, and stands behind it. */
	#value(): unknown {
		const start = this.#at;
		const first = this.text[start];
		if (first === undefined) throw new Trouble('a value is missing', start);
		if (first === '"') {
			const pattern = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
			pattern.lastIndex = start;
			if (!pattern.test(this.text)) throw new Trouble('a quotation mark is not closed', start);
			this.#at = pattern.lastIndex;
		} else if (first === '{' || first === '[') {
			this.#at = this.#closing(start);
		} else {
			const pattern = /[-+\w.]+/y;
			pattern.lastIndex = start;
			if (!pattern.test(this.text)) throw new Trouble('a value is expected', start);
			this.#at = pattern.lastIndex;
		}

		const text = this.text.slice(start, this.#at);
		if (Object.hasOwn(words, text)) return words[text];
		try {
			return JSON.parse(text) as unknown;
		} catch {
			return this.#odd(text, start);
		}
	}

	/** What JSON.parse refuses and Python, or a relaxed reader, takes. */
	#odd(text: string, start: number): unknown {
		if (/^[[{]/.test(text)) {
			const plain = outsideStrings(text, part => {
				const numbers = part.replace(/-?\b(?:NaN|Infinity)\b/g, 'null');
				return this.relaxed ? numbers.replace(/,(\s*[\]}])/g, '$1') : numbers;
			});
			try {
				return JSON.parse(plain) as unknown;
			} catch {
				throw new Trouble('a value is not valid', start);
			}
		}

		throw new Trouble(text.startsWith('"') ? 'a text contains a line break or an unknown escape' : `${text.slice(0, 40)} is not a value (texts need double quotes)`, start);
	}

	#closing(start: number): number {
		const pattern = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]|"/gs;
		pattern.lastIndex = start;
		let depth = 0;
		for (let match = pattern.exec(this.text); match !== null; match = pattern.exec(this.text)) {
			const [found] = match;
			if (found === '"') break;
			if (found === '[' || found === '{') depth++;
			else if (found === ']' || found === '}') depth--;
			if (depth === 0) return pattern.lastIndex;
		}

		throw new Trouble('a bracket or a quotation mark is not closed', start);
	}
}

function outsideStrings(text: string, change: (part: string) => string): string {
	return text.split(/("[^"\\]*(?:\\.[^"\\]*)*")/s).map((part, index) => index % 2 === 1 ? part : change(part)).join('');
}

function collect(members: readonly Member[]): Readonly<Record<string, unknown>> {
	return Object.fromEntries(members.map(({key, value}) => [key, value]));
}

function lineOf(text: string, at: number): number {
	return text.slice(0, at).split('\n').length;
}

/** Reads the configuration's bytes as Python's JSON reader does. Never throws. */
export function readSettingsText(bytes: Uint8Array): SettingsText {
	const none = {settings: null, duplicates: [], refusal: 305} as const;
	if (bytes.length === 0) return {...none, problem: 'It is empty.'};
	if (isWide(bytes)) return {...none, problem: 'It is in UTF-16, not in UTF-8.'};
	let text: string;
	try {
		text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
	} catch {
		return {...none, problem: 'It contains characters that are not UTF-8.'};
	}

	if (text.startsWith('\uFEFF')) return {...none, problem: 'It begins with a byte order mark, as some Windows editors write it.'};
	try {
		const document = parsePythonJson(text);
		if (document.type !== 'dict') return {...none, problem: null, refusal: null};
		return {settings: plainValue(document) as Readonly<Record<string, unknown>>, duplicates: duplicatesOf(text), problem: null, refusal: null};
	} catch (error) {
		if (!(error instanceof PythonJsonError)) throw error;
		const comment = /^(?:\/[/*]|#)/.test(text.slice(error.at, error.at + 2));
		return {...none, refusal: error.tooDeep ? 304 : 305, problem: `In line ${lineOf(text, error.at)} ${comment ? 'there is a comment, which JSON does not have' : error.message}.`};
	}
}

/** Keys that stand there more than once with different values. */
function duplicatesOf(text: string): readonly string[] {
	const values = new Map<string, Set<string>>();
	for (const {key, valueStart, valueEnd} of new Walker(text, false).members() ?? []) {
		values.set(key, (values.get(key) ?? new Set()).add(text.slice(valueStart, valueEnd)));
	}

	return [...values].filter(([, set]) => set.size > 1).map(([key]) => key);
}

/** A value of Python's as the nearest one here: whole numbers and fractions are one type, and NaN and the infinities stay. */
function plainValue(value: PythonValue): unknown {
	switch (value.type) {
		case 'none': return null;
		case 'int': return Number(value.value);
		case 'list': return value.items.map(item => plainValue(item));
		case 'dict': return Object.fromEntries(Array.from(value.entries, ([key, entry]) => [key, plainValue(entry)]));
		case 'bool':
		case 'float':
		case 'str': return value.value;
	}
}

function isWide(bytes: Uint8Array): boolean {
	return (bytes[0] === 0xFF && bytes[1] === 0xFE) || (bytes[0] === 0xFE && bytes[1] === 0xFF)
		|| (bytes.length >= 4 && (bytes[0] === 0 || bytes[1] === 0) && bytes.length % 2 === 0);
}

/** The same settings as plain JSON, where they can be made out although the extension cannot read them; null where that would be a guess. */
export function repairSettings(bytes: Uint8Array): string | null {
	const big = bytes[0] === 0xFE || bytes[0] === 0;
	const encodings = isWide(bytes) ? [big ? 'utf-16be' : 'utf-16le'] : ['utf-8', 'windows-1252'];
	for (const encoding of encodings) {
		try {
			const text = new TextDecoder(encoding, {fatal: true}).decode(bytes);
			const members = new Walker(text, true).members();
			if (members === null || members.length === 0) return null;
			const written = writeSettings(collect(members));
			return readSettingsText(new TextEncoder().encode(written)).settings === null ? null : written;
		} catch {
			// The next encoding, or none.
		}
	}

	return null;
}

export function writeSettings(settings: Readonly<Record<string, unknown>>): string {
	return `${JSON.stringify(settings, null, 2)}\n`;
}

/** Changes settings in the text of a valid configuration; all else stays as it is written. Answers null where the text is no JSON object. */
export function editSettings(text: string, edits: readonly SettingEdit[]): string | null {
	let now = text;
	for (const edit of edits) {
		let members: Member[] | null;
		try {
			members = new Walker(now, false).members();
		} catch (error) {
			if (error instanceof Trouble) return null;
			throw error;
		}

		if (members === null) return null;
		now = editOne(now, members, edit);
	}

	return now;
}

function editOne(text: string, members: readonly Member[], edit: SettingEdit): string {
	const last = members.findLast(({key}) => key === edit.key);
	switch (edit.change) {
		case 'set':
			if (last !== undefined) return text.slice(0, last.valueStart) + JSON.stringify(edit.value) + text.slice(last.valueEnd);
			return add(text, members, `${JSON.stringify(edit.key)}: ${JSON.stringify(edit.value)}`);
		case 'rename':
			return last === undefined ? text : text.slice(0, last.keyStart) + JSON.stringify(edit.to) + text.slice(last.keyEnd);
		case 'remove': {
			// What stays keeps what set it off from the one before it.
			const kept = members.flatMap((member, index) => member.key === edit.key ? [] : [{member, index}]);
			const parts = kept.map(({member, index}, place) => (place === 0 ? '' : text.slice(members[index - 1]!.valueEnd, member.keyStart)) + text.slice(member.keyStart, member.valueEnd));
			const [first] = members;
			return first === undefined ? text : text.slice(0, first.keyStart) + parts.join('') + text.slice(members.at(-1)!.valueEnd);
		}
	}
}

function add(text: string, members: readonly Member[], member: string): string {
	const last = members.at(-1);
	if (last === undefined) {
		const at = text.indexOf('{') + 1;
		return `${text.slice(0, at)}${member}${text.slice(at)}`;
	}

	// As the last one is set off from what stands before it.
	const gap = /\s*$/.exec(text.slice(0, last.keyStart))?.[0] ?? '';
	return `${text.slice(0, last.valueEnd)},${gap === '' ? ' ' : gap}${member}${text.slice(last.valueEnd)}`;
}
