/** The longest time that a timer takes; it would take a longer one for none at all. */
export const longestTimerMs = 2 ** 31 - 1;

export async function pause(milliseconds: number): Promise<void> {
	await new Promise(resolve => {
		setTimeout(resolve, Math.min(milliseconds, longestTimerMs));
	});
}

/** What a promise comes to, or undefined where it takes longer. */
export async function within<Value>(promise: Promise<Value>, milliseconds: number): Promise<Value | undefined> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<undefined>(resolve => {
		timer = setTimeout(() => resolve(undefined), Math.min(milliseconds, longestTimerMs));
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

/** What some work comes to; rejects with the signal's reason as soon as that is given, whatever becomes of the work. */
export async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
	let onAbort = (): void => {};
	const aborted = new Promise<never>((_, reject) => {
		onAbort = () => reject(signal.reason as Error);
		if (signal.aborted) onAbort();
		else signal.addEventListener('abort', onAbort, {once: true});
	});
	try {
		return await Promise.race([work, aborted]);
	} finally {
		signal.removeEventListener('abort', onAbort);
	}
}
