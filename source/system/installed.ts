import {statSync} from 'node:fs';
import {join} from 'node:path';
import {isRegularFile, openPlaces} from './inspection.js';
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

/** True for a program that nobody but root can have made or changed. Any user's program may run under the name of a server: as root only these are started. */
export function isRoots(program: string): boolean {
	try {
		const facts = statSync(program);
		return facts.isFile() && facts.uid === 0 && (facts.mode & 0o022) === 0 && openPlaces(program).length === 0;
	} catch {
		return false;
	}
}
