import type ConfStore from 'conf';
import {rmSync} from 'node:fs';
import {constants} from 'node:os';
import {join} from 'node:path';
import {Failure} from '../core/failure.js';
import {lookAt} from './file-look.js';
import {wordsOf} from './safe-directory.js';
import {openStateDirectory, stateDirectoryPath} from './state-directory.js';

/** More than any draft has, in bytes. */
const mostBytes = 1024 * 1024;

const name = 'setup-draft';

/** The wizard's draft as it was saved; null where there is none that could be read. What it holds is for the reader to check. Never throws. */
export async function loadDraft(directory: string = stateDirectoryPath()): Promise<unknown> {
	try {
		// A first visit needs no store, and one that was damaged is not worth a word.
		const {content} = lookAt(join(directory, `${name}.json`), mostBytes);
		if (content === null) return null;
		JSON.parse(content.toString('utf8'));
		return (await openStore(directory)).get('draft', null);
	} catch {
		return null;
	}
}

/** Keeps the wizard's draft in the state directory (600), in the place of the last one. @throws Failure where the state directory is not fit. */
export async function saveDraft(draft: unknown, directory: string = stateDirectoryPath()): Promise<void> {
	const store = await openStore(directory);
	try {
		store.set('draft', draft);
	} catch (error) {
		throw new Failure(`It cannot be written to ${directory}: ${wordsOf(error)}.`, {remedy: 'Make room there, or name another directory in QUIESCE_STATE_DIR.', cause: error});
	}
}

/** Forgets the draft; there need not be one. */
export async function removeDraft(directory: string = stateDirectoryPath()): Promise<void> {
	rmSync(join(directory, `${name}.json`), {force: true});
}

async function openStore(directory: string): Promise<{get: (key: 'draft', otherwise: unknown) => unknown; set: (key: 'draft', value: unknown) => void}> {
	const cwd = openStateDirectory(directory);
	const Conf = await loadConf();
	return new Conf<{draft: unknown}>({cwd, configName: name, configFileMode: 0o600, clearInvalidConfig: true});
}

/**
 * What conf itself uses for its files listens for every signal that ends a process, and sends it to the process once more. Which signals end quiesce,
 * and how, is decided elsewhere: a cycle that follows the set-up is aborted by them, and not killed.
 */
async function loadConf(): Promise<typeof ConfStore> {
	const signals = Object.keys(constants.signals) as NodeJS.Signals[];
	const before = new Map(signals.map(signal => [signal, process.listeners(signal)]));
	const {default: Conf} = await import('conf');
	for (const [signal, known] of before) {
		for (const listener of process.listeners(signal)) {
			if (!known.includes(listener)) process.off(signal, listener);
		}
	}

	return Conf;
}
