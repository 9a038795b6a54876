import type {ConfigurationFacts, Facts, FilesystemFacts, LoggedCycle, MachineFacts, OpenPlace, Role, ScriptFacts} from '../../source/core/checks/facts.js';
import {checkExtension, predict} from '../../source/core/extension/index.js';
import type {FileFacts} from '../../source/core/extension/types.js';
import {readSettingsText, repairSettings} from '../../source/core/settings-text.js';

export const configurationPath = '/etc/azure/VMSnapshotScriptPluginConfig.json';

/** A configuration of which there is nothing to say. */
export const goodSettings = {
	pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
	preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
};

/** A file of root's, or nothing where `text` is null. */
export function makeFile(path: string, text: string | Uint8Array | null, change: Partial<FileFacts> = {}): FileFacts {
	const content = text === null ? null : typeof text === 'string' ? new TextEncoder().encode(text) : text;
	return {path, kind: text === null ? 'missing' : 'file', mode: text === null ? 0 : 0o600, owner: text === null ? null : 'root', content, ...change};
}

export type FactsOrder = {
	/** Added to the good settings, or put in their place; undefined leaves one out. */
	readonly settings?: Readonly<Record<string, unknown>>;
	/** The configuration's text, in the place of settings. */
	readonly text?: string | Uint8Array | null;
	readonly configuration?: Partial<FileFacts> & {readonly openPlaces?: readonly OpenPlace[]; readonly readByExtension?: boolean; readonly documented?: FileFacts | null};
	readonly pre?: Partial<ScriptFacts> & {readonly file?: FileFacts};
	readonly post?: Partial<ScriptFacts> & {readonly file?: FileFacts};
	readonly host?: FileFacts;
	readonly shippedHost?: FileFacts;
	readonly workload?: string;
	readonly workloadFile?: Partial<FileFacts>;
	readonly filesystems?: readonly FilesystemFacts[] | null;
	readonly machine?: Partial<MachineFacts> | null;
	readonly logged?: LoggedCycle | null;
};

export const calmMachine: MachineFacts = {
	shell: 'dash', extensionDirectory: '/var/lib/waagent/Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.1', lock: {state: 'absent', path: '/etc/azure/lock', holder: null},
	fanotify: [], stalled: [], leftFrozen: [], agents: [],
};

/** Facts about a machine on which everything is fine, but for what is ordered. No file is touched. */
export function makeFacts(order: FactsOrder = {}): Facts {
	const written = Object.fromEntries(Object.entries({...goodSettings, ...order.settings}).filter(([, value]) => value !== undefined));
	const text = order.text === undefined ? `${JSON.stringify(written, null, 2)}\n` : order.text;
	const {openPlaces = [], readByExtension = true, documented = null, ...change} = order.configuration ?? {};
	const file = makeFile(configurationPath, text, change);
	const read = file.content === null ? {settings: null, duplicates: [], problem: null, refusal: null} : readSettingsText(file.content);
	const configuration: ConfigurationFacts = {
		path: configurationPath, file, ...read, openPlaces, readByExtension, documented,
		repaired: read.problem === null || file.content === null ? null : repairSettings(file.content),
	};
	const pre = makeScript('pre', read.settings, order.pre);
	const post = makeScript('post', read.settings, order.post);
	const extension = {
		hostConfiguration: order.host ?? makeFile('/etc/azure/VMSnapshotPluginHost.conf', null),
		shippedHostConfiguration: order.shippedHost ?? null,
		configuration: file,
		workload: makeFile('/etc/azure/workload.conf', order.workload ?? null, order.workloadFile),
		scripts: new Map([pre, post].flatMap(script => script === null ? [] : [[script.location, script.file] as const])),
	};
	const check = checkExtension(extension);
	return {
		extension, check, verdict: predict(check), configuration, pre, post,
		filesystems: order.filesystems === undefined ? [{mount: '/', type: 'ext4', source: '/dev/sda1', azure: 'freezes'}] : order.filesystems,
		freezeDeadlineMs: 60_000,
		machine: order.machine === null ? null : {...calmMachine, ...order.machine},
		logged: order.logged ?? null,
	};
}

function makeScript(role: Role, settings: Readonly<Record<string, unknown>> | null, change: FactsOrder['pre'] = {}): ScriptFacts | null {
	const location = settings?.[`${role}ScriptLocation`];
	if (typeof location !== 'string') return null;
	const text = change.text === undefined ? '#!/bin/sh\nexit 0\n' : change.text;
	const missing = location === '' || location.trim() !== location;
	return {
		role, location, path: location, size: text?.length ?? 0, text: missing ? null : text, syntax: 'fine', dialect: [], mistakes: [], openPlaces: [], mount: null, similar: [],
		interpreter: {path: '/bin/sh', exists: true},
		file: makeFile(location, missing ? null : text, {mode: missing ? 0 : 0o700}),
		...change,
	};
}
