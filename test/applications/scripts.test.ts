import assert from 'node:assert/strict';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {suite, test} from 'node:test';
import {applications, scriptsOfSeveral, type ApplicationScripts} from '../../source/applications/index.js';
import {run} from '../support/process.js';
import {whyNoProgram} from '../support/skip.js';

/** The settings that each needs. */
const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {sqlite: {databases: '/data/a b.db\n/data/it\'s.db'}, service: {unit: 'a.service b.service'}};
const sets: readonly (readonly [string, ApplicationScripts])[] = [
	...applications.map(application => [application.name, application.scripts(settings[application.name] ?? {})] as const),
	['a directory of all', scriptsOfSeveral(applications.map(application => ({application, settings: settings[application.name] ?? {}})))],
];

suite('scripts as they are written to a machine', () => {
	for (const [name, {files, pre, post}] of sets) {
		test(`${name}: an administrator's shellcheck has nothing to say of any`, {skip: whyNoProgram('shellcheck')}, async () => {
			const directory = mkdtempSync(join(tmpdir(), 'quiesce-written-'));
			try {
				for (const file of files) {
					mkdirSync(dirname(join(directory, file.name)), {recursive: true});
					writeFileSync(join(directory, file.name), file.content, {mode: file.mode});
				}

				assert.ok([pre, post].every(script => files.some(file => file.name === script && file.mode === 0o700)));
				assert.ok(files.every(file => file.mode === (file.name.endsWith('.conf') ? 0o600 : 0o700)));
				const scripts = files.map(file => file.name).filter(script => script.endsWith('.sh'));
				const check = await run('shellcheck', scripts.map(script => join(directory, script)), {cwd: '/'});
				assert.equal(check.exitCode, 0, check.stdout);
				for (const file of files.filter(one => one.name.endsWith('.conf'))) {
					const parsed = await run('sh', ['-n', join(directory, file.name)]);
					assert.equal(parsed.exitCode, 0, parsed.stderr);
				}
			} finally {
				rmSync(directory, {recursive: true, force: true});
			}
		});
	}
});
