import assert from 'node:assert/strict';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {extensionEnvironment, startScript, type ScriptOptions} from '../../source/system/scripts.js';

const directory = mkdtempSync(join(tmpdir(), 'quiesce-scripts-'));
const begun: Array<ReturnType<typeof startScript>> = [];
after(async () => {
	for (const {family} of begun) {
		await family.end();
		await family.release();
		}

	rmSync(directory, {recursive: true, force: true});
});
let count = 0;

function script(content: string): string {
	const path = join(directory, `script-${count++}.sh`);
	writeFileSync(path, content, {mode: 0o700});
	return path;
}

function begin(content: string, parameters: readonly string[] = [], options: ScriptOptions = {}): ReturnType<typeof startScript> {
	const started = startScript({path: script(content), parameters, directory: '/', environment: extensionEnvironment('/')}, options);
	begun.push(started);
	return started;
}

function isAlive(id: string): boolean {
	return existsSync(`/proc/${id}`) && !readFileSync(`/proc/${id}/stat`, 'utf8').includes(') Z ');
}

test('parameters, environment and standard input are those that the extension gives', async () => {
	const lines: string[] = [];
	const parameters = ['', 'two words', '"quoted"', '$HOME', 'ümlaut', 'line\nend'];
	const {ended} = begin('printf "<%s>" "$@"; echo; env | sort; cat; pwd', parameters, {onOutput: (_, line) => lines.push(line)});
	const end = await ended;
	assert.equal(end.exitCode, 0);
	assert.equal(lines.slice(0, 2).join('\n'), '<><two words><"quoted"><$HOME><ümlaut><line\nend>');
	assert.deepEqual(lines.slice(2).map(line => line.split('=')[0]), ['HOME', 'LANG', 'PATH', 'PWD', '/']);
});

test('exit codes, signals and a shell that cannot be started are told apart', async () => {
	assert.equal((await begin('exit 7').ended).exitCode, 7);
	assert.equal((await begin('kill -9 $$').ended).signal, 'SIGKILL');
	assert.ok((await begin('exit 0', ['a\0b']).ended).startError instanceof Error);
	assert.ok((await begin('exit 0', ['x'.repeat(200_000)]).ended).startError instanceof Error);
});

// Both means of control, so that a machine without control groups is tested too.
for (const withoutControlGroup of [false, true]) {
	const name = withoutControlGroup ? 'without control groups' : 'with control groups where the machine has them';

	test(`the limit ends the script and what it started in other sessions, ${name}`, async () => {
		const ids = join(directory, `ids-${count}`);
		const started = begin(`trap '' TERM INT HUP\nsetsid sh -c 'echo $$ >>"${ids}"; trap "" TERM; while :; do sleep 1; done' &\nsleep 600 & echo $! >>"${ids}"\nwait\nsleep 600`, [], {limitMs: 300, withoutControlGroup});
		const end = await started.ended;
		assert.equal(end.endedBy, 'limit');
		assert.ok(end.durationMs >= 299);
		await started.family.end();
		assert.deepEqual(await started.family.members(), []);
		const written = readFileSync(ids, 'utf8').trim().split('\n');
		assert.equal(written.length, 2);
		assert.deepEqual(written.filter(isAlive), []);
	});

	test(`the end is noticed at once although children hold the pipes, and they live until they are ended, ${name}`, async () => {
		const started = begin('sleep 600 &\nsetsid sleep 601 &\nsleep 0.1', [], {withoutControlGroup});
		const end = await started.ended;
		assert.equal(end.exitCode, 0);
		assert.ok(end.durationMs < 5000);
		const members = await started.family.members();
		assert.deepEqual(await started.family.endSession(), {ended: 1, stayed: 1});
		await started.family.end();
		for (const id of members) if (isAlive(String(id))) process.kill(id, 'SIGKILL');
		assert.equal(members.length, 2);
		assert.deepEqual(await started.family.members(), []);
	});
}

test('an abort ends it', async () => {
	const abort = new AbortController();
	const started = begin('echo ready; sleep 600', [], {signal: abort.signal, onOutput: () => abort.abort()});
	assert.equal((await started.ended).endedBy, 'abort');
	await started.family.end();
});

test('much output is drained and counted', async () => {
	const {ended} = begin('head -c 30000000 /dev/zero; head -c 70000 /dev/zero >&2');
	const end = await ended;
	assert.deepEqual([end.exitCode, end.stdoutBytes, end.stderrBytes], [0, 30_000_000, 70_000]);
});
