import {closeSync} from 'node:fs';
import {extensionLockFile, takeLock} from '../lock.js';
import {loadNative} from '../native.js';
import {wakeIfStopped} from '../processes.js';
import {longestTimerMs} from '../time.js';
import {readUnfinishedCycle} from '../unfinished-cycles.js';
import {settleCycle, thawLeftovers} from './settle-cycle.js';

/** How often is looked whether the main process has been stopped: nobody else is left to wake it. */
const lookEveryMs = 1000;

/**
 * Started by the third line after the guard's death, with the journal, the lock file, and how many filesystems it has open (from descriptor 3 on) as words. Waits for
 * the lock, that is for the end of the main process; where the journal is still there then, does what it owes. Ends the process.
 */
export async function settleAlone([journalFile = '', lockFile = extensionLockFile, filesystems = '0']: readonly string[]): Promise<void> {
	closeInherited(Number(filesystems));
	const main = readUnfinishedCycle(journalFile)?.main ?? null;
	let stoppedBefore = false;
	const looking = main === null ? undefined : setInterval(() => {
		stoppedBefore = wakeIfStopped(main, stoppedBefore);
	}, lookEveryMs);
	const lock = await takeLock(loadNative(), lockFile, longestTimerMs);
	clearInterval(looking);
	const cycle = readUnfinishedCycle(journalFile);
	if (cycle !== null) await settleCycle(cycle, await thawLeftovers(cycle), {by: 'guard'});
	lock.release();
	// By a signal, because an ordinary end would wait for threads that may be waiting in the kernel.
	process.kill(process.pid, 'SIGKILL');
}

/** Nobody shall find a filesystem in use because of what only waits. */
function closeInherited(filesystems: number): void {
	try {
		for (let descriptor = 3; descriptor < 3 + filesystems; descriptor++) closeSync(descriptor);
	} catch {
		// One that is not there is as good as closed.
	}
}
