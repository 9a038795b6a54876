import {accessSync, closeSync, constants, fstatSync, fsyncSync, lstatSync, openSync, realpathSync, type Stats} from 'node:fs';
import {join, resolve} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {octal} from '../core/checks/words.js';
import {openPlaces} from './inspection.js';

/** An opened directory in which nobody but root (or this very user) can put something else in the place of a file. */
export type SafeDirectory = {
	/** Absolute, without links. */
	readonly path: string;
	/** A path to an entry that leads through the opened directory, whatever becomes of its name. */
	readonly at: (name: string) => string;
	/** Makes sure that changes of entries are on the disk. */
	readonly sync: () => void;
	readonly close: () => void;
};

/** A place on the machine that quiesce does not write to: exit code 3, because other answers would be accepted. */
export function refusal(message: string, remedy: string | readonly string[], cause?: unknown): Failure {
	return new Failure(message, {exitCode: exitCodes.findings, remedy, cause});
}

/** Why quiesce trusts no file to a directory (it is missing, others may write to it), as a Failure; null where it does. */
export function whyUnsafe(path: string, entry?: string): Failure | null {
	try {
		openSafeDirectory(path, entry).close();
		return null;
	} catch (error) {
		if (error instanceof Failure) return error;
		throw error;
	}
}

/** As `whyUnsafe`, and why nothing can be written there (it is read-only). `entry`: the one that is to be changed. */
export function whyNotWritable(path: string, entry?: string): Failure | null {
	const why = whyUnsafe(path, entry);
	if (why !== null) return why;
	try {
		accessSync(path, constants.W_OK);
		return null;
	} catch (error) {
		return refusal(`Nothing can be written into ${path}: ${wordsOf(error)}.`, `Look at it: findmnt -T ${path}`, error);
	}
}

/**
 * Opens a directory to write into. Each directory from `/` on is opened in the one before it, without following links, and must belong to root (or
 * to this user), and nobody else may write to it; a sticky one (/tmp) is fine on the way, and at the end only for an `entry` that is there and root's,
 * which nobody else can replace. The directory itself must not be a link.
 * @throws Failure (3) where it is not so.
 */
export function openSafeDirectory(path: string, entry?: string): SafeDirectory {
	const asked = resolve(path);
	let real: string;
	try {
		if (lstatSync(asked).isSymbolicLink()) {
			throw refusal(`${asked} is a symbolic link to ${realpathSync.native(asked)}, and quiesce does not write through links.`, 'Name the real directory, or put a real directory in the place of the link.');
		}

		real = realpathSync.native(asked);
	} catch (error) {
		if (error instanceof Failure) throw error;
		throw unreachable(asked, error);
	}

	// Where the way as written goes through links, the places where they lie count as well.
	const [open] = openPlaces(join(asked, entry ?? 'entry'));
	if (open !== undefined) throw writable(open.path, open.owner, open.mode, open.because === 'owner' ? 'its owner' : open.because === 'group' ? 'its group' : 'everybody');

	let descriptor = openDirectory('/', '/');
	try {
		check('/', fstatSync(descriptor), real !== '/' || isOurs(descriptor, entry));
		const names = real.split('/').filter(name => name !== '');
		let so = '';
		for (const [index, name] of names.entries()) {
			so += `/${name}`;
			const below = openDirectory(`/proc/self/fd/${descriptor}/${name}`, so);
			closeSync(descriptor);
			descriptor = below;
			check(so, fstatSync(descriptor), index < names.length - 1 || isOurs(descriptor, entry));
		}
	} catch (error) {
		closeSync(descriptor);
		throw error;
	}

	let closed = false;
	return {
		path: real,
		at: name => `/proc/self/fd/${descriptor}/${name}`,
		sync: () => fsyncSync(descriptor),
		close: () => {
			if (!closed) closeSync(descriptor);
			closed = true;
		},
	};
}

function openDirectory(path: string, name: string): number {
	try {
		return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	} catch (error) {
		throw unreachable(name, error);
	}
}

function unreachable(path: string, error: unknown): Failure {
	switch ((error as NodeJS.ErrnoException).code) {
		case 'ENOENT':
			return refusal(`There is no directory ${path}.`, [`Make it: install -d -m 755 -o root -g root ${path}`, 'Or name another directory, which is there.'], error);
		case 'ENOTDIR':
			return refusal(`${path} is not a directory.`, 'Name a directory, or move the file away that is in its place.', error);
		case 'ELOOP':
			return refusal(`${path} has become a symbolic link, and quiesce does not write through links.`, 'Find out who put it there.', error);
		default:
			return refusal(`${path} cannot be opened: ${wordsOf(error)}.`, 'Look at its permissions and at the filesystem that it lies on.', error);
	}
}

/** In a sticky directory only its owner can take an entry away. */
function isOurs(descriptor: number, entry: string | undefined): boolean {
	if (entry === undefined) return false;
	const owner = lstatSync(`/proc/self/fd/${descriptor}/${entry}`, {throwIfNoEntry: false})?.uid;
	return owner === 0 || (owner !== undefined && owner === process.geteuid?.());
}

function check(path: string, facts: Stats, stickyIsFine: boolean): void {
	const self = process.geteuid?.() ?? 0;
	if (facts.uid !== 0 && facts.uid !== self) throw writable(path, `uid ${facts.uid}`, facts.mode & 0o7777, 'its owner');
	const others = (facts.mode & 0o002) !== 0 ? 'everybody' : (facts.mode & 0o020) !== 0 && facts.gid !== 0 ? 'its group' : null;
	if (others === null || (stickyIsFine && (facts.mode & 0o1000) !== 0)) return;
	throw writable(path, facts.uid === 0 ? 'root' : `uid ${facts.uid}`, facts.mode & 0o7777, others);
}

function writable(path: string, owner: string, mode: number, who: string): Failure {
	return refusal(
		`${path} (${owner}, ${octal(mode)}) can be written by ${who}, so that somebody else than root could replace what quiesce writes there and Azure runs as root.`,
		[`Let only root write to it: chown root ${path} && chmod go-w ${path}`, 'Or use a directory of root\'s, such as /etc/azure.'],
	);
}

/** A system error in words, as a clause. */
export function wordsOf(error: unknown): string {
	const code = (error as NodeJS.ErrnoException).code ?? '';
	return words[code] ?? (error instanceof Error ? error.message : String(error));
}

const words: Readonly<Record<string, string>> = {
	ENOSPC: 'there is no space left on its filesystem',
	EDQUOT: 'the disk quota is used up',
	EROFS: 'its filesystem is mounted read-only',
	EACCES: 'permission is denied',
	EPERM: 'the system does not permit it (an immutable attribute, see lsattr, or a security policy)',
	EIO: 'the disk reports an error (see dmesg)',
	ENAMETOOLONG: 'the name is too long',
	ETXTBSY: 'it is being executed',
	EBUSY: 'it is in use (a mount point?)',
	ENOENT: 'it is not there',
	EEXIST: 'somebody else has made it meanwhile',
	EISDIR: 'it is a directory',
	ELOOP: 'it is a symbolic link',
	EMFILE: 'too many files are open',
};
