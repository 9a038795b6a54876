import {writeFile} from 'node:fs/promises';
import {createInterface} from 'node:readline';
import {startGuard} from '../../source/system/guard.js';
import type {GuardOrder, HeldScripts} from '../../source/system/guard/types.js';
import {Failure} from '../../source/core/failure.js';

/*
 * A main process for the tests of the guard, to be killed: does what it is told, one word a line, and tells what came of it, one JSON text a line.
 */
const [, , given = '{}'] = process.argv;
const {order, scripts} = JSON.parse(given) as {readonly order: GuardOrder; readonly scripts?: HeldScripts};

function say(what: object): void {
	process.stdout.write(`${JSON.stringify(what)}\n`);
}

const mount = (name: string, state: string, _durationMs: number, detail?: string): void => say({mount: name, state, detail});

try {
	const began = performance.now();
	const guard = await startGuard(order);
	// As in a cycle: nothing is owed before the guard knows what.
	const readyMs = performance.now() - began;
	if (scripts !== undefined) await guard.hold(scripts);
	guard.lost.addEventListener('abort', () => say({lost: (guard.lost.reason as Error).message}));
	say({ready: true, pid: guard.pid, readyMs});
	createInterface(process.stdin).on('line', word => {
		void (async () => {
			const [, path] = /^write (.*)/.exec(word) ?? [];
			// On a thread of the pool: where the filesystem is frozen it waits in the kernel.
			if (path !== undefined) return writeFile(path, 'x');
			switch (word) {
				case 'freeze':
					return say({frozen: await guard.freeze(mount)});
				case 'hold':
					await guard.hold(null);
					return say({held: true});
				case 'thaw':
					return say({thawed: await guard.thaw(mount)});
				case 'close':
					await guard.close();
					say({closed: true});
					process.exit(0);
			}
		})();
	});
} catch (error) {
	say({failed: (error as Error).message, exitCode: error instanceof Failure ? error.exitCode : null});
	process.exit(1);
}
