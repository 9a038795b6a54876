import {closeSync, openSync, readFileSync, writeSync} from 'node:fs';

/**
 * The kernel's switch for short grace periods (`rcu_expedited` in its list of parameters; the kernel turns it on itself while it starts and while it
 * suspends). FIFREEZE waits for three grace periods, one after another, which is nearly all of its time: some 30 ms on a machine at rest, and more on a
 * busy one. Hurried they take less than a millisecond together, and the processors a few interrupts.
 */
export const gracePeriods = '/sys/kernel/rcu_expedited';

/** Hurries the kernel while freeze calls are under way, and not a moment longer. Neither blocks nor throws; each may be called more than once. */
export type Haste = {
	begin(): void;
	end(): void;
};

/** Null where there is no such switch (a container, an old kernel), or where it is on already: then it is somebody else's, and is left alone. */
export function prepareHaste(path: string): Haste | null {
	let descriptor: number;
	try {
		if (readFileSync(path, 'utf8').trim() !== '0') return null;
		descriptor = openSync(path, 'r+');
	} catch {
		return null;
	}
	let hurried = false;
	const turn = (on: boolean): void => {
		if (hurried === on) return;
		hurried = on;
		try {
			writeSync(descriptor, on ? '1' : '0', 0);
		} catch {
			// Then the calls take their time. Off is written where on was.
		}
	};
	return {begin: () => turn(true), end: () => turn(false)};
}

/** For whoever comes after a guard that died: turns off what it may have turned on. */
export function endHasteOf(path: string): void {
	try {
		const descriptor = openSync(path, 'r+');
		try {
			writeSync(descriptor, '0', 0);
		} finally {
			closeSync(descriptor);
		}
	} catch {
		// It could not be turned on either.
	}
}
