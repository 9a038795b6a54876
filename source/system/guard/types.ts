import type {PlannedTarget} from '../../core/freeze-plan.js';
import type {NotedCommand} from '../noted-command.js';
import type {FamilyHandle} from '../script-types.js';

export type GuardOrder = {
	/** Frozen wave by wave, each in parallel; thawed in reverse. May be empty. */
	readonly waves: readonly (readonly PlannedTarget[])[];
	/** From the first freeze call; then everything is thawed, whatever happens. */
	readonly deadlineMs: number;
	/** The extension's lock file; its directory is made where missing. */
	readonly lockFile: string;
	/** How long to wait for the lock; 0: say at once that it is held. */
	readonly lockWaitMs: number;
	/** The journal of this cycle, which the guard goes on with when the main process is gone. */
	readonly journalFile: string;
	/** The superblock devices that a write to the journal may have to wait for: where one of them cannot be thawed, it is not written to. */
	readonly journalDevices: readonly string[];
	/** For tests: a file in the place of the kernel's switch for short grace periods (guard/haste.ts). */
	readonly gracePeriods?: string;
	/** After so long without an answer of the kernel a freeze is given up: `hung`, and the others are thawed. Default 10,000. */
	readonly hungAfterMs?: number;
};

/** What the guard does about scripts when the main process has died: ends what runs, then runs the post-script, under its limit, with real retries. */
export type HeldScripts = {
	/** The pre-script that was started: its family is ended first where it still runs. */
	readonly pre: FamilyHandle | null;
	/** A post-script that the main process had already started; it is left to finish and not run again. */
	readonly postStarted: FamilyHandle | null;
	readonly post: NotedCommand | null;
	readonly limitMs: number;
	readonly retries: number;
};

export type MountReport = {
	readonly mount: string;
	readonly ok: boolean;
	readonly durationMs: number;
	/** The kernel's word where it refused: EBUSY (frozen by somebody else), EOPNOTSUPP, EPERM, EIO …; ETIMEDOUT where it never answered. */
	readonly errno?: string;
	/** Of a thaw: the freeze call has not come back yet. It is thawed as soon as it does, should it have frozen anything. */
	readonly stillFreezing?: boolean;
};

export type FreezeReport = {
	/** False: at least one was refused, and everything that had been frozen was thawed again. */
	readonly frozen: boolean;
	readonly mounts: readonly MountReport[];
	/** From the first call until all were frozen. */
	readonly durationMs: number;
};

export type ThawReport = {
	readonly mounts: readonly MountReport[];
	/** From the first freeze call to the last thaw. */
	readonly windowMs: number;
	/** True where the deadline thawed before it was asked to: a snapshot taken then is not to be trusted. */
	readonly byDeadline: boolean;
	/** Mounts that were not frozen any more when they were to be thawed: somebody else has thawed them, so a snapshot of them is not to be trusted either. */
	readonly thawedByOthers: readonly string[];
};

/**
 * The process that freezes, outside the main process. It holds the lock and one open descriptor a filesystem, has everything loaded before the
 * first freeze, and thaws at the deadline, at the end of its input (the main process died), or when told to.
 */
export type Guard = {
	readonly pid: number;
	/** Whether it hurries the kernel's grace periods while it freezes: to be noted in the journal, because it has to be undone where everybody dies meanwhile. */
	readonly hastens: boolean;
	/** What to do about the scripts if the main process dies from now on; resolves when the guard has it. Null: nothing is held. */
	hold(scripts: HeldScripts | null): Promise<void>;
	/** Flushes all filesystems (not yet frozen), so that the freeze itself has little to write. */
	flush(): Promise<void>;
	freeze(onMount: (mount: string, state: 'freezing' | 'frozen' | 'refused' | 'hung', durationMs: number, detail?: string) => void): Promise<FreezeReport>;
	/** Safe to call at any time, more than once, and after the guard died (the main process then thaws through descriptors of its own). */
	thaw(onMount?: (mount: string, state: 'thawing' | 'thawed' | 'hung', durationMs: number, detail?: string) => void): Promise<ThawReport>;
	/** Aborted with the reason when the guard died or thawed at the deadline, so that a snapshot under way can stop. */
	readonly lost: AbortSignal;
	/** Gives up the lock and ends the guard. The lock file stays. */
	close(): Promise<void>;
};
