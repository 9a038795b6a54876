import {dirname} from 'node:path';
import {restorers} from '../../applications/restore/index.js';
import type {RestoreReport, Restorer} from '../../applications/restore/restorer.js';
import {parseMark, whyStale, type QuiesceMark} from '../../core/quiesce-mark.js';
import type {SnapshotRecord} from '../../core/snapshot-record.js';
import {duration} from '../../core/durations.js';
import type {ApplicationProof, MarkProof, Proof, VerifySink} from '../../core/verification.js';
import {accountOf} from '../../system/accounts.js';
import {ownerOfAll, searchCopies, type CopyFindings} from '../../system/copy-search.js';
import type {Owner, Room} from '../../system/room.js';

/** A data directory to be brought up, and why it is thought to be one. */
type Instance = {
	readonly application: string; readonly path: string; readonly owner: Owner; readonly markText: string | null;
	/** Known not to be meant: its kind was held, and this one is not among those that were. */
	readonly bystander?: boolean;
};

export type ApplicationsOrder = {
	readonly room: Room;
	readonly snapshot: SnapshotRecord;
	/** By the application's name. */
	readonly questions: Readonly<Record<string, string>>;
	readonly startMs: number;
	readonly checkMs: number;
	readonly signal: AbortSignal;
	readonly onStep: VerifySink;
	/** Ends what a restore has left running. */
	readonly clear: () => Promise<void>;
};

/** Looks for applications in the copies and brings each one up. */
export async function proveApplications(order: ApplicationsOrder): Promise<readonly ApplicationProof[]> {
	const {room, snapshot, signal, onStep, clear} = order;
	onStep({step: 'search', subject: 'applications', state: 'started'});
	const began = performance.now();
	const instances = instancesOf(searchCopies(room));
	onStep({step: 'search', subject: 'applications', state: 'succeeded', durationMs: performance.now() - began, detail: instances.length === 0 ? 'found none' : `found ${instances.map(({path}) => path).join(', ')}`});
	const proofs: ApplicationProof[] = [];
	for (const [index, instance] of instances.entries()) {
		signal.throwIfAborted();
		proofs.push(await prove(instance, String(index), order));
		await clear();
	}

	for (const name of snapshot.applications ?? []) {
		if (instances.some(({application}) => application === name) || !restorers.some(restorer => restorer.name === name)) continue;
		proofs.push(lost(name));
	}

	return proofs;
}

function instancesOf(found: CopyFindings): readonly Instance[] {
	const markIn = (directory: string): string | null => found.marks.find(mark => mark.directory === directory)?.text ?? null;
	const instances: Instance[] = found.data.map(({application, directory, owner}) => ({application, path: directory, owner, markText: markIn(directory)}));
	// A mark tells where data should be, even where nothing is left of it.
	for (const {directory, text, owner} of found.marks) {
		const application = parseMark(text)?.application;
		if (application === undefined || application === 'sqlite' || instances.some(({path}) => path === directory)) continue;
		instances.push({application, path: directory, owner, markText: text});
	}

	// A mark beside databases is for all of them. Databases elsewhere are those of programs that nobody thinks of.
	const databases = found.sqlite.map(({path, owner}) => ({application: 'sqlite', path, owner, markText: sqliteMark(found, dirname(path))}));
	const anyMarked = databases.some(({markText}) => markText !== null);
	instances.push(...databases.map(database => ({...database, bystander: anyMarked && database.markText === null})));
	return instances;
}

function sqliteMark(found: CopyFindings, directory: string): string | null {
	const text = found.marks.find(mark => mark.directory === directory)?.text ?? null;
	return text !== null && parseMark(text)?.application === 'sqlite' ? text : null;
}

async function prove({application, path, owner: given, markText, bystander = false}: Instance, tag: string, order: ApplicationsOrder): Promise<ApplicationProof> {
	const {room, snapshot, questions, startMs, checkMs, signal, onStep} = order;
	const mark = markText === null ? null : parseMark(markText);
	const stale = mark === null ? null : whyStale(mark, snapshot);
	// A snapshot that does not say whom its cycle held leaves it to the marks.
	const expected = !bystander && (snapshot.applications?.includes(application) ?? markText !== null);
	const restorer: Restorer | undefined = restorers.find(({name}) => name === application);
	if (restorer === undefined) {
		const report: RestoreReport = {title: application, state: 'not-tried', sentence: `quiesce does not know how to bring up ${application}`};
		return conclude({application, path, expected, report, mark, markText, stale, snapshot});
	}

	onStep({step: 'start', subject: path, state: 'started', detail: application});
	// A server that ran as root leaves files that its own user cannot open: in the copy they all belong to one, and never to root.
	const one = ownerOfAll(room, path, given);
	const owner = (one ?? given).uid === 0 ? accountOf('nobody') ?? {uid: 65_534, gid: 65_534} : one ?? given;
	if (one !== null || owner.uid !== given.uid) await room.giveTo(path, owner);
	if (given.uid === 0) await room.letThrough(path);
	let upMs: number | null = null;
	const report = await restorer.restore({
		room, path, owner, tag, startMs, checkMs, signal, question: questions[application] ?? null,
		mark: stale === null ? mark : null,
		onUp(durationMs) {
			upMs = durationMs;
			onStep({step: 'start', subject: path, state: 'succeeded', durationMs});
			onStep({step: 'examine', subject: path, state: 'started'});
		},
	});
	signal.throwIfAborted();
	const proof = conclude({application, path, expected, report, mark, markText, stale, snapshot});
	onStep({step: upMs === null ? 'start' : 'examine', subject: path, state: proof.result === 'restores' ? 'succeeded' : 'failed', detail: proof.sentence});
	return proof;
}

type Conclusion = {
	readonly application: string; readonly path: string; readonly expected: boolean; readonly report: RestoreReport;
	readonly mark: QuiesceMark | null; readonly markText: string | null; readonly stale: string | null; readonly snapshot: SnapshotRecord;
};

function conclude({application, path, expected, report, mark: given, markText, stale, snapshot}: Conclusion): ApplicationProof {
	const mark = markProof(given, markText, stale, expected, report);
	const base = {name: application, title: report.title, dataDirectory: path, mark};
	if (report.state === 'not-tried') return {...base, result: 'not-proven', sentence: `${report.title}: ${report.sentence}`, recovery: null, checks: []};
	if (report.state === 'down') return {...base, result: 'does-not-restore', sentence: `${report.title}: ${report.sentence}`, recovery: null, checks: report.checks};
	const {checks, recovery} = report;
	const failed = checks.find(({passed}) => passed === false);
	const held = mark.state === 'present' || (!expected && mark.state !== 'ahead' && snapshot.preScriptSucceeded);
	const result: Proof = failed !== undefined ? 'does-not-restore' : held ? 'restores' : 'restores-without-the-mark';
	const sentence = failed === undefined
		? `${report.title}: came up in ${duration(recovery.durationMs)}, ${recovery.sentence}; ${mark.sentence}`
		: `${report.title}: came up, but ${failed.name} ${failed.sentence}`;
	return {...base, result, sentence, recovery: {needed: recovery.needed, durationMs: recovery.durationMs}, checks};
}

function markProof(mark: QuiesceMark | null, text: string | null, stale: string | null, expected: boolean, report: RestoreReport): MarkProof {
	const base = {expected, id: mark?.id ?? null, at: mark?.at ?? null, position: mark === null || mark.position === '' ? null : mark.position, recovered: null};
	if (text === null) return {...base, state: expected ? 'missing' : 'none', sentence: expected ? 'its pre-script\'s mark is not in the copy' : 'no bundled pre-script held it'};
	if (mark === null) return {...base, state: 'unreadable', sentence: 'the mark in its data directory cannot be read'};
	if (stale !== null) return {...base, state: 'stale', sentence: stale};
	const position = report.state === 'up' ? report.position : null;
	const sentence = position?.sentence ?? 'the mark is in the copy';
	return {...base, state: position?.reached === false ? 'ahead' : 'present', recovered: position?.recovered ?? null, sentence};
}

/** The snapshot says that it was held, and there is nothing of it. */
function lost(name: string): ApplicationProof {
	return {
		name, title: name, dataDirectory: '', result: 'does-not-restore', sentence: `${name}: the cycle held it, and there is no data of it in the snapshot`, recovery: null, checks: [],
		mark: {state: 'missing', expected: true, sentence: 'no data directory', id: null, at: null, position: null, recovered: null},
	};
}
