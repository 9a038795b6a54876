/** The longest line that is handed on whole; a longer one arrives in pieces of this many characters. */
const longestLine = 2000;

/** How many lines are handed on at once: more than anyone reads, less than a flood. Of what comes after them only the last ones are. */
const mostLines = 1000;
const lastLines = 40;
/** What of a flood is kept for its last lines. Bytes. */
const tailBytes = 64 * 1024;

/**
 * Terminal control sequences (CSI, OSC, and two-character ones), other control characters but the tab, and those that turn the direction of a text: a
 * script's output must not drive the terminal of root, nor show something else than it is.
 */
const controls = /\u001B\[[0-?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|\u001B.?|[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g;

export type LineCollector = {
	take(chunk: Uint8Array): void;
	/** Where there has been a flood since the last time: hands on its last lines, and how many were left out. To be called now and then while output arrives. */
	catchUp(): void;
	/** The same, and what has no line end yet: at the end of the output. */
	flush(): void;
};

/**
 * Cuts bytes into lines for people, in bounded memory whatever comes: invalid UTF-8 becomes replacement characters, a carriage return
 * inside a line is taken as a line end (progress bars). After {@link mostLines} lines the rest is not decoded but counted, and only its last lines are
 * handed on: they say why a script has failed.
 */
export function boundedLines(onLine: (line: string) => void): LineCollector {
	const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
	let rest = '';
	let handed = 0;
	let flood: Flood | undefined;

	const say = (line: string): void => onLine(line.replace(controls, ''));
	/** One line, in pieces where it is long. From the last that is handed on at once on `then` is the beginning of a flood. */
	const hand = (line: string, then: readonly string[]): boolean => {
		for (const piece of inPieces(line)) {
			say(piece);
			handed++;
			if (handed < mostLines) continue;
			flood = new Flood();
			flood.take(Buffer.from(then.join('\n')));
			rest = '';
			return false;
		}
		return true;
	};
	const handLast = (final: boolean): void => {
		const end = flood?.end(final);
		if (end === undefined) return;
		if (end.more) say(end.left > 0 ? `… ${end.left} ${end.left === 1 ? 'line' : 'lines'} left out` : '… output left out');
		for (const line of end.last) say(line);
	};

	return {
		take(chunk) {
			if (flood !== undefined) return flood.take(chunk);
			const parts = (rest + decoder.decode(chunk, {stream: true})).split(lineEnds);
			rest = parts.pop()!;
			for (const [index, part] of parts.entries()) {
				if (!hand(part, [...parts.slice(index + 1), rest])) return;
			}
			while (rest.length > longestLine) {
				const piece = rest.slice(0, longestLine);
				rest = rest.slice(longestLine);
				if (!hand(piece, [rest])) return;
			}
		},
		catchUp: () => handLast(false),
		flush() {
			rest += decoder.decode();
			const last = rest;
			rest = '';
			if (last !== '') hand(last, []);
			handLast(true);
		},
	};
}

/** A carriage return at the very end may be the first half of a line end. */
const lineEnds = /\r\n|\n|\r(?!$)/;

function inPieces(line: string): string[] {
	const pieces = [];
	for (let at = 0; at === 0 || at < line.length; at += longestLine) pieces.push(line.slice(at, at + longestLine));
	return pieces;
}

/** More output than anyone reads: how many lines there were, and the last bytes of them. */
class Flood {
	/** Twice as long as what is kept, so that little is moved. */
	readonly #kept = Buffer.alloc(2 * tailBytes);
	#bytes = 0;
	#lineEnds = 0;
	/** Whether the first of the bytes that are kept are not the first of a line. */
	#cut = false;

	take(chunk: Uint8Array): void {
		for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) this.#lineEnds++;
		const last = chunk.subarray(-tailBytes);
		if (last.length === tailBytes) {
			this.#cut ||= this.#bytes > 0;
			this.#bytes = 0;
		} else if (this.#bytes + last.length > this.#kept.length) {
			this.#kept.copyWithin(0, this.#bytes - tailBytes, this.#bytes);
			this.#bytes = tailBytes;
			this.#cut = true;
		}
		if (last.length < chunk.length) this.#cut = true;
		this.#kept.set(last, this.#bytes);
		this.#bytes += last.length;
	}

	/** The last lines since the last time; what has no line end is one of them only at the very end. Undefined where there is none. */
	end(final: boolean): {readonly more: boolean; readonly left: number; readonly last: readonly string[]} | undefined {
		const lines = new TextDecoder('utf-8', {ignoreBOM: true}).decode(this.#kept.subarray(0, this.#bytes)).split(lineEnds);
		let unfinished = lines.pop()!;
		if (final && unfinished !== '') {
			lines.push(unfinished);
			this.#lineEnds++;
			unfinished = '';
		}
		if (lines.length === 0) return undefined;
		// Of a line that is longer than what is kept there is only the end.
		const whole = this.#cut && lines.length > 1 ? lines.slice(1) : lines;
		const pieces = this.#cut && lines.length === 1 ? [lines[0]!.slice(-longestLine)] : whole.flatMap(inPieces);
		const last = pieces.slice(-lastLines);
		const end = {more: this.#cut || last.length < pieces.length, left: Math.max(0, this.#lineEnds - last.length), last};
		this.#bytes = this.#kept.write(unfinished);
		this.#lineEnds = 0;
		this.#cut = false;
		return end;
	}
}
