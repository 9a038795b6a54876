import {readFileSync} from 'node:fs';

/** The ids of a local user; null where there is none of that name. */
export function accountOf(name: string): {readonly uid: number; readonly gid: number} | null {
	try {
		for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
			const [known, , uid, gid] = line.split(':');
			if (known === name && uid !== undefined && gid !== undefined) return {uid: Number(uid), gid: Number(gid)};
		}
	} catch {
		// No such file: no local users.
	}

	return null;
}
