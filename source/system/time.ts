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
