import {errorReference, ownError} from '../../core/errors.js';
import type {ExtensionCheck} from '../../core/extension/types.js';
import type {ErrorReference} from '../../core/outcome.js';
import type {MountReport} from '../../system/guard/types.js';

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

/** What the check found and where, as the beginning of a clause: `/etc/azure/pre.sh is not there: `. */
export function describeCheck(errors: readonly ErrorReference[], {settings: {pre, post}}: ExtensionCheck, configuration: string): string {
	const [code] = errors.map(error => error.code);
	const script = code === 302 || code === 306 || code === 310 ? pre?.location : code === 303 || code === 307 || code === 311 ? post?.location : undefined;
	switch (code) {
		case 302:
		case 303: return script === undefined || script === '' ? '' : `there is no file ${script}: `;
		case 306:
		case 307: return script === undefined ? '' : `${script} does not belong to root alone: `;
		case 310:
		case 311: return script === undefined ? '' : `the parameters of ${script} cannot be handed to a program: `;
		case 305: return `${configuration} cannot be read: `;
		case 316: return `there is no ${configuration}: `;
		case 317: return `${configuration} does not belong to root alone: `;
		default: return '';
	}
}
