import type {ErrorReference, Verdict} from '../outcome.js';

/** What the extension sees of one path: `os.path.isfile` and `os.stat` follow links, so these facts are about the link's target. */
export type FileFacts = {
	readonly path: string;
	/** `missing` also for a dangling link and where a parent cannot be entered. */
	readonly kind: 'missing' | 'file' | 'directory' | 'other';
	/** The permission digits, set-id and sticky bits included (`0o4600`); 0 where missing. */
	readonly mode: number;
	/** The owner's name from the user database; null where the uid has none. */
	readonly owner: string | null;
	/** The content, where it was read and is within the limit; null otherwise. */
	readonly content: Uint8Array | null;
};

/** The files on which the extension's decision rests. Scripts' facts are asked for once the configuration is known. */
export type ExtensionFacts = {
	/** `/etc/azure/VMSnapshotPluginHost.conf`; where missing, the shipped one of the extension. */
	readonly hostConfiguration: FileFacts;
	readonly shippedHostConfiguration: FileFacts | null;
	/** The plugin's configuration at the path that the host configuration names (by default `/etc/azure/VMSnapshotScriptPluginConfig.json`); of several plugins the last one's. */
	readonly configuration: FileFacts;
	/** The configurations of the plugins before the last one, by the path as it is written there; absent where there is one plugin only. */
	readonly otherConfigurations?: ReadonlyMap<string, FileFacts>;
	readonly workload: FileFacts;
	/** The list of Oracle's instances that workload.conf names (configuration_path); absent where it names none. */
	readonly workloadInstances?: FileFacts;
	/** Facts of a script by its configured location (relative ones resolved against the extension's directory). */
	readonly scripts: ReadonlyMap<string, FileFacts>;
};

/** One script as the extension would start it: `sh location parameters…`. */
export type ScriptPlan = {
	/** As configured. */
	readonly location: string;
	/** False where it is no text: the extension stops at it (304), once the scripts before it are in order. */
	readonly locationUsable: boolean;
	/** What the script receives after Python's str(); null where the extension's thread would die on them (error 310/311 after the host's timeout). */
	readonly parameters: readonly string[] | null;
	/** How many retries are asked for; the extension does not run the script again, quiesce does. 0 where the value is unusable. */
	readonly retries: number;
	/** False where they are no number or without end: the extension's thread dies, or counts on and on, when the script fails. */
	readonly retriesUsable: boolean;
	/** True where there is no such file, and `sh` is started with it all the same: behind the check of a later plugin nobody asks for the error of an earlier one. */
	readonly missing: boolean;
};

/** What the extension makes of a configuration, once it can be read. */
export type EffectiveSettings = {
	readonly pre: ScriptPlan | null;
	readonly post: ScriptPlan | null;
	/** `timeoutInSeconds` rounded up to whole polls and capped by the plugin host; Infinity for NaN (the host's own limit then ends it). In milliseconds. */
	readonly limitMs: number;
	/** How long the plugin host waits before it goes on without a result (310, 311). Zero or less: it does not wait, and stops with an exception. */
	readonly hostLimitMs: number;
	readonly pollSeconds: number;
	readonly hostTimeoutSeconds: number;
	/** Truthiness, as the extension applies it after a failed check. */
	readonly continueBackupOnFailure: boolean;
	/** What it makes of the same value after a failed script: of whole numbers the last bit. */
	readonly continueAfterFailure: boolean;
	/** True where the value is one on which the extension ends with an exception when a script fails ("false", null, 0.0): error 2, no post-script. */
	readonly continueThrows: boolean;
	readonly fsFreezeEnabled: boolean;
	/** True only where `fsFreezeEnabled` equals False for Python (false, 0, 0.0): then a script's failure always fails the backup. */
	readonly freezeOffFailsHard: boolean;
};

/** The extension's check before anything runs. */
export type ExtensionCheck = {
	/** Empty where both scripts would run. First failure wins. */
	readonly errors: readonly ErrorReference[];
	/** The defaults where the configuration cannot be read. */
	readonly settings: EffectiveSettings;
	/** What the plugins before the last one would run at the same time. Empty but for plugin host files that name several. */
	readonly companions: readonly EffectiveSettings[];
	/** False where the flag `continueBackupOnFailure` was not read before the failure (304, 305, 313, 314, 316, 317): the backup then goes on whatever it says. */
	readonly settingsKnown: boolean;
	/** The workload that takes the place of the scripts (`workload.conf`), or null. The rest then tells what would hold without it. */
	readonly workload: string | null;
	/** What the extension is sure to meet with that workload. */
	readonly workloadErrors: readonly ErrorReference[];
};

/** What one script did, as measured in a cycle. It is about the FIRST attempt: the extension makes no other. */
export type ScriptObservation = {
	readonly durationMs: number;
	/** Null where it was ended by a signal or at the limit. */
	readonly exitCode: number | null;
	readonly timedOut: boolean;
	/** True where it wrote more to one of its pipes than fits in without a reader (`UnreadPipe`): the extension reads neither, so there it hangs until its limit. */
	readonly blocks: boolean;
	/** Written by the whole process tree to each pipe. */
	readonly stdoutBytes: number;
	readonly stderrBytes: number;
};

/** What happened in a cycle, for the question what the extension would have made of it. */
export type CycleObservation = {
	readonly check: ExtensionCheck;
	/** Null where it was not started. */
	readonly pre: ScriptObservation | null;
	readonly post: ScriptObservation | null;
};

/** The two questions that the model answers (index.ts):
 * `checkExtension(facts)` → ExtensionCheck, `predict(check)` → Verdict (scripts supposed to succeed where they can), `judge(observation)` → Verdict. */
export type {Verdict};
