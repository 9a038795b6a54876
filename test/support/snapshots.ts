import {mkdirSync, mkdtempSync, rmdirSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import type {LoopDisk} from './loop-disk.js';
import {must} from './process.js';

export type SnapshotOrder = {
	/** The snapshot's directory, which is made. */
	readonly directory: string;
	readonly disks: readonly LoopDisk[];
	/** Default: application-consistent. */
	readonly outcome?: string;
	readonly errors?: readonly {readonly name: string; readonly code: number | null}[];
	readonly applications?: readonly string[];
	/** Freeze while copying. Default: true. */
	readonly freeze?: boolean;
	/** Default: now. */
	readonly at?: string;
};

/**
 * Takes a snapshot as the image provider does, without a cycle around it: all disks are frozen together, copied and thawed by one process, so that a failing
 * test leaves nothing frozen (the disks' own watchdog stands behind it).
 */
export async function takeSnapshot(order: SnapshotOrder): Promise<string> {
	const {directory, disks, freeze = true} = order;
	mkdirSync(directory, {recursive: true, mode: 0o700});
	const mounts = disks.map(({mount}) => mount);
	const script = `
		${freeze ? 'for m in "$@"; do case $m in -*) break;; esac; fsfreeze -f "$m" || exit 1; done' : ''}
		shift ${mounts.length}; shift
		bad=0
		while [ $# -gt 0 ]; do cp --reflink=auto --sparse=always "$1" "$2" || bad=1; shift 2; done
		exit $bad`;
	const thaw = 'trap "" INT TERM; sh -c "$0" sh "$@"; code=$?; for m in "$@"; do case $m in -*) break;; esac; fsfreeze -u "$m" 2>/dev/null; done; exit $code';
	await must('sh', ['-c', thaw, script, ...mounts, '--', ...disks.flatMap(({image}) => [image, join(directory, basename(image))])]);
	writeFileSync(join(directory, 'snapshot.json'), `${JSON.stringify({
		version: 1, id: basename(directory), at: order.at ?? new Date().toISOString(), provider: 'image', outcome: order.outcome ?? 'application-consistent', errors: order.errors ?? [],
		disks: disks.map(({image, mount, type, device}) => ({image: basename(image), mount, type, device: '0:0', source: device, sourceImage: image, bytes: statSync(image).size})),
		...(order.applications === undefined ? {} : {applications: order.applications}),
	})}\n`);
	return directory;
}

/**
 * Changes what is in the image of a snapshot: `script` runs with it mounted, its mount as $1. The mount is in a namespace of its own: one that another test
 * makes at this moment would get a copy of a mount in this one, and what was written reaches the image only with the last umount.
 */
export async function changeImage(image: string, script: string, options = ''): Promise<void> {
	const at = mkdtempSync(join(tmpdir(), 'quiesce-image-'));
	const within = 'mount -o "loop$2" "$3" "$1"; sh -e -c "$4" sh "$1" || { umount "$1"; exit 1; }; umount "$1"';
	try {
		await must('unshare', ['-m', '--propagation', 'private', 'sh', '-e', '-c', within, 'sh', at, options, image, script]);
	} finally {
		rmdirSync(at);
	}
}
