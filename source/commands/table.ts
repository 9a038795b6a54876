import type {Route} from '../app/view.js';
import type {Command, Flags} from './invocation.js';

/** One command as the command line knows it. What it does is loaded only when it is called. */
export type CommandEntry = {
	/** One line for `--help`. */
	readonly summary: string;
	/** More for its own `--help`, a paragraph each. */
	readonly notes?: readonly string[];
	/** What stands behind the command without a dash, for `--help`; none where absent. */
	readonly operands?: string;
	/** How many operands there may be at most. */
	readonly mostOperands: number;
	/** The options that this command takes beside the common ones. */
	readonly options: readonly OptionName[];
	/** Refused (6) where the user is not root. */
	readonly root: boolean;
	/** The view that is opened in the command's place at a terminal; none where absent or null. */
	readonly screen?: (flags: Flags, operands: readonly string[]) => Route | null;
	/** Runs a cycle: its guard's process is begun while the command is loaded. */
	readonly guard?: boolean;
	/** Leaves nothing to be done when it has answered: Node need not take its memory apart, which takes a millisecond. */
	readonly endsAtOnce?: boolean;
	/** Left out of `--help`. */
	readonly hidden?: boolean;
	readonly load: () => Promise<Command>;
};

export type OptionName = keyof typeof options;

/** All options: what follows one, and one line for `--help`. */
export const options = {
	config: {argument: 'FILE', summary: 'the configuration (default: /etc/azure/VMSnapshotScriptPluginConfig.json)'},
	json: {summary: 'answer in JSON: one object, or one a line for commands that run'},
	'no-color': {summary: 'no colours'},
	answers: {argument: 'FILE', summary: 'take the answers as JSON from a file (- for standard input) and ask nothing'},
	check: {summary: 'report what would change, and change nothing'},
	diff: {summary: 'show what would change, and change nothing'},
	template: {argument: 'URL', summary: 'where to download the configuration template from, or a file with it'},
	fix: {summary: 'mend what can be mended'},
	yes: {summary: 'do not ask first'},
	snapshot: {argument: 'PROVIDER', summary: 'how the snapshot is taken: rehearsal (default, keeps nothing) or image'},
	mount: {argument: 'DIR', summary: 'freeze this filesystem only; may be given several times (default: what the extension would freeze)'},
	hold: {argument: 'SECONDS', summary: 'how long to stay frozen, to see what comes of it (default: 0)'},
	verify: {summary: 'prove, on a copy, that the snapshot restores'},
	wait: {argument: 'SECONDS', summary: 'how long to wait where another cycle or a backup is running (default: 0)'},
	log: {argument: 'FILE', summary: "the extension's log"},
	status: {argument: 'DIR', summary: "the folder of the extension's status files"},
	once: {summary: 'show the latest cycle and leave'},
	textfile: {argument: 'DIR', summary: 'write metrics for a Prometheus node exporter into this folder'},
	unattended: {summary: 'run the demo without asking anything'},
	help: {summary: 'show help'},
	version: {summary: 'show the version'},
} as const satisfies Readonly<Record<string, {argument?: string; summary: string}>>;

/** Taken by every command. */
export const commonOptions: readonly OptionName[] = ['config', 'json', 'no-color', 'help', 'version'];

/** The commands in the order in which help lists them. */
export const commands: Readonly<Record<string, CommandEntry>> = {
	setup: {
		summary: 'the wizard: sets up or changes the scripts and the configuration; with --answers it asks nothing',
		mostOperands: 0,
		options: ['answers', 'check', 'diff', 'template', 'mount', 'snapshot', 'hold'],
		notes: [
			'Answers are any of the configuration\'s own keys; the others keep their present value, or the default:\n  {"preScriptLocation": "/etc/azure/pre.sh",\n   "postScriptLocation": "/etc/azure/post.sh", "timeoutInSeconds": 60}',
			'In place of the locations a bundled application can be named, or a list of them: {"application": "postgresql"}',
			'All that answers may be is in templates/answers.schema.json, a JSON schema, where quiesce is installed.',
		],
		root: true,
		screen: ({answers, check, diff}) => (answers === undefined && check !== true && diff !== true ? {view: 'setup'} : null),
		load: async () => (await import('./setup.js')).run,
	},
	doctor: {
		summary: 'what Azure will do tonight, why, and what to do about it',
		mostOperands: 0,
		options: ['fix', 'yes', 'mount'],
		root: true,
		screen: ({fix, yes}) => (fix === true || yes === true ? null : {view: 'doctor'}),
		endsAtOnce: true,
		load: async () => (await import('./doctor.js')).run,
	},
	cycle: {
		summary: 'a live cycle now: pre-script, freeze, snapshot, thaw, post-script',
		mostOperands: 0,
		options: ['snapshot', 'mount', 'hold', 'wait', 'verify'],
		root: true,
		// The proof comes in plain lines, after the cycle's.
		screen: ({verify}) => (verify === true ? null : {view: 'cycle'}),
		guard: true,
		load: async () => (await import('./cycle.js')).run,
	},
	watch: {
		summary: "follow Azure's own backups live, from the extension's log; --once shows the latest",
		mostOperands: 0,
		options: ['log', 'status', 'once'],
		root: false,
		load: async () => (await import('./watch.js')).run,
	},
	history: {
		summary: 'earlier cycles and backups: outcome, windows, their trend; with an ID, one in detail',
		operands: '[ID]',
		mostOperands: 1,
		options: ['textfile', 'log', 'status'],
		root: false,
		load: async () => (await import('./history.js')).run,
	},
	thaw: {
		summary: 'emergency: thaws what a dead cycle left frozen and runs its post-script; with DIR also what somebody else froze',
		operands: '[DIR …]',
		mostOperands: 1000,
		options: ['yes'],
		root: true,
		load: async () => (await import('./thaw.js')).run,
	},
	explain: {
		summary: 'what an error means and what to do, or how an application is held (postgresql, directory, …); alone, the list',
		operands: '[NAME|CODE]',
		mostOperands: 1,
		options: [],
		root: false,
		screen: (_flags, [name]) => (name === undefined ? {view: 'explain'} : null),
		load: async () => (await import('./explain.js')).run,
	},
	verify: {
		summary: 'prove that a snapshot restores, on a copy of it',
		operands: 'SNAPSHOT',
		mostOperands: 1,
		options: [],
		root: true,
		screen: (_flags, [snapshot]) => (snapshot === undefined ? null : {view: 'verify', snapshot}),
		load: async () => (await import('./verify.js')).run,
	},
	demo: {
		summary: 'try quiesce on a disk made for it',
		mostOperands: 0,
		options: ['unattended'],
		root: false,
		hidden: true,
		load: async () => (await import('./demo.js')).run,
	},
};

/** `quiesce` alone. */
export const appOptions: readonly OptionName[] = ['mount', 'snapshot', 'hold', 'log', 'status'];
