import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {checkExtension, judge} from '../../../source/core/extension/index.js';
import type {ExtensionFacts, FileFacts, ScriptObservation} from '../../../source/core/extension/types.js';
import {repository} from '../../support/sandbox.js';

type Entry = {readonly path: string; readonly content?: string; readonly mode?: string; readonly owner?: string; readonly kind?: string; readonly target?: string; readonly encoding?: string};
type Run = {readonly started: boolean; readonly code: number | null; readonly leftRunningAtEnd?: boolean} | null;
type Case = {
	readonly id: string;
	readonly files: readonly Entry[];
	readonly observed: {readonly check: {readonly code: number}; readonly pre: Run; readonly post: Run; readonly decision: string; readonly final: {readonly code: number}};
};

const cases = JSON.parse(readFileSync(join(repository, 'test/fixtures/azure-vectors.json'), 'utf8')) as readonly Case[];
const configurationPath = '/etc/azure/VMSnapshotScriptPluginConfig.json';

function factsOf({files}: Case, path: string): FileFacts {
	const missing: FileFacts = {path, kind: 'missing', mode: 0, owner: null, content: null};
	const entry = files.find(file => file.path === path);
	if (entry === undefined) return missing;
	if (entry.kind === 'symlink') return {...factsOf({files} as Case, entry.target!), path};
	if (entry.kind === 'dir' || entry.kind === 'fifo') return {...missing, kind: entry.kind === 'dir' ? 'directory' : 'other'};
	const text = (entry.content ?? '').replaceAll(/\{\{(.)\*(\d+)\}\}/g, (_, letter: string, count: string) => letter.repeat(Number(count)));
	const owner = entry.owner ?? 'root';
	return {
		path, kind: 'file', mode: Number.parseInt(entry.mode ?? '0600', 8), owner: /^\d+$/.test(owner) ? null : owner,
		content: entry.encoding === 'hex' ? Buffer.from(entry.content ?? '', 'hex') : Buffer.from(text),
	};
}

function seen(run: Run): ScriptObservation | null {
	if (run === null || !run.started) return null;
	const timedOut = run.code === 308 || run.code === 309;
	return {durationMs: 1, timedOut, exitCode: run.code === 0 ? 0 : timedOut ? null : 1, stdoutBytes: 0, stderrBytes: 0};
}

const outcomes: Readonly<Record<string, string>> = {
	'reported as file-system-consistent although nothing was frozen': 'crash-consistent',
	'failed, no snapshot': 'failed',
	'failed after the snapshot was taken': 'failed',
};

// Recorded with Azure/azure-linux-extensions. Whether a snapshot that fails is survived is not the scripts' matter.
for (const recorded of cases.filter(({id}) => id !== 'snapshot-fails')) {
	test(`the model agrees with the extension: ${recorded.id}`, () => {
		const scripts = new Map<string, FileFacts>();
		for (const {path} of recorded.files) scripts.set(path, factsOf(recorded, path));

		const facts: ExtensionFacts = {
			hostConfiguration: factsOf(recorded, '/etc/azure/VMSnapshotPluginHost.conf'), shippedHostConfiguration: null,
			configuration: factsOf(recorded, configurationPath), workload: factsOf(recorded, '/etc/azure/workload.conf'), scripts,
		};
		const {observed} = recorded;
		const verdict = judge({check: checkExtension(facts), pre: seen(observed.pre), post: seen(observed.post)});
		const codes = [observed.check.code, observed.pre?.code, observed.post?.code].filter((code): code is number => typeof code === 'number' && code !== 0);
		assert.deepEqual(
			{outcome: verdict.outcome, codes: verdict.errors.map(({code}) => code)},
			{outcome: outcomes[observed.decision] ?? observed.decision, codes: observed.final.code === 2 && codes.length === 0 ? [2] : codes},
		);
	});
}
