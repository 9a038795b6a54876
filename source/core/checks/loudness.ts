import {check} from './check.js';
import type {Role} from './facts.js';
import {finding} from './finding.js';
import {shellLines, type ShellLine} from './shell-text.js';
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
	command => /^(?:mysqldump|mariadb-dump|pg_dumpall)\s/.test(command) && !/\s(?:-r|-f|--result-file|--file)\b/.test(command) ? 'a dump goes to the standard output' : null,
	command => /^pg_dump\s/.test(command) && !/\s(?:-f|--file)\b/.test(command) ? 'a dump goes to the standard output' : null,
	command => /^journalctl(?:\s|$)/.test(command) && !/\s(?:-n|--lines|-q?p|--since|-S|--vacuum|--flush|--rotate|--sync)/.test(command) ? 'journalctl writes the whole journal' : null,
	command => /^find\s+\/(?:\s|$)/.test(command) && !/\s-(?:delete|quit|exec|execdir|fprint|maxdepth)\b/.test(command) ? 'find names every file' : null,
	command => /^ls\s+(?:.*\s)?-[a-zA-Z]*R/.test(command) ? 'ls names every file below' : null,
	command => /^cat\s+\/dev\/(?:zero|urandom|random)\b/.test(command) ? 'cat writes without end' : null,
	command => /^base64\s+.*\/dev\/(?:zero|urandom|random)\b/.test(command) ? 'base64 writes without end' : null,
];

/** No line without one of these says anything here. */
const loudWords = /yes|head|dd|seq|tar|rsync|dump|journalctl|find|ls|cat|base64|exec|set|while|until|for/;

/** The first line that writes much where nobody reads, or null. */
export function loudLine(text: string): {readonly line: number; readonly what: string} | null {
	let traced: ShellLine | null = null;
	for (const line of shellLines(text)) {
		const {bare} = line;
		if (!loudWords.test(bare)) continue;
		// From here on everything goes elsewhere.
		if (/^\s*exec\s+(?:1?>|&>|>&|>\|)/.test(bare)) {
			if (/2>|&>|>&/.test(bare)) return null;
			continue;
		}

		if (/^\s*set\s+(?:-\w+\s+)*-[a-wyz]*x/.test(bare)) traced ??= line;
		if (/^\s*set\s+\+\w*x/.test(bare)) traced = null;
		if (traced !== null && /^\s*(?:while|until|for)\b/.test(bare)) return {line: traced.number, what: 'set -x writes every command, and there is a loop in which that becomes much'};
		// Redirected, piped on, or caught: somebody takes it.
		if (/>|\||\$\(|`/.test(bare) || /\b(?:done|fi|})\s*(?:>|\|)/.test(bare)) continue;
		for (const part of line.bare.split(/;|&&/)) {
			const command = part.trim().replace(/^(?:(?:if|then|else|do|while|until|!|time|nice|ionice|sudo|env|command)\s+)+/, '');
			for (const judge of loud) {
				const what = judge(command);
				if (what !== null) return {line: line.number, what};
			}
		}
	}

	return null;
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
