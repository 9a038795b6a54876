import {spawn} from 'node:child_process';
import {realpathSync} from 'node:fs';
import {basename, join} from 'node:path';
import {isRegularFile} from './inspection.js';

/** How a short command ended; null where it could not be started or did not end in time (it is then killed). */
export type ShortRun = {readonly exitCode: number | null; readonly stdout: string; readonly stderr: string};

/** What a short command may write before it is cut off. Characters. */
const mostOutput = 256 * 1024;

/** Runs a short command with a deadline, its input empty. Never throws. */
export async function runShortly(command: string, parameters: readonly string[], options: {readonly deadlineMs: number}): Promise<ShortRun | null> {
	return new Promise(resolve => {
		let stdout = '';
		let stderr = '';
		const child = spawn(command, parameters, {stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', env: {PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C'}});
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
		return basename(realpathSync.native(path)).replace(/\.?(?:distrib|static)$/, '');
	} catch {
		return 'sh';
	}
}

/** What a feature alone does in the machine's own `sh`: it works, it fails, or `sh` ends at it. */
export async function tryFeature(probe: string, deadlineMs: number): Promise<'works' | 'fails' | 'fatal' | null> {
	const run = await runShortly('sh', ['-c', `if ${probe}\nthen echo works; else echo fails; fi`], {deadlineMs});
	if (run === null) return null;
	if (run.stdout.startsWith('works')) return 'works';
	return run.stdout.startsWith('fails') ? 'fails' : 'fatal';
}
