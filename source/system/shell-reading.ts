import {spawn} from 'node:child_process';
import {closeSync, constants, openSync} from 'node:fs';
import type {ScriptFacts} from '../core/checks/facts.js';

export type ShellReading = Pick<ScriptFacts, 'syntax' | 'mistakes'>;

export type ScriptToRead = {
	/** Of a regular file. */
	readonly path: string;
	/** Whether shellcheck is to look at it as well, where it is installed. */
	readonly check: boolean;
};

/** What `sh -n` may take for one script, and shellcheck for all. A slower machine gets no answer, and the checks that need it say nothing. Milliseconds. */
const syntaxDeadlineMs = 1000;
const shellcheckDeadlineMs = 700;
/** What is read of the answers. Characters. */
const mostOutput = 1024 * 1024;

/**
 * Lets the machine's `sh` read scripts without running them, and shellcheck say what it is sure is wrong (its milder remarks are about style, and about what other shells than
 * this one would not do). One `sh` starts all of it: to start a process takes Node some milliseconds, and `sh` less than one. Never throws; what is not answered in time is
 * ended, and stays null or empty. `shell` is what `sh` is here.
 */
export async function readWithShell(scripts: readonly ScriptToRead[], shell: string | null): Promise<readonly ShellReading[]> {
	const opened = scripts.map(({path}) => openedForReading(path));
	const descriptors = opened.filter(descriptor => descriptor !== null);
	if (descriptors.length === 0) return scripts.map(() => ({syntax: null, mistakes: []}));
	const placeOf = (index: number): number => 3 + descriptors.indexOf(opened[index]!);
	const checked = scripts.flatMap(({check}, index) => check && opened[index] !== null ? [`/dev/fd/${placeOf(index)}`] : []);
	const dialect = shell === 'bash' || shell === 'dash' || shell === 'ksh' ? shell : 'sh';
	const steps = [
		...descriptors.map((_, index) => ({command: `sh -n /dev/stdin <&${3 + index} 2>&1`, deadlineMs: syntaxDeadlineMs})),
		...(checked.length === 0 ? [] : [{command: `shellcheck --norc --shell=${dialect} --severity=error --format=json1 ${checked.join(' ')} 2>/dev/null`, deadlineMs: shellcheckDeadlineMs}]),
	];
	const answers = await inTurn(steps, descriptors).finally(() => {
		for (const descriptor of descriptors) closeSync(descriptor);
	});
	const comments = commentsOf(answers[descriptors.length]?.output);
	return scripts.map((_, index) => {
		if (opened[index] === null) return {syntax: null, mistakes: []};
		const answer = answers[placeOf(index) - 3];
		return {
			syntax: answer === undefined ? null : answer.exitCode === 0 ? 'fine' : complaint(answer.output),
			mistakes: comments.filter(({file}) => file === `/dev/fd/${placeOf(index)}`).map(({line, code, message}) => ({line, code: `SC${code}`, message})),
		};
	});
}

function openedForReading(path: string): number | null {
	try {
		return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch {
		return null;
	}
}

type Step = {readonly command: string; readonly deadlineMs: number};
type Answer = {readonly output: string; readonly exitCode: number};

/** Runs commands one after the other in one `sh`, with descriptors from 3 on. Answers those that ended in time; after one that did not there are no more. */
async function inTurn(steps: readonly Step[], descriptors: readonly number[]): Promise<readonly Answer[]> {
	const text = steps.map(({command}) => `${command}; printf '\\000%s\\000' $?`).join('\n');
	return new Promise(resolve => {
		// In a session of its own, so that all of it can be ended.
		const child = spawn('sh', ['-c', text], {stdio: ['ignore', 'pipe', 'ignore', ...descriptors], cwd: '/', env: {PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: 'C'}, detached: true});
		const answers: Answer[] = [];
		let waiting = '';
		const giveUp = (): void => {
			if (child.pid !== undefined) {
				try {
					process.kill(-child.pid, 'SIGKILL');
				} catch {
					// It has ended meanwhile.
				}
			}
			child.stdout?.destroy();
			resolve(answers);
		};
		let timer = setTimeout(giveUp, steps[0]!.deadlineMs);
		child.stdout?.setEncoding('utf8').on('data', (more: string) => {
			waiting += more;
			if (waiting.length > mostOutput) return giveUp();
			for (let end = /\0(\d+)\0/.exec(waiting); end !== null; end = /\0(\d+)\0/.exec(waiting)) {
				answers.push({output: waiting.slice(0, end.index), exitCode: Number(end[1])});
				waiting = waiting.slice(end.index + end[0].length);
				clearTimeout(timer);
				if (answers.length < steps.length) timer = setTimeout(giveUp, steps[answers.length]!.deadlineMs);
			}
		});
		child.once('error', () => {
			clearTimeout(timer);
			resolve(answers);
		});
		child.once('close', () => {
			clearTimeout(timer);
			resolve(answers);
		});
	});
}

type Comment = {readonly file: string; readonly line: number; readonly code: number; readonly message: string};

/** Nothing where shellcheck is not installed. */
function commentsOf(output: string | undefined): readonly Comment[] {
	try {
		return (JSON.parse(output ?? '{}') as {readonly comments?: readonly Comment[]}).comments ?? [];
	} catch {
		return [];
	}
}

/** `sh: 12: Syntax error: "(" unexpected` and `sh: line 12: syntax error near …`, without the name and the line. */
function complaint(words: string): Exclude<ShellReading['syntax'], 'fine' | null> {
	const first = words.split('\n').find(line => line.trim() !== '') ?? '';
	const match = /^[^:]*:\s*(?:line\s+)?(\d+):\s*(.*)$/.exec(first);
	const clean = (text: string): string => text.replace(/[\u0000-\u001F\u007F-\u009F]/g, ' ').trim().slice(0, 200);
	return match === null ? {line: null, message: clean(first) === '' ? 'it is not a script' : clean(first)} : {line: Number(match[1]), message: clean(match[2]!)};
}
