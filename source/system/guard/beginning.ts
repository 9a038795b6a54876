import type {ChildProcess} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {kill} from '../processes.js';

/**
 * A guard's process that knows of nothing yet. It takes as long to start as quiesce itself, so it is begun first and given its order when there is one.
 * Without an order it touches nothing, and ends with its input.
 */
export type BegunGuard = {
	readonly child: ChildProcess;
	/** How many filesystems it has threads for. */
	readonly filesystems: number;
	/** Set by whoever gives it an order, and has to end it from then on. */
	ordered: boolean;
};

/** Begins a guard. Where that fails, whoever gives it an order is told. */
export function beginGuard(filesystems: number = mountedFilesystems()): BegunGuard {
	const {PATH, LANG, HOME, QUIESCE_FREEZE_ONLY} = process.env;
	// NODE_OPTIONS and the like stay away from it.
	const environment = {PATH, LANG, HOME, QUIESCE_FREEZE_ONLY, UV_THREADPOOL_SIZE: String(Math.min(1024, 2 * filesystems + 4))};
	// Not imported: it would be loaded by every command, and takes longer than some of them.
	const {spawn} = process.getBuiltinModule('node:child_process');
	const child = spawn(process.execPath, [guardFile()], {detached: true, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'], env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined))});
	child.on('error', () => {});
	child.stdin?.on('error', () => {});
	return {child, filesystems, ordered: false};
}

/** Ends one that was not given an order after all. */
export function dismissGuard({child, ordered}: BegunGuard): void {
	if (ordered) return;
	child.stdin?.destroy();
	child.stdout?.destroy();
	if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) kill(child.pid);
	child.unref();
}

/** How many mounts there are of types that can be frozen: at least as many as will be. */
function mountedFilesystems(): number {
	try {
		return readFileSync('/proc/self/mountinfo', 'utf8').match(/ - (?:ext[34]|xfs|btrfs) /g)?.length ?? 0;
	} catch {
		return 0;
	}
}

/** The guard's file: beside this one in the bundle, above it in the compiled tree. */
export function guardFile(): string {
	return fileURLToPath(new URL(import.meta.url.endsWith('/system/guard/beginning.js') ? '../../guard.js' : './guard.js', import.meta.url));
}
