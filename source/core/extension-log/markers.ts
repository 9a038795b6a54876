/** One thing that a line of the log tells about a cycle. */
export type Marker =
	| {readonly kind: 'enable'} | {readonly kind: 'not-again'} | {readonly kind: 'daemon'} | {readonly kind: 'install'}
	| {readonly kind: 'task'; readonly id: string}
	| {readonly kind: 'sequence'; readonly number: number}
	| {readonly kind: 'disks'; readonly count: number; readonly mayBeCrashConsistent: boolean}
	| {readonly kind: 'asked'; readonly askedAt: number}
	| {readonly kind: 'check-began'} | {readonly kind: 'app-enabled'}
	| {readonly kind: 'plugins'; readonly count: number}
	| {readonly kind: 'permissions'; readonly path: string; readonly mode: string}
	| {readonly kind: 'missing'; readonly path: string}
	| {readonly kind: 'owner'; readonly path: string; readonly owner: string}
	| {readonly kind: 'settings'; readonly timeout: number; readonly polls: number; readonly freeze: boolean}
	| {readonly kind: 'validated'; readonly code: number}
	| {readonly kind: 'refused'; readonly error: string}
	| {readonly kind: 'script-began'; readonly script: Script}
	| {readonly kind: 'script-ended'; readonly script: Script; readonly end: 'succeeded' | 'failed' | 'timed-out'; readonly exitCode: string | null}
	| {readonly kind: 'script-retry'; readonly script: Script}
	| {readonly kind: 'script-decided'; readonly script: Script; readonly goesOn: boolean}
	| {readonly kind: 'post-scripts'}
	| {readonly kind: 'workload'; readonly name: string}
	| {readonly kind: 'workload-script'; readonly script: Script}
	| {readonly kind: 'workload-only-files'}
	| {readonly kind: 'workload-failed'; readonly error: string | null; readonly message: string}
	| {readonly kind: 'snapshotter'}
	| {readonly kind: 'freeze-asked'; readonly holdSeconds: number}
	| {readonly kind: 'freeze-skipped'; readonly skipped: boolean}
	| {readonly kind: 'freeze-command'; readonly words: readonly string[]}
	| {readonly kind: 'silent'} | {readonly kind: 'lock-refused'} | {readonly kind: 'lock-taken'}
	| {readonly kind: 'helper-began'} | {readonly kind: 'helper-froze'} | {readonly kind: 'frozen'} | {readonly kind: 'child-ended'}
	| {readonly kind: 'mount-freezing' | 'mount-thawing'; readonly mount: string}
	| {readonly kind: 'mount-refused' | 'mount-not-thawed'; readonly mount: string; readonly message: string}
	| {readonly kind: 'freeze-failed'; readonly message: string}
	| {readonly kind: 'snapshot-began' | 'snapshot-ended'; readonly by: string}
	| {readonly kind: 'traces-ended'}
	| {readonly kind: 'snapshot-result'; readonly code: number; readonly allFailed: boolean; readonly sleepless: boolean; readonly inconsistent: boolean}
	| {readonly kind: 'snapshot-failed' | 'disk-failed'; readonly message: string}
	| {readonly kind: 'thaw-sent'} | {readonly kind: 'thaw-late'; readonly message: string} | {readonly kind: 'thaw-result'}
	| {readonly kind: 'too-late'} | {readonly kind: 'exception'; readonly message: string}
	| {readonly kind: 'report'; readonly status: string; readonly code: number; readonly message: string}
	| {readonly kind: 'report-lost'; readonly code: number | null}
	| {readonly kind: 'call-failed'; readonly message: string}
	| {readonly kind: 'reported'};

export type Script = 'pre-script' | 'post-script';

type Rule = readonly [RegExp, (match: RegExpExecArray) => Marker];

const script = (word: string): Script => word.toLowerCase().startsWith('pre') ? 'pre-script' : 'post-script';
const isTrue = (word: string): boolean => word.toLowerCase() === 'true';
const short = (text: string): string => text.length > 300 ? `${text.slice(0, 299)}…` : text;
/** Python's words for an exception, without the stack behind them. */
const exception = (text: string): string => short(text.replace(/,? stack trace:.*$/, ''));

/**
 * What to look for (facts: the extension's own sources, release 1.0.9184, and recordings of it; the stable parts of its messages). All begin at the
 * message's beginning: another message may quote any of them.
 */
const rules: readonly Rule[] = [
	[/^starting enable$/, () => ({kind: 'enable'})],
	[/^(?:the sequence number are same, so skip|TaskId is same as last, so skip)/, () => ({kind: 'not-again'})],
	[/^starting daemon initially/, () => ({kind: 'daemon'})],
	[/^install succeed/, () => ({kind: 'install'})],
	[/^taskId: ([\w-]{1,80})$/, match => ({kind: 'task', id: match[1]!})],
	[/^(?:set most recent sequence number to|sequence number from environment variable is|current seq no is) (\d{1,9})$/, match => ({kind: 'sequence', number: Number(match[1])})],
	[/^isManagedVm=.*numberOfDisks=(\d{1,5}), takeCrashConsistentSnapshot=(\w+)/, match => ({kind: 'disks', count: Number(match[1]), mayBeCrashConsistent: isTrue(match[2]!)})],
	[/^command start time is (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)? and utcNow/, match => ({kind: 'asked', askedAt: Date.parse(`${match[1]}T${match[2]}${(match[3] ?? '.000').slice(0, 4).padEnd(4, '0')}Z`)})],
	[/^Loading script modules now/, () => ({kind: 'check-began'})],
	[/^numberOfPlugins: (-?\d{1,5})$/, match => ({kind: 'plugins', count: Number(match[1])})],
	[/^Permissions of the file (.+) are (\d+)$/, match => ({kind: 'permissions', path: short(match[1]!), mode: match[2]!})],
	[/^The owner of the (?:PreScript|PostScript|Plugin Config|Plugin host Config) file (.+) is +(.*?) but +not root$/, match => ({kind: 'owner', path: short(match[1]!), owner: short(match[2]!)})],
	[/^(?:Prescript|Postscript|Plugin host) file does not exist in the location (.+)$/, match => ({kind: 'missing', path: short(match[1]!)})],
	[/^Plugin:.* timeout:(\S+) pollTotalCount:(\S+) .*Global FS Freeze on :(.*)$/, match => ({kind: 'settings', timeout: Number(match[1]), polls: Number(match[2]), freeze: !/^(?:False|0|0\.0|None|)$/.test(match[3]!)})],
	[/^Validate Scripts output: errorCode - (\d{1,5}) /, match => ({kind: 'validated', code: Number(match[1])})],
	[/^App Consistent Consistent Backup Enabled/, () => ({kind: 'app-enabled'})],
	[/^Triggering File System Consistent Backup because of error code\s*StatusCode\.(\w+)/, match => ({kind: 'refused', error: short(match[1]!)})],
	[/^Running (pre|post)script for /, match => ({kind: 'script-began', script: script(match[1]!)})],
	[/^(Pre|Post)script for .* successfully executed\.?$/, match => ({kind: 'script-ended', script: script(match[1]!), end: 'succeeded', exitCode: '0'})],
	[/^(Pre|Post)script for .* failed with error code: (\S{1,20})/, match => ({kind: 'script-ended', script: script(match[1]!), end: 'failed', exitCode: match[2]!})],
	[/^(Pre|Post)script for .* timed out\.?$/, match => ({kind: 'script-ended', script: script(match[1]!), end: 'timed-out', exitCode: null})],
	[/^(Pre|Post)script for .* failed\. Retrying/, match => ({kind: 'script-retry', script: script(match[1]!)})],
	[/^Finished (pre|post)script execution from PluginHost side\. Continue Backup: ?(.*)$/, match => ({kind: 'script-decided', script: script(match[1]!), goesOn: !/^(?:False|0)$/.test(match[2]!)})],
	[/^Starting postscript for all modules/, () => ({kind: 'post-scripts'})],
	[/^workload backup enabled for workload: (.{1,60})/, match => ({kind: 'workload', name: match[1]!})],
	[/^WorkloadPatch: Entering workload (pre|post) call/, match => ({kind: 'workload-script', script: script(match[1]!)})],
	[/^file system consistent backup only$/, () => ({kind: 'workload-only-files'})],
	[/^Workload Patch failed with \w+ message: (.*?)(?: StatusCode\.(\w+),?)?$/, match => ({kind: 'workload-failed', message: short(match[1]!), error: match[2] ?? null})],
	[/^Calling do snapshot method/, () => ({kind: 'snapshotter'})],
	[/^T:S freeze, timeout value (\d{1,9})/, match => ({kind: 'freeze-asked', holdSeconds: Number(match[1])})],
	[/^skip freeze is : (\w+)/, match => ({kind: 'freeze-skipped', skipped: isTrue(match[1]!)})],
	[/^arg : \[(.*)\]$/, match => ({kind: 'freeze-command', words: pythonWords(match[1]!)})],
	[/^proceeded for accepting signals/, () => ({kind: 'silent'})],
	[/^Failed to open file or aquire lock/, () => ({kind: 'lock-refused'})],
	[/^Aquired Lock Successful/, () => ({kind: 'lock-taken'})],
	[/^\*{6} 1\. Starting Freeze Binary/, () => ({kind: 'helper-began'})],
	[/^\*{6} 3\. Binary Freeze Completed/, () => ({kind: 'helper-froze'})],
	[/^\*{6} 4\. Freeze Completed/, () => ({kind: 'frozen'})],
	[/^\*{6} 5\. Snaphotting \(?([^)]*)\)? Started/, match => ({kind: 'snapshot-began', by: short(match[1]!)})],
	[/^\*{6} 6\. Snaphotting \(?([^)]*)\)? Completed/, match => ({kind: 'snapshot-ended', by: short(match[1]!)})],
	[/^\*{6} 7\. Sending Thaw Signal/, () => ({kind: 'thaw-sent'})],
	[/^\*{6} 9\. Binary Process completed/, () => ({kind: 'child-ended'})],
	[/^Freezing: (\/.*)$/, match => ({kind: 'mount-freezing', mount: match[1]!})],
	[/^Thawing: (\/.*)$/, match => ({kind: 'mount-thawing', mount: match[1]!})],
	[/^Failed to FIFREEZE: (\/.*?) with error message ?: ?(.*)$/, match => ({kind: 'mount-refused', mount: match[1]!, message: short(match[2]!)})],
	[/^Failed to stat: (\/.*?) with error message: ?(.*)$/, match => ({kind: 'mount-refused', mount: match[1]!, message: short(match[2]!)})],
	[/^Path not a directory: (\/.*)$/, match => ({kind: 'mount-refused', mount: match[1]!, message: 'not a directory'})],
	[/^Failed to open: (\/.*?) with error: .*? and error message: (.*)$/, match => ({kind: 'mount-refused', mount: match[1]!, message: short(match[2]!)})],
	[/^Failed to FITHAW: (\/.*?) with error message ?: ?(.*)$/, match => ({kind: 'mount-not-thawed', mount: match[1]!, message: short(match[2]!)})],
	[/^(freeze timed-out|file open failed for some mount|Mount Points already freezed by some other processor|freeze failed for some mount.*)$/, match => ({kind: 'freeze-failed', message: exception(match[1]!)})],
	[/^Failed to do the freeze with error: (.*)$/, match => ({kind: 'freeze-failed', message: exception(match[1]!)})],
	[/^============== Binary output traces end/, () => ({kind: 'traces-ended'})],
	[/^doFreezeSnapshot : run_result - (\d{1,5}) run_status - \w+ all_failed - (\w+) unable_to_sleep - (\w+) is_inconsistent - (\w+)/, match => ({
		kind: 'snapshot-result', code: Number(match[1]), allFailed: isTrue(match[2]!), sleepless: isTrue(match[3]!), inconsistent: isTrue(match[4]!),
	})],
	[/^(Snapshots are inconsistent|T:S Machine unable to sleep|Retrying when snapshot failed with SnapshotRateExceeded|T:S taking snapshot failed as blobs are empty or none)$/, match => ({kind: 'snapshot-failed', message: match[1]!})],
	[/^T:S Enable failed with (Failed\w+)/, match => ({kind: 'snapshot-failed', message: match[1]!})],
	[/^Failed to do the snapshot(?: in host)? with error: (.*)$/, match => ({kind: 'snapshot-failed', message: exception(match[1]!)})],
	[/^From Host- IsSuccessful:false, .*?ErrorMessage:(.*?), StatusCode:/i, match => ({kind: 'disk-failed', message: short(match[1]!)})],
	[/^(Failed to receive timely Thaw from parent process|Inconsistent snapshot because of SLEEP failure)/, match => ({kind: 'thaw-late', message: match[1]!})],
	[/^(snapshot result inconsistent.*|Unable to execute sleep)$/, match => ({kind: 'thaw-late', message: short(match[1]!)})],
	[/^T:S thaw result/, () => ({kind: 'thaw-result'})],
	[/^CRP timeout limit has reached/, () => ({kind: 'too-late'})],
	[/^Failed to enable the extension with error: (.*)$/, match => ({kind: 'exception', message: exception(match[1]!)})],
	[/^Failed to call the daemon with error: (.*)$/, match => ({kind: 'call-failed', message: exception(match[1]!)})],
	[/^Enable,(\w+),(\d{1,5}),(.*)$/, match => ({kind: 'report', status: match[1]!, code: Number(match[2]), message: short(match[3]!.replace(/,\w+$/, ''))})],
	[/^Failed to log status in extension\D*(\d{1,5})?/, match => ({kind: 'report-lost', code: match[1] === undefined ? null : Number(match[1])})],
	[/^file status report message:/, () => ({kind: 'reported'})],
];

/** The rules by the first two letters of the message: most lines match none. */
const byBeginning = new Map<string, Rule[]>();
for (const rule of rules) {
	for (const beginning of beginningsOf(rule[0].source)) byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), rule]);
}

/** What a message says, or null for the many that say nothing about the phases of a cycle. */
export function readMarker(text: string): Marker | null {
	for (const [pattern, make] of byBeginning.get(text.slice(0, 2)) ?? []) {
		// What is shown of it may hold no control characters: they could paint anything on a terminal.
		const match = pattern.exec(text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, ' '));
		if (match !== null) return make(match);
	}
	return null;
}

/** The first two characters with which a pattern can match. Patterns begin with plain letters, a choice of words, or six asterisks. */
function beginningsOf(source: string): readonly string[] {
	const body = source.slice(1);
	if (body.startsWith('\\*{6}')) return ['**'];
	const choice = /^\((?:\?:)?([^)]*)/.exec(body);
	const words = choice === null ? [body] : choice[1]!.split('|');
	return [...new Set(words.map(word => word.slice(0, 2)))];
}

/** The texts of a Python list, as repr() writes them: `'/a', "/it's"`. Without control characters: they are shown. */
function pythonWords(list: string): readonly string[] {
	const words: string[] = [];
	for (const match of list.matchAll(/u?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)) {
		if (words.length >= 1000) break;
		words.push((match[1] ?? match[2] ?? '').replaceAll(/\\(x[\da-f]{2}|u[\da-f]{4}|.)/gi, (_, code: string) =>
			/^[xu]./i.test(code) ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : /^[nrt]$/.test(code) ? ' ' : code).replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '\uFFFD'));
	}
	return words;
}
