import {chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, statSync} from 'node:fs';
import {basename, dirname, isAbsolute} from 'node:path';
import {exitCodes, Failure} from '../core/failure.js';
import {wordsOf} from './safe-directory.js';

/** Where quiesce keeps its state: $QUIESCE_STATE_DIR, else the first of systemd's $STATE_DIRECTORY, else /var/lib/quiesce. Empty ones count as unset. */
export function stateDirectoryPath(environment: Readonly<Record<string, string | undefined>> = process.env): string {
	const own = environment['QUIESCE_STATE_DIR'];
	if (own !== undefined && own !== '') return own;
	const systemd = environment['STATE_DIRECTORY']?.split(':')[0];
	if (systemd !== undefined && systemd !== '') return systemd;
	return '/var/lib/quiesce';
}

/**
 * The state directory where it is there already: its path without links, or null. Nothing is made or changed. Throws a Failure where somebody else
 * could have written what lies in it.
 */
export function existingStateDirectory(path: string = stateDirectoryPath()): string | null {
	if (!existsSync(path)) return null;
	return checkDirectory(path);
}

/**
 * Makes the state directory where it is missing (0700) and checks it: a real directory, owned by this user, not writable by others, below directories
 * that nobody else can rename things in. Answers its path without links. Throws a Failure where root must not write there.
 */
export function openStateDirectory(path: string = stateDirectoryPath()): string {
	if (!isAbsolute(path)) throw unfit(path, 'its path is not absolute');
	try {
		makeDirectories(path);
	} catch (error) {
		throw unfit(path, (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'nothing can be made there' : `it cannot be made, because ${wordsOf(error)}`, error);
	}
	const real = checkDirectory(path);
	const {mode} = statSync(real);
	// Tightened only where it is evidently ours: somebody may have named /var.
	if ((mode & 0o077) !== 0 && (basename(real) === 'quiesce' || readdirSync(real).length === 0)) chmodSync(real, 0o700);
	return real;
}

/** Answers the path without links. Throws a Failure where others than this user could put something into it, or something else in its place. */
function checkDirectory(path: string): string {
	const self = process.geteuid?.() ?? 0;
	const facts = lstatSync(path);
	if (facts.isSymbolicLink()) throw unfit(path, 'it is a symbolic link');
	if (!facts.isDirectory()) throw unfit(path, 'it is not a directory');
	if (facts.uid !== self) throw unfit(path, `it belongs to another user (uid ${facts.uid})`);
	if ((facts.mode & 0o022) !== 0) throw unfit(path, 'others may write to it');
	const real = realpathSync.native(path);
	for (let above = dirname(real), below = real; above !== below; below = above, above = dirname(above)) {
		const {uid, mode} = statSync(above);
		if (uid !== 0 && uid !== self) throw unfit(path, `the directory above it, ${above}, belongs to another user (uid ${uid})`);
		// In a sticky directory (/tmp) others cannot rename what is ours.
		if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) throw unfit(path, `others may write to ${above}, above it`);
	}
	return real;
}

/** Step by step: Node's own recursive mkdir never comes to an end where nothing can be made, as in /proc. */
function makeDirectories(path: string): void {
	try {
		mkdirSync(path, {mode: 0o700});
	} catch (error) {
		const {code} = error as NodeJS.ErrnoException;
		if (code === 'EEXIST') return;
		if (code !== 'ENOENT' || dirname(path) === path || existsSync(dirname(path))) throw error;
		makeDirectories(dirname(path));
		mkdirSync(path, {mode: 0o700});
	}
}

function unfit(path: string, why: string, cause?: unknown): Failure {
	return new Failure(`quiesce cannot keep its state in ${path}: ${why}.`, {
		remedy: `It must be a directory of root's own that nobody else can write to: install -d -m 700 -o root ${path}. Another place can be given in QUIESCE_STATE_DIR.`,
		exitCode: exitCodes.failed,
		cause,
	});
}
