import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import {pluginsOf} from '../../../source/core/extension/host.js';
import {checkExtension, judge} from '../../../source/core/extension/index.js';
import type {ExtensionFacts, FileFacts, ScriptObservation} from '../../../source/core/extension/types.js';
import {readWorkload} from '../../../source/core/extension/workload.js';
import {repository} from '../../support/sandbox.js';

/*
 * Cases made by chance from valid and odd values, and given to the extension's own plugin host, script runner and workload reader
 * (Azure/azure-linux-extensions b7eecd4b, Python 3.11) with a clock of their own: what those answered is written down beside each.
 */

type Entry = {readonly mode: string; readonly uid?: number; readonly text?: string; readonly hex?: string} | 'directory' | null;
type Ran = {readonly seconds: number; readonly exitCode: number};
type Case = {
	readonly config: Entry;
	/** A second configuration, for plugin host files that name two. */
	readonly other?: Entry;
	readonly host: Entry;
	readonly pre: Entry;
	readonly post: Entry;
	readonly ran: {readonly pre: Ran; readonly post: Ran};
	readonly outcome: string;
	readonly codes: readonly number[];
};

function read<Content>(name: string): Content {
	return JSON.parse(readFileSync(join(repository, 'test/fixtures', name), 'utf8')) as Content;
}

function factsOf(path: string, entry: Entry): FileFacts {
	if (entry === null || entry === 'directory') return {path, kind: entry === null ? 'missing' : 'directory', mode: 0o755, owner: 'root', content: null};
	const {mode, uid = 0, text = '', hex} = entry;
	return {path, kind: 'file', mode: Number.parseInt(mode, 8), owner: uid === 0 ? 'root' : uid === 65_534 ? 'nobody' : null, content: hex === undefined ? Buffer.from(text) : Buffer.from(hex, 'hex')};
}

function seen({seconds, exitCode}: Ran): ScriptObservation {
	return {durationMs: seconds * 1000, exitCode: exitCode < 0 ? null : exitCode, timedOut: false, blocks: false, stdoutBytes: 0, stderrBytes: 0};
}

const shipped: Entry = {mode: '0644', text: '[pre_post]\ntimeoutInSeconds: 1800\nnumberOfPlugins: 1\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: /etc/azure/config.json\n'};

test('the model agrees with the extension on cases made by chance', () => {
	const cases = read<readonly Case[]>('extension-cases.json');
	assert.ok(cases.length > 300);
	for (const {config, other = null, host, pre, post, ran, outcome, codes} of cases) {
		const scripts = new Map([
			['/etc/azure/pre.sh', factsOf('/etc/azure/pre.sh', pre)], ['/etc/azure//pre.sh', factsOf('/etc/azure//pre.sh', pre)], ['/etc/azure/post.sh', factsOf('/etc/azure/post.sh', post)],
			['main/VMSnapshotPluginHost.conf', factsOf('main/VMSnapshotPluginHost.conf', shipped)],
		]);
		const configurationAt = (path: string): FileFacts => factsOf(path, path === '/etc/azure/config.json' ? config : path === '/etc/azure/other.json' ? other : null);
		const hosts = {hostConfiguration: factsOf('/etc/azure/VMSnapshotPluginHost.conf', host), shippedHostConfiguration: factsOf('shipped', shipped)};
		const paths = pluginsOf(hosts).map(({configurationPath}) => configurationPath);
		const facts: ExtensionFacts = {
			...hosts,
			configuration: configurationAt(other === null && paths.length < 2 ? '/etc/azure/config.json' : paths.at(-1)!),
			otherConfigurations: new Map(paths.slice(0, -1).map(path => [path, configurationAt(path)])),
			workload: factsOf('/etc/azure/workload.conf', null), scripts,
		};
		const verdict = judge({check: checkExtension(facts), pre: seen(ran.pre), post: seen(ran.post)});
		assert.deepEqual({outcome: verdict.outcome, codes: verdict.errors.map(({code}) => code)}, {outcome, codes}, JSON.stringify({config, other, host, pre, post, ran}));
	}
});

suite('workload.conf', () => {
	test('what is sure from the file agrees with the extension', () => {
		for (const {text, errors} of read<ReadonlyArray<{readonly text: string; readonly errors: readonly number[] | null}>>('workload-cases.json')) {
			assert.deepEqual(readWorkload(factsOf('/etc/azure/workload.conf', {mode: '0644', text}))?.errors ?? null, errors, JSON.stringify(text));
		}
	});

	test('a workload takes the place of the scripts, whatever is wrong with those', () => {
		const missing = (path: string): FileFacts => factsOf(path, null);
		const facts = (workload: string): ExtensionFacts => ({
			hostConfiguration: missing('host'), shippedHostConfiguration: null, configuration: missing('config'), scripts: new Map(),
			workload: factsOf('/etc/azure/workload.conf', {mode: '0644', text: workload}),
		});
		const verdictOf = (workload: string): unknown => judge({check: checkExtension(facts(workload)), pre: null, post: null});
		assert.deepEqual(verdictOf('[workload]\nworkload_name = oracle\nlinux_user = oracle\n'), {outcome: 'application-consistent', errors: []});
		assert.deepEqual(verdictOf('[workload]\nworkload_name = mysql\nlinux_user = root\n'), {outcome: 'file-system-consistent', errors: [{name: 'FailedWorkloadIPCDirectoryMissing', code: 507}]});
		assert.deepEqual(verdictOf('[workload]\nworkload_name = nothing\n'), {outcome: 'file-system-consistent', errors: [{name: 'FailedPrepostPluginConfigNotFound', code: 316}]});
	});
});
