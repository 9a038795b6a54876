import {exitCodes, Failure} from '../core/failure.js';
import {beginGuard, dismissGuard, type BegunGuard} from './guard/beginning.js';
import {Connection} from './guard/connection.js';
import {openTargets} from './guard/places.js';
import {RunningGuard} from './guard/running-guard.js';
import type {Guard, GuardOrder} from './guard/types.js';
import {shareLock} from './lock.js';
import {readFence} from './mounts.js';
import {loadNative, type Native} from './native.js';
import {markProcess} from './processes.js';

export type GuardStart = {
	/** One that was begun before; it is ordered, or dismissed, in any case. */
	readonly begun?: BegunGuard | undefined;
	/** Aborted: the guard is ended, whatever it waits for, and the start fails. */
	readonly signal?: AbortSignal | undefined;
	/** Somebody else (a clause that names a process) holds the lock, and is waited for. */
	readonly onWaiting?: ((holder: string) => void) | undefined;
};

/**
 * Gives the guard its order, and waits until it is ready: it has the lock, and every filesystem open. Throws a Failure (exit 7 where
 * the lock is held).
 */
export async function startGuard(order: GuardOrder, {begun, signal, onWaiting}: GuardStart = {}): Promise<Guard> {
	const {child} = fitting(order, begun);
	const connection = new Connection(child);
	connection.say({say: 'order', order, fence: readFence(), main: markProcess(process.pid)});
	// The means to do without it, loaded while it makes itself ready.
	const native = loadOrClose(connection);
	const news = await readiness(connection, signal, onWaiting);
	if (news === null) throw new Failure('The guard process could not be started.', {remedy: 'Nothing was run and nothing was frozen. Try again; if it happens again, report it with the output of: node --version', exitCode: exitCodes.failed});
	if (news.is === 'impossible') throw new Failure(news.message, {remedy: news.remedies, exitCode: news.exitCode});
	try {
		const own = openTargets(order.waves, readFence());
		const lock = shareLock(native, order.lockFile);
		return new RunningGuard(order, child, connection, native, own, lock, news.hastens);
	} catch (error) {
		connection.say({say: 'close'});
		throw error;
	}
}

/** What the guard says once it is ready, or cannot be. Throws where it is not wanted any more: it has nothing then, and ends by itself. */
async function readiness(connection: Connection, signal: AbortSignal | undefined, onWaiting: GuardStart['onWaiting']): Promise<Awaited<ReturnType<typeof connection.next<'ready' | 'impossible'>>>> {
	const stop = (): void => connection.say({say: 'close'});
	const deaf = connection.listen(news => {
		if (news?.is === 'waiting') onWaiting?.(news.holder);
	});
	signal?.addEventListener('abort', stop, {once: true});
	try {
		const next = connection.next('ready', 'impossible');
		if (signal?.aborted === true) stop();
		const news = await next;
		signal?.throwIfAborted();
		return news;
	} finally {
		deaf();
		signal?.removeEventListener('abort', stop);
	}
}

/** The one that was begun, where it has a thread for each filesystem, and lives; else another one. */
function fitting({waves}: GuardOrder, begun: BegunGuard | undefined): BegunGuard {
	const filesystems = waves.flat().length;
	let guard = begun;
	if (guard !== undefined && (guard.filesystems < filesystems || guard.child.pid === undefined || guard.child.exitCode !== null || guard.child.signalCode !== null)) {
		dismissGuard(guard);
		guard = undefined;
	}
	guard ??= beginGuard(filesystems);
	guard.ordered = true;
	return guard;
}

function loadOrClose(connection: Connection): Native {
	try {
		return loadNative();
	} catch (error) {
		connection.say({say: 'close'});
		throw error;
	}
}
