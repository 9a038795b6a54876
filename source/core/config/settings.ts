/** The configuration's own keys that quiesce sets, as the extension reads them. */
export type Settings = {
	readonly pluginName: string;
	/** Absolute paths. */
	readonly preScriptLocation: string;
	readonly postScriptLocation: string;
	/** One by one, as the script receives them. */
	readonly preScriptParams: readonly string[];
	readonly postScriptParams: readonly string[];
	readonly preScriptNoOfRetries: number;
	readonly postScriptNoOfRetries: number;
	/** 1 to 1800. */
	readonly timeoutInSeconds: number;
	readonly continueBackupOnFailure: boolean;
	readonly fsFreezeEnabled: boolean;
	/** 1 to 5; the extension takes 3 without it. */
	readonly ScriptsExecutionPollTimeSeconds?: number;
};

export type SettingKey = keyof Settings;

/** All keys, in the order in which the template has them. */
export const settingKeys = [
	'pluginName',
	'preScriptLocation',
	'postScriptLocation',
	'preScriptParams',
	'postScriptParams',
	'preScriptNoOfRetries',
	'postScriptNoOfRetries',
	'timeoutInSeconds',
	'continueBackupOnFailure',
	'fsFreezeEnabled',
	'ScriptsExecutionPollTimeSeconds',
] as const satisfies readonly SettingKey[];

/** What holds for a key that is neither answered nor in the file: the values of the published template. Locations have no default. */
export const settingDefaults: Omit<Required<Settings>, 'preScriptLocation' | 'postScriptLocation'> = {
	pluginName: 'ScriptRunner',
	preScriptParams: [],
	postScriptParams: [],
	preScriptNoOfRetries: 0,
	postScriptNoOfRetries: 0,
	timeoutInSeconds: 30,
	continueBackupOnFailure: true,
	fsFreezeEnabled: true,
	ScriptsExecutionPollTimeSeconds: 3,
};

/** Least and greatest values of the numbers, as in the published schema (templates/answers.schema.json). */
export const settingRanges = {
	preScriptNoOfRetries: {least: 0, most: 1800},
	postScriptNoOfRetries: {least: 0, most: 1800},
	timeoutInSeconds: {least: 1, most: 1800},
	ScriptsExecutionPollTimeSeconds: {least: 1, most: 5},
} as const satisfies Partial<Record<SettingKey, {least: number; most: number}>>;

/** The answers of `setup --answers` and of the wizard: any of the configuration's keys, or a bundled application in place of the locations. */
export type Answers = Partial<Settings> & {
	readonly application?: string | readonly string[];
	/** Where `application` is a list: by name. */
	readonly applicationSettings?: SomeSettings | Readonly<Record<string, SomeSettings>>;
};

type SomeSettings = Readonly<Record<string, string | number | boolean>>;

export type AnswerKey = keyof Answers;

/** Why a value cannot be taken. */
export type AnswerProblem = {
	/** The key that it is about; empty where it is about the answers as a whole or about a place on the machine. */
	readonly key: string;
	/** As it was given; a path where the problem is about a place. */
	readonly value: unknown;
	/** What was expected instead, as a clause: `a whole number from 1 to 1800`. */
	readonly expected: string;
	/** The whole sentence for people, with key, value and what was expected. */
	readonly message: string;
	/** What to try, in the order of trying; absent where the message says it. */
	readonly remedies?: readonly string[];
};
