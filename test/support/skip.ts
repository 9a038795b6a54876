import {accessSync, constants, readFileSync} from 'node:fs';
import {spawnSync} from 'node:child_process';
import {delimiter, join} from 'node:path';

/*
 * Why a test cannot run here, in words that are printed, or false where it can: the form that node:test takes as `skip`.
 * test('…', {skip: firstReason(whyNoLoopDisks('xfs'), whyNoTmux())}, …)
 */
export type Reason = string | false;

/** The first of some reasons. */
export function firstReason(...reasons: readonly Reason[]): Reason {
	return reasons.find(reason => reason !== false) ?? false;
}

export function whyNotRoot(): Reason {
	return process.getuid?.() === 0 ? false : 'needs root';
}

/** Is a program there? (PATH and the system directories, where an unprivileged PATH does not lead.) */
export function whyNoProgram(name: string): Reason {
	const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
	const found = directories.some(directory => {
		try {
			accessSync(join(directory, name), constants.X_OK);
			return true;
		} catch {
			return false;
		}
	});
	return found ? false : `no ${name} here`;
}

/** Can mount namespaces of one's own be made here? (In many containers not even root may.) */
export function whyNoSandbox(): Reason {
	return firstReason(whyNotRoot(), whyNoProgram('unshare'), whyNoProgram('nsenter'), memo('unshare', () =>
		spawnSync('unshare', ['-m', '--propagation', 'private', 'true']).status === 0 ? false : 'no mount namespaces here (a container without CAP_SYS_ADMIN)'));
}

/** Can filesystems of these types be made in image files, and mounted? */
export function whyNoLoopDisks(...types: ReadonlyArray<'ext3' | 'ext4' | 'xfs' | 'btrfs'>): Reason {
	return firstReason(whyNotRoot(), whyNoLoopControl(), ...(types.length === 0 ? ['ext4' as const] : types).map(type =>
		firstReason(whyNoProgram(`mkfs.${type}`), whyNoFilesystem(type))));
}

function whyNoLoopControl(): Reason {
	try {
		accessSync('/dev/loop-control', constants.R_OK | constants.W_OK);
		return false;
	} catch {
		return 'no /dev/loop-control';
	}
}

function whyNoFilesystem(type: string): Reason {
	const known = (): boolean => readFileSync('/proc/filesystems', 'utf8').split('\n').some(line => line.trim() === type);
	return memo(`filesystem ${type}`, () => {
		// A kernel with modules knows the type only once it is loaded.
		if (!known()) spawnSync('modprobe', [type]);
		return known() ? false : `kernel without ${type}`;
	});
}

export function whyNoTmux(): Reason {
	return whyNoProgram('tmux');
}

const known = new Map<string, Reason>();
function memo(key: string, ask: () => Reason): Reason {
	const before = known.get(key);
	if (before !== undefined) return before;
	const reason = ask();
	known.set(key, reason);
	return reason;
}
