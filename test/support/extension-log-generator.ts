import type {PhaseName} from '../../source/core/cycle-events.js';
import {extensionName, LogWriter} from './extension-log-writer.js';

/**
 * Writes logs as the extension writes them: its lines, their order, its memory while frozen. What a cycle comes to is said beside it, from the choices and
 * not from the lines.
 */
export type CycleChoices = {
	/** Milliseconds since 1970 UTC. */
	readonly at?: number;
	readonly task?: string;
	readonly sequence?: number;
	readonly mounts?: readonly string[];
	/** The daemon gives up before the check: its program that freezes is missing (124), or it was called too late (402). */
	readonly stops?: 'no-binary' | 'too-late' | null;
	/** The error of the check; scripts are skipped then. */
	readonly check?: {readonly name: string; readonly code: number} | null;
	/** 0: the plugin host file names none, and no script runs. */
	readonly plugins?: 0 | 1;
	/** workload.conf names a database; `fails`: the extension's own script before the snapshot, the one after it, or the reading of the file. */
	readonly workload?: {readonly name: string; readonly fails?: 'before' | 'after' | 'reading'} | null;
	readonly pre?: ScriptFate;
	readonly post?: ScriptFate;
	/** continueBackupOnFailure; `throws`: a text, on which the extension ends with an exception. */
	readonly goesOn?: boolean | 'throws';
	/** fsFreezeEnabled. Counts only where the configuration could be read. */
	readonly freezes?: boolean;
	/** `comes-after-all`: the extension has given up when safefreeze freezes; it thaws at its own time-out. */
	readonly freeze?: 'works' | 'busy' | 'does-not-open' | 'times-out' | 'comes-after-all' | 'nothing-to-freeze';
	/**
	 * `fails`: the host refuses. `host-error`: its service is broken (556). `disks-fail`: it answers that every disk has failed; `too-many`: with too many
	 * snapshots as the reason. `comes-too-late`: the freeze is over before it. `helper-killed`: safefreeze is. `asked-too-late`: 140 minutes are over.
	 */
	readonly snapshot?: 'works' | 'fails' | 'host-error' | 'disks-fail' | 'too-many' | 'one-disk-fails' | 'comes-too-late' | 'helper-killed' | 'asked-too-late';
	/** A VM with one disk, of which a try has failed before: its snapshot is taken whatever became of the freeze. */
	readonly singleDisk?: boolean;
	/** Retries that are logged, and not made. */
	readonly retries?: number;
	/** `buffered`: kept in memory while frozen. `dropped`: LoggingOff. `straight`: MountsToSkip is "/". */
	readonly frozenLines?: 'buffered' | 'dropped' | 'straight';
	/** Python 2 writes other beginnings (the time zone is UTC here). */
	readonly python?: 2 | 3;
	/** Another process has the lock. */
	readonly lockHeld?: boolean;
};

export type ScriptFate = 'works' | 'fails' | 'times-out' | 'never-answers';

export type GeneratedCycle = {
	readonly log: string;
	/** The status file at the end. */
	readonly status: string;
	readonly beganAt: number;
	readonly expected: {
		readonly states: Readonly<Record<PhaseName, string>>;
		readonly outcome: string;
		/** What Azure was told. */
		readonly azure: string;
		readonly errors: readonly number[];
		readonly freezeWindowMs: number;
		/** The status file goes on saying that the backup runs: the extension cannot write this code. */
		readonly statusStays: boolean;
	};
};

const home = `/var/lib/waagent/${extensionName}-1.0.9184.0`;
const configuration = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const holdMs = 60_000;
/** After these the configuration counts as not read: the backup goes on, and freezes. */
const unread: ReadonlySet<number> = new Set([304, 305, 313, 314, 316, 317]);
const databaseErrors = {
	before: {code: 509, name: 'FailedWorkloadQuiescingError', message: 'pre failed to quiesce'},
	after: {code: 510, name: 'FailedWorkloadQuiescingTimeout', message: 'not app consistent'},
	reading: {code: 505, name: 'FailedWorkloadAuthorizationMissing', message: 'Cred and linux user string missing'},
} as const;

/** The installation of the extension: a run of the daemon that is no backup. */
export function generateInstallation({at = Date.UTC(2026, 4, 20), sequence = 0} = {}): {readonly log: string; readonly status: string} {
	const writer = new LogWriter({at, task: '', frozenLines: 'buffered', python: 3});
	writer.direct('starting enable');
	writer.direct(`set most recent sequence number to ${sequence}`);
	writer.report('success', 4, 'Transitioning state in extension');
	writer.direct('starting daemon initially', 400);
	tellSurroundings(writer, at, 3, false);
	writer.direct('The command install is being validated');
	writer.direct('install succeed.');
	writer.direct('Install Succeeded');
	writer.report('success', 1, 'Install Succeeded');
	return {log: writer.text, status: writer.statusText('success', 1, 'Install Succeeded')};
}

/** The agent's call fails before there is a daemon. */
export function generateFailedCall({at = Date.UTC(2026, 5, 1), sequence = 12} = {}): string {
	const writer = new LogWriter({at, task: '', frozenLines: 'buffered', python: 3});
	writer.direct('starting enable');
	writer.direct(`set most recent sequence number to ${sequence}`);
	writer.direct('Failed to call the daemon with error: \'NoneType\' object has no attribute \'keys\', stack trace: Traceback (most recent call last):\n  File "main/handle.py", line 681, in enable\nAttributeError: \'NoneType\' object has no attribute \'keys\'\n');
	return writer.text;
}

/** One cycle, from the agent's call to the report. */
export function generateCycle(choices: CycleChoices = {}): GeneratedCycle {
	const {
		at = Date.UTC(2026, 5, 1, 1, 12), task = 'd2719c9e-17b1-4dbb-8f58-0bd2d0a4ad2f', sequence = 12, stops = null, check = null, plugins = 1, workload = null, pre = 'works', post = 'works',
		goesOn = true, frozenLines = 'buffered', python = 3, singleDisk = false,
	} = choices;
	const writer = new LogWriter({at, task, frozenLines, python});
	const course: Course = {states: {check: 'skipped', 'pre-script': 'skipped', freeze: 'skipped', snapshot: 'skipped', thaw: 'skipped', 'post-script': 'skipped'}, errors: [], code: null, isCrash: false, noSnapshot: false, frozenAt: null, thawedAt: null};
	const {states, errors} = course;

	writer.direct('starting enable');
	writer.direct(`set most recent sequence number to ${sequence}`);
	writer.direct(`taskId: ${task}`);
	writer.direct('Enable,success,4,Transitioning state in extension,False', 900);
	writer.direct('file status report message:');
	const transitional = writer.statusText('success', 4, 'Transitioning state in extension');
	writer.direct('starting daemon initially', 400);
	const beganAt = Math.floor(writer.now / (python === 2 ? 1000 : 1)) * (python === 2 ? 1000 : 1);
	tellSurroundings(writer, at, singleDisk ? 1 : 3, singleDisk);
	const end = (status: string, code: number, message: string, statusCode = code): GeneratedCycle => {
		const isUnfrozen = states.freeze !== 'succeeded';
		const azure = code > 1 ? 'failed' : course.isCrash ? 'crash-consistent' : code === 0 ? 'application-consistent' : 'file-system-consistent';
		const outcome = code > 1 || course.noSnapshot ? 'failed' : course.isCrash ? 'crash-consistent' : code === 0 ? 'application-consistent' : isUnfrozen ? 'crash-consistent' : 'file-system-consistent';
		writer.report(status, code, message);
		const snapshots = choices.snapshot === 'one-disk-fails' ? [true, false, true] : undefined;
		const text = statusCode === code ? writer.statusText(status, code, message, {...(course.isCrash ? {consistency: 3} : {}), ...(snapshots === undefined ? {} : {snapshots})}) : transitional;
		// After a failed freeze the memory is written only here, and not closed.
		writer.flush(false);
		const {frozenAt, thawedAt} = course;
		return {log: writer.text, status: text, beganAt, expected: {states, outcome, azure, errors, freezeWindowMs: frozenAt === null || thawedAt === null ? 0 : thawedAt - frozenAt, statusStays: statusCode !== code}};
	};
	if (stops !== null) {
		const [code, words] = stops === 'no-binary' ? [124, `safefreeze binary is missing in the following path ${home}/main/safefreeze/bin/safefreeze`] as const : [402, 'CRP timeout limit has reached, will not take snapshot.'] as const;
		if (stops === 'too-late') writer.direct('CRP timeout limit has reached, should abort.');
		else writer.direct('exiting with commit');
		writer.direct(words);
		errors.push(code);
		return end('error', code, words);
	}
	writer.direct('commandToExecute for backup is snapshot');
	writer.direct('Enable,success,4,Transitioning state in extension,False');
	writer.direct('file status report message:');
	if (workload !== null) {
		runWorkload(writer, course, choices, workload);
		writer.now += 1000;
		writer.childEnds();
		return end('success', course.code ?? 1, '');
	}

	const freezes = (choices.freezes ?? true) || (check !== null && unread.has(check.code));
	runCheck(writer, choices, freezes);
	states.check = check === null ? 'succeeded' : 'failed';
	if (check !== null) errors.push(check.code);
	const scriptsRun = check === null && plugins === 1;
	let doBackup = check === null || unread.has(check.code) || goesOn === true;
	let threw = false;
	if (scriptsRun) {
		states['pre-script'] = stateOf(pre);
		errors.push(...codesOf(pre, [300, 308, 310]));
		runScript(writer, 'pre', choices, freezes);
		if (goesOn === 'throws' && (pre === 'fails' || pre === 'times-out')) {
			// The script's end is logged; what would have been logged next is the exception.
			writer.takeBack();
			writer.direct("Failed to enable the extension with error: unsupported operand type(s) for &: 'bool' and 'str', stack trace: Traceback (most recent call last):\n  File \"main/handle.py\", line 524, in daemon\nTypeError: unsupported operand");
			threw = true;
		}
		if ((pre === 'fails' || pre === 'times-out') && goesOn !== true) doBackup = false;
		if (pre !== 'works' && !freezes) doBackup = false;
	} else if (check === null) {
		writer.say('Finished prescript execution from PluginHost side. Continue Backup: True', 3000);
	}
	if (doBackup && !threw) takeSnapshot(writer, course, choices, freezes);
	if (scriptsRun && !threw) {
		writer.say('Starting postscript for all modules.');
		// After a failed freeze nothing of it is logged where lines are dropped.
		const unseen = frozenLines === 'dropped' && writer.isSilent;
		runScript(writer, 'post', choices, freezes);
		states['post-script'] = unseen ? 'pending' : stateOf(post);
		errors.push(...codesOf(post, [301, 309, 311]));
		if ((post === 'fails' || post === 'times-out') && goesOn !== true) doBackup = false;
		if (post !== 'works' && !freezes) doBackup = false;
	}
	const worked = check === null && (!scriptsRun || (pre === 'works' && post === 'works'));
	const firstScriptError = errors.find(code => code >= 300 && code < 400);
	const code = threw ? 2 : course.code ?? (doBackup ? worked ? 0 : 1 : firstScriptError ?? 1);
	// Of no phase: they stand behind the scripts' errors.
	if (threw || code === 402) errors.push(code);
	if (code === 0) writer.say('Enable Succeeded with App Consistent Snapshot');
	writer.now += 1000;
	writer.childEnds();
	// Of a killed safefreeze nobody knows when anything was thawed: at the end of the cycle it was not.
	if (course.frozenAt !== null && course.thawedAt === null) course.thawedAt = writer.now + 1;
	return end(code > 1 && code !== 556 ? 'error' : 'success', code, code === 0 ? 'Enable Succeeded with App Consistent Snapshot' : '', code === 556 ? 4 : code);
}

/** What a cycle comes to, as far as it has come. */
type Course = {
	readonly states: Record<PhaseName, string>;
	readonly errors: number[];
	/** What the snapshot makes of the whole; null where it is the scripts' to say. */
	code: number | null;
	isCrash: boolean;
	noSnapshot: boolean;
	frozenAt: number | null;
	thawedAt: number | null;
};

function stateOf(fate: ScriptFate): string {
	return fate === 'works' ? 'succeeded' : fate === 'fails' ? 'failed' : 'timed-out';
}

function codesOf(fate: ScriptFate, [failed, timedOut, unanswered]: readonly [number, number, number]): readonly number[] {
	return fate === 'works' ? [] : [fate === 'fails' ? failed : fate === 'times-out' ? timedOut : unanswered];
}

function tellSurroundings(writer: LogWriter, at: number, disks: number, takesCrashConsistent: boolean): void {
	writer.direct('getting the mount info using mount_path sysfs on /sys type sysfs (rw)\nproc on /proc type proc (rw)\n/dev/sdc on /data type ext4 (rw,relatime)\n');
	writer.direct("b''");
	writer.direct('');
	writer.direct(`isManagedVm=True, canTakeCrashConsistentSnapshot=True, backupRetryCount=${takesCrashConsistent ? 1 : 0}, numberOfDisks=${disks}, takeCrashConsistentSnapshot=${takesCrashConsistent ? 'True' : 'False'}`);
	writer.direct(`command start time is ${new Date(at - 1000).toISOString().slice(0, 23).replace('T', ' ')}000 and utcNow is ${new Date(writer.now).toISOString().slice(0, 19).replace('T', ' ')}`);
}

function runCheck(writer: LogWriter, {check = null, plugins = 1, goesOn = true, retries = 0}: CycleChoices, freezes: boolean): void {
	const code = check?.code ?? null;
	const settings = (): void => writer.direct(`Plugin:ScriptRunner timeout:30 pollTotalCount:10.0 preScriptParams:[] postScriptParams:[] continueBackupOnFailure:${goesOn === 'throws' ? 'false' : goesOn ? 'True' : 'False'} preScriptNoOfRetries:${retries} postScriptNoOfRetries:0 Global FS Freeze on :${freezes ? 'True' : 'False'}`);
	const validated = (): void => writer.direct(`Validate Scripts output: errorCode - ${code ?? 0} dobackup - ${goesOn === true ? 'True' : 'False'} fsFreeze_on - ${freezes ? 'True' : 'False'} pollTime - 3`);
	const permissions = (path: string, mode: string): void => writer.direct(`Permissions of the file ${path} are ${mode}`);
	writer.direct('Loading script modules now...');
	permissions('./main/VMSnapshotPluginHost.conf', code === 314 ? '666' : '644');
	if (code !== 313 && code !== 314) {
		writer.direct(`numberOfPlugins: ${plugins}`);
		if (plugins === 1) {
			writer.direct(`Plugin config path is ${configuration}`);
			if (code === 316) writer.direct(`Plugin host file does not exist in the location ${configuration}`);
			else permissions(configuration, code === 317 ? '644' : '600');
			if (code === 304) writer.direct('Error in reading PluginHost config file : unorderable types, stack trace: Traceback (most recent call last):\nTypeError: unorderable types');
			else if (code !== 316 && code !== 317) {
				settings();
				if (code === 305) writer.direct('Cant run prescript for ScriptRunner . Config File error.');
				else if (code === 302) writer.direct('Prescript file does not exist in the location /opt/pre.sh');
				else {
					permissions('/opt/pre.sh', code === 306 ? '755' : '700');
					if (code === 303) writer.direct('Postscript file does not exist in the location /opt/post.sh');
					else if (code !== 306) permissions('/opt/post.sh', code === 307 ? '755' : '700');
				}
				validated();
			}
		}
	}
	if (code === null || code === 317 || !unread.has(code)) writer.direct('App Consistent Consistent Backup Enabled');
	if (check !== null) writer.direct(`Triggering File System Consistent Backup because of error code StatusCode.${check.name},`);
}

function runScript(writer: LogWriter, which: 'pre' | 'post', {pre = 'works', post = 'works', goesOn = true, retries = 0, freeze = 'works'}: CycleChoices, freezes: boolean): void {
	const fate = which === 'pre' ? pre : post;
	const [small, large] = which === 'pre' ? ['prescript', 'Prescript'] : ['postscript', 'Postscript'];
	if (fate !== 'never-answers') {
		writer.say(`Running ${small} for ScriptRunner module...`);
		writer.now += 3000;
		if (which === 'post' && freezes && freeze === 'works') writer.childEnds();
		for (let index = 0; index < (fate === 'fails' ? retries : 0); index++) writer.say(`${large} for ScriptRunner failed. Retrying...`, 0);
		if (fate === 'works') writer.say(`${large} for ScriptRunner successfully executed.`);
		else if (fate === 'fails') writer.say(`${large} for ScriptRunner failed with error code: 3 .`);
		else writer.say(`${large} for ScriptRunner timed out.`, 27_000);
	}
	writer.say(`Finished ${small} execution from PluginHost side. Continue Backup: ${fate === 'fails' || fate === 'times-out' ? (goesOn === true ? 'True' : 'False') : 'True'}`, fate === 'never-answers' ? 1_800_000 : 3000);
}

/** The extension's own scripts for a database, in the place of the configured ones. */
function runWorkload(writer: LogWriter, course: Course, choices: CycleChoices, {name, fails}: NonNullable<CycleChoices['workload']>): void {
	const {states, errors} = course;
	const error = fails === undefined ? null : databaseErrors[fails];
	writer.direct(`workload backup enabled for workload: ${name}`);
	states.check = 'succeeded';
	if (fails === 'reading') writer.direct('skip pre and post');
	else {
		writer.direct('WorkloadPatch: Entering workload pre call');
		if (fails === 'before') writer.direct('WorkloadPatch: pre failed to quiesce', 122_000);
		states['pre-script'] = fails === 'before' ? 'failed' : 'succeeded';
	}
	if (fails === 'before' || fails === 'reading') writer.direct('file system consistent backup only');
	if (fails === 'before') errors.push(databaseErrors.before.code);
	takeSnapshot(writer, course, choices, true);
	if (fails !== 'reading') {
		writer.direct('WorkloadPatch: Entering workload post call');
		states['post-script'] = fails === 'after' ? 'failed' : 'succeeded';
	}
	if (error !== null) {
		writer.direct(`Workload Patch failed with warning message: ${error.message} StatusCode.${error.name},`);
		if (fails !== 'before') errors.push(error.code);
	}
	// This flow looks at the word of the snapshot, which is "success" also where none could be taken.
	const isWordGood = choices.snapshot === undefined || choices.snapshot === 'works' || choices.snapshot === 'fails';
	if (error === null) writer.direct(isWordGood ? 'Enable Succeeded with App Consistent Snapshot' : 'Enable failed in fsfreeze snapshot flow');
	course.code = error === null && isWordGood ? 0 : course.code ?? 1;
}

function freezeFilesystems(writer: LogWriter, course: Course, choices: CycleChoices): 'frozen' | 'failed' | 'nothing' {
	const {mounts = ['/data', '/var/lib/mysql'], freeze = 'works', lockHeld = false, frozenLines = 'buffered'} = choices;
	writer.direct(`T:S freeze, timeout value ${holdMs / 1000}`);
	for (const mount of mounts) writer.direct(`fsfreeze mount :${mount}`);
	writer.direct(`skip freeze is : ${freeze === 'nothing-to-freeze' ? 'True' : 'False'}`);
	if (freeze === 'nothing-to-freeze') return 'nothing';
	writer.direct(`arg : ['${home}/main/safefreeze/bin/safefreeze', '${holdMs / 1000}', ${mounts.map(mount => mount.includes("'") ? `"${mount}"` : `'${mount}'`).join(', ')}]`);
	writer.direct('proceeded for accepting signals');
	writer.fallSilent();
	if (lockHeld) {
		for (let index = 1; index <= 5; index++) {
			writer.say('Failed to open file or aquire lock: [Errno 11] Resource temporarily unavailable, stack trace: Traceback (most recent call last):\nBlockingIOError', index === 5 ? 31_000 : 1000);
			writer.say(`Retry to aquire lock count: ${index}`);
		}
	} else writer.say('Aquired Lock Successful');
	writer.say('inside while with sig_handle 0');
	writer.say('****** 1. Starting Freeze Binary ', 3000);
	writer.say('Binary subprocess Created');
	const failed = (code: number, message: string, name: string, state = 'failed'): 'failed' => {
		writer.say(message, 1, 'Error');
		writer.say(`T:S Enable failed with error: ${message}\n StatusCode.${name},`, 1, 'Warning');
		course.states.freeze = state;
		course.errors.push(code);
		course.code = code;
		return 'failed';
	};
	switch (freeze) {
		case 'works': {
			const helperAt = Math.floor((writer.now + 60) / 1000) * 1000;
			writer.say('freezed', 80);
			writer.say('****** 4. Freeze Completed (Signal=1 received)', 0);
			course.frozenAt = frozenLines === 'dropped' ? helperAt : writer.now;
			course.states.freeze = 'succeeded';
			return 'frozen';
		}
		case 'busy':
		case 'does-not-open':
			writer.now += 40;
			writer.childEnds();
			writer.say('============== Binary output traces start ================= ', 900);
			if (freeze === 'does-not-open') writer.quote(writer.now, `Failed to open: ${mounts.at(-1)!} with error: -1 and error message: No such file or directory`);
			else {
				writer.quote(writer.now, '****** 2. Binary Freeze Started');
				for (const mount of mounts) writer.quote(writer.now, `Freezing: ${mount}`);
				writer.quote(writer.now, `Failed to FIFREEZE: ${mounts.at(-1)!} with error message: Device or resource busy`);
				for (const mount of mounts.toReversed()) writer.quote(writer.now, `Thawing: ${mount}`);
			}
			writer.say('============== Binary output traces end ================= ');
			return freeze === 'busy' ? failed(121, 'freeze failed for some mount', 'FailedRetryableFsFreezeFailed') : failed(123, 'file open failed for some mount', 'FailedRetryableUnableToOpenMount');
		case 'times-out':
			writer.now += 66_000;
			return failed(122, 'freeze timed-out', 'FailedRetryableFsFreezeTimeout', 'timed-out');
		case 'comes-after-all': {
			// The extension waits for the end of safefreeze's output before it says that it has given up.
			writer.say('Binary output for signal handled: 0', 66_000);
			writer.say('============== Binary output traces start ================= ');
			writer.say('freezed', 4000);
			writer.say('****** 4. Freeze Completed (Signal=1 received)', 0);
			const froze = writer.now;
			course.frozenAt = froze;
			writer.now += holdMs;
			course.thawedAt = writer.now;
			writer.childEnds();
			quoteHelper(writer, mounts, froze, writer.now, 'Failed to receive timely Thaw from parent process');
			writer.say('============== Binary output traces end ================= ');
			return failed(122, 'freeze timed-out', 'FailedRetryableFsFreezeTimeout', 'timed-out');
		}
	}
}

function quoteHelper(writer: LogWriter, mounts: readonly string[], frozenAt: number, thawedAt: number, end: string): void {
	const second = (at: number): number => Math.floor(at / 1000) * 1000;
	writer.quote(second(frozenAt), '****** 2. Binary Freeze Started');
	for (const mount of mounts) writer.quote(second(frozenAt), `Freezing: ${mount}`);
	writer.quote(second(frozenAt), '****** 3. Binary Freeze Completed');
	writer.quote(second(thawedAt), end);
	for (const mount of mounts.toReversed()) writer.quote(second(thawedAt), `Thawing: ${mount}`);
}

/** Freeze, snapshot and thaw. */
function takeSnapshot(writer: LogWriter, course: Course, choices: CycleChoices, freezes: boolean): void {
	const {mounts = ['/data', '/var/lib/mysql'], snapshot: wanted = 'works', singleDisk = false, frozenLines = 'buffered'} = choices;
	const {states, errors} = course;
	writer.direct('Calling do snapshot method');
	writer.direct('Taking Snapshot through Host');
	const freeze = freezes ? freezeFilesystems(writer, course, choices) : 'nothing';
	const isFrozen = freeze === 'frozen';
	const snapshot = (wanted === 'comes-too-late' || wanted === 'helper-killed') && !isFrozen ? 'works' : wanted === 'one-disk-fails' && singleDisk ? 'disks-fail' : wanted;
	const result = (code: number, allFailed: boolean, inconsistent: boolean): void =>
		writer.say(`doFreezeSnapshot : run_result - ${code} run_status - ${code === 1 ? 'success' : 'error'} all_failed - ${allFailed ? 'True' : 'False'} unable_to_sleep - False is_inconsistent - ${inconsistent ? 'True' : 'False'} values post snapshot`);
	if (snapshot === 'asked-too-late') {
		writer.say('CRP timeout limit has reached, should abort.');
		writer.say('T:S takeSnapshotFromOnlyHost : Thawing as failing due to CRP timeout', 1, 'Error');
		thaw(writer, course, mounts, freeze, frozenLines);
		if (isFrozen) states.thaw = 'succeeded';
		result(402, true, false);
		course.code = 402;
		return;
	}
	if (freeze === 'failed' && !singleDisk) return result(course.code ?? 2, false, false);
	writer.say('****** 5. Snaphotting (Host) Started', 900);
	if (isFrozen && snapshot === 'comes-too-late') {
		writer.now += holdMs;
		course.thawedAt = writer.now;
	}
	if (isFrozen && (snapshot === 'comes-too-late' || snapshot === 'helper-killed')) writer.childEnds();
	writer.say('****** 6. Snaphotting (Host) Completed', 2000);
	if (freeze !== 'nothing') thaw(writer, course, mounts, freeze, frozenLines, snapshot);
	const isLost = snapshot === 'comes-too-late' || snapshot === 'helper-killed';
	if (isFrozen) states.thaw = isLost ? 'failed' : 'succeeded';
	const allFailed = ['fails', 'host-error', 'disks-fail', 'too-many'].includes(snapshot);
	if (snapshot === 'disks-fail' || snapshot === 'too-many' || snapshot === 'one-disk-fails') {
		writer.direct(`From Host- IsSuccessful:false, SnapshotUri:None, ErrorMessage:${snapshot === 'too-many' ? 'The snapshot count against this blob has been exceeded' : 'The disk is busy'}, StatusCode:500`);
	}
	result(course.code ?? 1, allFailed, isLost || freeze === 'failed');
	states.snapshot = allFailed || isLost ? 'failed' : 'succeeded';
	course.noSnapshot = allFailed;
	if (course.code === null) {
		if (snapshot === 'too-many') writer.direct('T:S Enable failed with FailedSnapshotLimitReached errror StatusCode.FailedSnapshotLimitReached,');
		if (snapshot === 'host-error') writer.direct('T:S Enable failed with FailedHostSnapshotRemoteServerError error StatusCode.FailedHostSnapshotRemoteServerError,');
		else if (allFailed) writer.direct('T:S Enable failed with FailedRetryableSnapshotFailedNoNetwork error StatusCode.FailedRetryableSnapshotFailedNoNetwork,');
		if (isLost) writer.direct('Snapshots are inconsistent');
		course.code = snapshot === 'host-error' ? 556 : allFailed ? 76 : isLost ? 2 : null;
		const isRescued = singleDisk && (snapshot === 'disks-fail' || snapshot === 'too-many' || isLost);
		// Rescued, a failure of all disks is told by the lines alone: the first of them.
		if (isRescued) errors.push(...(snapshot === 'too-many' ? [85] : snapshot === 'disks-fail' ? [76] : []));
		else if (course.code !== null) errors.push(course.code);
	}
	// The rule for VMs with one disk, which takes an answer about one disk for a good one, whatever it says.
	if (singleDisk && course.code !== null && snapshot !== 'fails' && snapshot !== 'host-error') {
		course.code = null;
		course.isCrash = true;
	}
}

function thaw(writer: LogWriter, course: Course, mounts: readonly string[], freeze: 'frozen' | 'failed' | 'nothing', frozenLines: string, snapshot = 'works'): void {
	if (freeze === 'nothing') return;
	const {frozenAt} = course;
	if (freeze === 'failed' || frozenAt === null) {
		writer.say('Binary output after process end when no thaw sent: ');
		writer.flush(true);
		writer.direct('============== Binary output traces start ================= ');
		writer.direct('============== Binary output traces end ================= ');
		writer.direct('snapshot result inconsistent');
		return;
	}
	const isLost = snapshot === 'comes-too-late' || snapshot === 'helper-killed';
	if (isLost) writer.say('Binary output after process end when no thaw sent: ');
	else {
		writer.say('****** 7. Sending Thaw Signal to Binary');
		writer.now += 1;
		writer.childEnds();
		course.thawedAt = writer.now;
	}
	const thawedAt = course.thawedAt ?? writer.now;
	// Where the extension's own lines are dropped, safefreeze's are left, in whole seconds.
	if (frozenLines === 'dropped' && !isLost) course.thawedAt = Math.floor(thawedAt / 1000) * 1000;
	writer.flush(true);
	writer.direct('============== Binary output traces start ================= ', 900);
	if (snapshot !== 'helper-killed') quoteHelper(writer, mounts, frozenAt, thawedAt, isLost ? 'Failed to receive timely Thaw from parent process' : '****** 8. Binary Thaw Signal Received');
	writer.direct('============== Binary output traces end ================= ');
	if (isLost) writer.direct('snapshot result inconsistent');
	writer.direct('T:S thaw result ');
}
