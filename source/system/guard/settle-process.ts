import {extensionLockFile, takeLock} from '../lock.js';
import {loadNative} from '../native.js';
import {longestTimerMs} from '../time.js';
import {readUnfinishedCycle} from '../unfinished-cycles.js';
import {settleCycle, thawLeftovers} from './settle-cycle.js';

/**
 * Started by the third line after the guard's death, with the journal and the lock file as words. Waits for the lock, that is for the end of the main
 * process; where the journal is still there then, does what it owes. Ends the process.
 */
export async function settleAlone([journalFile = '', lockFile = extensionLockFile]: readonly string[]): Promise<void> {
	const native = loadNative();
	const lock = await takeLock(native, lockFile, longestTimerMs);
	const cycle = readUnfinishedCycle(journalFile);
	if (cycle !== null) await settleCycle(cycle, await thawLeftovers(cycle, native), {by: 'guard'});
	lock.release();
	// By a signal, because an ordinary end would wait for threads that may be waiting in the kernel.
	process.kill(process.pid, 'SIGKILL');
}
