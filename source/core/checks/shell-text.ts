/** One line of a script that means something: here-documents and comments are left out. */
export type ShellLine = {
	/** From 1. */
	readonly number: number;
	/** Without its comment and its line end. */
	readonly text: string;
	/** As `text`, with what stands in quotes replaced by blanks. */
	readonly bare: string;
	/** As `text`, with what stands in single quotes replaced by blanks: the shell does nothing with that. */
	readonly live: string;
	/** True where the line stands at the left margin and outside a function's braces: nothing but an earlier exit keeps it from running. */
	readonly unconditional: boolean;
};

/** A feature of bash that POSIX shells lack, and that their parser does not notice. */
export type ShellFeature = {
	readonly name: string;
	/** Every use has at least one of these in it. Only where one is found is the pattern looked for, which takes long to make ready. */
	readonly marks: readonly string[];
	/** In `bare` text where `quoted` is not set, else in `live` text. */
	readonly pattern: RegExp;
	readonly quoted?: boolean;
	/** A few harmless commands that succeed only where the feature does what bash does; run in the machine's own `sh`. */
	readonly probe: string;
	/** What happens instead, in a clause. */
	readonly otherwise: string;
};

/** What `sh -n` accepts and a POSIX shell such as dash fails at when it gets there. */
export const shellFeatures: readonly ShellFeature[] = [
	{name: '[[ … ]]', marks: ['[['], pattern: /(?:^\s*|[;&|(]\s*|\b(?:if|while|until|then|else|elif|do|and|not)\s+|!\s*)\[\[(?:\s|$)/, probe: '[[ a = a ]]', otherwise: 'sh finds no command "[[", so the test is always false'},
	{name: '== in [ … ]', marks: ['=='], pattern: /(?:^\s*|[\s;&|(!])(?:\[\s(?:(?!\(\()[^\]])*|test\s(?:(?!\(\()[^;&|])*)\s==\s/, probe: '[ a == a ]', otherwise: 'the test fails with an error'},
	{name: '[ -v name ]', marks: ['-v'], pattern: /(?:^\s*|[\s;&|(!])(?:\[|test)\s+(?:!\s+)?-v\s/, probe: 'x=1; [ -v x ]', otherwise: 'the test fails with an error'},
	{name: 'source', marks: ['source'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:if|then|else|do)\s+)source\s+\S/, probe: 'source /dev/null', otherwise: 'sh finds no command "source", so the file is not read (write a full stop instead: ". file")'},
	{name: 'set -o pipefail', marks: ['pipefail'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)set\s+(?:[-+]\w+\s+)*[-+]\w*o\s+pipefail/, probe: 'set -o pipefail', otherwise: 'sh ends with an error at this line'},
	{name: 'set -E or -o errtrace', marks: ['set'], pattern: /(?:^\s*|[;&|({]\s*)set\s+-(?:[a-zA-Z]*E[a-zA-Z]*|o\s+errtrace)\b/, probe: 'set -E', otherwise: 'sh ends with an error at this line'},
	{name: '${name/old/new}', marks: ['${'], pattern: /\$\{\w+\/[^}]*\}/, quoted: true, probe: 'x=abc; [ "${x/b/d}" = adc ]', otherwise: 'sh ends with "Bad substitution"'},
	{name: '${name:start}', marks: ['${'], pattern: /\$\{(?:\w+|[@*]):[^-=?+}]/, quoted: true, probe: 'x=abc; [ "${x:1}" = bc ]', otherwise: 'sh ends with "Bad substitution"'},
	{name: '${name^^} or ${name,,}', marks: ['${'], pattern: /\$\{\w+(?:\^|,)/, quoted: true, probe: 'x=a; [ "${x^^}" = A ]', otherwise: 'sh ends with "Bad substitution"'},
	{name: '${name@Q}', marks: ['${'], pattern: /\$\{\w+@[A-Za-z]\}/, quoted: true, probe: 'x=a; [ -n "${x@Q}" ]', otherwise: 'sh ends with "Bad substitution"'},
	{name: '${!name}', marks: ['${!'], pattern: /\$\{!\w/, quoted: true, probe: 'y=1; x=y; [ "${!x}" = 1 ]', otherwise: 'sh ends with "Bad substitution"'},
	{name: '${name[…]}', marks: ['${'], pattern: /\$\{\w+\[/, quoted: true, probe: 'x=1; [ "${x[0]}" = 1 ]', otherwise: 'sh ends with "Bad substitution"'},
	{name: '&> or &>>', marks: ['&>'], pattern: /&>>?\s*[^\s&]/, probe: 'f() { return 1; }; ! { f &>/dev/null; }', otherwise: 'sh runs the command in the background, and its success is not looked at'},
	{name: '(( … ))', marks: ['(('], pattern: /(?:^\s*|[;&|]\s*|\b(?:if|while|until|then|else|do)\s+)\(\((?=.*\)\))/, probe: '((1))', otherwise: 'sh takes the inside for a command that it does not find'},
	{name: 'let', marks: ['let'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)let\s+\w+\s*[-+*/]?=/, probe: 'let x=1', otherwise: 'sh finds no command "let"'},
	{name: 'declare or typeset', marks: ['declare', 'typeset'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)(?:declare|typeset)\s+[-\w]/, probe: 'typeset x=1 && [ "$x" = 1 ]', otherwise: 'sh finds no such command, so the variable stays unset'},
	{name: 'shopt', marks: ['shopt'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)shopt\s/, probe: 'shopt -u nullglob', otherwise: 'sh finds no command "shopt"'},
	{name: 'pushd or popd', marks: ['pushd', 'popd'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)(?:pushd|popd)\b/, probe: 'command -v pushd >/dev/null', otherwise: 'sh finds no such command, so the directory does not change'},
	{name: 'trap … ERR', marks: ['ERR'], pattern: /(?:^\s*|[;&|({]\s*)trap\s.*\sERR(?:\s|$)/, probe: 'trap : ERR', otherwise: 'sh refuses the trap'},
	{name: '{1..3}', marks: ['..'], pattern: /(?<!\$)\{-?\w+\.\.-?\w+\}/, probe: 'set -- {1..2}; [ $# = 2 ]', otherwise: 'sh does not expand the braces'},
	{name: 'name+=value', marks: ['+='], pattern: /(?:^\s*|[;&|{]\s*|(?<!\()\(\s*|\b(?:then|else|do)\s+)\w+\+=/, probe: 'x=a; x+=b; [ "$x" = ab ]', otherwise: 'sh takes it for a command that it does not find'},
	{name: 'printf -v', marks: ['-v'], pattern: /\bprintf\s+-v\s/, probe: 'printf -v x a && [ "$x" = a ]', otherwise: 'the variable stays unset'},
	{name: '{name}>', marks: ['}<', '}>'], pattern: /(?:^|[\s;&|(])\{\w+\}(?:<|>)/, probe: 'exec {x}>/dev/null && [ "$x" -ge 10 ]', otherwise: 'sh takes {name} for a command or a parameter'},
	{name: "$'…'", marks: ["$'"], pattern: /\$'/, quoted: true, probe: "x=$'a'; [ \"$x\" = a ]", otherwise: 'sh keeps the dollar sign, and reads no escapes such as \\n'},
	{name: '$EUID or $UID', marks: ['UID'], pattern: /\$\{?(?:EUID|UID)\b/, quoted: true, probe: '[ -n "$EUID" ]', otherwise: 'the variable is empty (write $(id -u) instead)'},
	{name: 'local or export with options', marks: ['local', 'export'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)(?:local\s+-[aAirlnux]|export\s+-f)/, probe: 'f() { local -r x=1 && [ "$x" = 1 ]; }; f', otherwise: 'sh ends with an error at this line'},
	{name: 'disown', marks: ['disown'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)disown\b/, probe: 'command -v disown >/dev/null', otherwise: 'sh finds no such command'},
	{name: 'mapfile or readarray', marks: ['mapfile', 'readarray'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:then|else|do)\s+)(?:mapfile|readarray)\b/, probe: 'command -v mapfile >/dev/null', otherwise: 'sh finds no such command'},
	{name: 'read -a, -p, -t, -d, -n', marks: ['read'], pattern: /(?:^\s*|[;&|({]\s*|\b(?:if|while|until|then|else|do)\s+)(?:IFS=\S*\s+)?read\s+(?:-r\s+)?-\w*[aptdn]/, probe: 'printf "a\\n" | { read -t 1 x && [ "$x" = a ]; }', otherwise: 'sh refuses the option, and nothing is read'},
];

/** More lines than anybody writes by hand are not looked at: what a machine wrote into a script is data. */
const mostLines = 50_000;

/** The scripts that were split last: several checks ask for the same two. */
const split = new Map<string, readonly ShellLine[]>();

/** Splits a script into the lines that mean something. Linear in the text. */
export function shellLines(text: string): readonly ShellLine[] {
	const known = split.get(text);
	if (known !== undefined) return known;
	const lines = splitLines(text);
	if (split.size >= 2) split.clear();
	split.set(text, lines);
	return lines;
}

function splitLines(text: string): ShellLine[] {
	const lines: ShellLine[] = [];
	const all = text.split('\n', mostLines);
	let ends: {readonly word: string; readonly tabs: boolean}[] = [];
	let openQuote = '';
	let depth = 0;
	for (const [index, raw] of all.entries()) {
		const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
		const [end] = ends;
		if (end !== undefined) {
			if ((end.tabs ? line.replace(/^\t+/, '') : line) === end.word) ends = ends.slice(1);
			continue;
		}

		// A single line of a thousand of characters is data as well.
		if (line.length > 1000) continue;
		const insideQuote = openQuote !== '';
		const masked = maskQuotes(line, openQuote);
		openQuote = masked.open;
		const content = line.slice(0, masked.length);
		const atMargin = !insideQuote && depth === 0 && /^\S/.test(content) && !/^[})]|^(?:fi|done|esac|else|elif|then|do)\b/.test(content);
		if (!insideQuote && content.trim() !== '') {
			lines.push({number: index + 1, text: content, bare: masked.bare, live: masked.live, unconditional: atMargin});
		}

		if (blockWords.test(masked.bare)) depth = Math.max(0, depth + blocksOpened(masked.bare));
		ends = hereDocuments(content, masked.bare);
		// Past an unconditional end of the script stands data, or nothing.
		if (atMargin && depth === 0 && endsScript.test(masked.bare)) break;
	}

	return lines;
}

/** What opens or closes a block, and a few words that only look like it. */
export const blockWords = /[{}()]|\b(?:if|fi|for|do|while|until|case|esac)/;

/** How many blocks (functions, if, loops, case) a line opens more than it closes. */
export function blocksOpened(bare: string): number {
	const opened = bare.match(/(?:^|[;&|(){}!]|\b(?:then|else|do)\b)\s*(?:if|while|until|for|case)\b|\{(?:\s|$)|\($/g)?.length ?? 0;
	const closed = bare.match(/(?:^|[;&|(){}])\s*(?:fi|done|esac|\})(?=$|[\s;&|)}<>])|^\s*\)/g)?.length ?? 0;
	return opened - closed;
}

/** Blanks out what stands in quotes and finds where the comment begins. */
function maskQuotes(line: string, open: string): {readonly bare: string; readonly live: string; readonly open: string; readonly length: number} {
	if (open === '' && !/["'\\#]/.test(line)) return {bare: line, live: line, open, length: line.length};
	let bare = '';
	let live = '';
	let quote = open;
	for (let at = 0; at < line.length; at++) {
		const character = line[at]!;
		if (quote !== '') {
			if (character === '\\' && quote === '"') {
				bare += '  ';
				live += '  ';
				at++;
			} else {
				if (character === quote) quote = '';
				bare += ' ';
				live += quote === '\'' ? ' ' : character;
			}
		} else if (character === '\\') {
			bare += '  ';
			live += '  ';
			at++;
		} else if (character === '"' || character === "'") {
			quote = character;
			bare += ' ';
			live += character;
		} else if (character === '#' && (at === 0 || /[\s;&|()]/.test(line[at - 1]!))) {
			return {bare, live, open: '', length: at};
		} else {
			bare += character;
			live += character;
		}
	}

	return {bare: bare.slice(0, line.length), live: live.slice(0, line.length), open: quote, length: line.length};
}

function hereDocuments(text: string, bare: string): {readonly word: string; readonly tabs: boolean}[] {
	if (!bare.includes('<<')) return [];
	return [...text.matchAll(/(?<!<)<<(-?)\s*(?:"([^"]*)"|'([^']*)'|\\?([^\s;&|<>()"'\\]+))/g)]
		// A shift of bits is none.
		.filter(match => bare.startsWith('<<', match.index) && !/\(\([^)]*$/.test(text.slice(0, match.index)))
		.map(match => ({word: match[2] ?? match[3] ?? match[4]!, tabs: match[1] === '-'}));
}

/** One feature of bash in a script. */
export type FoundFeature = {
	readonly feature: ShellFeature;
	readonly line: ShellLine;
	/** True where nothing before it could keep it from being run: it stands at the margin, behind no condition and no end of the script. */
	readonly certain: boolean;
};

/** No line without one of these uses any of the features. */
const featureWords = /[[{]|&>|\(\(|\+=|\$'|UID|source|set|let|test|local|export|declare|typeset|shopt|pushd|popd|disown|trap|printf|mapfile|readarray|read/;

/** Where each feature is used first, in order of lines. */
export function findFeatures(lines: readonly ShellLine[]): FoundFeature[] {
	const found: FoundFeature[] = [];
	const left = new Set(shellFeatures);
	let mayHaveEnded = false;
	const until = bashTakesOver(lines);
	for (const line of lines) {
		if (line.number > until) break;
		for (const feature of featureWords.test(line.text) ? left : []) {
			if (!feature.marks.some(mark => line.text.includes(mark))) continue;
			const text = feature.quoted === true ? line.live : line.bare;
			const at = text.search(feature.pattern);
			if (at === -1) continue;
			found.push({feature, line, certain: line.unconditional && !mayHaveEnded && !/[&|(){}]/.test(line.bare.slice(0, at + 1))});
			left.delete(feature);
		}

		mayHaveEnded ||= mayEndWell(line.bare);
	}

	return found;
}

/** True where a line may end the script without an error, if it is reached: what stands below is then not sure to be run. */
function mayEndWell(bare: string): boolean {
	return /(?:^|[\s;&|({])(?:exit(?:\s+0+)?\s*(?:$|[;&|})])|exit\s+["$]|exec\s+[^<>\s\d&])/.test(bare);
}

/** True where the script may have ended, without an error, before `sh` reads as far as a line (from 1): it reads one command after the other. */
export function mayEndBefore(text: string, line: number): boolean {
	return shellLines(text).some(({number, bare}) => number < line && mayEndWell(bare));
}

/** True where `sh` surely ends, or hands the script over to bash, before it reads as far as a line: what stands there is data, or bash's. */
export function endsBefore(text: string, line: number): boolean {
	const lines = shellLines(text);
	if (bashTakesOver(lines) < line) return true;
	const last = lines.at(-1);
	return last !== undefined && last.number < line && last.unconditional && endsScript.test(last.bare);
}

/** An end of the script that is reached if its line is. */
const endsScript = /^(?:exit|exec\s+[^<>\s\d&])/;

/** The line with which a script gives itself to bash where it is not bash that reads it; Infinity where it does not. */
function bashTakesOver(lines: readonly ShellLine[]): number {
	const at = lines.findIndex(({text}) => /\bexec\s+(?:\S*\/)?(?:env\s+)?bash\b[^#]*\$(?:0|\{0\})/.test(text));
	if (at === -1) return Number.POSITIVE_INFINITY;
	return lines.slice(Math.max(0, at - 2), at + 1).some(({text}) => /\bBASH(?:_VERSION)?\b/.test(text)) ? lines[at]!.number : Number.POSITIVE_INFINITY;
}
