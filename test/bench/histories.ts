import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {HistoryEntry} from '../../source/core/history.js';
import type {Sandbox} from '../support/sandbox.js';

/** Puts a history of so many cycles into a sandbox, the newest an hour ago, in the files and of the size that quiesce itself would have left. */
export function putHistory({stateDirectory}: Pick<Sandbox, 'stateDirectory'>, cycles: number): void {
	rmSync(stateDirectory, {recursive: true, force: true});
	mkdirSync(stateDirectory, {mode: 0o700});
	const now = Date.now();
	const lines = Array.from({length: cycles}, (_, index): string => {
		const at = new Date(now - (cycles - index) * 3_600_000).toISOString();
		const failed = index % 17 === 0;
		const entry: HistoryEntry = {
			version: 1, id: `${at.replaceAll(':', '-').slice(0, 19)}Z-${index.toString(16).padStart(4, '0')}`, source: 'quiesce', at, durationMs: 900 + index % 400,
			outcome: failed ? 'file-system-consistent' : 'application-consistent', errors: failed ? [{name: 'Pre-ScriptTimeout', code: 308}] : [],
			freezeWindowMs: 20 + index % 50, quiesceWindowMs: 120 + index % 90, preScriptMs: 300 + index % 80, postScriptMs: 100 + index % 30, scriptLimitMs: 30_000,
			mounts: ['/data'], snapshot: {provider: 'rehearsal', id: `${index}`}, azure: {outcome: 'application-consistent', errors: []},
		};
		return `${JSON.stringify(entry)}\n`;
	});
	// A file is put aside when it is full.
	const size = 2000;
	for (let from = 0; from < lines.length; from += size) {
		const last = from + size >= lines.length;
		const name = last ? 'history.jsonl' : `history-${new Date(now - (cycles - from) * 3_600_000).toISOString().replaceAll(':', '-')}.jsonl`;
		writeFileSync(join(stateDirectory, name), lines.slice(from, from + size).join(''), {mode: 0o600});
	}
}
