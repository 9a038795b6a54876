import {readFileSync} from 'node:fs';
import {extensionLockFile, readLockHolder} from './lock.js';
import {commandLineOf, isRunning, programIds, readProcess} from './processes.js';

/** What can be seen of the extension's work from outside, while its log is silent. */
export type ExtensionSight = {
	/** safefreeze, the process that freezes; null where it does not run. */
	readonly helper: {
		readonly pid: number;
		/** What it was started with: its path, the seconds after which it thaws, the mounts. */
		readonly words: readonly string[];
		/** It waits for the kernel (state D): it is freezing or thawing. Otherwise everything in its list is frozen. */
		readonly busy: boolean;
	} | null;
	/** Who holds the lock; null: nobody. `isExtension`: the extension itself. */
	readonly lock: {readonly pid: number | null; readonly command: string | null; readonly isExtension: boolean} | null;
};

/** Looks once. `helperPath`: the program as the log names it; without it, any safefreeze of the extension. Never throws. */
export function lookAtExtension(helperPath: string | null): ExtensionSight {
	return {helper: findHelper(helperPath), lock: lockSight()};
}

function findHelper(helperPath: string | null): ExtensionSight['helper'] {
	for (const pid of programIds()) {
		const words = wordsOf(pid);
		const [program = ''] = words;
		if (helperPath === null ? !/\/main\/safefreeze(?:Arm64)?\/bin\/safefreeze$/.test(program) : program !== helperPath) continue;
		const facts = readProcess(pid);
		if (facts === null || facts.state === 'Z' || facts.state === 'X') continue;
		return {pid, words, busy: facts.state === 'D'};
	}
	return null;
}

/** The extension's daemon, which makes a backup; null where none runs. */
export function findDaemon(): {readonly pid: number; readonly command: string} | null {
	for (const pid of programIds()) {
		const command = commandLineOf(pid);
		if (command !== null && isDaemon(command) && isRunning(readProcess(pid))) return {pid, command};
	}
	return null;
}

function isDaemon(command: string): boolean {
	return /handle\.py\b.*\bdaemon\b/.test(command);
}

function lockSight(): ExtensionSight['lock'] {
	try {
		const holder = readLockHolder(extensionLockFile);
		return holder === null ? null : {...holder, isExtension: holder.command !== null && isDaemon(holder.command)};
	} catch {
		return null;
	}
}

function wordsOf(pid: number): readonly string[] {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
	} catch {
		return [];
	}
}
