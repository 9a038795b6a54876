/** A JSON value as Python's `json.loads` answers it: whole numbers and fractions stay apart, a repeated key keeps its first place and its last value. */
export type PythonValue =
	| {readonly type: 'none'}
	| {readonly type: 'bool'; readonly value: boolean}
	| {readonly type: 'int'; readonly value: bigint}
	| {readonly type: 'float'; readonly value: number}
	| {readonly type: 'str'; readonly value: string}
	| {readonly type: 'list'; readonly items: readonly PythonValue[]}
	| {readonly type: 'dict'; readonly entries: ReadonlyMap<string, PythonValue>};

/** What `if value:` makes of it: empty texts, lists and objects, zero and None are false, every other text is true, "false" included. */
export function isTruthy(value: PythonValue): boolean {
	switch (value.type) {
		case 'none': return false;
		case 'bool': return value.value;
		case 'int': return value.value !== 0n;
		case 'float': return value.value !== 0;
		case 'str': return value.value !== '';
		case 'list': return value.items.length > 0;
		case 'dict': return value.entries.size > 0;
	}
}

/** The number that it counts as in arithmetic and comparisons (True is 1), or null where Python raises a TypeError. */
export function asNumber(value: PythonValue): number | null {
	switch (value.type) {
		case 'bool': return value.value ? 1 : 0;
		case 'int': return Number(value.value);
		case 'float': return value.value;
		case 'none':
		case 'str':
		case 'list':
		case 'dict': return null;
	}
}

/** `repr()` of a float: the shortest digits, as in JavaScript, with Python's limits for the exponent's form and its two digits. */
function floatText(value: number): string {
	if (Number.isNaN(value)) return 'nan';
	if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
	if (Object.is(value, -0)) return '-0.0';
	if (value === 0) return '0.0';
	const [digits, exponent] = value.toExponential().split('e') as [string, string];
	const power = Number(exponent);
	if (power < -4 || power >= 16) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
	// Written out from the shortest digits: toFixed would round them once more.
	const sign = digits.startsWith('-') ? '-' : '';
	const all = digits.replace(/[-.]/g, '');
	if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${all}`;
	const padded = all.padEnd(power + 2, '0');
	return `${sign}${padded.slice(0, power + 1)}.${padded.slice(power + 1)}`;
}

/** Characters that `repr()` of a text escapes, as far as `str.isprintable` goes: controls, separators other than the space, surrogates, unassigned ones. */
const unprintable = /[\p{C}\p{Z}]/u;

function quoted(text: string): string {
	const quote = text.includes('\'') && !text.includes('"') ? '"' : '\'';
	let result = quote;
	for (const character of text) {
		const code = character.codePointAt(0)!;
		if (character === '\\' || character === quote) result += `\\${character}`;
		else if (character === '\n') result += '\\n';
		else if (character === '\r') result += '\\r';
		else if (character === '\t') result += '\\t';
		else if (character === ' ' || !unprintable.test(character)) result += character;
		else if (code < 0x100) result += `\\x${code.toString(16).padStart(2, '0')}`;
		else if (code < 0x10000) result += `\\u${code.toString(16).padStart(4, '0')}`;
		else result += `\\U${code.toString(16).padStart(8, '0')}`;
	}

	return result + quote;
}

function repr(value: PythonValue): string {
	switch (value.type) {
		case 'none': return 'None';
		case 'bool': return value.value ? 'True' : 'False';
		case 'int': return String(value.value);
		case 'float': return floatText(value.value);
		case 'str': return quoted(value.value);
		case 'list': return `[${value.items.map(item => repr(item)).join(', ')}]`;
		case 'dict': return `{${[...value.entries].map(([key, entry]) => `${quoted(key)}: ${repr(entry)}`).join(', ')}}`;
	}
}

/** `str(value)`: what a script receives for a parameter that is no text. */
export function pythonText(value: PythonValue): string {
	return value.type === 'str' ? value.value : repr(value);
}

/** What a `for` loop over it yields, or null where Python raises a TypeError: a text gives its characters, an object its keys. */
export function iterate(value: PythonValue): readonly PythonValue[] | null {
	switch (value.type) {
		case 'list': return value.items;
		case 'str': return Array.from(value.value, character => ({type: 'str', value: character}));
		case 'dict': return Array.from(value.entries.keys(), key => ({type: 'str', value: key}));
		case 'none':
		case 'bool':
		case 'int':
		case 'float': return null;
	}
}
