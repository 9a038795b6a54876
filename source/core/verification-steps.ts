import type {VerifyStep} from './verification.js';

/** One step of a verification, as a screen shows it. Times in milliseconds. */
export type StepRow = {
	readonly step: VerifyStep['step'];
	readonly subject: string;
	readonly state: VerifyStep['state'];
	/** Since 1970. */
	readonly startedAt: number;
	/** Null while it runs. */
	readonly durationMs: number | null;
	readonly detail: string | null;
};

/** The steps with what was told now: each step of a subject has one row. */
export function foldSteps(rows: readonly StepRow[], {step, subject, state, durationMs, detail}: VerifyStep, now: number): readonly StepRow[] {
	const at = rows.findIndex(row => row.step === step && row.subject === subject && row.state === 'started');
	const startedAt = rows[at]?.startedAt ?? now - (durationMs ?? 0);
	const row: StepRow = {step, subject, state, startedAt, durationMs: state === 'started' ? null : durationMs ?? now - startedAt, detail: detail ?? null};
	return at === -1 ? [...rows, row] : rows.with(at, row);
}
