import type {Marker, Script} from './markers.js';

/** A marker with its time (milliseconds since 1970 UTC). */
export type Mark = {
	readonly at: number;
	readonly marker: Marker;
	/** When safefreeze said it (whole seconds), where the mark is a quotation. */
	readonly saidAt?: number;
};

export type ScriptFacts = {
	readonly beganAt: number | null;
	readonly endedAt: number | null;
	readonly end: 'succeeded' | 'failed' | 'timed-out' | null;
	readonly exitCode: string | null;
	/** How often the extension logged a retry that it did not make. */
	readonly retries: number;
	/** When the extension went on (one poll after the end), and whether with the backup. */
	readonly decidedAt: number | null;
	readonly goesOn: boolean;
};

/** One try to freeze, snapshot and thaw. There are two where the extension takes a second way to the snapshot. */
export type FreezeFacts = {
	readonly askedAt: number | null;
	/** After how many seconds safefreeze thaws by itself. */
	readonly holdSeconds: number | null;
	readonly command: readonly string[];
	readonly mounts: readonly string[];
	readonly skipped: boolean;
	readonly silentAt: number | null;
	readonly lockTaken: boolean | null;
	readonly frozenAt: number | null;
	/** The extension's own lines of the freeze are there; not so where they were dropped (LoggingOff). */
	readonly logged: boolean;
	readonly failedAt: number | null;
	readonly failure: string | null;
	readonly refused: readonly {readonly mount: string; readonly message: string}[];
	readonly notThawed: readonly {readonly mount: string; readonly message: string}[];
	readonly thawSentAt: number | null;
	readonly thawedAt: number | null;
	/** Why the thaw came from safefreeze itself, at its time-out. */
	readonly late: string | null;
	/** safefreeze has ended without a word of thawing: it was killed, and what it had frozen is frozen still. */
	readonly helperLost: boolean;
	readonly snapshotBeganAt: number | null;
	readonly snapshotEndedAt: number | null;
	readonly snapshotBy: string | null;
	readonly result: {readonly at: number; readonly code: number; readonly good: boolean; readonly inconsistent: boolean; readonly allFailed: boolean} | null;
};

/** What the log tells about one cycle, whatever the order of its lines. */
export type CycleFacts = {
	readonly beganAt: number;
	/** The line with which a cycle begins is there: what is told is not the rest of one whose first lines are elsewhere. */
	readonly beginningSeen: boolean;
	readonly lastAt: number;
	readonly task: string | null;
	/** When Azure asked for this backup: the same in the status file, to the second. */
	readonly askedAt: number | null;
	readonly sequence: number | null;
	readonly disks: number | null;
	readonly mayBeCrashConsistent: boolean;
	readonly checkBeganAt: number | null;
	readonly plugins: number | null;
	readonly settings: {readonly timeoutSeconds: number; readonly polls: number; readonly freeze: boolean} | null;
	/** Paths in the order in which the extension looked: its plugin host file, the configuration, the scripts. */
	readonly looked: readonly string[];
	/** The file that it looked at last, and did not like, in words. Null where the log names none. */
	readonly disliked: string | null;
	readonly validated: {readonly at: number; readonly code: number} | null;
	readonly appEnabledAt: number | null;
	readonly refused: {readonly at: number; readonly error: string} | null;
	readonly workload: {readonly at: number; readonly name: string} | null;
	readonly workloadErrors: readonly {readonly message: string; readonly error: string | null}[];
	/** When the extension's own script before the snapshot had failed. */
	readonly workloadFailedAt: number | null;
	readonly pre: ScriptFacts;
	readonly post: ScriptFacts;
	readonly postScriptsAt: number | null;
	readonly snapshotterAt: number | null;
	readonly freezes: readonly FreezeFacts[];
	readonly snapshotFailures: readonly string[];
	readonly disksFailed: readonly string[];
	readonly tooLate: boolean;
	readonly exception: string | null;
	/** The extension's own summary; never the transitional one. */
	readonly report: {readonly at: number; readonly status: string; readonly code: number | null; readonly message: string} | null;
	/** After the report the status file has been written: nothing of importance follows. */
	readonly reported: boolean;
};

/** At most so many texts of a kind are kept. */
const most = 100;

/** Gathers the marks of one cycle, which must be in the order of their times. */
export function gatherFacts(marks: readonly Mark[]): CycleFacts {
	const first = <Kind extends Marker['kind']>(kind: Kind): (Mark & {readonly marker: Extract<Marker, {readonly kind: Kind}>}) | null =>
		(marks.find(mark => mark.marker.kind === kind) ?? null) as (Mark & {readonly marker: Extract<Marker, {readonly kind: Kind}>}) | null;
	const all = <Kind extends Marker['kind']>(kind: Kind): readonly (Mark & {readonly marker: Extract<Marker, {readonly kind: Kind}>})[] =>
		marks.filter(mark => mark.marker.kind === kind) as (Mark & {readonly marker: Extract<Marker, {readonly kind: Kind}>})[];
	const reports = all('report').filter(({marker}) => marker.code !== 4 && marker.code !== 3);
	const lost = first('report-lost');
	const last = reports.at(-1);
	const daemon = first('daemon');
	// The agent's call failed before there was a cycle. One that fails while a cycle runs is not about that.
	const uncalled = daemon === null ? first('call-failed') : null;
	const report = last !== undefined ? {at: last.at, status: last.marker.status, code: last.marker.code, message: last.marker.message}
		: lost !== null ? {at: lost.at, status: 'error', code: lost.marker.code, message: ''}
			: uncalled === null ? null : {at: uncalled.at, status: 'error', code: 2, message: ''};
	const settings = first('settings')?.marker;
	const validated = first('validated');
	const refused = first('refused');
	const workload = first('workload');
	return {
		beganAt: daemon?.at ?? marks[0]?.at ?? 0,
		beginningSeen: daemon !== null || uncalled !== null,
		lastAt: marks.at(-1)?.at ?? 0,
		task: first('task')?.marker.id ?? null,
		askedAt: all('asked').map(({marker}) => marker.askedAt).find(at => !Number.isNaN(at)) ?? null,
		sequence: first('sequence')?.marker.number ?? null,
		disks: first('disks')?.marker.count ?? null,
		mayBeCrashConsistent: all('disks').some(({marker}) => marker.mayBeCrashConsistent),
		checkBeganAt: first('check-began')?.at ?? null,
		plugins: first('plugins')?.marker.count ?? null,
		settings: settings === undefined ? null : {timeoutSeconds: settings.timeout, polls: settings.polls, freeze: settings.freeze},
		looked: all('permissions').map(({marker}) => marker.path).slice(0, most),
		disliked: refused === null ? null : dislikedFile(marks, refused.at),
		validated: validated === null ? null : {at: validated.at, code: validated.marker.code},
		appEnabledAt: first('app-enabled')?.at ?? null,
		refused: refused === null ? null : {at: refused.at, error: refused.marker.error},
		workload: workload === null ? null : {at: workload.at, name: workload.marker.name},
		workloadFailedAt: first('workload-only-files')?.at ?? null,
		workloadErrors: all('workload-failed').map(({marker}) => ({message: marker.message, error: marker.error})).slice(0, most),
		pre: scriptFacts(marks, 'pre-script'),
		post: scriptFacts(marks, 'post-script'),
		postScriptsAt: first('post-scripts')?.at ?? null,
		snapshotterAt: first('snapshotter')?.at ?? null,
		freezes: freezeTries(marks).map(freezeFacts),
		snapshotFailures: messagesOf(marks, 'snapshot-failed'),
		disksFailed: messagesOf(marks, 'disk-failed'),
		tooLate: first('too-late') !== null,
		exception: (first('exception') ?? uncalled)?.marker.message ?? null,
		report,
		reported: report !== null && (lost !== null || all('reported').some(({at}) => at >= report.at)),
	};
}

function dislikedFile(marks: readonly Mark[], until: number): string | null {
	const {marker} = marks.findLast(mark => mark.at <= until && ['permissions', 'missing', 'owner'].includes(mark.marker.kind)) ?? {};
	switch (marker?.kind) {
		case 'permissions': return `${marker.path} has mode ${marker.mode}`;
		case 'owner': return `${marker.path} belongs to ${marker.owner === '' ? 'nobody that the machine knows' : marker.owner}`;
		case 'missing': return marker.path;
		default: return null;
	}
}

function scriptFacts(marks: readonly Mark[], script: Script): ScriptFacts {
	const facts: {-readonly [Key in keyof ScriptFacts]: ScriptFacts[Key]} = {beganAt: null, endedAt: null, end: null, exitCode: null, retries: 0, decidedAt: null, goesOn: true};
	for (const {at, marker} of marks) {
		if (marker.kind === 'workload-script' && marker.script === script) facts.beganAt ??= at;
		if (marker.kind === 'script-began' && marker.script === script) facts.beganAt ??= at;
		if (marker.kind === 'script-retry' && marker.script === script) facts.retries += 1;
		if (marker.kind === 'script-ended' && marker.script === script && facts.end === null) {
			facts.endedAt = at;
			facts.end = marker.end;
			facts.exitCode = marker.exitCode;
		}
		if (marker.kind === 'script-decided' && marker.script === script) {
			facts.decidedAt ??= at;
			facts.goesOn = marker.goesOn;
		}
	}
	return facts;
}

/** What belongs to each try: from its question on. What comes before the first belongs to the first. */
function freezeTries(marks: readonly Mark[]): readonly (readonly Mark[])[] {
	const tries: Mark[][] = [[]];
	for (const mark of marks) {
		if (mark.marker.kind === 'freeze-asked' && tries.at(-1)!.some(({marker}) => marker.kind === 'freeze-asked')) tries.push([]);
		tries.at(-1)!.push(mark);
	}
	const telling: ReadonlySet<Marker['kind']> = new Set(['freeze-asked', 'silent', 'helper-began', 'frozen', 'helper-froze', 'snapshot-began', 'snapshot-ended', 'thaw-sent', 'freeze-failed', 'snapshot-result']);
	return tries.filter(one => one.some(({marker}) => telling.has(marker.kind)));
}

function freezeFacts(marks: readonly Mark[]): FreezeFacts {
	const at = (kind: Marker['kind'], from = Number.NEGATIVE_INFINITY): number | null => marks.find(mark => mark.marker.kind === kind && mark.at >= from)?.at ?? null;
	const asked = marks.find(({marker}) => marker.kind === 'freeze-asked');
	const askedAt = asked?.at ?? null;
	const command = marks.flatMap(({marker}) => marker.kind === 'freeze-command' ? [marker.words] : [])[0] ?? [];
	const named = marks.flatMap(({marker}) => marker.kind === 'mount-freezing' ? [marker.mount] : []);
	const mounts = command.length > 2 ? command.slice(2) : [...new Set(named)].slice(0, 1000);
	const refused = uniqueMounts(marks, 'mount-refused');
	const failed = marks.find(({marker}) => marker.kind === 'freeze-failed');
	const timedOut = failed?.marker.kind === 'freeze-failed' && failed.marker.message === 'freeze timed-out';
	// `4.` is the extension's word; where its lines were dropped (LoggingOff), safefreeze's own `3.` is left, in whole seconds.
	const signalledAt = at('frozen');
	const helperFroze = marks.find(({marker}) => marker.kind === 'helper-froze');
	// It can come after the extension has given up: safefreeze goes on, and nobody tells it to thaw.
	const frozenAt = failed !== undefined && signalledAt === null && !timedOut ? null : signalledAt ?? saidAt(helperFroze);
	const helperBeganAt = at('helper-began') ?? askedAt ?? Number.NEGATIVE_INFINITY;
	const childEndedAt = at('child-ended', helperBeganAt);
	const failedAt = timedOut ? failed.at
		: frozenAt !== null || (failed === undefined && refused.length === 0) ? null
		: childEndedAt === null || (failed !== undefined && childEndedAt > failed.at) ? failed?.at ?? null : childEndedAt;
	const thawSentAt = at('thaw-sent');
	// Every child's end is logged as `9.`, the helper's first. Without `4.` it cannot be told which one it is.
	const helperEndedAt = signalledAt === null ? null : at('child-ended', signalledAt);
	const thawed = marks.findLast(({marker}) => marker.kind === 'mount-thawing');
	const late = marks.flatMap(({marker}) => marker.kind === 'thaw-late' ? [marker.message] : [])[0] ?? null;
	const helperLost = frozenAt !== null && thawed === undefined && marks.some(({at: ended, marker}) => marker.kind === 'traces-ended' && ended >= frozenAt);
	const snapshot = marks.flatMap(({marker}) => marker.kind === 'snapshot-began' ? [marker.by] : []);
	const result = marks.findLast(({marker}) => marker.kind === 'snapshot-result');
	return {
		askedAt,
		holdSeconds: asked?.marker.kind === 'freeze-asked' ? asked.marker.holdSeconds : null,
		command,
		mounts,
		skipped: marks.some(({marker}) => marker.kind === 'freeze-skipped' && marker.skipped),
		silentAt: at('silent'),
		lockTaken: at('lock-taken') !== null ? true : at('lock-refused') !== null ? false : null,
		frozenAt,
		logged: signalledAt !== null,
		failedAt,
		failure: failed?.marker.kind === 'freeze-failed' ? failed.marker.message : null,
		refused,
		notThawed: uniqueMounts(marks, 'mount-not-thawed'),
		thawSentAt,
		thawedAt: frozenAt === null || helperLost ? null : helperEndedAt ?? (signalledAt === null ? saidAt(thawed) ?? at('thaw-result') : at('thaw-result')),
		late,
		helperLost,
		snapshotBeganAt: at('snapshot-began'),
		snapshotEndedAt: at('snapshot-ended'),
		snapshotBy: snapshot[0] ?? null,
		result: result?.marker.kind !== 'snapshot-result' ? null : {
			at: result.at,
			code: result.marker.code,
			good: !result.marker.allFailed && !result.marker.sleepless && !result.marker.inconsistent && (result.marker.code === 0 || result.marker.code === 1),
			inconsistent: result.marker.inconsistent || result.marker.sleepless,
			allFailed: result.marker.allFailed,
		},
	};
}

function messagesOf(marks: readonly Mark[], kind: 'snapshot-failed' | 'disk-failed'): readonly string[] {
	return marks.flatMap(({marker}) => marker.kind === kind ? [marker.message] : []).slice(0, most);
}

function saidAt(mark: Mark | undefined): number | null {
	return mark?.saidAt ?? mark?.at ?? null;
}

function uniqueMounts(marks: readonly Mark[], kind: 'mount-refused' | 'mount-not-thawed'): readonly {readonly mount: string; readonly message: string}[] {
	const found = new Map<string, string>();
	for (const {marker} of marks) {
		if (marker.kind === kind && found.size < most) found.set(marker.mount, marker.message);
	}
	return [...found].map(([mount, message]) => ({mount, message}));
}
