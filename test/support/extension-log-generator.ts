import type {PhaseName} from '../../source/core/cycle-events.js';

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
	/** The error of the check; scripts are skipped then. */
	readonly check?: {readonly name: string; readonly code: number} | null;
	readonly pre?: ScriptFate;
	readonly post?: ScriptFate;
	/** continueBackupOnFailure; `throws`: a text, on which the extension ends with an exception. */
	readonly goesOn?: boolean | 'throws';
	/** fsFreezeEnabled. */
	readonly freezes?: boolean;
	readonly freeze?: 'works' | 'busy' | 'times-out' | 'nothing-to-freeze';
	readonly snapshot?: 'works' | 'fails' | 'comes-too-late';
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
	readonly status: string;
	readonly beganAt: number;
	readonly expected: {readonly states: Readonly<Record<PhaseName, string>>; readonly outcome: string; readonly errors: readonly number[]; readonly freezeWindowMs: number};
};

const name = 'Microsoft.Azure.RecoveryServices.VMSnapshotLinux';
const home = `/var/lib/waagent/${name}-1.0.9184.0`;

/** One cycle, from the agent's call to the report. */
export function generateCycle(choices: CycleChoices = {}): GeneratedCycle {
	const {
		at = Date.UTC(2026, 5, 1, 1, 12), task = 'd2719c9e-17b1-4dbb-8f58-0bd2d0a4ad2f', sequence = 12, mounts = ['/data', '/var/lib/mysql'], check = null, pre = 'works', post = 'works',
		goesOn = true, freezes = true, freeze = 'works', snapshot = 'works', retries = 0, frozenLines = 'buffered', python = 3, lockHeld = false,
	} = choices;
	const lines: string[] = [];
	let now = at;
	let buffer: string[] | null = null;
	const stamp = (separator: string, fraction: boolean): string => {
		const iso = new Date(now).toISOString();
		return `${iso.slice(0, 10).replaceAll('-', separator)} ${iso.slice(11, 19)}${fraction && now % 1000 !== 0 ? `.${iso.slice(20, 23)}417` : fraction && separator === '/' ? '.000000' : ''}`;
	};
	const begin = (version = '1.0'): string => python === 3 ? `${stamp('-', true)} [${name}-${version}]` : `${stamp('/', false)} [${name}-${version}]`;
	const direct = (text: string, took = 1): void => {
		now += took;
		// Python 2's logger puts the time before every line of a message.
		lines.push(python === 3 ? `${begin()}${text}` : `${begin()}${text}`.replaceAll('\n', `\n${stamp('/', false)} `));
	};
	const say = (text: string, took = 1, level = 'Info'): void => {
		if (buffer === null) return direct(text, took);
		now += took;
		if (frozenLines !== 'dropped') buffer.push(python === 3 ? `${stamp('/', true)}  ${level}  ${text} ` : `${stamp('-', true)}  ${level}  ${text} `);
	};
	const flush = (closing: boolean): void => {
		if (buffer === null) return;
		const kept = [...(frozenLines === 'dropped' ? [] : ['================== Logs during Freeze Start ==============']), ...buffer, ...(closing ? ['================== Logs during Freeze End =============='] : [])];
		buffer = null;
		if (kept.length > 0) direct(`${kept.join('\n')}\n`);
	};
	const childEnds = (): void => {
		say('some child process terminated', 0);
		say('binary child terminated', 0);
		say('****** 9. Binary Process completed (Signal=2 received)', 0);
	};
	const report = (status: string, code: number, message: string): void => {
		direct(`Enable,${status},${code},${message},False`);
		direct('partition count : 2, total used size : 0, is storage space present : False, is size computation failed : False');
		say('file status report message:');
		say(statusText(status, code));
		say('the logs blob uri is not there, so do not upload log.');
	};
	const statusText = (status: string, code: number): string => {
		const inner = {
			version: '1.0', timestampUTC: 'TIME', status: {
				name, operation: 'Enable', status, substatus: [], code: String(code), taskId: task, formattedMessage: {lang: 'en-US', message: JSON.stringify({messageStr: '', snapshotConsistency: 0, jobMessage: ''})},
				commandStartTimeUTCTicks: String(BigInt(at - 1000 + 62_135_596_800_000) * 10_000n), telemetryData: [], snapshotInfo: null, vmHealthInfo: {vmHealthState: 0, vmHealthStatusCode: code},
			},
		};
		const text = JSON.stringify([inner]).replace('TIME', String.raw`\/Date(${now})\/`);
		return JSON.stringify([{version: '1.0', timestampUTC: new Date(now).toISOString(), status: {...inner.status, status: 'success', substatus: [{code: '0', name: text, status: 'success', formattedMessage: null}], telemetryData: null}}]);
	};
	const runScript = (which: 'pre' | 'post', fate: ScriptFate): void => {
		const [small, large] = which === 'pre' ? ['prescript', 'Prescript'] : ['postscript', 'Postscript'];
		if (fate !== 'never-answers') {
			say(`Running ${small} for ScriptRunner module...`);
			now += 3000;
			if (which === 'post' && freezes && freeze === 'works') childEnds();
			for (let index = 0; index < (fate === 'fails' ? retries : 0); index++) say(`${large} for ScriptRunner failed. Retrying...`, 0);
			if (fate === 'works') say(`${large} for ScriptRunner successfully executed.`);
			else if (fate === 'fails') say(`${large} for ScriptRunner failed with error code: 3 .`);
			else say(`${large} for ScriptRunner timed out.`, 27_000);
		}
		say(`Finished ${small} execution from PluginHost side. Continue Backup: ${fate === 'fails' || fate === 'times-out' ? (goesOn === true ? 'True' : 'False') : 'True'}`, fate === 'never-answers' ? 1_800_000 : 3000);
	};

	direct('starting enable');
	direct(`set most recent sequence number to ${sequence}`);
	direct(`taskId: ${task}`);
	direct('Enable,success,4,Transitioning state in extension,False', 900);
	direct('file status report message:');
	direct('starting daemon initially', 400);
	const beganAt = Math.floor(now / (python === 2 ? 1000 : 1)) * (python === 2 ? 1000 : 1);
	direct('getting the mount info using mount_path sysfs on /sys type sysfs (rw)\nproc on /proc type proc (rw)\n/dev/sdc on /data type ext4 (rw,relatime)\n');
	direct("b''");
	direct('');
	direct(`command start time is ${new Date(at - 1000).toISOString().slice(0, 23).replace('T', ' ')}000 and utcNow is ${stamp('-', false)}`);
	direct('commandToExecute for backup is snapshot');
	direct('Enable,success,4,Transitioning state in extension,False');
	direct('file status report message:');
	direct('Loading script modules now...');
	direct('Permissions of the file ./main/VMSnapshotPluginHost.conf are 644');
	direct('numberOfPlugins: 1');
	direct('Plugin config path is /etc/azure/VMSnapshotScriptPluginConfig.json');
	direct('Permissions of the file /etc/azure/VMSnapshotScriptPluginConfig.json are 600');
	direct(`Plugin:ScriptRunner timeout:30 pollTotalCount:10.0 preScriptParams:[] postScriptParams:[] continueBackupOnFailure:${goesOn === 'throws' ? 'false' : goesOn ? 'True' : 'False'} preScriptNoOfRetries:${retries} postScriptNoOfRetries:0 Global FS Freeze on :${freezes ? 'True' : 'False'}`);
	direct('Permissions of the file /opt/pre.sh are 700');
	direct('Permissions of the file /opt/post.sh are 700');
	if (check === null || (check.code >= 302 && check.code !== 304 && check.code !== 305 && check.code < 313)) direct(`Validate Scripts output: errorCode - ${check?.code ?? 0} dobackup - ${goesOn === true ? 'True' : 'False'} fsFreeze_on - ${freezes ? 'True' : 'False'} pollTime - 3`);
	if (check === null || check.code === 317 || (check.code >= 302 && check.code < 313 && check.code !== 304 && check.code !== 305)) direct('App Consistent Consistent Backup Enabled');
	if (check !== null) direct(`Triggering File System Consistent Backup because of error code StatusCode.${check.name},`);

	const states: Record<PhaseName, string> = {check: check === null ? 'succeeded' : 'failed', 'pre-script': 'skipped', freeze: 'skipped', snapshot: 'skipped', thaw: 'skipped', 'post-script': 'skipped'};
	const stateOf = (fate: ScriptFate): string => fate === 'works' ? 'succeeded' : fate === 'fails' ? 'failed' : 'timed-out';
	const errors: number[] = check === null ? [] : [check.code];
	const codeOf = (fate: ScriptFate, codes: readonly [number, number, number]): readonly number[] => fate === 'works' ? [] : [codes[fate === 'fails' ? 0 : fate === 'times-out' ? 1 : 2]];
	const scriptsRun = check === null;
	const configurationRead = check === null || ![304, 305, 313, 314, 316, 317].includes(check.code);
	let doBackup = !(check !== null && configurationRead && goesOn !== true);
	let threw = false;
	let freezeWindowMs = 0;
	if (scriptsRun) {
		states['pre-script'] = stateOf(pre);
		errors.push(...codeOf(pre, [300, 308, 310]));
		const failed = pre === 'fails' || pre === 'times-out';
		if (failed && goesOn === 'throws') {
			// The script's end is logged; what would have been logged next is the exception.
			runScript('pre', pre);
			lines.pop();
			direct("Failed to enable the extension with error: unsupported operand type(s) for &: 'bool' and 'str', stack trace: Traceback (most recent call last):\n  File \"main/handle.py\", line 524, in daemon\nTypeError: unsupported operand");
			threw = true;
		} else {
			runScript('pre', pre);
			if (failed && goesOn !== true) doBackup = false;
			if (pre !== 'works' && !freezes) doBackup = false;
		}
	}
	let snapshotCode: number | null = null;
	let frozenAt: number | null = null;
	if (doBackup && !threw) {
		direct('Calling do snapshot method');
		direct('Taking Snapshot through Host');
		if (freezes) {
			direct('T:S freeze, timeout value 60');
			for (const mount of mounts) direct(`fsfreeze mount :${mount}`);
			direct(`skip freeze is : ${freeze === 'nothing-to-freeze' ? 'True' : 'False'}`);
		}
		if (freezes && freeze !== 'nothing-to-freeze') {
			direct(`arg : ['${home}/main/safefreeze/bin/safefreeze', '60', ${mounts.map(mount => `'${mount}'`).join(', ')}]`);
			direct('proceeded for accepting signals');
			if (frozenLines !== 'straight') buffer = [];
			if (lockHeld) {
				for (let index = 1; index <= 5; index++) {
					say('Failed to open file or aquire lock: [Errno 11] Resource temporarily unavailable, stack trace: Traceback (most recent call last):\nBlockingIOError', index === 5 ? 31_000 : 1000);
					say(`Retry to aquire lock count: ${index}`);
				}
			} else say('Aquired Lock Successful');
			say('inside while with sig_handle 0');
			say('****** 1. Starting Freeze Binary ', 3000);
			say('Binary subprocess Created');
			if (freeze === 'works') {
				const helperAt = Math.floor((now + 60) / 1000) * 1000;
				say('freezed', 80);
				say('****** 4. Freeze Completed (Signal=1 received)', 0);
				frozenAt = frozenLines === 'dropped' ? helperAt : now;
			} else if (freeze === 'busy') {
				now += 40;
				childEnds();
				const helper = (text: string): void => say(`${stamp('-', false)} ${text}`, 0);
				say('============== Binary output traces start ================= ', 900);
				helper('****** 2. Binary Freeze Started');
				for (const mount of mounts) helper(`Freezing: ${mount}`);
				helper(`Failed to FIFREEZE: ${mounts.at(-1)!} with error message: Device or resource busy`);
				for (const mount of mounts.toReversed()) helper(`Thawing: ${mount}`);
				say('freeze failed for some mount', 1, 'Error');
				say('T:S Enable failed with error: freeze failed for some mount\n StatusCode.FailedRetryableFsFreezeFailed,', 1, 'Warning');
				snapshotCode = 121;
			} else {
				say('freeze timed-out', 66_000, 'Error');
				say('T:S ###### Enable failed with error: freeze took longer than timeout StatusCode.FailedRetryableFsFreezeTimeout,', 1, 'Error');
				snapshotCode = 122;
			}
			states.freeze = freeze === 'works' ? 'succeeded' : freeze === 'busy' ? 'failed' : 'timed-out';
		}
		if (snapshotCode === null) {
			say('****** 5. Snaphotting (Host) Started', 900);
			if (snapshot === 'comes-too-late' && frozenAt !== null) {
				now += 60_000;
				freezeWindowMs = now - frozenAt;
				childEnds();
			}
			say('****** 6. Snaphotting (Host) Completed', 2000);
			if (frozenAt !== null) {
				const dropped = frozenLines === 'dropped';
				if (snapshot === 'comes-too-late') {
					say('Binary output after process end when no thaw sent: ');
				} else {
					say('****** 7. Sending Thaw Signal to Binary');
					now += 1;
					childEnds();
					freezeWindowMs = now - frozenAt;
				}
				const thawedAt = Math.floor(now / 1000) * 1000;
				if (dropped && snapshot !== 'comes-too-late') freezeWindowMs = thawedAt - frozenAt;
				flush(true);
				const helperStart = frozenAt - frozenAt % 1000;
				const helper = (at: number, text: string): void => direct(`${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} ${text}`, 0);
				direct('============== Binary output traces start ================= ', 900);
				helper(helperStart, '****** 2. Binary Freeze Started');
				for (const mount of mounts) helper(helperStart, `Freezing: ${mount}`);
				helper(helperStart, '****** 3. Binary Freeze Completed');
				helper(thawedAt, snapshot === 'comes-too-late' ? 'Failed to receive timely Thaw from parent process' : '****** 8. Binary Thaw Signal Received');
				for (const mount of mounts.toReversed()) helper(thawedAt, `Thawing: ${mount}`);
				if (snapshot === 'comes-too-late') direct('snapshot result inconsistent');
				direct('T:S thaw result ');
			}
			direct(`doFreezeSnapshot : run_result - 1 run_status - success all_failed - ${snapshot === 'fails' ? 'True' : 'False'} unable_to_sleep - False is_inconsistent - ${snapshot === 'comes-too-late' && frozenAt !== null ? 'True' : 'False'} values post snapshot`);
			if (snapshot === 'fails') {
				direct('T:S Enable failed with FailedRetryableSnapshotFailedNoNetwork error StatusCode.FailedRetryableSnapshotFailedNoNetwork,');
				snapshotCode = 76;
			} else if (snapshot === 'comes-too-late' && frozenAt !== null) {
				direct('Snapshots are inconsistent');
				snapshotCode = 2;
			}
			states.snapshot = snapshotCode === null ? 'succeeded' : 'failed';
			if (frozenAt !== null) states.thaw = snapshot === 'comes-too-late' ? 'failed' : 'succeeded';
		} else {
			say(`doFreezeSnapshot : run_result - ${snapshotCode} run_status - error all_failed - False unable_to_sleep - False is_inconsistent - False values post snapshot`);
		}
		if (snapshotCode !== null) errors.push(snapshotCode);
	}
	if (scriptsRun && !threw) {
		say('Starting postscript for all modules.');
		runScript('post', post);
		// After a failed freeze nothing of it is logged where lines are dropped.
		const unseen = frozenLines === 'dropped' && buffer !== null;
		states['post-script'] = unseen ? 'pending' : stateOf(post);
		errors.push(...codeOf(post, [301, 309, 311]));
		if ((post === 'fails' || post === 'times-out') && goesOn !== true) doBackup = false;
		if (post !== 'works' && !freezes) doBackup = false;
	}
	const worked = check === null && pre === 'works' && post === 'works';
	const firstScriptError = errors.find(code => code >= 300 && code < 400);
	const code = threw ? 2 : snapshotCode ?? (doBackup ? worked ? 0 : 1 : firstScriptError ?? 1);
	if (threw) errors.push(2);
	if (code === 0) say('Enable Succeeded with App Consistent Snapshot');
	now += 1000;
	childEnds();
	report(code > 1 ? 'error' : 'success', code, code === 0 ? 'Enable Succeeded with App Consistent Snapshot' : '');
	const status = statusText(code > 1 ? 'error' : 'success', code);
	// After a failed freeze the memory is written only here, and not closed.
	flush(false);
	const unfrozen = !freezes || freeze === 'nothing-to-freeze';
	const outcome = code === 0 ? 'application-consistent' : code === 1 ? unfrozen ? 'crash-consistent' : 'file-system-consistent' : 'failed';
	return {log: `${lines.join('\n')}\n`, status, beganAt, expected: {states, outcome, errors, freezeWindowMs}};
}
