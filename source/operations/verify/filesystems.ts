import {join} from 'node:path';
import type {RecordedDisk} from '../../core/snapshot-record.js';
import {readContainer, readSuperblock, type Superblock} from '../../core/superblock.js';
import type {FilesystemProof, ProofCheck, VerifySink} from '../../core/verification.js';
import {openCopiedDisk, type CopiedDisk} from '../../system/copied-disk.js';
import {cloneByCopying, cloneByReflink, readImage, refuseTooLittleSpace, type CloneOrder, type ImageClone} from '../../system/image-clone.js';
import type {Workshop} from '../../system/workshop.js';

/** One disk: what was found, and the copy where it can be mounted. */
export type ProvenDisk = {readonly recorded: RecordedDisk; readonly proof: FilesystemProof; readonly disk: CopiedDisk | null};

export type FilesystemsOrder = {
	/** The snapshot's directory. */
	readonly snapshot: string;
	readonly disks: readonly RecordedDisk[];
	/** Directories for the copies, best first. */
	readonly places: readonly string[];
	/** An empty directory in the workshop. */
	readonly mountPoint: string;
	readonly workshop: Workshop;
	readonly checkMs: number;
	readonly signal: AbortSignal;
	readonly onStep: VerifySink;
	/** Told of each disk as soon as it is attached, so that it can be released whatever happens. */
	readonly onDisk: (disk: CopiedDisk) => void;
};

/** An image that is what the snapshot says. */
type Promising = {readonly recorded: RecordedDisk; readonly superblock: Superblock; readonly order: CloneOrder};

/** Copies all images, replays their journals, and lets each filesystem's own program check them. */
export async function proveFilesystems(order: FilesystemsOrder): Promise<readonly ProvenDisk[]> {
	const {snapshot, disks, places, workshop, signal, onStep} = order;
	const looked = await Promise.all(disks.map(async (recorded, index) => look(snapshot, recorded, index)));
	const clones = new Map<RecordedDisk, ImageClone>();
	let slow = 0;
	for (const one of looked) {
		signal.throwIfAborted();
		if ('proof' in one) continue;
		// A part of a file can be shown to everything but btrfstune.
		const clone = one.superblock.type === 'btrfs' && one.order.part !== null ? null : await cloneByReflink(one.order, places);
		if (clone === null) slow += one.order.allocated;
		else clones.set(one.recorded, clone);
	}

	// What cannot be had for nothing must fit as a whole, before the first byte is copied.
	if (slow > 0) await refuseTooLittleSpace(places[0]!, slow);
	const proven: ProvenDisk[] = [];
	for (const one of looked) {
		signal.throwIfAborted();
		if ('proof' in one) {
			proven.push(one);
			continue;
		}

		const subject = one.recorded.mount;
		onStep({step: 'copy', subject, state: 'started', detail: one.recorded.image});
		const clone = clones.get(one.recorded) ?? await cloneByCopying(one.order, places[0]!, workshop);
		onStep({step: 'copy', subject, state: 'succeeded', durationMs: clone.durationMs, detail: clone.method === 'reflink' ? 'shares its blocks with the snapshot' : 'copied'});
		signal.throwIfAborted();
		proven.push(await prove(one, clone, order));
	}

	return proven;
}

/** Looks at an untouched image: is it what the snapshot says? */
async function look(snapshot: string, recorded: RecordedDisk, index: number): Promise<ProvenDisk | Promising> {
	const bad = (sentence: string, result: FilesystemProof['result'] = 'does-not-restore'): ProvenDisk => ({
		recorded, disk: null,
		proof: {mount: recorded.mount, image: recorded.image, type: recorded.type, result, sentence: `${recorded.mount}: ${sentence}`, frozen: null, copy: null, mountMs: null, checks: []},
	});
	const {part} = recorded;
	const source = join(snapshot, recorded.image);
	const facts = await readImage(source, part?.offset);
	if (typeof facts === 'string') return bad(facts);
	if (facts.bytes !== recorded.bytes) return bad(`the image has ${facts.bytes} bytes, and the snapshot was taken with ${recorded.bytes}`);
	const superblock = readSuperblock(facts.head);
	const expected = /^ext[234]$/.test(recorded.type) ? 'ext' : recorded.type;
	if (superblock === null) {
		if (!['ext', 'xfs', 'btrfs'].includes(expected)) return bad(`filesystems of type ${recorded.type} cannot be verified here`, 'not-proven');
		const within = part === null ? readContainer(facts.head) : null;
		if (within !== null) return bad(`its image is ${within}, and the snapshot does not say where in it the filesystem lies`, 'not-proven');
		return bad(`no ${recorded.type} begins ${part === null ? 'at the start' : `at byte ${part.offset}`} of the image: its first blocks are damaged`);
	}

	if (superblock.type !== expected) return bad(`the image holds ${superblock.type === 'ext' ? 'an ext' : `a ${superblock.type}`} filesystem, and the snapshot says ${recorded.type}`);
	if (superblock.devices > 1) return bad(`it is a btrfs on ${superblock.devices} devices, which quiesce cannot put together from copies`, 'not-proven');
	return {recorded, superblock, order: {source, part, name: `${index}-${recorded.image}`, allocated: Math.min(facts.allocated, part?.bytes ?? facts.allocated)}};
}

async function prove({recorded, superblock}: Promising, clone: ImageClone, order: FilesystemsOrder): Promise<ProvenDisk> {
	const {workshop, mountPoint, checkMs, onStep, signal} = order;
	const {mount, image, type} = recorded;
	const frozen = superblock.needsRecovery === null ? null : !superblock.needsRecovery;
	const base = {mount, image, type, frozen, copy: {method: clone.method, bytes: clone.bytes, durationMs: clone.durationMs}};
	const disk = await openCopiedDisk(clone, superblock, workshop);
	if (typeof disk === 'string') {
		const result = disk.startsWith('it cannot be mounted beside its original') ? 'not-proven' : 'does-not-restore';
		return {recorded, disk: null, proof: {...base, result, sentence: `${mount}: ${disk}`, mountMs: null, checks: []}};
	}

	order.onDisk(disk);
	onStep({step: 'mount', subject: mount, state: 'started', detail: type});
	const mounted = await disk.mount(mountPoint);
	if (typeof mounted === 'string') {
		onStep({step: 'mount', subject: mount, state: 'failed', detail: mounted});
	} else {
		await disk.unmount(mountPoint);
		onStep({step: 'mount', subject: mount, state: 'succeeded', durationMs: mounted.durationMs, detail: replayWords(frozen)});
	}

	signal.throwIfAborted();
	onStep({step: 'check', subject: mount, state: 'started'});
	// Also of one that does not mount: it says more about the damage than the kernel does.
	const checks = await disk.check(checkMs);
	const failed = checks.find(({passed}) => passed === false);
	const durationMs = checks.reduce((sum, check) => sum + check.durationMs, 0);
	onStep({step: 'check', subject: mount, state: failed === undefined ? 'succeeded' : 'failed', durationMs, detail: checkWords(failed ?? checks[0])});
	signal.throwIfAborted();
	if (typeof mounted === 'string') {
		return {recorded, disk: null, proof: {...base, result: 'does-not-restore', sentence: `${mount}: ${mounted}${failed === undefined ? '' : `; ${checkWords(failed)}`}`, mountMs: null, checks}};
	}

	// What was not checked is not proven: damage mounts as well.
	const unchecked = checks.find(({passed}) => passed === null);
	const sentence = failed !== undefined ? `${mount}: ${checkWords(failed)}` : `${mount}: mounts${unchecked === undefined ? `; ${checkWords(checks[0])}` : `, but was ${checkWords(unchecked)}`}`;
	const result = failed !== undefined ? 'does-not-restore' : unchecked === undefined ? 'restores' : 'not-proven';
	return {recorded, disk, proof: {...base, result, sentence, mountMs: mounted.durationMs, checks}};
}

function checkWords(check: ProofCheck | undefined): string {
	if (check === undefined) return 'not checked';
	return check.passed === null ? check.sentence : `${check.name} ${check.sentence}`;
}

function replayWords(frozen: boolean | null): string {
	return frozen === null ? 'mounts' : frozen ? 'its journal had nothing to replay: it was taken frozen' : 'its journal was replayed: it was not frozen when it was taken';
}
