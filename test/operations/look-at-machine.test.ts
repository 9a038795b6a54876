import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {lookAtMachine, type MachineLook} from '../../source/operations/look-at-machine.js';
import {makeLoopDisks} from '../support/loop-disk.js';
import {makeSandbox, repository, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {serve} from '../support/web-server.js';

const configuration = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const extension = '/var/lib/waagent/Microsoft.Azure.RecoveryServices.VMSnapshotLinux';

suite('the look at the machine', {skip: whyNoSandbox()}, () => {
	let sandbox: Sandbox;

	before(async () => {
		sandbox = await makeSandbox();
	});

	after(async () => {
		await sandbox.end();
	});

	async function look(...mounts: readonly string[]): Promise<MachineLook> {
		return JSON.parse(await sandbox.must(process.execPath, [join(repository, 'build/test/operations/look-main.js'), configuration, ...mounts])) as MachineLook;
	}

	test('an untouched machine', async () => {
		const seen = await look();
		assert.equal(seen.root, true);
		assert.deepEqual(seen.directory, {path: '/etc/azure', state: 'missing', problem: null, remedy: null});
		assert.deepEqual(seen.configuration, {path: configuration, state: 'missing', settings: null, problem: null, documented: null});
		assert.equal(seen.extension, null);
		assert.notEqual(seen.azure?.deployment, 'resource-manager');
		assert.equal(seen.freeze.problem, null);
		assert.deepEqual(seen.freeze.plan?.waves, [], 'the fence allows nothing here');
	});

	test('the configuration, in every state that it can be in', async () => {
		const cases: ReadonlyArray<readonly [string, MachineLook['configuration']['state'], RegExp | null]> = [
			['{"timeoutInSeconds": 40, "x": 1}', 'there', null],
			['{"timeoutInSeconds": 40, // mine\n}', 'there', /In line 1/],
			['no', 'unusable', /line 1/],
			['[]', 'unusable', /not an object/],
		];
		for (const [content, state, problem] of cases) {
			sandbox.put({path: configuration, content});
			const {configuration: seen, directory} = await look();
			assert.equal(seen.state, state);
			assert.equal(seen.settings?.['timeoutInSeconds'], state === 'there' ? 40 : undefined);
			if (problem === null) assert.equal(seen.problem, null);
			else assert.match(seen.problem ?? '', problem);
			assert.equal(directory.state, 'there');
		}

		sandbox.put({path: '/etc/azure/VMSnapshotPluginConfig.json', content: '{}'});
		await sandbox.must('sh', ['-c', `rm ${configuration}; mkfifo ${configuration}; chmod 777 /etc/azure`]);
		const {configuration: seen, directory} = await look();
		assert.deepEqual([seen.state, seen.documented, directory.state], ['refused', '/etc/azure/VMSnapshotPluginConfig.json', 'refused']);
		assert.match(directory.problem ?? '', /can be written by everybody/);
	});

	test('the newest extension, and whether a backup runs', async () => {
		for (const version of ['1.0.9.0', '1.0.10.0']) sandbox.put({path: `${extension}-${version}/main/handle.py`, content: 'import time\nprint("up", flush=True)\ntime.sleep(1000)\n'});
		for (const version of ['1.0.9.0', '1.0.10.0']) sandbox.put({path: `${extension}-${version}/HandlerEnvironment.json`, content: '[]'});
		assert.deepEqual((await look()).extension, {directory: `${extension}-1.0.10.0`, version: '1.0.10.0', running: false});
		// Its daemon, as the extension starts it, but for the program: in its own directory.
		const daemon = sandbox.start('sh', ['-c', 'cd "$1"; sleep 1000 >/dev/null 2>&1 & echo up; wait', 'main/handle.py', `${extension}-1.0.10.0`]);
		await daemon.until('up');
		assert.equal((await look()).extension?.running, true);
		daemon.kill('SIGKILL');
		await daemon.ended;
		assert.equal((await look()).extension?.running, false);
	});

	test('nobody waits for the instance metadata service: all else is told while it is being asked', async () => {
		let early: MachineLook | undefined;
		const told = Promise.withResolvers<void>();
		// It answers only after the rest was told.
		const server = await serve((_request, response) => void told.promise.then(() => response.end('{"network": {}}')));
		const tag = join(sandbox.directory, 'asset-tag');
		writeFileSync(tag, '7783-7084-3265-9085-8269-3286-77\n');
		try {
			const look = await lookAtMachine({
				configuration: join(sandbox.directory, 'azure/own.json'),
				azure: {assetTag: tag, address: server.address, timeoutMs: 10_000},
				onEarly: seen => {
					early = seen;
					told.resolve();
				},
			});
			assert.deepEqual([early?.azure, early?.directory.state, look.azure?.deployment], [null, 'missing', 'classic']);
			const elsewhere = await lookAtMachine({configuration: '/none/own.json', azure: {assetTag: '/none'}, onEarly: () => assert.fail('there is nothing to wait for')});
			assert.equal(elsewhere.azure?.deployment, 'elsewhere');
		} finally {
			told.resolve();
			await server.end();
		}
	});

	test('what would be frozen, by name', {skip: firstReason(whyNoLoopDisks('ext4'))}, async () => {
		const disks = await makeLoopDisks([{name: 'data', type: 'ext4'}], {sandbox});
		try {
			const {mount} = disks.disk('data');
			const seen = await look(mount);
			assert.deepEqual(seen.freeze.plan?.waves.flat().map(target => target.mount), [mount]);
			assert.match((await look('/etc/azure')).freeze.problem ?? '', /is not a mount point/);
			assert.match((await look('/nowhere')).freeze.problem ?? '', /no directory \/nowhere/);
		} finally {
			await disks.end();
		}
	});
});
