import type {BegunGuard} from '../system/guard/beginning.js';

/** Who reads the output: a person at a terminal, a person or a log behind a pipe (or a screen reader, CI, TERM=dumb), or a program. */
export type Mode = 'interactive' | 'plain' | 'json';

/** The options of all commands; which command takes which is in cli.ts, and no other is accepted there. */
export type Flags = {
	readonly config?: string;
	readonly json?: boolean;
	readonly color?: boolean;
	readonly answers?: string;
	readonly check?: boolean;
	readonly diff?: boolean;
	readonly template?: string;
	readonly fix?: boolean;
	readonly yes?: boolean;
	readonly snapshot?: string;
	readonly mount?: readonly string[];
	/** Seconds. */
	readonly hold?: number;
	/** Seconds. */
	readonly wait?: number;
	readonly verify?: boolean;
	readonly log?: string;
	readonly status?: string;
	readonly once?: boolean;
	readonly textfile?: string;
	/** Of the demo: asks nothing. */
	readonly unattended?: boolean;
};

/** One call of quiesce, its words understood. */
export type Invocation = {
	readonly command: string;
	readonly mode: Mode;
	readonly flags: Flags;
	/** What stands behind the command without a dash. */
	readonly operands: readonly string[];
	/** For a command that will run a cycle: begun while the command itself is loaded. */
	readonly guard?: BegunGuard;
};

/** A command's file exports one of these as `run`: it answers the exit code, and throws a Failure for what it cannot do. */
export type Command = (invocation: Invocation) => Promise<number>;

/** Where the extension looks for the scripts' configuration. */
export const defaultConfiguration = '/etc/azure/VMSnapshotScriptPluginConfig.json';
