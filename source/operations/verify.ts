import {exitCodes, Failure} from '../core/failure.js';
import type {SnapshotRecord} from '../core/snapshot-record.js';
import {worstProof, type ApplicationProof, type FilesystemProof, type Proof, type VerifyResult, type VerifySink} from '../core/verification.js';
import {makeCopyPlaces, type CopyPlaces} from '../system/copy-places.js';
import type {CopiedDisk} from '../system/copied-disk.js';
import {markVerified} from '../system/history-store.js';
import {refuseFullDisk} from '../system/image-clone.js';
import {openRoom, type Room} from '../system/room.js';
import {findSnapshot} from '../system/snapshot-files.js';
import {stateDirectoryPath} from '../system/state-directory.js';
import {openWorkshop, type Workshop} from '../system/workshop.js';
import {proveApplications} from './verify/applications.js';
import {proveFilesystems} from './verify/filesystems.js';

export type VerifyOptions = {
	/** Ends everything and cleans up; the promise rejects with the signal's reason then. */
	readonly signal?: AbortSignal;
	/** Statements for recovered applications, by their names: each answer becomes a check named `question`. Default: none. */
	readonly questions?: Readonly<Record<string, string>>;
	/** How long a server may take to answer, with its recovery. Default 15 min. */
	readonly startMs?: number;
	/** How long each check may take; one that takes longer counts as not made. Default 30 min. */
	readonly checkMs?: number;
};

const defaultStartMs = 15 * 60_000;
const defaultCheckMs = 30 * 60_000;

/**
 * Proves, on copies, that a snapshot restores: mounts and checks each filesystem, then starts the applications found in them, each with its own server, and
 * lets it check itself. Neither the snapshot nor anything that runs on the machine is touched, and nothing stays behind, however this ends.
 * @param path The snapshot's id or directory.
 * @throws Failure where it could not be tried: no such snapshot, no space, no loop devices (2); its record is damaged (5).
 */
export async function verifySnapshot(path: string, options: VerifyOptions = {}, onStep: VerifySink = () => {}): Promise<VerifyResult> {
	const began = performance.now();
	const {signal = new AbortController().signal, startMs = defaultStartMs, checkMs = defaultCheckMs, questions = {}} = options;
	signal.throwIfAborted();
	const {path: directory, record} = findSnapshot(path);
	const copies = await makeCopyPlaces(directory);
	const disks: CopiedDisk[] = [];
	let workshop: Workshop | undefined;
	let room: Room | undefined;
	// Whatever is under way ends at once; the work below then finds out by the signal.
	const onAbort = (): void => void workshop?.clear();
	signal.addEventListener('abort', onAbort, {once: true});
	try {
		workshop = await openWorkshop(copies.places);
		const order = {workshop, signal, checkMs, onStep};
		const proven = await proveFilesystems({
			...order, snapshot: directory, disks: record.disks, places: copies.places, mountPoint: copies.mountPoint,
			onDisk: disk => disks.push(disk),
		});
		let filesystems: readonly FilesystemProof[] = proven.map(({proof}) => proof);
		const usable = proven.flatMap(({disk, recorded}) => (disk === null ? [] : [{disk, mount: recorded.mount}]));
		let applications: readonly ApplicationProof[] = [];
		if (usable.length > 0) {
			const opened = await openRoom(workshop, copies.mountPoint, usable, signal);
			signal.throwIfAborted();
			if (typeof opened === 'string') {
				filesystems = filesystems.map(proof => ({...proof, result: 'does-not-restore' as const, sentence: `${proof.mount}: cannot be mounted together with the others: ${opened}`}));
			} else {
				room = opened;
				applications = await proveApplications({...order, room, snapshot: record, questions, startMs, clear: async () => workshop?.clear()});
			}
		}

		signal.throwIfAborted();
		const result = conclude(directory, record, filesystems, applications, began);
		if (result.result === 'does-not-restore' || result.result === 'not-proven') await refuseKilled(workshop);
		// A full disk looks like damage to everything that runs on it.
		if (result.result === 'does-not-restore') for (const place of copies.places) await refuseFullDisk(place);
		remember(result, onStep);
		return result;
	} catch (error) {
		signal.throwIfAborted();
		if (workshop !== undefined) await refuseKilled(workshop);
		throw error;
	} finally {
		signal.removeEventListener('abort', onAbort);
		await cleanUp({workshop, room, disks, copies}, onStep);
	}
}

/** @throws Failure where something was killed that worked on the copies: that looks like damage, too. */
async function refuseKilled(workshop: Workshop): Promise<void> {
	const killed = await workshop.killedFromOutside();
	if (killed === null) return;
	throw new Failure(`Something outside has killed ${killed} while it was at work on the copies, so that nothing can be said about the snapshot.`, {
		exitCode: exitCodes.usage,
		remedy: 'Where the machine runs out of memory, what works on copies is ended first (see dmesg). Verify it again when there is more, or elsewhere.',
	});
}

/** The history shows it from then on; one that cannot be written changes nothing in what was found. */
function remember({snapshot, result}: VerifyResult, onStep: VerifySink): void {
	if (result === 'not-proven') return;
	try {
		markVerified(stateDirectoryPath(), snapshot.id, result);
	} catch (error) {
		onStep({step: 'remember', subject: 'history', state: 'failed', detail: error instanceof Error ? error.message : String(error)});
	}
}

type Made = {readonly workshop: Workshop | undefined; readonly room: Room | undefined; readonly disks: readonly CopiedDisk[]; readonly copies: CopyPlaces};

/** Puts everything away. Where a step fails the next ones still run, and the kernel does the rest when the workshop ends. */
async function cleanUp({workshop, room, disks, copies}: Made, onStep: VerifySink): Promise<void> {
	const began = performance.now();
	onStep({step: 'clean-up', subject: 'copies', state: 'started'});
	try {
		await room?.close();
	} finally {
		try {
			await workshop?.end();
		} finally {
			for (const disk of disks) disk.release();
			await copies.remove();
		}
	}

	onStep({step: 'clean-up', subject: 'copies', state: 'succeeded', durationMs: performance.now() - began});
}

function conclude(path: string, record: SnapshotRecord, filesystems: readonly FilesystemProof[], applications: readonly ApplicationProof[], began: number): VerifyResult {
	// Data that was found by chance, and that nothing here can read, is mentioned; it does not make the snapshot unproven.
	const counted = applications.filter(({result, mark}) => result !== 'not-proven' || mark.expected);
	const worst = worstProof([...filesystems, ...counted].map(({result}) => result));
	const result: Proof = worst === 'restores' && !record.preScriptSucceeded ? 'restores-without-the-mark' : worst;
	return {
		snapshot: {id: record.id, path, at: record.at, outcome: record.outcome},
		result, filesystems, applications,
		sentence: sentenceFor(result, record, filesystems, applications),
		durationMs: performance.now() - began,
	};
}

function sentenceFor(result: Proof, record: SnapshotRecord, filesystems: readonly FilesystemProof[], applications: readonly ApplicationProof[]): string {
	const bad = [...filesystems, ...applications].find(one => one.result === result)?.sentence;
	const things = [plural(filesystems.length, 'filesystem'), ...(applications.length === 0 ? [] : [plural(applications.length, 'application')])].join(' and ');
	switch (result) {
		case 'restores': return `The snapshot restores: ${things}.`;
		case 'restores-without-the-mark': return record.preScriptSucceeded
			? `The snapshot restores, but not as the pre-script left it: ${bad ?? ''}.`
			: 'The snapshot restores, but the pre-script did not succeed in its cycle: no application was held.';
		case 'does-not-restore': return `The snapshot does not restore: ${bad ?? ''}.`;
		case 'not-proven': return `Whether the snapshot restores is not known: ${bad ?? ''}.`;
	}
}

function plural(count: number, word: string): string {
	return `${count} ${word}${count === 1 ? '' : 's'}`;
}
