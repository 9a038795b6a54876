import type {Verdict} from '../outcome.js';
import type {AnswerProblem, Answers} from './settings.js';

/** A script that quiesce brings along, and where it shall lie. */
export type NewScript = {
	/** Absolute. */
	readonly path: string;
	readonly content: string;
	/** Default: 0o700. */
	readonly mode?: number;
	/** A file that is there already is left as it is, whatever it contains: an administrator may have filled it in. */
	readonly keepExisting?: boolean;
};

/** What is to be planned. */
export type PlanRequest = {
	/** The configuration's path; relative ones start from the working directory. */
	readonly configuration: string;
	/** Not yet checked: problems with them are in the plan. */
	readonly answers: Answers | unknown;
	/** The text to start from where there is no configuration, or where `anew`; default: the bundled template. */
	readonly template?: string;
	/** Start from the template although a configuration is there; that one is kept as a backup. */
	readonly anew?: boolean;
	/** The administrator's own scripts that are to be copied to a directory of root's; the locations in the answers name `to`. */
	readonly copies?: readonly {readonly from: string; readonly to: string}[];
	/** Scripts to be written. An `application` in the answers adds its own. */
	readonly scripts?: readonly NewScript[];
	/** False: owners and permissions of scripts that are there stay as they are. */
	readonly mend?: boolean;
};

/** One line of a unified view of the configuration: kept, taken out, put in. */
export type DiffLine = {readonly sign: ' ' | '-' | '+'; readonly text: string};

/** One change that applying the plan makes. `sentence` says it without a full stop: `chmod 700 /etc/azure/pre.sh (now 755)`. */
export type Action = {readonly sentence: string} & (
	| {readonly kind: 'make-directory'; readonly path: string; readonly mode: number}
	/** The present file is kept under another name. */
	| {readonly kind: 'backup'; readonly path: string; readonly to: string}
	| {readonly kind: 'write-configuration'; readonly path: string}
	| {readonly kind: 'copy-script'; readonly from: string; readonly path: string; readonly mode: number}
	| {readonly kind: 'write-script'; readonly path: string; readonly content: string; readonly mode: number}
	/** Gets another name, under which it is not run. */
	| {readonly kind: 'set-aside'; readonly path: string; readonly to: string}
	| {readonly kind: 'chmod'; readonly path: string; readonly mode: number}
	| {readonly kind: 'chown'; readonly path: string; readonly owner: 'root'}
);

/** Something to know before it is applied, which does not stand in the way. */
export type PlanWarning = {
	/** The key that it is about; empty where it is about none. */
	readonly key: string;
	readonly message: string;
};

/** What a file was when the plan was made: applying it checks that nobody has changed it since. */
export type SeenFile = {
	readonly path: string;
	readonly kind: 'missing' | 'file' | 'directory' | 'link' | 'other';
	readonly mode: number;
	readonly uid: number;
	/** SHA-256 of the content in hexadecimal; null where it was not read. */
	readonly digest: string | null;
};

/** One of the three files as it is now, and as it must be. */
export type PlannedFile = {
	readonly role: 'configuration' | 'pre' | 'post';
	readonly path: string;
	readonly kind: 'missing' | 'file' | 'directory' | 'other';
	/** A user's name, or its number; null where missing. */
	readonly owner: string | null;
	/** The permission digits now. */
	readonly mode: number;
	/** The permission digits that it must have; the owner must be root. */
	readonly wanted: number;
};

/** What would be changed. Looking makes no change. */
export type Plan = {
	/** No problems: it can be applied. */
	readonly valid: boolean;
	/** There is something to do. */
	readonly changed: boolean;
	readonly problems: readonly AnswerProblem[];
	readonly warnings: readonly PlanWarning[];
	/** The configuration's absolute path. */
	readonly path: string;
	/** The configuration as it will be. */
	readonly text: string;
	/** As it is; null where there is none. */
	readonly previous: string | null;
	/** The whole configuration, line by line; empty where its text does not change. */
	readonly diff: readonly DiffLine[];
	/** In the order in which they are done. */
	readonly actions: readonly Action[];
	/** A script is absent where no path of it is known. */
	readonly files: readonly PlannedFile[];
	/** What the extension would do after the plan is applied. */
	readonly verdict: Verdict;
	/** The verdict in a sentence, with what the scripts' texts tell: one that `sh` cannot read. */
	readonly sentence: string;
	readonly seen: readonly SeenFile[];
};

/** What applying a plan came to. */
export type Applied = {
	/** The sentences of what was done. */
	readonly done: readonly string[];
	/** Where the previous configuration is kept; null where there was none or it did not change. */
	readonly backup: string | null;
};
