import {fstatSync, write} from 'node:fs';
import {isatty} from 'node:tty';

/** How long to wait before a descriptor that takes nothing right now (EAGAIN) is tried again: such a one tells nobody when it is ready. Milliseconds. */
const againAfterMs = 20;

/** Text on its way out of the process, in order. */
export type Output = {
	readonly kind: 'file' | 'pipe' | 'terminal';
	/** Never blocks and never throws: a reader that stops reading, or has gone, must not hold up a cycle. */
	write(text: string): void;
	/** From now on nothing goes to a file (its filesystem may be frozen); terminals and pipes are not affected. */
	hold(): void;
	release(): void;
	/** Resolves when everything is out, or can no longer go out; at the latest after so long. */
	drain(withinMs: number): Promise<void>;
};

/**
 * Writes to a descriptor of this process from a thread of the pool, so that a terminal or a pipe that takes no more output (Ctrl-S, a closed pager)
 * blocks that thread only. Node's own process.stdout would block everything.
 */
export function openOutput(descriptor: number): Output {
	const kind = kindOf(descriptor);
	const waiting: Buffer[] = [];
	const drained = new Set<() => void>();
	let writing = false;
	let held = false;
	let gone = false;

	const next = (): void => {
		if (writing || (held && kind === 'file')) return;
		if (gone) waiting.length = 0;
		if (waiting.length === 0) {
			for (const done of drained) done();
			drained.clear();
			return;
		}

		writing = true;
		const bytes = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting);
		waiting.length = 0;
		write(descriptor, bytes, 0, bytes.length, null, (error, written) => {
			writing = false;
			if (error === null) {
				if (written < bytes.length) waiting.unshift(bytes.subarray(written));
				next();
			} else if (error.code === 'EAGAIN') {
				waiting.unshift(bytes);
				setTimeout(next, againAfterMs);
			} else if (error.code === 'EINTR') {
				waiting.unshift(bytes);
				next();
			} else {
				gone = true;
				next();
			}
		});
	};

	return {
		kind,
		write(text) {
			if (gone || text === '') return;
			waiting.push(Buffer.from(text));
			next();
		},
		hold() {
			held = true;
		},
		release() {
			held = false;
			next();
		},
		async drain(withinMs) {
			let timer: NodeJS.Timeout | undefined;
			await new Promise<void>(resolve => {
				timer = setTimeout(resolve, withinMs);
				drained.add(resolve);
				next();
			});
			clearTimeout(timer);
		},
	};
}

function kindOf(descriptor: number): Output['kind'] {
	if (isatty(descriptor)) return 'terminal';
	try {
		return fstatSync(descriptor).isFile() ? 'file' : 'pipe';
	} catch {
		return 'pipe';
	}
}
