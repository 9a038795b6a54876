import type {RestoreOrder} from './restorer.js';

/** A recovered server. */
export type PostgresServer = {
	/** Runs one of its programs against it. */
	client(program: string, parameters: readonly string[], deadlineMs: number, database?: string): ReturnType<RestoreOrder['room']['run']>;
	/** The answer of one statement, or of several that are transactions of their own: a line a row, columns separated by `|`; the complaint where it failed. */
	query(database: string, statements: string | readonly string[], deadlineMs: number): Promise<{readonly rows: readonly string[]; readonly warnings: readonly string[]} | {readonly complaint: string; readonly late: boolean}>;
	/** Ends it in peace; false where that did not work. */
	stop(): Promise<boolean>;
	readonly binaries: string;
	readonly data: string;
	readonly recovered: boolean;
	readonly checksums: boolean;
	readonly durationMs: number;
	readonly died: () => boolean;
};
