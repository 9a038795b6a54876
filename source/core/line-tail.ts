/** The last lines of a program's output, and somebody who waits for one of them. */
export type LineTail = {
	take(stream: 'stdout' | 'stderr', text: string): void;
	/** Resolves once a line matches, also one that came before. */
	seen(pattern: RegExp): Promise<void>;
	readonly lines: () => readonly string[];
};

/** How much is kept: lines, and characters of each. */
const mostLines = 400;
const longestLine = 2000;

/** Keeps the last lines; control characters in them become blanks. */
export function lineTail(): LineTail {
	const kept: string[] = [];
	const rests = {stdout: '', stderr: ''};
	const waiting = new Map<RegExp, PromiseWithResolvers<void>>();
	const keep = (line: string): void => {
		kept.push(line.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, ' ').trimEnd().slice(0, longestLine));
		if (kept.length > mostLines) kept.shift();
		for (const [pattern, {resolve}] of waiting) {
			if (pattern.test(line)) {
				waiting.delete(pattern);
				resolve();
			}
		}
	};
	return {
		take(stream, text) {
			const parts = (rests[stream] + text).split('\n');
			rests[stream] = (parts.pop() ?? '').slice(-longestLine);
			for (const part of parts) keep(part);
		},
		async seen(pattern) {
			if (kept.some(line => pattern.test(line))) return;
			const waiter = Promise.withResolvers<void>();
			waiting.set(pattern, waiter);
			return waiter.promise;
		},
		lines: () => [...kept, ...Object.values(rests).filter(rest => rest !== '')],
	};
}
