import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawnSync} from 'node:child_process';
import {suite, test} from 'node:test';
import {Failure} from '../../source/core/failure.js';
import {documentedAddress, shownAddress} from '../../source/core/config/template-address.js';
import {bundledTemplate, downloadTemplate, findTemplate, readTemplateFile} from '../../source/system/template-download.js';
import {serve} from '../support/web-server.js';

const template = '{"preScriptLocation": "/a", "timeoutInSeconds": 45, "theirs": 1}\n';

suite('the template', () => {
	test('the bundled one is the documented one', () => {
		const {configuration, note} = bundledTemplate();
		assert.equal(note, null);
		assert.deepEqual(configuration.settings, {
			pluginName: 'ScriptRunner', preScriptLocation: '', postScriptLocation: '', preScriptParams: ['', ''], postScriptParams: ['', ''],
			preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
		});
		assert.equal(shownAddress('https://me:secret@example.invalid/a@b'), 'https://example.invalid/a@b');
		assert.match(documentedAddress, /^https:\/\/raw\.githubusercontent\.com\/MicrosoftAzureBackup\/VMSnapshotPluginConfig\/master\/VMSnapshotScriptPluginConfig\.json$/);
	});

	test('is downloaded, a redirection followed, and kept as it is written', async () => {
		const asked: string[] = [];
		const server = await serve((request, response) => {
			asked.push(request.url!);
			if (request.url === '/old') response.writeHead(302, {location: '/new'}).end();
			else response.end(template);
		});
		try {
			const found = await findTemplate(`${server.address}/old`);
			assert.deepEqual([found.source, found.note, found.configuration.text, asked], ['download', null, template, ['/old', '/new']]);
		} finally {
			await server.end();
		}
	});

	test('whatever the server does, there is a template, and a sentence that says why it is the bundled one', {timeout: 120_000}, async () => {
		const server = await serve((request, response) => {
			switch (request.url) {
				case '/missing': return void response.writeHead(404).end('no');
				case '/page': return void response.end('<html>log in first</html>');
				case '/other': return void response.end('{"name": "something else"}');
				case '/list': return void response.end('[1]');
				case '/large': return void response.end(`{"timeoutInSeconds": 1, "x": "${'x'.repeat(200_000)}"}`);
				case '/endless': return void response.write('{');
				case '/torn': return void response.writeHead(200, {'content-length': '100'}).write('{', () => response.destroy());
				case '/round': return void response.writeHead(301, {location: '/round'}).end();
				case '/nowhere': return void response.writeHead(301, {location: 'http://['}).end();
				case '/file': return void response.writeHead(301, {location: 'file:///etc/passwd'}).end();
				default: // Never answers.
			}
		});
		const cases: ReadonlyArray<readonly [string, RegExp]> = [
			[`${server.address}/missing`, /the server answered 404/],
			[`${server.address}/page`, /what is there is no template/],
			[`${server.address}/other`, /None of the settings/],
			[`${server.address}/list`, /not an object/],
			[`${server.address}/large`, /larger than 64 kB/],
			[`${server.address}/endless`, /there was no answer within 0\.3 s/],
			[`${server.address}/torn`, /has closed the connection|cannot be asked/],
			[`${server.address}/round`, /sends on to another address, and again/],
			[`${server.address}/file`, /sends on to file:\/\/, which is not followed/],
			[`${server.address}/nowhere`, /sends on to what is no address/],
			[`${server.address.replace('//', '//me:secret@')}/missing`, /from http:\/\/127\.0\.0\.1:\d+\/missing: the server answered 404/],
			[`${server.address}/silent`, /there was no answer within 0\.3 s/],
			['http://127.0.0.1:1/', /127\.0\.0\.1:1 refuses the connection/],
			['http://no-such-host.invalid/', /the name no-such-host\.invalid cannot be resolved|there was no answer|cannot be asked/],
			['ftp://127.0.0.1/', /not an address of the web/],
			['http://', /not an address of the web/],
		];
		try {
			for (const [address, note] of cases) {
				const found = await downloadTemplate({address, timeoutMs: /\/(?:endless|silent)$|\.invalid/.test(address) ? 300 : 60_000});
				assert.equal(found.source, 'bundled', address);
				assert.match(found.note ?? '', note);
				assert.match(found.note ?? '', /^The template could not be downloaded from .*The one that comes with quiesce is used instead\.$/s);
				assert.equal(found.configuration.settings['timeoutInSeconds'], 30);
			}
		} finally {
			await server.end();
		}
	});

	test('is read out of a file; what is none is a wrong usage', async () => {
		const directory = mkdtempSync(join(tmpdir(), 'quiesce-template-'));
		try {
			const path = join(directory, 'template.json');
			writeFileSync(path, template);
			assert.equal((await findTemplate(path)).configuration.settings['timeoutInSeconds'], 45);
			writeFileSync(join(directory, 'no.json'), '{}');
			writeFileSync(join(directory, 'large.json'), ' '.repeat(70_000));
			mkdirSync(join(directory, 'd'));
			spawnSync('mkfifo', [join(directory, 'pipe')]);
			for (const [name, message] of [['none', /no template .*none/], ['no.json', /is no template/], ['large.json', /larger than 64 kB/], ['d', /not a regular file/], ['pipe', /not a regular file/]] as const) {
				assert.throws(() => readTemplateFile(join(directory, name)), (error: unknown) => error instanceof Failure && error.exitCode === 2 && message.test(error.message), name);
			}
		} finally {
			rmSync(directory, {recursive: true, force: true});
		}
	});
});
