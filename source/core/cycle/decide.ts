import type {Outcome} from '../outcome.js';

/** What a cycle comes to depends on these facts alone (README, "What a cycle comes to"). */
export type CycleFacts = {
	/** Both scripts succeeded; false where one failed, timed out, or did not run because the check failed. */
	readonly scriptsSucceeded: boolean;
	readonly continueBackupOnFailure: boolean;
	readonly fsFreezeEnabled: boolean;
	/**
	 * `frozen`: everything that was to be frozen was, for the whole snapshot; also where there was nothing to freeze.
	 * `failed`: a filesystem refused. `off`: freezing is switched off, or was not done because the cycle had already failed.
	 */
	readonly freezing: 'frozen' | 'failed' | 'off';
	/** Distinct whole disks under the filesystems of the cycle; 0 counts as one. */
	readonly disks: number;
	readonly snapshotSucceeded: boolean;
	/** A signal ended the cycle. */
	readonly interrupted: boolean;
};

/**
 * The outcome by the documentation: the scripts decide about the application, the freeze about the filesystems, and `continueBackupOnFailure`
 * about whether a lesser snapshot is wanted at all. A VM with a single disk always gets at least a crash-consistent one.
 */
export function decideOutcome(facts: CycleFacts): Outcome {
	if (facts.interrupted || !facts.snapshotSucceeded) return 'failed';
	const wanted = wantsLesser(facts);
	if (facts.scriptsSucceeded) {
		if (facts.freezing !== 'failed') return 'application-consistent';
		return wanted ? 'crash-consistent' : 'failed';
	}

	if (facts.continueBackupOnFailure) return facts.freezing === 'frozen' ? 'file-system-consistent' : 'crash-consistent';
	return wanted ? 'crash-consistent' : 'failed';
}

/** Whether a cycle goes on to its snapshot after the check and the pre-script. */
export function takesSnapshot(facts: Pick<CycleFacts, 'continueBackupOnFailure' | 'disks'> & {readonly preScriptSucceeded: boolean}): boolean {
	return facts.preScriptSucceeded || wantsLesser(facts);
}

/** Whether the filesystems are frozen for it: the documented exception for a single disk takes its snapshot unfrozen. */
export function freezes(facts: Pick<CycleFacts, 'continueBackupOnFailure' | 'fsFreezeEnabled'> & {readonly preScriptSucceeded: boolean}): boolean {
	return facts.fsFreezeEnabled && (facts.preScriptSucceeded || facts.continueBackupOnFailure);
}

/** Whether a lesser snapshot is wanted where something failed; after a freeze that failed it is a crash-consistent one. */
export function wantsLesser(facts: Pick<CycleFacts, 'continueBackupOnFailure' | 'disks'>): boolean {
	return facts.continueBackupOnFailure || facts.disks <= 1;
}
