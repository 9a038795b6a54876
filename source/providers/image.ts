import {basename, dirname, join} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {devicesBeneath, type ImagePart, type LoopFact} from '../core/mount-facts.js';
import {makeImageStore, snapshotDirectory, type ImageCopy} from '../system/image-store.js';
import {heldFor, type Provider, type SnapshotOrder} from './provider.js';

/** One filesystem of a snapshot, as `snapshot.json` lists it. */
export type SnapshotDisk = {
	/** The image's name in the snapshot's directory. */
	readonly image: string;
	readonly mount: string;
	/** The superblock's device at that time, "major:minor". */
	readonly device: string;
	readonly type: string;
	/** The loop device. */
	readonly source: string;
	/** The image file behind it. */
	readonly sourceImage: string;
	/** The image's length. */
	readonly bytes: number;
	/** Where in the image the filesystem lies; absent where it has all of it. */
	readonly part?: ImagePart;
};

/** Copies the image files behind loop devices, by reflink where the filesystem can: for laboratories, tests and the demo. */
export const image: Provider = {
	name: 'image',
	summary: 'copies the image files behind loop devices',
	async prepare(order) {
		const sources = sourcesOf(order);
		const directory = join(snapshotDirectory(order.stateDirectory), order.id);
		refuseFrozenDestination(dirname(directory), order);
		const store = await makeImageStore({
			directory,
			// Filesystems on one disk have one image.
			copies: [...new Map(sources.map(({name, loop}) => [name, {name, source: loop.image}])).values()],
			withinMs: order.limitMs / 2,
		});
		return {
			detail: `${heldFor(order.holdMs)}image → ${directory}`,
			take: async signal => store.copy(signal),
			async keep(mark) {
				const disks = sources.map(({name, loop, target}): SnapshotDisk => ({
					image: name, mount: target.mount, device: target.device, type: target.type,
					source: `/dev/${loop.name}`, sourceImage: loop.image, bytes: (store.copies.find(copy => copy.name === name) as ImageCopy).bytes,
					...(loop.part === undefined ? {} : {part: loop.part}),
				}));
				await store.complete('snapshot.json', `${JSON.stringify({version: 1, id: order.id, provider: 'image', ...mark, disks}, null, 2)}\n`);
				return {provider: 'image', id: order.id, path: directory};
			},
			release: async () => store.remove(),
		};
	},
};

type Source = {readonly name: string; readonly loop: LoopFact; readonly target: SnapshotOrder['targets'][number]};

function sourcesOf({targets, facts}: SnapshotOrder): readonly Source[] {
	if (targets.length === 0) {
		throw new Failure('There is nothing to copy: the cycle covers no filesystem.', {exitCode: exitCodes.usage, remedy: 'Name the mounted image files: --mount DIR'});
	}

	const taken = new Map<string, string>();
	return targets.flatMap(target => {
		const loops = facts.devices[target.device]?.loops ?? [];
		if (loops.length === 0) {
			throw new Failure(`${target.mount} is not on a loop device, and the image provider copies only image files behind loop devices.`, {
				exitCode: exitCodes.usage,
				remedy: 'Leave out --snapshot image to rehearse without a copy, or name only mounted image files: --mount DIR',
			});
		}

		return loops.map(loop => {
			if (loop.image.endsWith(' (deleted)')) {
				throw new Failure(`The image file behind ${target.mount}, ${loop.image.replace(/ \(deleted\)$/, '')}, has been deleted: it cannot be copied.`, {exitCode: exitCodes.usage, remedy: 'Rehearse without a copy: leave out --snapshot image'});
			}

			const known = taken.get(loop.image);
			if (known !== undefined) return {name: known, loop, target};
			const stem = basename(loop.image).replace(/\.(?:img|raw|image)$/i, '').replaceAll(/[^\w.-]/g, '_') || loop.name;
			let name = `${stem}.img`;
			for (let number = 2; [...taken.values()].includes(name); number++) name = `${stem}-${number}.img`;
			taken.set(loop.image, name);
			return {name, loop, target};
		});
	});
}

/** The copy is written while the filesystems are frozen: neither where it goes, nor anything that lies beneath that, may be one of them. */
function refuseFrozenDestination(directory: string, {targets, facts, frozen}: SnapshotOrder): void {
	if (!frozen) return;
	const beneath = devicesBeneath(directory, facts);
	const mount = targets.find(({device}) => beneath.includes(device))?.mount;
	if (mount === undefined) return;
	throw new Failure(`The snapshot would be written to ${directory}, which lies on ${mount}, and that is to be frozen.`, {
		exitCode: exitCodes.usage,
		remedy: 'Keep it elsewhere: set QUIESCE_STATE_DIR to a directory on another filesystem, or leave out --snapshot image.',
	});
}
