import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ApplicationProof, VerifyResult} from '../../source/core/verification.js';
import {makeLoopDisks, type LoopDisks} from './loop-disk.js';
import {must} from './process.js';
import {changeImage, takeSnapshot} from './snapshots.js';

/** A snapshot of one disk, and what is done to copies of it. */
export type DamageLab = {
	readonly disks: LoopDisks;
	readonly mount: string;
	readonly take: (options?: {readonly applications?: readonly string[]; readonly errors?: readonly {name: string; code: number}[]; readonly outcome?: string}) => Promise<string>;
	/** A damaged copy: `script` runs with the image mounted, its mount as $1. */
	readonly spoil: (snapshot: string, script: string) => Promise<string>;
	readonly end: () => Promise<void>;
};

/** Makes a disk, and a state directory for verify. */
export async function makeDamageLab(type: 'ext4' | 'xfs'): Promise<DamageLab> {
	const disks = await makeLoopDisks([{name: 'data', type, megabytes: type === 'xfs' ? 320 : 400}], {thawAfterSeconds: 300});
	const state = mkdtempSync(join(tmpdir(), 'quiesce-verify-'));
	process.env['QUIESCE_STATE_DIR'] = state;
	const {mount} = disks.disk('data');
	let number = 0;
	return {
		disks,
		mount,
		take: async options => takeSnapshot({directory: join(state, 'snapshots', `taken-${++number}`), disks: disks.disks, ...options}),
		async spoil(snapshot, script) {
			const directory = `${snapshot}-spoilt-${++number}`;
			await must('cp', ['-r', '--sparse=always', '--reflink=auto', snapshot, directory]);
			await changeImage(join(directory, 'data.img'), script, type === 'xfs' ? ',nouuid' : '');
			return directory;
		},
		end: async () => {
			await disks.end();
			rmSync(state, {recursive: true, force: true});
		},
	};
}

/** The one proof of an application. */
export function only(result: VerifyResult, name: string): ApplicationProof {
	const found = result.applications.filter(application => application.name === name);
	assert.equal(found.length, 1, JSON.stringify(result.applications));
	return found[0]!;
}

/** Each damage must be found, told in a sentence, and must not be taken for anything else. */
export function assertDamaged(result: VerifyResult, name: string, said: RegExp): void {
	const application = only(result, name);
	assert.equal(application.result, 'does-not-restore', application.sentence);
	assert.match(application.sentence, said);
	assert.equal(result.result, 'does-not-restore');
	assert.ok(result.filesystems.every(filesystem => filesystem.result === 'restores'), JSON.stringify(result.filesystems));
}

/** The text of a pre-script's mark. */
export const mark = (application: string, position: string, at = new Date().toISOString()): string => `application=${application}\nid=0c6f\nat=${at}\nposition=${position}\n`;
