/** How to start one script, exactly as the extension would: `sh path parameters…`. */
export type ScriptCommand = {
	/** As configured; relative ones are relative to `directory`. */
	readonly path: string;
	readonly parameters: readonly string[];
	readonly directory: string;
	/** The whole environment: HOME, LANG, PATH, PWD. */
	readonly environment: Readonly<Record<string, string>>;
};

/** How a script ended. Never thrown. */
export type ScriptEnd = {
	readonly exitCode: number | null;
	readonly signal: string | null;
	/** The time limit (or an abort) ended it, with everything that it had started. */
	readonly endedBy: 'itself' | 'limit' | 'abort';
	readonly durationMs: number;
	readonly stdoutBytes: number;
	readonly stderrBytes: number;
	/** Where `sh` itself could not be started (E2BIG, ENOENT …). */
	readonly startError?: Error;
};

/** A family is everything that one script started, in whatever session or group: it can be ended as a whole. */
export type ScriptFamily = {
	/** What another process (the guard) needs to end the same family: plain data for the journal. */
	readonly handle: FamilyHandle;
	/** Process ids alive now. */
	members(): Promise<readonly number[]>;
	/** SIGKILL for all of it, repeated until nothing is left; resolves then. */
	end(): Promise<void>;
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
