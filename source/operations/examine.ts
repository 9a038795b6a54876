import {resolve} from 'node:path';
import {examineFacts, type Examination} from '../core/checks/examination.js';
import {checkExtension, predict} from '../core/extension/index.js';
import type {Verdict} from '../core/outcome.js';
import {gatherExtensionFacts} from '../system/azure-files.js';
import {gatherFacts, type ExamineOptions} from './gather-facts.js';

export type {Examination} from '../core/checks/examination.js';
export type {ExamineOptions} from './gather-facts.js';

/**
 * Looks at everything on which the next backup depends, and says what will come of it. Changes nothing, runs no script, freezes nothing. Throws a
 * Failure (exit 2) only for a directory in `mounts` that cannot be frozen.
 */
export async function examine(options: ExamineOptions): Promise<Examination> {
	return examineFacts(await gatherFacts(options));
}

/** The verdict alone: a few files are read and no process is started. Never throws. */
export function foretell(configuration: string): Verdict {
	return predict(checkExtension(gatherExtensionFacts(resolve(configuration))));
}
