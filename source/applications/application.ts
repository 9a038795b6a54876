/** One question about an application, asked only where detection did not answer it. */
export type Setting = {
	/** The key in `applicationSettings` and in the settings file beside the scripts: camelCase there, snake_case in the file. */
	readonly name: string;
	readonly question: string;
	/** What is taken where nothing is said. Empty: the script finds it out by itself, or goes without. */
	readonly default: string;
	/** Why it is asked, and what happens where it is left empty: one or two sentences. */
	readonly help: string;
	/** It cannot be left empty. */
	readonly required?: true;
	/** It is not shown while it is typed, and never written into the configuration or given as a parameter. */
	readonly secret?: true;
	/** Its kind, for the check while it is typed. Default: `text`. */
	readonly kind?: 'text' | 'seconds' | 'path' | 'paths' | 'choice';
	/** For kind `choice`. */
	readonly choices?: readonly string[];
};

/** Settings by name; all are text, as in the settings file. What is missing has its default. */
export type ApplicationSettings = Readonly<Record<string, string>>;

/** One setting that cannot be taken. */
export type SettingProblem = {
	readonly key: string;
	readonly value: unknown;
	readonly expected: string;
	/** A sentence. */
	readonly message: string;
};

/** One instance of an application on this machine. */
export type Detected = {
	/** The application's name. */
	readonly name: string;
	/** As a person would call it: `PostgreSQL 15`. */
	readonly title: string;
	readonly running: boolean;
	readonly version: string | null;
	/** Absolute, links resolved; null where it is not known. */
	readonly dataDirectory: string | null;
	/** The mount points on which its data lies. */
	readonly mounts: readonly string[];
	/** One line: how root gets in, or what is missing for it. */
	readonly access: string;
	/** What the scripts need to know of this instance; what is not in it has its default. */
	readonly settings: ApplicationSettings;
};

export type ScriptFile = {
	/** Below the directory of the configuration: `postgresql-pre.sh`, or `quiesce.d/10-postgresql-pre.sh` (the directory: root, 0700). */
	readonly name: string;
	readonly content: string;
	/** Scripts 0o700, settings 0o600. */
	readonly mode: number;
};

/** The files to write, and what the configuration says of them. */
export type ApplicationScripts = {
	readonly files: readonly ScriptFile[];
	/** The `name` of the file that is the pre-script. */
	readonly pre: string;
	readonly post: string;
	readonly preParameters: readonly string[];
	readonly postParameters: readonly string[];
};

/** An application that has scripts. */
export type Application = {
	/** As in the answers: `postgresql`. */
	readonly name: string;
	/** As on screen: `PostgreSQL`. */
	readonly title: string;
	/** What its scripts do, in a sentence or two, for the wizard. */
	readonly summary: string;
	readonly settings: readonly Setting[];
	/** What is wrong with settings that are each right by themselves. */
	readonly check?: (settings: ApplicationSettings) => readonly SettingProblem[];
	/** Where several run, those with less are held first: 10 to 99. Default 50. */
	readonly order?: number;
	/** What the wizard says of it where it was not detected, because it is only told what it is. Default: that it was not found. */
	readonly undetected?: string;
	/** Looks for running (and installed) instances. Never throws; nothing found is an empty list. Takes less than a second. */
	detect(): Promise<readonly Detected[]>;
	/** The files for these settings. Settings that were not checked by `checkSettings` may make scripts that refuse to run. */
	scripts(settings: ApplicationSettings): ApplicationScripts;
};
