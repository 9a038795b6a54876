import {check} from './check.js';
import type {Role, ScriptFacts} from './facts.js';
import {finding, type Finding} from './finding.js';
import {endsBefore, mayEndBefore, shellFeatures} from './shell-text.js';
import {list, scriptErrors, scriptName} from './words.js';

const roles: readonly Role[] = ['pre', 'post'];
const shells = /^(?:sh|bash|dash|ash|ksh|ksh93|mksh|zsh|busybox)$/;

/** The carriage returns of a text that do something: on lines that are neither empty nor comments. */
function windowsLines(text: string): {readonly code: number; readonly comments: number} {
	let code = 0;
	let comments = 0;
	for (const line of text.split('\n')) {
		if (!line.endsWith('\r')) continue;
		if (/^\s*#/.test(line)) comments++;
		else code++;
	}

	return {code, comments};
}

function interpreterName(script: ScriptFacts): string | null {
	const first = script.text?.split('\n', 1)[0] ?? '';
	const words = /^#!\s*(\S+)(?:\s+(.*?))?\s*$/.exec(first);
	if (words === null) return null;
	const program = words[1]!.split('/').at(-1)!;
	if (program !== 'env') return program;
	return words[2]?.split(/\s+/).find(word => !word.startsWith('-') && !word.includes('='))?.split('/').at(-1) ?? null;
}

/** `line 2`, `lines 2 and 3`. */
function linesWords(numbers: readonly number[]): string {
	const lines = [...new Set(numbers)];
	return `${lines.length === 1 ? 'line' : 'lines'} ${list(lines.map(String), 3)}`;
}

function failsWords(role: Role): string {
	return `It fails at the next backup (${scriptErrors[role].failed}, ${role === 'pre' ? 300 : 301}), although the configuration itself is accepted.`;
}

/** What a script is written in, against what it is run with. */
function language(script: ScriptFacts, shell: string | null): Finding[] {
	const {role, path, text, syntax} = script;
	if (script.file.kind !== 'file' || text === null) return [];
	const name = scriptName(role);
	const common = {path, source: 'script'} as const;
	const run = `Azure runs it as sh ${path}, whatever its first line says${shell === null || shell === 'sh' ? '' : `, and sh is ${shell} here`}.`;
	const program = interpreterName(script);
	const binary = text.startsWith('\u007FELF') || text.startsWith('ELF\u0002\u0001') || (text.slice(0, 512).includes('\0') && program === null);
	if (binary) {
		return [finding({
			...common,
			id: `${name}-binary`,
			severity: 'error',
			error: scriptErrors[role].failed,
			title: `The ${name} is a program, not a shell script`,
			detail: `${run} A shell cannot read a compiled program. ${failsWords(role)}`,
			remedy: 'Write a shell script of two lines that starts the program, and configure that: #!/bin/sh, exec /path/of/the/program "$@"',
		})];
	}

	if (program !== null && !shells.test(program)) {
		const broken = syntax !== null && syntax !== 'fine';
		return [finding({
			...common,
			id: `${name}-interpreter-ignored`,
			severity: broken ? 'error' : 'warning',
			...(broken ? {error: scriptErrors[role].failed} : {}),
			title: `The ${name} is written for ${program}, and Azure gives it to sh`,
			detail: `${run} ${broken ? failsWords(role) : 'It does something else than it says, or nothing.'}`,
			remedy: `Write a shell script of two lines that starts it, and configure that: #!/bin/sh, exec ${program} /path/of/the/script "$@"`,
			note: program,
		})];
	}

	const found: Finding[] = [];
	const windows = windowsLines(text);
	const broken = syntax !== null && syntax !== 'fine' && !endsBefore(text, syntax.line ?? 0) ? syntax : null;
	// The shell reads one command after the other: behind an exit that is reached nothing is read any more.
	const reached = broken !== null && !mayEndBefore(text, broken.line ?? Number.POSITIVE_INFINITY);
	if (windows.code > 0) {
		const certain = reached || /^\s*exit\s+\d+\r$/m.test(text);
		found.push(finding({
			...common,
			id: `${name}-line-ends`,
			severity: certain ? 'error' : 'warning',
			...(certain ? {error: scriptErrors[role].failed} : {}),
			title: `The ${name} has Windows line ends`,
			detail: `On ${windows.code === 1 ? 'one line' : `${windows.code} lines`} sh takes the carriage return for a part of the last word: commands are not found, files get odd names, and "exit 0" fails. ${certain ? failsWords(role) : 'Azure runs it all the same.'}`,
			remedy: 'Convert the line ends; what the script does stays the same.',
			note: 'CR LF → LF',
			mend: {kind: 'line-ends', path},
		}));
	} else if (windows.comments > 0) {
		found.push(finding({
			...common,
			id: `${name}-line-ends`,
			severity: 'info',
			title: `The ${name} has Windows line ends in comments`,
			detail: 'That does not disturb Azure, which gives the script to sh. Started by hand it is not found, where its first line is one of them.',
			remedy: 'Convert the line ends; what the script does stays the same.',
			note: 'CR LF → LF',
			mend: {kind: 'line-ends', path},
		}));
	}

	if (broken !== null && windows.code === 0) {
		const bash = program === 'bash' && shell !== 'bash';
		found.push(finding({
			...common,
			id: `${name}-${bash ? 'needs-bash' : 'syntax'}`,
			severity: reached ? 'error' : 'warning',
			...(reached ? {error: scriptErrors[role].failed} : {}),
			title: bash ? `The ${name} needs bash` : `sh cannot read the ${name}`,
			detail: `${run} ${broken.line === null ? '' : `At line ${broken.line} `}sh says: ${broken.message}. ${reached ? failsWords(role) : 'Where the script does not end before that, it fails there.'}`,
			remedy: bash ? 'Write it for sh, or configure a script of two lines that starts it with bash: #!/bin/sh, exec bash /path/of/the/script "$@"' : `Correct it, and test it: sh -n ${path}`,
			...(broken.line === null ? {} : {note: `line ${broken.line}`}),
		}));
	} else if (script.dialect.length > 0) {
		const fatal = script.dialect.find(trouble => trouble.fatal && trouble.certain);
		const shown = (fatal === undefined ? script.dialect : [fatal, ...script.dialect.filter(trouble => trouble !== fatal)]).slice(0, 4);
		const sentences = shown.map(trouble => {
			const otherwise = shellFeatures.find(feature => feature.name === trouble.feature)?.otherwise;
			return `Line ${trouble.line}, ${trouble.feature}${otherwise === undefined ? '' : `: ${otherwise}`}.`;
		});
		found.push(finding({
			...common,
			id: `${name}-needs-bash`,
			severity: fatal === undefined ? 'warning' : 'error',
			...(fatal === undefined ? {} : {error: scriptErrors[role].failed}),
			title: `The ${name} needs bash`,
			detail: `${run} ${sentences.join(' ')}${fatal === undefined ? '' : ` ${failsWords(role)}`}`,
			remedy: 'Write these lines for sh, or configure a script of two lines that starts it with bash: #!/bin/sh, exec bash /path/of/the/script "$@"',
			note: linesWords(shown.map(({line}) => line)),
		}));
	}

	const [mistake] = script.mistakes;
	if (mistake !== undefined && found.length === 0) {
		found.push(finding({
			...common,
			id: `${name}-mistake`,
			// Its opinion, not what sh or the extension said.
			severity: 'info',
			title: `shellcheck finds a mistake in the ${name}`,
			detail: `Line ${mistake.line}: ${mistake.message.replace(/\.$/, '')} (${mistake.code}).${script.mistakes.length === 1 ? '' : ` There ${script.mistakes.length === 2 ? 'is one more' : `are ${script.mistakes.length - 1} more`}.`} ${run}`,
			remedy: `See all of it: shellcheck -s sh ${path}`,
			note: `line ${mistake.line}`,
		}));
	}

	if (script.interpreter !== null && !script.interpreter.exists && !script.interpreter.path.includes('\r')) {
		found.push(finding({
			...common,
			id: `${name}-interpreter-missing`,
			severity: 'info',
			title: `The first line of the ${name} names a program that is not here`,
			detail: `${script.interpreter.path} does not exist. Azure does not mind, because it gives the script to sh; but started by hand the script is "not found".`,
			remedy: 'Write #!/bin/sh there, which is what it runs with.',
			note: script.interpreter.path,
		}));
	}

	return found;
}

/** Will the machine's `sh` understand the scripts? */
export const languageChecks = [
	...roles.map(role => check({
		id: `${scriptName(role)}-language`,
		title: `sh understands the ${scriptName(role)}`,
		needs: [role],
		applies: facts => role === 'pre' || facts.pre === null || facts.pre.path !== facts.post?.path,
		conclude: facts => language(facts[role], facts.machine?.shell ?? null),
	})),
	check({
		id: 'shell-there',
		title: 'there is an sh',
		needs: ['machine'],
		conclude: ({machine}) => machine.shell !== null ? [] : [finding({
			id: 'shell-missing',
			severity: 'error',
			error: scriptErrors.pre.failed,
			title: 'There is no sh on this machine',
			detail: 'Azure starts both scripts with sh from the PATH; without it neither can run.',
			remedy: 'Install a POSIX shell as /bin/sh.',
			source: 'machine',
		})],
	}),
];
