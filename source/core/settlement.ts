/*
 * What was found of cycles that did not come to their end, and what was done about it.
 */

/**
 * What was found of one filesystem that a dead cycle may have left frozen. `gone`: it is not mounted any more. `hidden`: no path leads to it, because another
 * mount lies over it. `hung`: the kernel does not answer.
 */
export type SettledMount = {
	readonly mount: string;
	readonly state: 'thawed' | 'was-not-frozen' | 'gone' | 'hidden' | 'hung' | 'refused';
	/** The kernel's word where it refused. */
	readonly errno?: string;
};

/** True where it may be frozen still, and is to be looked at again. */
export function isStuck({state}: SettledMount): boolean {
	return state === 'hidden' || state === 'hung' || state === 'refused';
}

/** What became of the post-script that a dead main process owed. */
export type PostSettlement = {
	/**
	 * `not-owed`: the pre-script never started, or there is no post-script. `had-ended`: it had come to its end before. `waited-for`: the dead process had started it,
	 * and it has ended now, with an exit code that nobody knows. `ended-at-limit`: so, but at its limit, with everything that it had started.
	 * `changed`: it, or what it is to be given, is not what was checked, so it was not run. `not-started`: no shell could be started. The others are of a run that was made up for.
	 */
	readonly state: 'not-owed' | 'had-ended' | 'waited-for' | 'ended-at-limit' | 'succeeded' | 'failed' | 'timed-out' | 'changed' | 'not-started';
	/** Of the last run that was made up for. */
	readonly exitCode: number | null;
	/** How often it was run to make up for it. */
	readonly attempts: number;
	/** It may have run before, which cannot be told: the machine was restarted, or the journal could not be written. */
	readonly mayHaveRunBefore: boolean;
	/** Why it was not started; where it was run, and has been changed since the check, what of it was run. */
	readonly detail?: string;
};

export type ScriptSettlement = {
	/** A pre-script that still ran was ended. */
	readonly endedPre: boolean;
	readonly post: PostSettlement;
	/** Processes of the pre-script that could not be ended, because they wait for a frozen filesystem. */
	readonly left: readonly number[];
};

/** What a dead cycle had left, and what was done about it. */
export type SettledCycle = {
	readonly cycle: string;
	/** When it began, ISO 8601. */
	readonly at: string;
	/** The machine was restarted since: nothing of it was frozen or running any more. */
	readonly restarted: boolean;
	/** Those of which nothing is known but that they may have been frozen; none where they are known not to be. */
	readonly mounts: readonly SettledMount[];
	readonly scripts: ScriptSettlement;
	/** The post-script's path, where the cycle has one. */
	readonly postScript: string | null;
};

/** What `quiesce thaw` came to. */
export type ThawResult = {
	readonly cycles: readonly SettledCycle[];
	/** Those that were named. */
	readonly named: readonly SettledMount[];
};
