import {flushCompileCache} from 'node:module';
import {loadNative} from './native.js';

/**
 * Ends this process at once (_exit(2)), whatever of it is still waiting: an ordinary end waits for every thread, also for one that writes to a terminal
 * or a pipe that takes nothing. For the very end, when all that matters is on its way or on the disk. What V8 has compiled is kept first, as at an
 * ordinary end.
 */
export function endProcess(exitCode: number): never {
	// After a failure something may be frozen still, and whoever writes there waits.
	if (exitCode === 0) {
		try {
			flushCompileCache();
		} catch {
			// Then the next start compiles again.
		}
	}
	return loadNative().exit(exitCode);
}
