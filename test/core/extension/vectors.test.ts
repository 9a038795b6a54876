import assert from 'node:assert/strict';
import {test} from 'node:test';
import {checkExtension, judge} from '../../../source/core/extension/index.js';
import type {ExtensionFacts, FileFacts, ScriptObservation} from '../../../source/core/extension/types.js';
import {observedVerdict, vectorBytes, vectors, type VectorFile, type VectorRun} from '../../support/vectors.js';

const configurationPath = '/etc/azure/VMSnapshotScriptPluginConfig.json';

function factsOf(files: readonly VectorFile[], path: string): FileFacts {
	const missing: FileFacts = {path, kind: 'missing', mode: 0, owner: null, content: null};
	const entry = files.find(file => file.path === path);
	if (entry === undefined) return missing;
	if (entry.kind === 'symlink') return {...factsOf(files, entry.target!), path};
	if (entry.kind === 'dir' || entry.kind === 'fifo') return {...missing, kind: entry.kind === 'dir' ? 'directory' : 'other'};
	const owner = entry.owner ?? 'root';
	return {path, kind: 'file', mode: Number.parseInt(entry.mode ?? '0600', 8), owner: /^\d+$/.test(owner) ? null : owner, content: vectorBytes(entry)};
}

function seen(run: VectorRun): ScriptObservation | null {
	if (run === null || !run.started) return null;
	const timedOut = run.code === 308 || run.code === 309;
	return {durationMs: 1, timedOut, exitCode: run.code === 0 ? 0 : timedOut ? null : 1, blocks: false, stdoutBytes: 0, stderrBytes: 0};
}

// Recorded with Azure/azure-linux-extensions. Whether a snapshot that fails is survived is not the scripts' matter.
for (const recorded of vectors.filter(({id}) => id !== 'snapshot-fails')) {
	test(`the model agrees with the extension: ${recorded.id}`, () => {
		const {files, observed} = recorded;
		const scripts = new Map<string, FileFacts>(files.map(({path}) => [path, factsOf(files, path)]));
		const facts: ExtensionFacts = {
			hostConfiguration: factsOf(files, '/etc/azure/VMSnapshotPluginHost.conf'), shippedHostConfiguration: null,
			configuration: factsOf(files, configurationPath), workload: factsOf(files, '/etc/azure/workload.conf'), scripts,
		};
		const verdict = judge({check: checkExtension(facts), pre: seen(observed.pre), post: seen(observed.post)});
		assert.deepEqual({outcome: verdict.outcome, codes: verdict.errors.map(({code}) => code)}, observedVerdict(recorded));
	});
}
