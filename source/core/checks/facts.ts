import type {ExtensionCheck, ExtensionFacts, FileFacts} from '../extension/types.js';
import type {Verdict} from '../outcome.js';

export type Role = 'pre' | 'post';

/** A directory (or the file itself) in the way to a file, in which somebody else than root can put another file in its place. */
export type OpenPlace = {
	readonly path: string;
	/** The permission digits. */
	readonly mode: number;
	/** A user name, or the number where the uid has none. */
	readonly owner: string;
	readonly because: 'owner' | 'group' | 'everybody';
};

/** Something in a script that the machine's own `sh` does not do as bash does, shown by running the feature alone in that `sh`. */
export type DialectTrouble = {
	/** As in `features` of shell-text.ts. */
	readonly feature: string;
	/** From 1. */
	readonly line: number;
	/** True where `sh` ends at it (so does the script), false where the line fails or does something else. */
	readonly fatal: boolean;
	/** True where nothing stands before it that could keep the line from running. */
	readonly certain: boolean;
};

/** One of shellcheck's errors: `SC2242`, and its words. */
export type ShellMistake = {readonly line: number; readonly code: string; readonly message: string};

/** What a script is, read without running it. */
export type ScriptFacts = {
	readonly role: Role;
	/** As configured. */
	readonly location: string;
	/** The absolute path: a relative one is relative to the extension's directory. */
	readonly path: string;
	readonly file: FileFacts;
	/** In bytes. */
	readonly size: number;
	/** Its text, bounded to the first megabyte, each byte that is not UTF-8 replaced; null where it is no regular file or could not be read. */
	readonly text: string | null;
	/** What `sh -n` of this machine says; null where it was not asked or did not answer in time. */
	readonly syntax: {readonly line: number | null; readonly message: string} | 'fine' | null;
	readonly dialect: readonly DialectTrouble[];
	/** Mistakes that shellcheck is sure of, where it is installed. */
	readonly mistakes: readonly ShellMistake[];
	/** The program after `#!`, and whether it exists; null without such a line. */
	readonly interpreter: {readonly path: string; readonly exists: boolean} | null;
	readonly openPlaces: readonly OpenPlace[];
	/** The mount point of the filesystem that it lies on; null where unknown. */
	readonly mount: string | null;
	/** Names in the same directory that look much like the missing file's. */
	readonly similar: readonly string[];
};

export type ConfigurationFacts = {
	readonly path: string;
	/** False where `--config` names another file than the one that the extension reads. */
	readonly readByExtension: boolean;
	readonly file: FileFacts;
	/** The top-level object as the extension's parser reads it; null where it cannot be read or is no object. */
	readonly settings: Readonly<Record<string, unknown>> | null;
	/** Keys that stand there twice with different values. */
	readonly duplicates: readonly string[];
	/** What is wrong with the text; null where it parses. */
	readonly problem: string | null;
	/** The code with which the extension refuses such a text. */
	readonly refusal: 304 | 305 | null;
	/** Where the text does not parse: the same settings as plain JSON, if they can be made out without a guess; else null. */
	readonly repaired: string | null;
	/** The file under the documentation's name, VMSnapshotPluginConfig.json, in the same directory. */
	readonly documented: FileFacts | null;
	readonly openPlaces: readonly OpenPlace[];
};

/** One mounted filesystem, as far as the checks need it. */
export type FilesystemFacts = {
	readonly mount: string;
	readonly type: string;
	/** The device, share or directory behind it. */
	readonly source: string;
	/** What Azure does with it at the next backup. */
	readonly azure: 'freezes' | 'skips';
	/** Why it is skipped: its type, its device, MountsToSkip; the same filesystem is frozen elsewhere; others were named with --mount. */
	readonly because?: 'type' | 'pseudo' | 'loop' | 'resource-disk' | 'configured' | 'duplicate' | 'not-named';
	/** For a loop device: the image's path, and the mount point under which that lies. */
	readonly loop?: {readonly image: string; readonly parent: string};
	/** True where the mount point is a file (a bind mount of a single file). */
	readonly onFile?: boolean;
};

export type ProcessName = {readonly pid: number; readonly name: string};

export type MachineFacts = {
	/** What `sh` is here: `dash`, `bash`, `busybox` …; null where there is no `sh`. */
	readonly shell: string | null;
	/** The extension's newest directory; null where it is not installed. */
	readonly extensionDirectory: string | null;
	/** The extension's lock file: `stale` where it is there and nobody holds it. */
	readonly lock: {readonly state: 'absent' | 'stale' | 'held'; readonly path: string; readonly holder: ProcessName | null};
	/** Processes that answer for file accesses (fanotify with permission events). */
	readonly fanotify: readonly ProcessName[];
	/** Processes that wait for a frozen filesystem now. */
	readonly stalled: readonly ProcessName[];
	/** Mounts that the journal of a dead cycle says were left frozen. */
	readonly leftFrozen: readonly string[];
	readonly agents: readonly BackupAgent[];
};

export type BackupAgent = {
	readonly name: string;
	/** The file or the process by which it was noticed. */
	readonly evidence: string;
	/** True where it freezes filesystems itself. */
	readonly freezes: boolean;
	readonly running: boolean;
};

/** The latest cycle in the extension's log. */
export type LoggedCycle = {
	/** ISO 8601 UTC. */
	readonly at: string;
	readonly verdict: Verdict;
	readonly running: boolean;
};

/** All that the checks look at; a part that could not be had is null, and the checks that need it do not apply. */
export type Facts = {
	readonly extension: ExtensionFacts;
	readonly check: ExtensionCheck;
	readonly verdict: Verdict;
	readonly configuration: ConfigurationFacts;
	readonly pre: ScriptFacts | null;
	readonly post: ScriptFacts | null;
	readonly filesystems: readonly FilesystemFacts[] | null;
	/** After how long the extension thaws whatever happens; null where that was not asked for. */
	readonly freezeDeadlineMs: number | null;
	readonly machine: MachineFacts | null;
	readonly logged: LoggedCycle | null;
};
