import {spawn} from 'node:child_process';
import {once} from 'node:events';

/** A client that writes 1, 2, 3 … into a database, one after the other, and keeps its own ledger of what the database has acknowledged. */
export type LedgerWriter = {
	/** The last number that was acknowledged at that time (milliseconds since 1970); default: now. */
	readonly acknowledged: (at?: number) => number;
	/** The longest time between a command and its answer, since the last call. Milliseconds. */
	readonly longestStall: () => number;
	/** Resolves once so many more have been acknowledged; rejects when the client ends first. */
	readonly more: (count: number) => Promise<void>;
	readonly end: () => Promise<void>;
};

/** `line`: the command that writes a number; its answer ends with a line that is `answer(number)`. */
export function writeLedger(command: string, parameters: readonly string[], line: (number: number) => string, answer: (number: number) => string = String): LedgerWriter {
	const child = spawn(command, parameters, {stdio: ['pipe', 'pipe', 'pipe'], cwd: '/'});
	const times: number[] = [];
	const waiting = new Set<{readonly until: number; readonly resolve: () => void; readonly reject: (error: Error) => void}>();
	let words = '';
	let complaints = '';
	let stall = 0;
	let sent = 0;
	let ending = false;
	const send = (): void => {
		sent = performance.now();
		child.stdin.write(`${line(times.length + 1)}\n`);
	};
	child.stdin.on('error', () => {});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		complaints += text;
	});
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		const lines = (words + text).split('\n');
		words = lines.pop() ?? '';
		if (!lines.includes(answer(times.length + 1))) return;
		stall = Math.max(stall, performance.now() - sent);
		times.push(Date.now());
		for (const one of waiting) {
			if (times.length < one.until) continue;
			waiting.delete(one);
			one.resolve();
		}

		if (!ending) send();
	});
	const closed = once(child, 'close');
	child.once('close', () => {
		for (const {reject} of waiting) reject(new Error(`the ledger's client ended after ${times.length}: ${complaints}`));
	});
	send();
	return {
		acknowledged(at) {
			if (at === undefined) return times.length;
			let count = times.length;
			while (count > 0 && times[count - 1]! > at) count--;
			return count;
		},
		longestStall() {
			// One that still lasts counts too.
			const longest = Math.max(stall, performance.now() - sent);
			stall = 0;
			return longest;
		},
		more: async count => new Promise((resolve, reject) => {
			if (child.exitCode === null) waiting.add({until: times.length + count, resolve, reject});
			else reject(new Error(`the ledger's client has ended: ${complaints}`));
		}),
		async end() {
			ending = true;
			child.stdin.end();
			await closed;
		},
	};
}
