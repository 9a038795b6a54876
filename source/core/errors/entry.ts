/** One error as `explain` tells it. */
export type ErrorEntry = {
	/** The documentation's name, or the extension's own where the documentation has none, or quiesce's. */
	readonly name: string;
	/** The extension's code; null for quiesce's own errors. */
	readonly code: number | null;
	/** Other names that people meet for it: the extension's, other spellings. */
	readonly aliases: readonly string[];
	/** One sentence: what happened. */
	readonly happened: string;
	/** One sentence: what that does to the backup. */
	readonly effect: string;
	/** What to try, in the order of trying. */
	readonly remedies: readonly string[];
};
