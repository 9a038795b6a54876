import {exitCodes, type ExitCode} from './failure.js';
import type {Proof} from './verification.js';

/** How `quiesce verify` ends after this result. `not-proven`: something that is needed is not here, and nothing is known of the snapshot. */
export const proofExitCodes: Readonly<Record<Proof, ExitCode>> = {
	restores: exitCodes.done,
	'restores-without-the-mark': exitCodes.lessConsistent,
	'does-not-restore': exitCodes.failed,
	'not-proven': exitCodes.usage,
};

/** The exit code of a signal that interrupted. */
export const signalExitCodes = {SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: exitCodes.hungUp} as const satisfies Readonly<Record<string, ExitCode>>;

/** The exit code of a cycle and of the proof of its snapshot: of two that are not good, the cycle's own counts, unless the snapshot does not restore. */
export function cycleAndProofExitCode(cycle: ExitCode, proof: ExitCode): ExitCode {
	return cycle === exitCodes.done || proof === exitCodes.failed ? proof : cycle;
}
