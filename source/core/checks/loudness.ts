import {check} from './check.js';
import type {Role} from './facts.js';
import {finding} from './finding.js';
import {blocksOpened, blockWords, shellLines, type ShellLine} from './shell-text.js';
import {scriptErrors, scriptName} from './words.js';

const roles: readonly Role[] = ['pre', 'post'];

/** What a pipe takes before a writer waits. */
const pipeBytes = 65_536;

const units: Readonly<Record<string, number>> = {'': 1, b: 512, c: 1, w: 2, k: 1024, kb: 1000, K: 1024, KB: 1000, m: 1024 ** 2, M: 1024 ** 2, MB: 1e6, G: 1024 ** 3, GB: 1e9};

function bytes(text: string | undefined): number {
	const words = /^(\d+)([a-zA-Z]*)$/.exec(text ?? '');
	return words === null ? 0 : Number(words[1]) * (units[words[2]!] ?? 1);
}

/** Commands that surely or usually write more than a pipe takes, each with the words for it. */
const loud: readonly ((command: string) => string | null)[] = [
	command => /^yes(?:\s|$)/.test(command) ? 'yes writes without end' : null,
	command => {
		const words = /^head\s+(?:-c\s*|--bytes[= ])(\S+)/.exec(command);
		return bytes(words?.[1]) > pipeBytes ? `head writes ${words![1]!} bytes` : null;
	},
	command => {
		if (!/^dd\s/.test(command) || /\sof=/.test(command)) return null;
		const size = bytes(/\sbs=(\S+)/.exec(command)?.[1] ?? '512');
		const blocks = /\scount=(\S+)/.exec(command)?.[1];
		return blocks === undefined || size * bytes(blocks) > pipeBytes ? 'dd writes its data to the standard output' : null;
	},
	command => {
		const words = /^seq\s+(?:-\w\s+\S+\s+)?(?:(\d+)\s+)?(\d+)\s*$/.exec(command);
		return words !== null && Number(words[2]) - Number(words[1] ?? 1) > 15_000 ? 'seq writes more than 15,000 lines' : null;
	},
	command => /^(?:tar)\s+(?:-?[a-zA-Z]*v[a-zA-Z]*\b|.*\s(?:-[a-zA-Z]*v[a-zA-Z]*\b|--verbose))/.test(command) ? 'tar names every file' : null,
	command => /^rsync\s+(?:.*\s)?(?:-[a-zA-Z]*v[a-zA-Z]*\b|--verbose|--progress)/.test(command) ? 'rsync names every file' : null,
	command => /^(?:mysqldump|mariadb-dump|pg_dumpall)(?:\s|$)/.test(command) && !/\s(?:-r|-f|--result-file|--file)\b/.test(command) ? 'a dump goes to the standard output' : null,
	command => /^pg_dump(?:\s|$)/.test(command) && !/\s(?:-f|--file)\b/.test(command) ? 'a dump goes to the standard output' : null,
	command => /^journalctl(?:\s|$)/.test(command) && !/\s(?:-n|--lines|-q?p|--since|-S|--vacuum|--flush|--rotate|--sync)/.test(command) ? 'journalctl writes the whole journal' : null,
	command => /^find\s+\/(?:\s|$)/.test(command) && !/\s-(?:delete|quit|exec|execdir|fprint|maxdepth)\b/.test(command) ? 'find names every file' : null,
	command => /^ls\s+(?:.*\s)?-[a-zA-Z]*R/.test(command) ? 'ls names every file below' : null,
	command => /^cat\s+\/dev\/(?:zero|urandom|random)\b/.test(command) ? 'cat writes without end' : null,
	command => /^base64\s+.*\/dev\/(?:zero|urandom|random)\b/.test(command) ? 'base64 writes without end' : null,
];

/** No line without one of these says anything here. */
const loudWords = /yes|head|dd|seq|tar|rsync|dump|journalctl|find|ls|cat|base64|exec|set|while|until|for/;

/** A loop, a function, or anything else that stands on several lines and may send its output elsewhere as a whole. */
type Block = {
	/** The name of a function, which is known to run only where it is called. */
	readonly functionName: string | null;
	/** True where its output is a value, or its end sends it elsewhere. */
	away: boolean;
};

type Candidate = {readonly line: number; readonly what: string; readonly stream: 'output' | 'errors'; readonly blocks: readonly Block[]};

/** Deeper than anybody writes. */
const mostBlocks = 500;

/** The first line that writes much where nobody reads, or null. */
export function loudLine(text: string): {readonly line: number; readonly what: string} | null {
	const lines = whole(shellLines(text));
	const candidates: Candidate[] = [];
	const open: Block[] = [];
	const away = {output: false, errors: false};
	let traced: ShellLine | null = null;
	let declared: string | null = null;
	for (const line of lines) {
		const {bare} = line;
		const found = (what: string, stream: Candidate['stream'], at = line.number): void => {
			if (!away[stream] && candidates.length < mostBlocks) candidates.push({line: at, what, stream, blocks: [...open]});
		};
		if (loudWords.test(bare)) {
			if (open.length === 0 && /^\s*exec\s+(?:\d*|&)[<>]/.test(bare)) {
				// From here on everything goes elsewhere.
				away.output ||= /\s1?>{1,2}\|?\s*(?!&)\S|&>|>&\s*[^\d\s-]/.test(bare);
				away.errors ||= /\s2>{1,2}\s*(?!&1)\S|&>|>&\s*[^\d\s-]/.test(bare) || (away.output && /\s2>&1/.test(bare));
				if (away.output && away.errors) break;
				continue;
			}

			if (/^\s*set\s+(?:-\w+\s+)*-[a-wyz]*x/.test(bare)) traced ??= line;
			if (/^\s*set\s+\+\w*x/.test(bare)) traced = null;
			if (traced !== null && /^\s*(?:while|until|for)\b/.test(bare)) found('set -x writes every command, and there is a loop in which that becomes much', 'errors', traced.number);
			const what = loudCommand(bare);
			if (what !== null) found(what, 'output');
		}

		if (!blockWords.test(bare)) continue;
		const name = /^\s*(?:function\s+)?([\w-]+)\s*\(\)/.exec(bare)?.[1] ?? null;
		const change = blocksOpened(bare);
		for (let count = 0; count < change && open.length < mostBlocks; count++) open.push({functionName: name ?? (/^\s*\{/.test(bare) ? declared : null), away: /(?:\$\(|`)\s*$/.test(bare)});
		for (let count = 0; count > change; count--) {
			const closed = open.pop();
			if (closed !== undefined) closed.away ||= />|\|/.test(bare);
		}

		declared = name !== null && change === 0 ? name : null;
	}

	const first = candidates.find(({blocks, stream}) => !blocks.some(block => block.away || (block.functionName !== null && (away[stream] || sentAway(block.functionName, lines)))));
	return first === undefined ? null : {line: first.line, what: first.what};
}

/** What is loud in a line whose output goes to a pipe of the extension's. */
function loudCommand(bare: string): string | null {
	// Redirected, piped on, or caught: somebody takes it.
	if (/>|\||\$\(|`/.test(bare)) return null;
	for (const part of bare.split(/;|&&/)) {
		const command = part.trim().replace(/^(?:(?:if|then|else|do|while|until|!|time|nice|ionice|sudo|env|command|\{)\s+)+/, '');
		for (const judge of loud) {
			const what = judge(command);
			if (what !== null) return what;
		}
	}

	return null;
}

/** Is the output of a function redirected or caught wherever it is called on purpose? One such call is enough not to be sure. */
function sentAway(name: string, lines: readonly ShellLine[]): boolean {
	const call = new RegExp(`(?:^|[\\s;&|({])${name}\\b(?!\\s*\\(\\))[^;]*[>|]|(?:\\$\\(|\`)\\s*${name}\\b`);
	return lines.some(({bare}) => call.test(bare));
}

/** Lines that go on in the next one, together with that. */
function whole(lines: readonly ShellLine[]): readonly ShellLine[] {
	const result: ShellLine[] = [];
	let began: ShellLine | null = null;
	for (const line of lines) {
		const joined: ShellLine = began === null ? line : {...began, text: line.text, bare: `${began.bare} ${line.bare}`};
		// Of more than a thousand characters nobody has written one by hand.
		if (joined.bare.length < 1000 && (line.text.endsWith('\\') || /(?:\||&&)\s*$/.test(line.bare))) {
			began = joined;
			continue;
		}

		began = null;
		result.push(joined);
	}

	return began === null ? result : [...result, began];
}

/** Do the scripts write more than anybody reads? Conservative: what is not sure is not said. */
export const loudnessChecks = roles.map(role => check({
	id: `${scriptName(role)}-quiet`,
	title: `the ${scriptName(role)} writes little`,
	needs: [role],
	applies: facts => facts[role].text !== null,
	conclude(facts) {
		const script = facts[role];
		const found = loudLine(script.text ?? '');
		return found === null ? [] : [finding({
			id: `${scriptName(role)}-loud`,
			severity: 'warning',
			title: `The ${scriptName(role)} may write more than Azure takes`,
			detail: `Line ${found.line}: ${found.what}. Azure's extension reads no output: past 64 kB on either of its pipes a script hangs until its time limit (${scriptErrors[role].timeout}, ${role === 'pre' ? 308 : 309}).`,
			remedy: `Let it write to a file, at the top of the script: exec >>/var/log/${scriptName(role)}.log 2>&1`,
			note: `line ${found.line}`,
			path: script.path,
			source: 'script',
		})];
	},
}));
