import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {validateAnswers} from '../../source/core/config/answers.js';
import {bundledQuiesce, repository} from '../support/sandbox.js';

function quiesce(...words: readonly string[]): {readonly code: number | null; readonly out: string; readonly err: string} {
	const {status, stdout, stderr} = spawnSync(bundledQuiesce, [...words], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
	return {code: status, out: stdout, err: stderr};
}

test('the version is the package\'s', () => {
	const {version} = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {version: string};
	assert.deepEqual(quiesce('--version'), {code: 0, out: `${version}\n`, err: ''});
});

test('explain answers offline, for people and for programs', () => {
	const text = quiesce('explain', '302');
	assert.equal(text.code, 0);
	assert.match(text.out, /^Pre-ScriptNotFound \(302\)\n/);
	assert.ok(text.out.split('\n').every(line => line.length <= 80));
	const json = JSON.parse(quiesce('explain', 'pre-scriptnotfound', '--json').out) as {code: number};
	assert.equal(json.code, 302);
	const list = JSON.parse(quiesce('explain', '--json').out) as {errors: readonly unknown[]; applications: readonly string[]};
	// Every application has its page, and what is called otherwise leads to the same one.
	assert.ok(list.applications.includes('directory'));
	for (const name of list.applications) {
		const {code, out} = quiesce('explain', name);
		assert.equal(code, 0);
		assert.match(out, /^# [\s\S]*\n## What they do\n[\s\S]*\n## When it fails\n[\s\S]*\n## By hand\n/);
		assert.equal((JSON.parse(quiesce('explain', name, '--json').out) as {text: string}).text.trimEnd(), out.trimEnd());
	}
	assert.match(quiesce('explain', 'MySQL').out, /^# MariaDB and MySQL/);
	assert.ok(list.errors.length > 40);
});

test('the help of the set-up shows answers that can be taken', () => {
	const {code, out} = quiesce('setup', '--help');
	assert.equal(code, 0);
	const examples = [...out.matchAll(/\{"[^}]*\}/g)].map(([text]) => JSON.parse(text) as unknown);
	assert.equal(examples.length, 2);
	for (const example of examples) assert.deepEqual(validateAnswers(example), []);
	assert.ok(out.split('\n').every(line => line.length <= 80));
});

test('what is not known is said in a sentence, with the exit code of wrong usage and nothing on stdout', () => {
	for (const words of [['explain', 'nosuch'], ['nosuch'], ['explain', '--nosuch'], ['explain', '1', '2']]) {
		const {code, out, err} = quiesce(...words);
		assert.deepEqual([code, out], [2, '']);
		assert.match(err, /^quiesce: .*nosuch|^quiesce: .*"2"/);
		assert.doesNotMatch(err, /at .*\.js/);
	}
});

test('a failure is JSON too where JSON was asked for', () => {
	const {code, out, err} = quiesce('explain', 'nosuch', '--json');
	assert.equal(code, 2);
	assert.match((JSON.parse(out) as {error: {message: string}}).error.message, /nosuch/);
	assert.match(err, /nosuch/);
});

test('a word that is empty, endless or would act on the terminal does no harm', () => {
	for (const words of [['explain', ''], ['verify', ''], ['history', ''], ['thaw', '--yes', '']]) {
		const {code, out, err} = quiesce(...words);
		assert.deepEqual([code, out], [2, ''], words.join(' '));
		assert.match(err, /^quiesce: quiesce \w+ was given an empty word\./);
	}
	const {code, err} = quiesce('explain', 'x'.repeat(100_000));
	assert.deepEqual([code, err.length < 500], [2, true]);
	assert.match(quiesce('explain', 'a\u001B[31mb').err, /^quiesce: There is no error "a\\u001b\[31mb"/);
});

test('where the directory in which it was started is gone, only relative paths are missed', () => {
	const gone = (words: string): readonly [number | null, string] => {
		const {status, stderr} = spawnSync('sh', ['-c', `cd "$1" && rmdir "$1" && exec "$0" ${words}`, bundledQuiesce, mkdtempSync(join(tmpdir(), 'quiesce-gone-'))], {encoding: 'utf8'});
		return [status, stderr];
	};
	const [code, err] = gone('history --log x --status y --json');
	assert.equal(code, 0, err);
	assert.equal(gone('explain 302')[0], 0);
	const [failed, why] = gone('verify x');
	assert.equal(failed, 2, why);
	assert.match(why, /^quiesce: The directory in which quiesce was started is not there any more\.\n/m);
});

test('an answer that cannot be written for want of space is missed aloud', {skip: existsSync('/dev/full') ? false : 'there is no /dev/full'}, () => {
	for (const words of ['explain', 'explain 302 --json', 'history', '--help', ...(process.geteuid?.() === 0 ? ['doctor', 'doctor --json'] : [])]) {
		const {status, stderr} = spawnSync('sh', ['-c', `"$0" ${words} >/dev/full`, bundledQuiesce], {encoding: 'utf8'});
		assert.match(stderr, /^quiesce: The answer could not be written: there is no space left where the standard output goes\.\n$/, `${words}: ${status}`);
	}
	assert.equal(spawnSync('sh', ['-c', '{ "$0" explain; echo $? >&2; } | true', bundledQuiesce], {encoding: 'utf8'}).stderr, '0\n');
});

test('options for somebody\'s own Node programs do not reach quiesce', () => {
	assert.equal(spawnSync(bundledQuiesce, ['explain', '302'], {env: {...process.env, NODE_OPTIONS: '--nosuch'}}).status, 0);
});

test('what to try is said in letters that the terminal has', () => {
	const answer = (environment: Readonly<Record<string, string>>): string =>
		spawnSync(bundledQuiesce, ['explain', 'nosuch'], {encoding: 'utf8', env: {PATH: process.env['PATH'], ...environment}}).stderr;
	assert.match(answer({LANG: 'en_US.UTF-8'}), /\n {2}→ /);
	for (const environment of [{}, {LANG: 'C'}, {LANG: 'C.UTF-8', LC_ALL: 'POSIX'}, {LANG: 'C.UTF-8', TERM: 'linux'}]) {
		const text = answer(environment);
		assert.match(text, /\n {2}-> /);
		assert.doesNotMatch(text, /[^\n -~]/);
	}
});
