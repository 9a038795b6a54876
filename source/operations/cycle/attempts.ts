import {resolve} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {CycleHappening} from '../../core/cycle-events.js';
import type {ScriptObservation} from '../../core/extension/types.js';
import {isRegularFile} from '../../system/inspection.js';
import type {WaitingScript} from '../../system/script-gate.js';
import {startScript, type ScriptEnd} from '../../system/scripts.js';
import type {FamilyHandle, ScriptCommand, ScriptFamily} from '../../system/script-types.js';
import {tenths} from './telling.js';

/** Between two attempts of a script. */
const retryPauseMs = 1000;

export type AttemptsOrder = {
	readonly phase: 'pre-script' | 'post-script';
	readonly command: ScriptCommand;
	/** Over all attempts. */
	readonly limitMs: number;
	readonly retries: number;
	/** Ends the script with everything that it started, and makes no further attempt. */
	readonly signal?: AbortSignal;
	readonly tell: (happening: CycleHappening) => void;
	/** Before the script's first line runs: what is noted and told here is known whatever happens then. Nothing is run where it throws. */
	readonly beforeStart: (family: FamilyHandle, attempt: number) => Promise<void>;
	/** See `startScript`: tells whoever cleans up after quiesce whether the script has begun. */
	readonly ranMark?: string | undefined;
	/** See `startScript`: runs what only root can have changed since the check. */
	readonly onChanged?: (what: string) => void;
	/** See `startScript`: what was checked. */
	readonly checked?: Uint8Array | null;
	/** For the first attempt. */
	readonly waiting?: WaitingScript | null;
	readonly onEnded: (exitCode: number | null, willRetry: boolean) => void;
};

export type Attempts = {
	readonly state: 'succeeded' | 'failed' | 'timed-out' | 'aborted' | 'changed';
	/** Of all attempts and the pauses between them. */
	readonly durationMs: number;
	readonly attempts: number;
	/** False where not even the first line of the script ran: it could not be started, or had been changed. */
	readonly ran: boolean;
	/** The first attempt, which is the only one that the extension makes; null where none was made. */
	readonly first: ScriptObservation | null;
	readonly detail?: string;
	/** The family of the last attempt, not released yet. */
	readonly family: ScriptFamily | null;
};

/** Runs a script with real retries, under one time limit. What a failed attempt has left behind is ended before the next one. */
export async function runAttempts(order: AttemptsOrder): Promise<Attempts> {
	const {phase, command, retries, signal, tell} = order;
	const began = performance.now();
	const until = began + order.limitMs;
	let first: ScriptObservation | null = null;
	let ran = false;
	const aborted = (): boolean => signal?.aborted === true;
	const elapsed = (): number => performance.now() - began;
	for (let attempt = 1; ; attempt++) {
		tell({event: 'phase', phase, state: 'started', attempt, ...(retries > 0 ? {attempts: retries + 1} : {}), limitMs: order.limitMs, script: command.path});
		const started = startScript(command, {
			limitMs: Math.max(0, until - performance.now()),
			...(signal === undefined ? {} : {signal}),
			onOutput: (stream, line) => tell({event: 'output', phase, stream, line}),
			beforeStart: async family => order.beforeStart(family, attempt),
			...(order.onChanged === undefined ? {} : {onChanged: order.onChanged}),
			...(order.checked === undefined || order.checked === null ? {} : {checked: order.checked}),
			...(order.ranMark === undefined ? {} : {ranMark: order.ranMark}),
			...(attempt > 1 || order.waiting === undefined || order.waiting === null ? {} : {waiting: order.waiting}),
		});
		const end = await started.ended;
		ran ||= end.startError === undefined;
		if (end.changed === true) return {state: 'changed', durationMs: elapsed(), attempts: attempt, ran, first: first ?? withoutFile(command), detail: describe(end), family: started.family};
		first ??= {durationMs: end.durationMs, exitCode: end.exitCode, timedOut: end.endedBy === 'limit', blocks: end.overflows, stdoutBytes: end.stdoutBytes, stderrBytes: end.stderrBytes};
		const done = (state: Attempts['state'], detail?: string): Attempts => {
			order.onEnded(end.exitCode, false);
			return {state, durationMs: elapsed(), attempts: attempt, ran, first, family: started.family, ...(detail === undefined ? {} : {detail})};
		};

		if (end.endedBy === 'limit') return done('timed-out', `ended after ${seconds(order.limitMs)}, with everything that it had started`);
		if (end.endedBy === 'abort') return done('aborted', 'ended, with everything that it had started');
		if (end.exitCode === 0) return done('succeeded');
		// A post-script that fails may have started the application again before it did: what made itself a daemon stays.
		if (phase === 'pre-script') await started.family.end();
		else await started.family.endSession();
		const detail = describe(end);
		if (attempt > retries || performance.now() + retryPauseMs >= until || aborted()) return done('failed', detail);
		order.onEnded(end.exitCode, true);
		tell({event: 'phase', phase, state: 'failed', durationMs: tenths(end.durationMs), attempt, willRetry: true, detail: `${detail}; again in ${seconds(retryPauseMs)}`});
		await started.family.release();
		await delay(retryPauseMs, undefined, signal === undefined ? {} : {signal}).catch(() => {});
		if (aborted()) return {state: 'aborted', durationMs: elapsed(), attempts: attempt, ran, first, detail: 'no further attempt', family: null};
	}
}

/** What the extension, which does not look again, meets where a script is gone by now: an `sh` that fails. Null where there is another one: who knows what that does. */
function withoutFile({path, directory}: ScriptCommand): ScriptObservation | null {
	return isRegularFile(resolve(directory, path)) ? null : {durationMs: 0, exitCode: 2, timedOut: false, blocks: false, stdoutBytes: 0, stderrBytes: 0};
}

function describe(end: ScriptEnd): string {
	if (end.startError !== undefined) return end.changed === true ? end.startError.message : `it could not be started: ${end.startError.message}`;
	return end.signal === null ? `exit code ${end.exitCode ?? 'unknown'}` : `ended by ${end.signal}`;
}

export function seconds(milliseconds: number): string {
	return `${Number((milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0))} s`;
}
