import assert from 'node:assert/strict';
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, afterEach, suite, test} from 'node:test';
import {processIds, commandLineOf} from '../../source/system/processes.js';
import {readWithShell} from '../../source/system/shell-reading.js';
import {shellName} from '../../source/system/shell.js';
import {until} from '../support/scripts-lab.js';
import {whyNoProgram} from '../support/skip.js';

suite('scripts that sh and shellcheck read together', () => {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-reading-'));
	const path = process.env['PATH'];
	after(() => rmSync(directory, {recursive: true, force: true}));
	afterEach(() => {
		process.env['PATH'] = path;
	});
	const put = (name: string, text: string): string => {
		writeFileSync(join(directory, name), text);
		return join(directory, name);
	};

	test('each gets what was said about it', {skip: whyNoProgram('shellcheck')}, async () => {
		const broken = put('broken', 'if true\n');
		const mistaken = put('mistaken', ':\nexit 256\n');
		const fine = put('fine', 'exit 0\n');
		const answers = await readWithShell([
			{path: broken, check: true}, {path: mistaken, check: true}, {path: join(directory, 'none'), check: true}, {path: mistaken, check: false}, {path: fine, check: true},
		], shellName());
		assert.deepEqual(answers.map(({syntax}) => (typeof syntax === 'object' && syntax !== null ? 'broken' : syntax)), ['broken', 'fine', null, 'fine', 'fine']);
		assert.deepEqual(answers.map(({mistakes}) => mistakes.map(({line, code}) => `${line} ${code}`)).slice(1), [['2 SC2242'], [], [], []]);
	});

	test('what does not answer in time is ended with all that it started, and what was answered before stays', async () => {
		const sleep = `sleep 1000.${process.pid}`;
		// Reads the first script, and never comes to an end with the second.
		put('sh', `#!/bin/sh\ncase $1 in -n) mkdir '${directory}/first' && exit 0; exec ${sleep} ;; *) /bin/sh "$@" ;; esac\n`);
		chmodSync(join(directory, 'sh'), 0o755);
		process.env['PATH'] = `${directory}:${path}`;
		const answers = await readWithShell([{path: put('a', ''), check: true}, {path: put('b', ''), check: true}], 'dash');
		assert.deepEqual(answers, [{syntax: 'fine', mistakes: []}, {syntax: null, mistakes: []}]);
		await until('the end of all that it started', () => !processIds().some(pid => commandLineOf(pid)?.includes(sleep) === true));
	});

	test('of what cannot be opened there is no answer', async () => {
		assert.deepEqual(await readWithShell([], null), []);
		assert.deepEqual(await readWithShell([{path: join(directory, 'none'), check: true}], null), [{syntax: null, mistakes: []}]);
	});
});
