import {spawnSync} from 'node:child_process';
import {chmodSync, chownSync, lchownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {must} from './process.js';
import {repository, type Sandbox} from './sandbox.js';

/** One file of a recorded case, as it lay on the machine. */
export type VectorFile = {
	readonly path: string;
	readonly content?: string;
	/** Octal text. */
	readonly mode?: string;
	/** A name, or a bare uid. */
	readonly owner?: string;
	readonly kind?: 'dir' | 'fifo' | 'symlink';
	readonly target?: string;
	readonly encoding?: 'hex';
};

/** What a script did; null where it never got there. */
export type VectorRun = {readonly started: boolean; readonly code: number | null; readonly leftRunningAtEnd?: boolean} | null;

/** One case that was given to the extension itself, and what it did. */
export type Vector = {
	readonly id: string;
	readonly description: string;
	readonly files: readonly VectorFile[];
	readonly observed: {
		readonly check: {readonly code: number};
		readonly pre: VectorRun;
		readonly post: VectorRun;
		readonly decision: string;
		readonly final: {readonly code: number};
	};
};

/** All recorded cases. */
export const vectors = JSON.parse(readFileSync(join(repository, 'test/fixtures/azure-vectors.json'), 'utf8')) as readonly Vector[];

const outcomes: Readonly<Record<string, string>> = {
	'reported as file-system-consistent although nothing was frozen': 'crash-consistent',
	'failed, no snapshot': 'failed',
	'failed after the snapshot was taken': 'failed',
};

/** What the whole case came to, as quiesce says it. */
export function observedVerdict({observed}: Vector): {readonly outcome: string; readonly codes: readonly number[]} {
	const codes = [observed.check.code, observed.pre?.code, observed.post?.code].filter((code): code is number => typeof code === 'number' && code !== 0);
	return {outcome: outcomes[observed.decision] ?? observed.decision, codes: observed.final.code === 2 && codes.length === 0 ? [2] : codes};
}

/** What can be known of the case before a script runs: the check, and parameters that cannot be passed. */
export function staticVerdict(vector: Vector): {readonly outcome: string; readonly codes: readonly number[]} {
	const unpassable = /^(?:type-)?params-/.test(vector.id) && (vector.observed.pre?.code === 310 || vector.observed.post?.code === 311);
	return vector.observed.check.code !== 0 || unpassable ? observedVerdict(vector) : {outcome: 'application-consistent', codes: []};
}

/** The bytes of a file: `{{x*200}}` stands for 200 times x. */
export function vectorBytes({content = '', encoding}: VectorFile): Buffer {
	if (encoding === 'hex') return Buffer.from(content, 'hex');
	return Buffer.from(content.replaceAll(/\{\{(.)\*(\d+)\}\}/g, (_, letter: string, count: string) => letter.repeat(Number(count))));
}

/** Lays a case out in a sandbox with overlays over /etc and /opt, in the place of an earlier one. */
export async function layOut(sandbox: Sandbox, {files}: Pick<Vector, 'files'>): Promise<void> {
	for (const directory of ['/etc/azure', '/opt/q']) {
		rmSync(sandbox.inside(directory), {recursive: true, force: true});
		mkdirSync(sandbox.inside(directory), {recursive: true, mode: 0o755});
	}

	for (const file of files) {
		const path = sandbox.inside(file.path);
		mkdirSync(dirname(path), {recursive: true, mode: 0o755});
		const owner = uidOf(file.owner ?? 'root');
		if (file.kind === 'symlink') {
			symlinkSync(file.target ?? '', path);
			lchownSync(path, owner, owner);
			continue;
		}

		if (file.kind === 'dir') mkdirSync(path, {recursive: true});
		else if (file.kind === 'fifo') await must('mkfifo', [path]);
		else writeFileSync(path, vectorBytes(file));
		chownSync(path, owner, owner);
		chmodSync(path, Number.parseInt(file.mode ?? '0600', 8));
	}
}

function uidOf(owner: string): number {
	if (/^\d+$/.test(owner)) return Number(owner);
	const answer = spawnSync('id', ['-u', owner], {encoding: 'utf8'});
	if (answer.status !== 0) throw new Error(`no user ${owner} here`);
	return Number(answer.stdout);
}
