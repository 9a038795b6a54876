import {spawnSync} from 'node:child_process';
import {makeSandbox, bundledQuiesce} from '../support/sandbox.js';
import {layOut} from '../support/vectors.js';
import type {Section} from './figures.js';

const mounts = 200;
const megabytes = 10;

/** How long the doctor takes on a machine with much to look at: nothing in it may grow faster than the machine. */
export async function manyMounts({repeats}: {readonly repeats: number}): Promise<Section> {
	const sandbox = await makeSandbox({overlays: ['/etc', '/opt', '/var/lib']});
	try {
		const line = 'echo "nothing is done here" >/dev/null\n';
		const settings = JSON.stringify({pluginName: 'ScriptRunner', preScriptLocation: '/opt/q/pre.sh', postScriptLocation: '/opt/q/post.sh', timeoutInSeconds: 30});
		const lay = async (script: string): Promise<void> => layOut(sandbox, {files: [
			{path: '/etc/azure/VMSnapshotScriptPluginConfig.json', content: settings, mode: '0600'},
			{path: '/opt/q/pre.sh', content: script, mode: '0700'},
			{path: '/opt/q/post.sh', content: '#!/bin/sh\nexit 0\n', mode: '0700'},
		]});
		const [program = '', ...words] = sandbox.commandLine(bundledQuiesce, ['doctor', '--json']);
		const measure = (): number[] => Array.from({length: repeats}, () => {
			const began = performance.now();
			const {status} = spawnSync(program, words, {env: {...sandbox.environment}});
			if (status !== 0) throw new Error(`the doctor ended with ${status}`);
			return performance.now() - began;
		});

		await lay('#!/bin/sh\nexit 0\n');
		const small = measure();
		for (let number = 0; number < mounts; number++) {
			const place = `${sandbox.directory}/mount-${number}`;
			await sandbox.must('mkdir', [place]);
			await sandbox.must('mount', number % 2 === 0 ? ['-t', 'tmpfs', 'tmpfs', place] : ['--bind', '/usr', place]);
		}

		await lay(`#!/bin/sh\n${line.repeat(Math.ceil(megabytes * 1024 * 1024 / line.length))}`);
		return {
			title: `The doctor on ${mounts} mounts, with a script of ${megabytes} MB`,
			rows: [{what: 'quiesce doctor --json, whole answer', unit: 'ms', figures: measure(), peer: {name: 'the same on a small machine', figures: small}, note: 'sh itself reads the script as well'}],
			skipped: [],
		};
	} finally {
		await sandbox.end();
	}
}
