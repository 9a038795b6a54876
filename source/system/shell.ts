import {spawn} from 'node:child_process';
import {closeSync, constants, openSync, realpathSync} from 'node:fs';
import {basename, join} from 'node:path';
import type {ShellMistake} from '../core/checks/facts.js';
import {isRegularFile} from './inspection.js';

/** How a short command ended; null where it could not be started or did not end in time (it is then killed). */
export type ShortRun = {readonly exitCode: number | null; readonly stdout: string; readonly stderr: string};

/** What a short command may write before it is cut off. Characters. */
const mostOutput = 256 * 1024;

/** Runs a short command with a deadline, its input from a descriptor or empty. Never throws. */
export async function runShortly(command: string, parameters: readonly string[], options: {readonly deadlineMs: number; readonly input?: number}): Promise<ShortRun | null> {
	return new Promise(resolve => {
		let stdout = '';
		let stderr = '';
		const child = spawn(command, parameters, {stdio: [options.input ?? 'ignore', 'pipe', 'pipe'], cwd: '/', env: {PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C'}});
		const timer = setTimeout(() => {
			child.kill('SIGKILL');
			child.stdout?.destroy();
			child.stderr?.destroy();
			resolve(null);
		}, options.deadlineMs);
		child.stdout?.setEncoding('utf8').on('data', (text: string) => {
			if (stdout.length < mostOutput) stdout += text;
		});
		child.stderr?.setEncoding('utf8').on('data', (text: string) => {
			if (stderr.length < mostOutput) stderr += text;
		});
		child.once('error', () => {
			clearTimeout(timer);
			resolve(null);
		});
		child.once('close', exitCode => {
			clearTimeout(timer);
			resolve({exitCode, stdout, stderr});
		});
	});
}

/** The path of a command in the usual places; null where it is not installed. */
export function findCommand(name: string): string | null {
	const directories = [...(process.env['PATH'] ?? '').split(':').filter(directory => directory.startsWith('/')), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
	for (const directory of directories) {
		const path = join(directory, name);
		if (isRegularFile(path)) return path;
	}

	return null;
}

/** What `sh` is on this machine: `dash`, `bash`, `busybox` …; null where there is none. */
export function shellName(): string | null {
	const path = findCommand('sh');
	if (path === null) return null;
	try {
		return basename(realpathSync(path)).replace(/\.?(?:distrib|static)$/, '');
	} catch {
		return 'sh';
	}
}

/** Lets the machine's `sh` read a script without running it. Null where it did not answer within `deadlineMs`. The file must be a regular one. */
export async function readWithShell(path: string, deadlineMs: number): Promise<{readonly line: number | null; readonly message: string} | 'fine' | null> {
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch {
		return null;
	}

	try {
		const run = await runShortly('sh', ['-n', '/dev/stdin'], {deadlineMs, input: descriptor});
		if (run === null || run.exitCode === null) return null;
		if (run.exitCode === 0) return 'fine';
		return complaint(run.stderr);
	} finally {
		closeSync(descriptor);
	}
}

/** Lets the machine's `sh` read a text without running it. */
export async function readTextWithShell(text: string, deadlineMs: number): Promise<'fine' | 'refused' | null> {
	const run = await runShortly('sh', ['-n', '-c', text], {deadlineMs});
	return run === null ? null : run.exitCode === 0 ? 'fine' : 'refused';
}

/** `sh: 12: Syntax error: "(" unexpected` and `sh: line 12: syntax error near …`, without the name and the line. */
function complaint(words: string): {readonly line: number | null; readonly message: string} {
	const first = words.split('\n').find(line => line.trim() !== '') ?? '';
	const match = /^[^:]*:\s*(?:line\s+)?(\d+):\s*(.*)$/.exec(first);
	const clean = (text: string): string => text.replace(/[\u0000-\u001F\u007F-\u009F]/g, ' ').trim().slice(0, 200);
	return match === null ? {line: null, message: clean(first) === '' ? 'it is not a script' : clean(first)} : {line: Number(match[1]), message: clean(match[2]!)};
}

/** What shellcheck is sure is wrong in a script; nothing where it is not installed or did not answer in time. */
export async function checkWithShellcheck(path: string, shell: string | null, deadlineMs: number): Promise<readonly ShellMistake[]> {
	const command = findCommand('shellcheck');
	if (command === null) return [];
	const dialect = shell === 'bash' || shell === 'dash' || shell === 'ksh' ? shell : 'sh';
	let descriptor: number;
	try {
		descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch {
		return [];
	}

	try {
		// Its milder remarks are about style, and about what other shells than this one would not do.
		const run = await runShortly(command, ['--norc', `--shell=${dialect}`, '--severity=error', '--format=json1', '-'], {deadlineMs, input: descriptor});
		const answer = JSON.parse(run?.stdout ?? 'null') as {readonly comments?: ReadonlyArray<{readonly line: number; readonly code: number; readonly message: string}>} | null;
		return (answer?.comments ?? []).map(({line, code, message}) => ({line, code: `SC${code}`, message}));
	} catch {
		return [];
	} finally {
		closeSync(descriptor);
	}
}

/** What a feature alone does in the machine's own `sh`: it works, it fails, or `sh` ends at it. */
export async function tryFeature(probe: string, deadlineMs: number): Promise<'works' | 'fails' | 'fatal' | null> {
	const run = await runShortly('sh', ['-c', `if ${probe}\nthen echo works; else echo fails; fi`], {deadlineMs});
	if (run === null) return null;
	if (run.stdout.startsWith('works')) return 'works';
	return run.stdout.startsWith('fails') ? 'fails' : 'fatal';
}
