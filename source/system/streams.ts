import {fstatSync, write, writeSync} from 'node:fs';
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
	/** Resolves when everything is out, or can no longer go out; at the latest after so long. False: it took too long. What is left then goes on being tried, and keeps an ordinary end of the process waiting (see endProcess). */
	drain(withinMs: number): Promise<boolean>;
};

/**
 * Writes to a descriptor of this process from a thread of the pool, so that a terminal or a pipe that takes no more output (Ctrl-S, a closed pager)
 * blocks that thread only. Node's own process.stdout would block everything. `neverBlocks`: the descriptor was opened with O_NONBLOCK: it gets
 * what was written in one turn in one piece, at the end of that turn.
 */
export function openOutput(descriptor: number, {neverBlocks = false}: {readonly neverBlocks?: boolean} = {}): Output {
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
		if (neverBlocks) writeNow(bytes);
		else write(descriptor, bytes, 0, bytes.length, null, (error, written) => went(bytes, error, written));
	};
	const writeNow = (bytes: Buffer): void => {
		try {
			went(bytes, null, writeSync(descriptor, bytes));
		} catch (error) {
			went(bytes, error as NodeJS.ErrnoException, 0);
		}
	};
	const went = (bytes: Buffer, error: NodeJS.ErrnoException | null, written: number): void => {
		if (error?.code === 'EAGAIN') {
			waiting.unshift(bytes);
			setTimeout(() => {
				writing = false;
				next();
			}, againAfterMs);
			return;
		}

		writing = false;
		if (error === null) {
			if (written < bytes.length) waiting.unshift(bytes.subarray(written));
		} else if (error.code === 'EINTR') {
			waiting.unshift(bytes);
		} else {
			gone = true;
		}
		next();
	};

	const begin = neverBlocks ? (): void => queueMicrotask(next) : next;

	return {
		kind,
		write(text) {
			if (gone || text === '') return;
			waiting.push(Buffer.from(text));
			begin();
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
			const out = await new Promise<boolean>(resolve => {
				timer = setTimeout(() => resolve(false), withinMs);
				drained.add(() => resolve(true));
				begin();
			});
			clearTimeout(timer);
			return out;
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
