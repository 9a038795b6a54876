import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {PhaseName} from '../../source/core/cycle-events.js';
import {repository} from './sandbox.js';
import type {Reason} from './skip.js';

/** Logs of the real extension, recorded with real freezes. They lie beside the repository, not in it. */
const top = join(repository, '../shared/vectors/extension-logs');

export type ExpectedPhase = {readonly phase: PhaseName; readonly state: string; readonly startedAt: string | null; readonly endedAt: string | null};

export type Recording = {
	readonly name: string;
	readonly directory: string;
	readonly log: Uint8Array;
	/** When how many more bytes could be read. */
	readonly timing: readonly {readonly atMs: number; readonly bytes: number}[];
	readonly statuses: readonly {readonly atMs: number; readonly file: string; readonly text: string | null}[];
	readonly expected: {
		readonly seqNo: number;
		readonly phases: readonly ExpectedPhase[];
		readonly outcome: string | null;
		readonly errors: readonly {readonly code: number; readonly name: string}[];
		readonly reported: {readonly status: string; readonly code: number; readonly vmHealthStatusCode: number} | null;
		readonly complete: boolean;
	};
};

export function whyNoRecordings(): Reason {
	return existsSync(top) ? false : 'no recorded logs beside the repository (../shared/vectors/extension-logs)';
}

export function readRecordings(): readonly Recording[] {
	if (!existsSync(top)) return [];
	return readdirSync(top, {withFileTypes: true}).filter(entry => entry.isDirectory()).map(({name}) => {
		const directory = join(top, name);
		const json = (file: string): unknown => JSON.parse(readFileSync(join(directory, file), 'utf8'));
		const scenario = json('scenario.json') as {expected: Recording['expected']};
		return {
			name,
			directory,
			log: readFileSync(join(directory, 'extension.log')),
			timing: json('timing.json') as Recording['timing'],
			statuses: json('status-history.json') as Recording['statuses'],
			expected: scenario.expected,
		};
	});
}
