/**
 * Gathers lines and hands them on together, once a turn of the event loop: when hundreds of calls come back at once, a write for each, and the reader
 * that each wakes, would take longer than the calls.
 */
export type Gathering = {
	add(line: string): void;
	/** Hands on at once what has been gathered. */
	flush(): void;
};

export function gather(write: (lines: string) => void): Gathering {
	let gathered = '';
	let flushing: NodeJS.Immediate | undefined;
	const flush = (): void => {
		clearImmediate(flushing);
		flushing = undefined;
		const lines = gathered;
		gathered = '';
		if (lines !== '') write(lines);
	};
	return {
		add(line) {
			gathered += `${line}\n`;
			flushing ??= setImmediate(flush);
		},
		flush,
	};
}
