/** The longest line that is handed on whole; a longer one arrives in pieces of this many characters. */
const longestLine = 2000;

/** How many lines are handed on before the rest is only counted: more than anyone reads, less than a flood. */
const mostLines = 1000;

/** Terminal control sequences (CSI, OSC, and two-character ones) and other control characters but the tab: a script's output must not drive the terminal of root. */
const controls = /\u001B\[[0-?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|\u001B.?|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

export type LineCollector = {
	take(chunk: Uint8Array): void;
	/** Hands on what has no line end yet, and how many lines were left out since the last flush. */
	flush(): void;
};

/**
 * Cuts bytes into lines for people, in bounded memory whatever comes: invalid UTF-8 becomes replacement characters, a carriage return
 * inside a line is taken as a line end (progress bars), after {@link mostLines} lines the rest is counted.
 */
export function boundedLines(onLine: (line: string) => void): LineCollector {
	const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
	let rest = '';
	let handed = 0;
	let left = 0;

	const hand = (line: string): void => {
		if (handed >= mostLines) {
			left++;
			return;
		}

		handed++;
		onLine(line.replace(controls, ''));
	};

	return {
		take(chunk) {
			if (handed >= mostLines) {
				// Only counted from here on: nothing is decoded or kept.
				for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) left++;
				rest = '';
				return;
			}

			const parts = (rest + decoder.decode(chunk, {stream: true})).split(/\r\n|\n|\r(?!$)/);
			rest = parts.pop()!;
			for (const part of parts) {
				for (let at = 0; at === 0 || at < part.length; at += longestLine) hand(part.slice(at, at + longestLine));
			}

			while (rest.length > longestLine) {
				hand(rest.slice(0, longestLine));
				rest = rest.slice(longestLine);
			}
		},
		flush() {
			rest += decoder.decode();
			if (rest !== '') hand(rest);
			rest = '';
			if (left > 0) onLine(`… ${left} more ${left === 1 ? 'line' : 'lines'}`);
			left = 0;
		},
	};
}
