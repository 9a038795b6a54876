import {join} from 'node:path';
import {isRegularFile} from './inspection.js';
import {runShortly} from './shell.js';

/** The first of some directories that holds a program whose `--version` matches; null where none does. */
export async function findInstalled(program: string, directories: readonly string[], version: RegExp): Promise<string | null> {
	for (const directory of directories) {
		const path = join(directory, program);
		if (!isRegularFile(path)) continue;
		const run = await runShortly(path, ['--version'], {deadlineMs: 10_000});
		if (run?.exitCode === 0 && version.test(run.stdout)) return directory;
	}

	return null;
}

/** What a program says of itself in its first line; empty where it does not answer. */
export async function versionOf(path: string): Promise<string> {
	const run = await runShortly(path, ['--version'], {deadlineMs: 10_000});
	return run?.stdout.split('\n')[0]?.trim() ?? '';
}
