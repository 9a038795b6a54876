import type {PythonValue} from './python-value.js';

/** Python's scanner gives up (RecursionError) where more lists and objects than this stand one in the other: its limit of 1,000 calls, less those that lead to it. */
const deepest = 988;

const whitespace = /[ \t\n\r]*/y;
const number = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?/y;
const plainText = /[^"\\\u0000-\u001F]*/y;
const constants: ReadonlyArray<readonly [string, PythonValue]> = [
	['null', {type: 'none'}],
	['true', {type: 'bool', value: true}],
	['false', {type: 'bool', value: false}],
	['NaN', {type: 'float', value: Number.NaN}],
	['Infinity', {type: 'float', value: Number.POSITIVE_INFINITY}],
	['-Infinity', {type: 'float', value: Number.NEGATIVE_INFINITY}],
];
const escapes: Readonly<Record<string, string>> = {'"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t'};

/** The text is not what Python's json.loads accepts. */
export class PythonJsonError extends Error {
	override readonly name = 'PythonJsonError';
	/** Where, in characters from the beginning. */
	readonly at: number;
	/** True where it is nested deeper than Python's scanner goes: it then raises a RecursionError, not a ValueError. */
	readonly tooDeep: boolean;

	constructor(message: string, at: number, tooDeep = false) {
		super(message);
		this.at = at;
		this.tooDeep = tooDeep;
	}
}

class Scanner {
	#at = 0;
	readonly #text: string;

	constructor(text: string) {
		this.#text = text;
	}

	document(): PythonValue {
		this.#skip();
		const value = this.#value(0);
		this.#skip();
		if (this.#at < this.#text.length) this.#refuse('there is something behind the end');
		return value;
	}

	#refuse(message: string): never {
		throw new PythonJsonError(message, this.#at);
	}

	#match(pattern: RegExp): RegExpExecArray | null {
		pattern.lastIndex = this.#at;
		const match = pattern.exec(this.#text);
		if (match !== null) this.#at = pattern.lastIndex;
		return match;
	}

	#skip(): void {
		this.#match(whitespace);
	}

	#take(character: string): boolean {
		if (this.#text[this.#at] !== character) return false;
		this.#at++;
		return true;
	}

	#value(depth: number): PythonValue {
		if (this.#take('"')) return {type: 'str', value: this.#string()};
		const opening = this.#text[this.#at];
		if (opening === '{' || opening === '[') {
			if (depth >= deepest) throw new PythonJsonError('lists or objects are nested too deep', this.#at, true);
			this.#at++;
			return opening === '{' ? this.#dict(depth) : this.#list(depth);
		}

		for (const [word, value] of constants) {
			if (this.#text.startsWith(word, this.#at)) {
				this.#at += word.length;
				return value;
			}
		}

		const match = this.#match(number);
		if (match === null) this.#refuse(this.#at === this.#text.length ? 'a value is missing at the end' : 'no value begins like this');
		const [whole, integer, fraction, exponent] = match;
		if (fraction !== undefined || exponent !== undefined) return {type: 'float', value: Number(whole)};
		// Python refuses to convert more digits (ValueError, since 3.11).
		if (integer!.replace('-', '').length > 4300) this.#refuse('a whole number has more than 4,300 digits');
		return {type: 'int', value: BigInt(integer!)};
	}

	#list(depth: number): PythonValue {
		const items: PythonValue[] = [];
		this.#skip();
		if (this.#take(']')) return {type: 'list', items};
		for (;;) {
			this.#skip();
			items.push(this.#value(depth + 1));
			this.#skip();
			if (this.#take(']')) return {type: 'list', items};
			if (!this.#take(',')) this.#refuse('a comma or a closing bracket is missing');
		}
	}

	#dict(depth: number): PythonValue {
		const entries = new Map<string, PythonValue>();
		this.#skip();
		if (this.#take('}')) return {type: 'dict', entries};
		for (;;) {
			this.#skip();
			if (!this.#take('"')) this.#refuse('a key in double quotes is missing');
			const key = this.#string();
			this.#skip();
			if (!this.#take(':')) this.#refuse('a colon is missing');
			this.#skip();
			entries.set(key, this.#value(depth + 1));
			this.#skip();
			if (this.#take('}')) return {type: 'dict', entries};
			if (!this.#take(',')) this.#refuse('a comma or a closing brace is missing');
		}
	}

	#string(): string {
		const parts: string[] = [];
		for (;;) {
			parts.push(this.#match(plainText)![0]);
			if (this.#take('"')) return parts.join('');
			if (!this.#take('\\')) this.#refuse(this.#at === this.#text.length ? 'a text has no end' : 'a control character stands inside a text');
			const escape = this.#text[this.#at++] ?? '';
			if (escape === 'u') {
				const digits = this.#text.slice(this.#at, this.#at + 4);
				if (!/^[\da-fA-F]{4}$/.test(digits)) this.#refuse('\\u needs four hexadecimal digits');
				this.#at += 4;
				// Two halves of a pair join by themselves in UTF-16; a lone one stays, as in Python.
				parts.push(String.fromCharCode(Number.parseInt(digits, 16)));
			} else {
				parts.push(Object.hasOwn(escapes, escape) ? escapes[escape]! : this.#refuse(`\\${escape} is no escape`));
			}
		}
	}
}

/**
 * Reads a text as Python's `json.loads` does (Python 3.11): NaN and Infinity are numbers, a byte order mark, comments, trailing commas and
 * anything behind the end are errors.
 * @throws PythonJsonError
 */
export function parsePythonJson(text: string): PythonValue {
	if (text.startsWith('\uFEFF')) throw new PythonJsonError('it begins with a byte order mark', 0);
	return new Scanner(text).document();
}
