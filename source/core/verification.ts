import type {Outcome} from './outcome.js';

/**
 * What a snapshot, or one application in it, comes to when it is restored.
 * `restores-without-the-mark`: it came up, but what the pre-script held is not in it. `not-proven`: it could not be tried here (a server that is not
 * installed, for example); nothing is known then, and nothing is promised.
 */
export type Proof = 'restores' | 'restores-without-the-mark' | 'does-not-restore' | 'not-proven';

/** Best first, so that a higher index is the worse one of two. */
export const proofs: readonly Proof[] = ['restores', 'restores-without-the-mark', 'not-proven', 'does-not-restore'];

/** One check and what it found. `passed` is null where it could not be made, or not to its end. */
export type ProofCheck = {
	/** The program or statement: `e2fsck`, `pg_amcheck`, `CHECK TABLE`. */
	readonly name: string;
	readonly passed: boolean | null;
	/** One clause for people. */
	readonly sentence: string;
	readonly durationMs: number;
};

export type FilesystemProof = {
	readonly mount: string;
	readonly image: string;
	readonly type: string;
	readonly result: Exclude<Proof, 'restores-without-the-mark'>;
	/** One sentence for people. */
	readonly sentence: string;
	/** Whether the untouched image had nothing to replay, as only a frozen (or unmounted) filesystem has; null where its type does not tell. */
	readonly frozen: boolean | null;
	/** How the copy was made; null where none was. */
	readonly copy: {readonly method: 'reflink' | 'copied'; readonly bytes: number; readonly durationMs: number} | null;
	/** The first mount, with the replay of the journal; null where it was not mounted. */
	readonly mountMs: number | null;
	readonly checks: readonly ProofCheck[];
};

/** `expected`: the snapshot names the application as held by its cycle, or names none and there is a mark. Only then the mark's absence counts. */
export type MarkProof = {
	readonly state: 'present' | 'missing' | 'stale' | 'ahead' | 'unreadable' | 'none';
	readonly expected: boolean;
	readonly sentence: string;
	readonly id: string | null;
	readonly at: string | null;
	/** Where the application stood by the mark. */
	readonly position: string | null;
	/** Where the recovered one stands. */
	readonly recovered: string | null;
};

export type ApplicationProof = {
	/** The application's name: `postgresql`. */
	readonly name: string;
	/** `PostgreSQL 15`. */
	readonly title: string;
	readonly dataDirectory: string;
	readonly result: Proof;
	readonly sentence: string;
	/** From the start of its server until it answered; null where it did not come up. `needed` is null where it cannot be told. */
	readonly recovery: {readonly needed: boolean | null; readonly durationMs: number} | null;
	readonly mark: MarkProof;
	readonly checks: readonly ProofCheck[];
};

export type VerifyResult = {
	readonly snapshot: {readonly id: string; readonly path: string; readonly at: string | null; readonly outcome: Outcome | null};
	readonly result: Proof;
	readonly sentence: string;
	readonly durationMs: number;
	readonly filesystems: readonly FilesystemProof[];
	readonly applications: readonly ApplicationProof[];
};

/** What is being done now. `done` is absent where it begins. */
export type VerifyStep = {
	readonly step: 'copy' | 'mount' | 'check' | 'search' | 'start' | 'examine' | 'remember' | 'clean-up';
	/** What it is about: a mount, an application. */
	readonly subject: string;
	readonly state: 'started' | 'succeeded' | 'failed';
	readonly durationMs?: number;
	/** One clause for people. */
	readonly detail?: string;
};

export type VerifySink = (step: VerifyStep) => void;

/** The worst of some proofs; `restores` for none. */
export function worstProof(results: readonly Proof[]): Proof {
	return results.reduce((worst, one) => (proofs.indexOf(one) > proofs.indexOf(worst) ? one : worst), 'restores');
}
