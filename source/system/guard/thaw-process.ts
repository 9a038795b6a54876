import {spawn} from 'node:child_process';
import {loadNative, type Errno} from '../native.js';
import {within} from '../time.js';
import {guardFile} from './beginning.js';
import {lineReader} from './protocol.js';

/** How long an answer of the kernel to a thaw is waited for. */
const thawPatienceMs = 10_000;

type Answer = {readonly index: number; readonly errno: Errno};

/**
 * Thaws filesystems through descriptors, all at once, in a process of its own: one that waits in the kernel could not end, and whoever waits for its end
 * would wait too. Answers the kernel's words in the same order; undefined for one that did not answer in time, which is thawed as soon as it does.
 */
export async function thawApart(descriptors: readonly number[], patienceMs = thawPatienceMs): Promise<readonly (Errno | undefined)[]> {
	if (descriptors.length === 0) return [];
	const answers: (Errno | undefined)[] = descriptors.map(() => undefined);
	const over = new AbortController();
	const inTime = await within(ask(descriptors, ({index, errno}) => {
		answers[index] = errno;
	}, over.signal), patienceMs);
	over.abort();
	if (inTime === undefined || answers.every(answer => answer !== undefined)) return answers;
	// It could not be started, or was killed.
	const native = loadNative();
	return Promise.all(descriptors.map(async (descriptor, index) => (answers[index] === undefined ? within(native.thaw(descriptor), patienceMs) : answers[index])));
}

/** Resolves when such a process has told all that it will. `over`: it is listened to no longer, and keeps nobody from ending. */
async function ask(descriptors: readonly number[], take: (answer: Answer) => void, over: AbortSignal): Promise<true> {
	const {PATH, LANG, HOME} = process.env;
	const environment = {PATH, LANG, HOME, UV_THREADPOOL_SIZE: String(Math.min(1024, descriptors.length + 1))};
	try {
		const child = spawn(process.execPath, [guardFile(), 'thaw', String(descriptors.length)], {
			detached: true, cwd: '/', stdio: ['ignore', 'pipe', 'ignore', ...descriptors], env: Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined)),
		});
		child.unref();
		over.addEventListener('abort', () => void child.stdout?.destroy());
		await new Promise<void>(resolve => {
			child.once('error', () => resolve());
			child.stdout?.setEncoding('utf8').on('data', lineReader<Answer>(take) as (chunk: string | Buffer) => void).once('close', () => resolve());
		});
	} catch {
		// No memory for another process.
	}
	return true;
}

/** What such a process does: its filesystems are on the descriptors from 3 on. Ends itself when the kernel has answered for all of them. */
export async function thawGiven([count = '0']: readonly string[]): Promise<void> {
	const native = loadNative();
	process.stdout.on('error', () => {});
	await Promise.all(Array.from({length: Number(count)}, async (_, index) => {
		const errno = await native.thaw(index + 3);
		process.stdout.write(`${JSON.stringify({index, errno} satisfies Answer)}\n`);
	}));
}
