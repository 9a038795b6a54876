import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import type {RequestListener} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import {readAzureVm, type AzureVm} from '../../source/system/azure-vm.js';
import {serve} from '../support/web-server.js';

const azureTag = '7783-7084-3265-9085-8269-3286-77';

/** What is told of a machine with an asset tag, where the instance metadata service answers so. */
async function look(tag: string, answer: RequestListener, timeoutMs = 60_000): Promise<{readonly vm: AzureVm; readonly asked: readonly string[]}> {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-azure-'));
	writeFileSync(join(directory, 'tag'), `${tag}\n`);
	const asked: string[] = [];
	const server = await serve((request, response) => {
		asked.push(`${request.url} ${request.headers['metadata'] ?? ''}`);
		void answer(request, response);
	});
	try {
		return {vm: await readAzureVm({assetTag: join(directory, 'tag'), address: server.address, timeoutMs}), asked};
	} finally {
		await server.end();
		rmSync(directory, {recursive: true, force: true});
	}
}

suite('a VM of Azure', () => {
	test('elsewhere nobody is asked', async () => {
		for (const tag of ['', 'No Asset Information', `${azureTag}0`]) {
			const {vm, asked} = await look(tag, (_request, response) => response.end('{}'));
			assert.deepEqual([vm.deployment, asked], ['elsewhere', []]);
		}

		assert.equal((await readAzureVm({assetTag: '/nowhere'})).deployment, 'elsewhere');
	});

	test('Resource Manager and classic are told apart', async () => {
		const compute = {name: 'vm-sql-01', location: 'westeurope', resourceId: '/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-sql-01'};
		const {vm, asked} = await look(azureTag, (_request, response) => response.end(JSON.stringify({compute, network: {}})));
		assert.deepEqual(vm, {deployment: 'resource-manager', ...compute, problem: null});
		assert.deepEqual(asked, ['/metadata/instance?api-version=2021-02-01 true']);
		assert.equal((await look(azureTag, (_request, response) => response.end('{"network": {"interface": []}}'))).vm.deployment, 'classic');
	});

	test('a service that does not answer, or oddly, is not waited for and not believed', async () => {
		const silent: RequestListener = () => {};
		const cases: ReadonlyArray<readonly [RequestListener, RegExp]> = [
			[silent, /no answer within 0\.3 s/],
			[(_request, response) => response.writeHead(400).end('{}'), /answered 400/],
			[(_request, response) => response.end('<html>'), /something else than JSON/],
			[(_request, response) => response.end('null'), /told nothing/],
			[(_request, response) => response.end('{"compute": {"resourceId": 5}}'), /told nothing/],
			[(request) => request.socket.destroy(), /closed the connection/],
		];
		for (const [answer, problem] of cases) {
			const {vm} = await look(azureTag, answer, answer === silent ? 300 : undefined);
			assert.equal(vm.deployment, 'unknown');
			assert.match(vm.problem ?? '', problem);
		}
	});

	test('a proxy of the environment is not used for it', async () => {
		const before = process.env['http_proxy'];
		process.env['http_proxy'] = 'http://127.0.0.1:1';
		try {
			assert.equal((await look(azureTag, (_request, response) => response.end('{"network": {}}'))).vm.deployment, 'classic');
		} finally {
			if (before === undefined) delete process.env['http_proxy'];
			else process.env['http_proxy'] = before;
		}
	});
});
