import {isAbsolute, normalize} from 'node:path';
import type {ImagePart} from './mount-facts.js';
import {outcomes, type Outcome} from './outcome.js';

/** One disk of a snapshot. */
export type RecordedDisk = {
	/** A name in the snapshot's directory. */
	readonly image: string;
	/** Where its filesystem was mounted; absolute. */
	readonly mount: string;
	readonly type: string;
	/** The image's length. */
	readonly bytes: number;
	/** Where in the image the filesystem lies; null where it has all of it. */
	readonly part: ImagePart | null;
};

/** What a snapshot's `snapshot.json` says of it, as far as a restore needs it. */
export type SnapshotRecord = {
	readonly id: string;
	/** When it was taken, ISO 8601. */
	readonly at: string | null;
	/** When its cycle began, milliseconds since 1970, where the id tells. */
	readonly begun: number | null;
	readonly outcome: Outcome | null;
	/** Whether the pre-script ran in the cycle, and to a good end. */
	readonly preScriptSucceeded: boolean;
	readonly disks: readonly RecordedDisk[];
	/** Names of the applications whose scripts held them; null where the record does not say. */
	readonly applications: readonly string[] | null;
};

/** Understands the text of a `snapshot.json`; a string says, in a clause, what is wrong with it; a number is its version where only a newer quiesce knows that. Nothing in it is trusted. */
export function parseSnapshotRecord(text: string): SnapshotRecord | string | number {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return 'it is not JSON';
	}

	if (!isRecord(value)) return 'it is not a JSON object';
	if (Number.isSafeInteger(value['version']) && (value['version'] as number) > 1) return value['version'] as number;
	if (value['version'] !== 1) return `its version is ${shown(value['version'])}, and this quiesce knows version 1`;
	const {id, at, outcome, disks, applications, errors, preScriptSucceeded: succeeded} = value;
	if (typeof id !== 'string' || !/^[\w.:-]{1,200}$/.test(id)) return 'its id is not a name';
	if (!Array.isArray(disks) || disks.length === 0) return 'it lists no disks';
	const found: RecordedDisk[] = [];
	for (const disk of disks as readonly unknown[]) {
		const understood = parseDisk(disk);
		if (typeof understood === 'string') return understood;
		if (found.some(other => other.image === understood.image && overlap(other.part, understood.part))) return `it lists the image ${understood.image} twice`;
		// A btrfs may lie on several disks.
		if (found.some(other => other.mount === understood.mount && !(other.type === 'btrfs' && understood.type === 'btrfs'))) return `it lists two filesystems at ${understood.mount}`;
		found.push(understood);
	}

	const codes = Array.isArray(errors) ? (errors as readonly unknown[]).map(error => (isRecord(error) ? error['code'] : null)) : [];
	return {
		id,
		at: typeof at === 'string' && !Number.isNaN(Date.parse(at)) ? at : null,
		begun: timeOfName(id),
		outcome: outcomes.find(known => known === outcome) ?? null,
		preScriptSucceeded: typeof succeeded === 'boolean' ? succeeded : !codes.some(code => typeof code === 'number' && withoutPreScript.has(code)),
		disks: found,
		applications: Array.isArray(applications) ? [...new Set((applications as readonly unknown[]).filter(name => typeof name === 'string'))] : null,
	};
}

/** The pre-script failed, or the check did, so that neither script ran. */
const withoutPreScript: ReadonlySet<number> = new Set([300, 302, 303, 304, 305, 306, 307, 308]);

function parseDisk(disk: unknown): RecordedDisk | string {
	if (!isRecord(disk)) return 'one of its disks is not an object';
	const {image, mount, type, bytes} = disk;
	if (typeof image !== 'string' || !/^[\w.-]{1,200}$/.test(image) || image.startsWith('.')) return `the image name ${shown(image)} is not a plain name`;
	if (typeof mount !== 'string' || !isAbsolute(mount) || mount.includes('\0') || normalize(mount) !== mount || mount.length > 3000) return `the mount ${shown(mount)} of ${image} is not an absolute path`;
	if (typeof type !== 'string' || !/^[\w.-]{1,40}$/.test(type)) return `the filesystem type ${shown(type)} of ${image} is not a name`;
	if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0) return `the length ${shown(bytes)} of ${image} is not a number of bytes`;
	const part = parsePart(disk['part'], bytes);
	if (part === undefined) return `the part ${shown(disk['part'])} of ${image} is not within it`;
	return {image, mount: mount === '/' ? mount : mount.replace(/\/$/, ''), type, bytes, part};
}

/** Undefined where it is none. */
function parsePart(value: unknown, most: number): ImagePart | null | undefined {
	if (value === undefined || value === null) return null;
	const {offset, bytes} = isRecord(value) ? value : {};
	const whole = (number: unknown): number is number => typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number % 512 === 0;
	return whole(offset) && whole(bytes) && bytes > 0 && offset + bytes <= most ? {offset, bytes} : undefined;
}

function overlap(one: ImagePart | null, other: ImagePart | null): boolean {
	return one === null || other === null || (one.offset < other.offset + other.bytes && other.offset < one.offset + one.bytes);
}

/** Ids of cycles begin with the time at which they began: `2026-11-23T14-02-11Z…`. */
function timeOfName(id: string): number | null {
	const match = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)(\.\d+)?Z/.exec(id);
	const time = match === null ? Number.NaN : Date.parse(`${match[1]!}:${match[2]!}:${match[3]!}Z`);
	return Number.isNaN(time) ? null : time;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
	return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
