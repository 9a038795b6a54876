import {setTimeout as delay} from 'node:timers/promises';
import {exitCodes, Failure} from '../core/failure.js';
import type {SnapshotOrder} from './provider.js';

/** @throws Failure (2) where the filesystems cannot stay frozen for as long as was asked. */
export function refuseLongHold({frozen, holdMs, deadlineMs}: Pick<SnapshotOrder, 'frozen' | 'holdMs' | 'deadlineMs'>): void {
	if (!frozen || holdMs < deadlineMs) return;
	throw new Failure(`Nothing stays frozen for ${holdMs / 1000} s: everything is thawed after ${deadlineMs / 1000} s, whatever happens.`, {
		exitCode: exitCodes.usage,
		remedy: `Hold for less: --hold ${Math.max(1, Math.floor(deadlineMs / 2000))}`,
	});
}

/** Lets that time pass. Rejects where it is ended. */
export async function hold(holdMs: number, signal: AbortSignal): Promise<void> {
	signal.throwIfAborted();
	if (holdMs > 0) await delay(holdMs, undefined, {signal});
}
