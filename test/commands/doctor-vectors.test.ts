import assert from 'node:assert/strict';
import {after, suite, test} from 'node:test';
import {makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoSandbox} from '../support/skip.js';
import {layOut, observedVerdict, staticVerdict, vectors} from '../support/vectors.js';

type Answer = {
	readonly verdict: {readonly outcome: string; readonly errors: ReadonlyArray<{readonly name: string; readonly code: number | null}>};
	readonly findings: ReadonlyArray<{readonly id: string; readonly severity: string; readonly error?: string; readonly title: string}>;
};

/** Warnings that a recorded case deserves although its backup was application-consistent. Anything else would be noise. */
const deserved: Readonly<Record<string, readonly string[]>> = {
	'case-PreScriptParams': ['misspelt-pre-script-params'],
	'host-conf-mode-0600': ['timeout-capped'],
	'json-duplicate-keys': ['configuration-duplicate-keys'],
	'path-same': ['scripts-same'],
	'timeout-negative': ['timeout-too-small'],
	'type-continue-string-false-ok': ['continue-type'],
	'type-fsfreeze-string-false': ['freeze-type'],
	'type-params-mixed': ['pre-script-params-odd-items'],
	'type-params-object': ['pre-script-params-object'],
	'type-retries-string-ok': ['pre-script-no-of-retries-type', 'retries-ignored'],
};

/** Warnings about the machine that runs the test, of which the recordings say nothing. */
const ofThisMachine = new Set(['frozen-by-somebody', 'fanotify-gate', 'agents-freezing', 'filesystems-none', 'filesystems-loop-on-frozen', 'filesystems-bind-file']);

const skip = firstReason(whyNoSandbox(), whyNoBundle());

suite('doctor agrees with the extension, case by case', {skip}, () => {
	let sandbox: Sandbox | undefined;
	after(async () => sandbox?.end());

	for (const vector of vectors) {
		test(vector.id, async () => {
			sandbox ??= await makeSandbox({overlays: ['/etc', '/opt', '/var/lib']});
			await layOut(sandbox, vector);
			const end = await sandbox.quiesce(['doctor', '--json']);
			const {verdict, findings} = JSON.parse(end.stdout) as Answer;
			assert.deepEqual({outcome: verdict.outcome, codes: verdict.errors.map(({code}) => code)}, staticVerdict(vector));
			assert.equal(end.stderr, '');
			assert.equal(end.exitCode, findings.some(({severity}) => severity === 'error') ? 3 : 0);
			for (const {name} of verdict.errors) assert.ok(findings.some(({severity, error}) => severity === 'error' && error === name), `no finding says ${name}`);
			if (observedVerdict(vector).outcome === 'application-consistent') {
				assert.equal(end.exitCode, 0);
				const warnings = findings.filter(({id, severity}) => severity === 'warning' && !ofThisMachine.has(id)).map(({id}) => id);
				assert.deepEqual(warnings, deserved[vector.id] ?? []);
			}
		});
	}
});
