/** What a backup, or one cycle, came to. The words of the product, best first. */
export type Outcome = 'application-consistent' | 'file-system-consistent' | 'crash-consistent' | 'failed';

/** Best first, so that a lower index is a better outcome. */
export const outcomes: readonly Outcome[] = ['application-consistent', 'file-system-consistent', 'crash-consistent', 'failed'];

/** One error of a list: the documentation's name (or the extension's own, where the documentation has none) and its code; null for errors that are quiesce's own. */
export type ErrorReference = {
	readonly name: string;
	readonly code: number | null;
};

/** What the extension would make of something: `doctor`'s verdict and the `azure` field of a cycle's result. */
export type Verdict = {
	readonly outcome: Outcome;
	/** In the extension's order: check, pre-script, post-script. */
	readonly errors: readonly ErrorReference[];
};
