/** The exit codes of the product (README, "Exit codes"). */
export const exitCodes = {
	done: 0,
	bug: 1,
	usage: 2,
	findings: 3,
	lessConsistent: 4,
	failed: 5,
	notRoot: 6,
	locked: 7,
	interrupted: 130,
	terminated: 143,
	hungUp: 129,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export type FailureOptions = {
	/** What to try, in the order of trying; whole sentences. */
	readonly remedy?: string | readonly string[];
	readonly exitCode?: ExitCode;
	readonly cause?: unknown;
};

/**
 * Something that went wrong in a way that quiesce expects: its message says what, where and why in a sentence for people. It is turned into
 * output and an exit code once, at the edge. Any other thrown thing is a bug and is reported as one.
 */
export class Failure extends Error {
	override readonly name = 'Failure';
	readonly remedies: readonly string[];
	readonly exitCode: ExitCode;

	/** By what it is and not by who made it: in the shipped bundles every command has this class of its own. */
	static override [Symbol.hasInstance](value: unknown): value is Failure {
		return value instanceof Error && value.name === 'Failure' && 'remedies' in value && 'exitCode' in value;
	}

	constructor(message: string, options: FailureOptions = {}) {
		super(message, options.cause === undefined ? undefined : {cause: options.cause});
		this.remedies = options.remedy === undefined ? [] : typeof options.remedy === 'string' ? [options.remedy] : options.remedy;
		this.exitCode = options.exitCode ?? exitCodes.bug;
	}
}
