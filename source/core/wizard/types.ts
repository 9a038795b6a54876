import type {OpenPlace} from '../checks/facts.js';
import type {Plan} from '../config/plan.js';
import type {Page, StepName} from './pages.js';

/** A file as the wizard shows it: who owns it, what its mode is. */
export type FileSight = {
	readonly path: string;
	readonly kind: 'missing' | 'file' | 'directory' | 'other';
	/** A user's name, or its number; null where missing. */
	readonly owner: string | null;
	/** The permission digits. */
	readonly mode: number;
};

/** What was found at a path that is being typed. */
export type PathLook = FileSight & {
	/** What the machine's `sh -n` says; null where it was not asked. */
	readonly syntax: {readonly line: number | null; readonly message: string} | 'fine' | null;
	/** Where others than root could put another file in its place. */
	readonly openPlaces: readonly OpenPlace[];
	/** What it may have been meant to be, where it is missing. */
	readonly similar: readonly string[];
};

/** One line about the machine. */
export type MachineLine = {
	readonly state: 'fine' | 'info' | 'warning' | 'problem';
	/** A word or two: "Azure", "extension". */
	readonly what: string;
	/** A sentence without a full stop. */
	readonly found: string;
};

export type MachineSight = {
	readonly lines: readonly MachineLine[];
	/** The mount points that Azure would freeze, or those named with --mount; empty where none. */
	readonly freezes: readonly string[];
	/** Those of them that a rehearsal freezes: all, but where the fence of a laboratory keeps it away. */
	readonly rehearses: readonly string[];
	/** The configuration that is there; null where there is none. Without settings where it cannot be made out. */
	readonly existing: {readonly path: string; readonly settings: Settings | null; readonly problem: string | null} | null;
};

export type Settings = Readonly<Record<string, unknown>>;

/** One question of a bundled application's pair of scripts. */
export type ApplicationQuestion = {
	readonly name: string;
	readonly question: string;
	/** What was detected, or the application's own default. */
	readonly default: string;
	readonly help: string;
	readonly secret: boolean;
	/** Where one of some is to be chosen. */
	readonly choices: readonly string[] | null;
	/** What is wrong with a value, in a sentence; null where it can be taken. */
	readonly check: (value: string) => string | null;
};

/** A bundled pair of scripts that can be chosen. */
export type ApplicationOffer = {
	/** Tells two instances of one application apart. */
	readonly id: string;
	/** As in the answers: `postgresql`. Empty for several together. */
	readonly name: string;
	/** With its version where it was detected: "PostgreSQL 15". */
	readonly title: string;
	/** "running, data on /data/pg"; "not found on this machine". */
	readonly found: string;
	readonly running: boolean;
	readonly detected: boolean;
	/** What its scripts do, in a sentence or two. */
	readonly summary: string;
	/** What detection has not answered. */
	readonly questions: readonly ApplicationQuestion[];
	/** What detection has answered. */
	readonly settings: Readonly<Record<string, string>>;
	/** The offers that this one takes together: its questions and settings bear their names in front, `postgresql.user`. */
	readonly parts?: readonly ApplicationOffer[];
	/** What its scripts are called with. */
	readonly parameters: (settings: Readonly<Record<string, string>>) => {readonly pre: readonly string[]; readonly post: readonly string[]};
};

/** All that the administrator enters. Numbers are kept as they are typed. */
export type Entries = {
	/** On the draft's screen. */
	readonly takeUp: boolean;
	/** Where the questions' first answers come from. */
	readonly source: 'existing' | 'download' | 'bundled' | 'file';
	readonly templateFile: string;
	/** The id of the bundled application's offer (`together` for several); `emptyPair` for scripts to fill in; null for scripts of one's own. */
	readonly application: string | null;
	/** By offer and setting: `postgresql.port`. */
	readonly applicationSettings: Readonly<Record<string, string>>;
	/** The settings are gone through one by one. */
	readonly askSettings: boolean;
	readonly preScript: string;
	readonly postScript: string;
	/** `copy`: into the configuration's directory. */
	readonly place: 'there' | 'copy';
	readonly preParameters: readonly string[];
	readonly postParameters: readonly string[];
	readonly preRetries: string;
	readonly postRetries: string;
	/** Seconds. */
	readonly timeout: string;
	readonly continueBackupOnFailure: boolean;
	readonly fsFreezeEnabled: boolean;
	/** Seconds. */
	readonly poll: number;
	/** Whether owners and modes of scripts that are there are set when the configuration is written. */
	readonly mend: boolean;
	readonly rehearse: boolean;
};

export type EntryName = keyof Entries;

/** What a template gave. */
export type Template = {
	readonly text: string;
	readonly settings: Settings;
	/** Said on the next screen: that the download failed and the bundled one is used. Null where there is nothing to say. */
	readonly note: string | null;
};

/** What is kept of an unfinished visit. Secrets are not in it. */
export type Draft = {
	readonly version: 1;
	/** ISO 8601 UTC. */
	readonly at: string;
	/** The configuration that it is about. */
	readonly configuration: string;
	readonly page: Page;
	readonly entries: Entries;
	readonly touched: readonly EntryName[];
	readonly base: Base | null;
};

/** The settings from which the questions are filled in. */
export type Base = Template & {
	/** From where, as `sourceKey` writes it. */
	readonly key: string;
};

export type WizardState = {
	readonly page: Page;
	/** The step that was called up from the review; its end leads back there. */
	readonly editing: StepName | null;
	/** On the review: the page from which an edited step came back, so that Back leads there. */
	readonly cameFrom: {readonly page: Page; readonly editing: StepName} | null;
	readonly configuration: string;
	readonly entries: Entries;
	/** What the administrator has entered: another template does not overwrite it. */
	readonly touched: readonly EntryName[];
	readonly base: Base | null;
	/** Null until it has been looked at. */
	readonly machine: MachineSight | null;
	readonly applications: readonly ApplicationOffer[] | null;
	/** What is offered to be taken up. */
	readonly draft: Draft | null;
	readonly looks: Readonly<Record<string, PathLook>>;
	readonly plan: {readonly key: string; readonly plan: Plan} | null;
	/** Next was asked for, and what it needs is on its way. */
	readonly waiting: boolean;
	/** What the last attempt to go on met, in sentences; null where nothing. */
	readonly complaint: string | null;
	/** What was done; null until something was written. */
	readonly written: {readonly done: readonly string[]; readonly backup: string | null} | null;
};

export type WizardEvent =
	| {readonly type: 'machine-seen'; readonly machine: MachineSight}
	| {readonly type: 'applications-seen'; readonly applications: readonly ApplicationOffer[]}
	/** One entry changed. */
	| {[Name in EntryName]: {readonly type: 'entered'; readonly name: Name; readonly value: Entries[Name]}}[EntryName]
	| {readonly type: 'next'}
	| {readonly type: 'back'}
	/** From the review to a step. */
	| {readonly type: 'edit'; readonly step: StepName}
	/** Looks again at what lies on the machine. */
	| {readonly type: 'refresh'}
	| {readonly type: 'looked'; readonly look: PathLook}
	| {readonly type: 'template-read'; readonly key: string; readonly template: Template}
	| {readonly type: 'template-failed'; readonly key: string; readonly sentence: string}
	| {readonly type: 'planned'; readonly key: string; readonly plan: Plan}
	| {readonly type: 'plan-failed'; readonly sentence: string}
	| {readonly type: 'written'; readonly done: readonly string[]; readonly backup: string | null}
	| {readonly type: 'write-failed'; readonly sentence: string};

/** What the wizard needs from outside now, each with a key that stays the same while it is the same wish. */
export type Wanted =
	| {readonly want: 'look'; readonly key: string; readonly path: string}
	| {readonly want: 'template'; readonly key: string; readonly source: 'download' | 'bundled'}
	| {readonly want: 'template'; readonly key: string; readonly source: 'file'; readonly path: string}
	| {readonly want: 'plan'; readonly key: string}
	| {readonly want: 'write'; readonly key: string};
