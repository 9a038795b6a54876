import type {OpenPlace} from './facts.js';
import {finding, type Finding} from './finding.js';
import {octal} from './words.js';

/** Directories that are emptied at a boot or by a cleaner. */
const temporary = /^\/(?:tmp|var\/tmp|dev\/shm|run)\//;

/** What is said where somebody else than root can put another file in the place of one that root will run or believe. */
export function openPlacesFinding({id, what, path, openPlaces}: {
	readonly id: string;
	readonly what: string;
	readonly path: string;
	readonly openPlaces: readonly OpenPlace[];
}): Finding[] {
	const [place] = openPlaces;
	if (place === undefined) return [];
	const who = place.because === 'owner' ? `${place.owner}, to whom it belongs,` : place.because === 'group' ? 'its group' : 'everybody';
	return [finding({
		id,
		severity: 'error',
		title: `Somebody else than root can replace ${what}`,
		detail: `${place.path} (${place.owner}, ${octal(place.mode)}) can be written by ${who}, so ${path} can be exchanged for something else, which Azure then runs as root at the next backup. Azure does not look at directories.`,
		remedy: place.because === 'owner'
			? `Move it to a directory of root's, such as /etc/azure, or: chown root ${place.path} && chmod go-w ${place.path}`
			: `Move it to a directory of root's, such as /etc/azure, or: chmod go-w ${place.path}`,
		note: place.path,
		path,
		source: 'machine',
	})];
}

export function isTemporary(path: string): boolean {
	return temporary.test(path);
}
