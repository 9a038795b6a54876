import {errorReference, ownError} from '../../core/errors.js';
import type {ErrorReference} from '../../core/outcome.js';
import type {MountReport} from '../../system/guard.js';

const refusals: Readonly<Record<string, string>> = {
	EBUSY: 'is frozen by somebody else already',
	EOPNOTSUPP: 'cannot be frozen (its type does not support it)',
	EPERM: 'may not be frozen by this process (SELinux, or a container)',
	EIO: 'reports an input/output error: its disk is gone, or its filesystem has been shut down',
	EROFS: 'is read-only after an error',
	ETIMEDOUT: 'does not answer: the kernel has not come back from the call',
	ECANCELED: 'was not frozen, because another one refused',
};

/** The filesystems that did not do as they were told, in one clause. */
export function describeRefusals(mounts: readonly MountReport[]): string {
	return mounts.filter(({ok}) => !ok).map(({mount, errno}) => `${mount} ${refusals[errno ?? ''] ?? `refused (${errno ?? 'no reason given'})`}`).join('; ');
}

/** The documentation's codes for what the kernel said to a freeze. */
export function freezeErrors(mounts: readonly MountReport[]): readonly ErrorReference[] {
	const hung = mounts.some(({errno}) => errno === 'ETIMEDOUT');
	return [errorReference(hung ? 122 : 121), ...(hung ? [ownError('FreezeHung')] : [])];
}
