import type {Fence} from '../../core/fence.js';
import type {ExitCode} from '../../core/failure.js';
import type {FreezeReport, GuardOrder, HeldScripts, ThawReport} from './types.js';
import type {ProcessMark} from '../processes.js';

/** What the main process says to the guard: one JSON text a line on its standard input. The end of the input means that the main process is gone. */
export type GuardWord =
	| {readonly say: 'order'; readonly order: GuardOrder; readonly fence: Fence; readonly main: ProcessMark}
	| {readonly say: 'hold'; readonly scripts: HeldScripts | null}
	| {readonly say: 'flush'}
	| {readonly say: 'freeze'}
	| {readonly say: 'thaw'}
	/** The orderly end: without it, the end of the input runs the post-script that is held. */
	| {readonly say: 'close'};

export type MountChange = 'freezing' | 'frozen' | 'refused' | 'hung' | 'thawing' | 'thawed';

/** True where a filesystem is or may be frozen by the guard, as far as is known from its last change. */
export function mayBeFrozen(state: MountChange | undefined): boolean {
	return state === 'freezing' || state === 'frozen' || state === 'hung' || state === 'thawing';
}

/** What the guard says to the main process: one JSON text a line on its standard output, in the order in which it happens. */
export type GuardNews =
	/** Somebody else holds the lock, and is waited for. */
	| {readonly is: 'waiting'; readonly holder: string}
	/** `hastens`: the kernel's grace periods will be hurried while it freezes (haste.ts). */
	| {readonly is: 'ready'; readonly hastens: boolean}
	| {readonly is: 'impossible'; readonly message: string; readonly remedies: readonly string[]; readonly exitCode: ExitCode}
	| {readonly is: 'held'}
	| {readonly is: 'flushed'}
	/** `freezing` is said before the call is made. `sinceMs`: CLOCK_MONOTONIC, the same clock for all processes. */
	| {readonly is: 'mount'; readonly index: number; readonly state: MountChange; readonly durationMs: number; readonly atMs: number; readonly errno?: string}
	| {readonly is: 'freeze-ended'; readonly report: FreezeReport}
	/** The guard has heard that it shall thaw. */
	| {readonly is: 'thaw-begun'}
	| {readonly is: 'thaw-ended'; readonly report: ThawReport; readonly cause: ThawCause}
	| {readonly is: 'closed'};

/** Why something was thawed. */
export type ThawCause = 'asked' | 'refused' | 'deadline' | 'signal' | 'main-gone' | 'closing';

/** CLOCK_MONOTONIC in milliseconds: comparable between processes, unlike performance.now(). */
export function monotonicMs(): number {
	return Number(process.hrtime.bigint()) / 1e6;
}

/** Cuts a stream into lines and hands over each JSON text. A line that is none throws. */
export function lineReader<Message>(take: (message: Message) => void): (chunk: string) => void {
	let rest = '';
	return chunk => {
		rest += chunk;
		for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
			const line = rest.slice(0, end);
			rest = rest.slice(end + 1);
			if (line !== '') take(JSON.parse(line) as Message);
		}
	};
}
