import type {ScriptIdentity} from './script-identity.js';

/** How to start one script, exactly as the extension would: `sh path parameters…`. */
export type ScriptCommand = {
	/** As configured; relative ones are relative to `directory`. */
	readonly path: string;
	readonly parameters: readonly string[];
	readonly directory: string;
	/** The whole environment: HOME, LANG, PATH, PWD. */
	readonly environment: Readonly<Record<string, string>>;
	/** What it was when it was checked: another one is not started, but for `ScriptOptions.onChanged`. Absent: whatever is there. */
	readonly identity?: ScriptIdentity;
};

/** A family is everything that one script started, in whatever session or group: it can be ended as a whole. */
export type ScriptFamily = {
	/** What another process (the guard) needs to end the same family: plain data for the journal. */
	readonly handle: FamilyHandle;
	/** Process ids alive now. */
	members(): Promise<readonly number[]>;
	/**
	 * SIGKILL for all of it, repeated until nothing is left, but for no longer than `patienceMs` (default 10 s): a process that waits for a frozen
	 * filesystem does not end before that is thawed. Answers the process ids that are left.
	 */
	end(patienceMs?: number): Promise<readonly number[]>;
	/** Ends only what still is in the script's own session; what made itself a daemon stays. Answers how many were ended and how many stay. */
	endSession(): Promise<{readonly ended: number; readonly stayed: number}>;
	/** Gives up the means of control (removes an empty cgroup); what still runs goes on. */
	release(): Promise<void>;
};

export type FamilyHandle = {
	readonly cgroup: string | null;
	readonly leader: number;
	/** The leader's start time in clock ticks (/proc/PID/stat, field 22), so that a recycled id is not mistaken for it. */
	readonly leaderStart: string;
};
