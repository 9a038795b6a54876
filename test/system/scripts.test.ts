import assert from 'node:assert/strict';
import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {identifyScript, readScript} from '../../source/system/script-identity.js';
import {signalTo, start} from '../support/process.js';
import {whyNotRoot} from '../support/skip.js';
import {makeWaiting} from '../../source/system/script-gate.js';
import {isRunning, readProcess} from '../../source/system/processes.js';
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
	return isRunning(readProcess(Number(id)));
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

test('every byte of a parameter arrives, and as many parameters as a program can be given', async () => {
	// All that UTF-8 can be, quotes and line feeds among it, and what a shell may take for its own: backslashes, dollars, its own signs for quoted bytes.
	const every = Array.from({length: 0x800 - 1}, (_, index) => String.fromCodePoint(index + 1)).join('');
	const parameters = [every, '\uFFFD\u{10FFFF}', '\'', '\'\'\'', '\\', '\n', '\n\n', '\'\ngo=yes\n\'', 'x'.repeat(131_000), ...Array.from({length: 5000}, (_, index) => `parameter ${index}`)];
	const sums = join(directory, 'sums');
	assert.equal((await begin(`for word; do printf '%s\\0' "$word"; done >'${sums}'`, parameters).ended).exitCode, 0);
	assert.ok(readFileSync(sums).equals(Buffer.from(parameters.map(word => `${word}\0`).join(''))));
});

test('bytes that are no UTF-8 arrive as the extension passes them on', async () => {
	const sums = join(directory, 'bytes');
	assert.equal((await begin(`printf '%s\\0' "$@" >'${sums}'`, ['\uDCFF\uDC80x', '💀']).ended).exitCode, 0);
	assert.equal(readFileSync(sums, 'hex'), 'ff807800f09f928000');
});

test('while a script waits for its turn its parameters stand in no list of processes', async () => {
	const waiting = makeWaiting({path: script('exit 0'), parameters: ['geheim-4711'], directory: '/', environment: extensionEnvironment('/')}, undefined);
	assert.ok(waiting.waits());
	assert.doesNotMatch(readFileSync(`/proc/${waiting.family.handle.leader}/cmdline`, 'utf8'), /geheim/);
	assert.doesNotMatch(readFileSync(`/proc/${waiting.family.handle.leader}/environ`, 'utf8'), /geheim/);
	await waiting.dismiss();
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
		const started = begin(`trap '' TERM INT HUP\nsetsid sh -c 'echo $$ >>"${ids}"; trap "" TERM; while :; do sleep 1; done' &\nsleep 600 & echo $! >>"${ids}"\nwait\nsleep 600`, [], {limitMs: 3000, withoutControlGroup});
		const end = await started.ended;
		assert.equal(end.endedBy, 'limit');
		assert.ok(end.durationMs >= 2999);
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
		assert.ok(end.durationMs < 300_000);
		const members = await started.family.members();
		assert.deepEqual(await started.family.endSession(), {ended: 1, stayed: 1});
		await started.family.end();
		for (const id of members) if (isAlive(String(id))) signalTo(id, 'SIGKILL');
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

test('it is known whether its output would have filled a pipe that nobody reads', async () => {
	const lines = (count: number, length: number, stream = 1): string => `i=0; while [ $i -lt ${count} ]; do echo ${'y'.repeat(length - 1)}; i=$((i+1)); done >&${stream}`;
	const cases: ReadonlyArray<readonly [string, boolean, number]> = [
		['head -c 65536 /dev/zero', false, 65_536],
		['head -c 65537 /dev/zero', true, 65_537],
		// What leaves room in the pages of the pipe fills it sooner.
		[lines(16, 2049), false, 16 * 2049],
		[lines(17, 2049), true, 17 * 2049],
		[lines(10, 6000), false, 60_000],
		[lines(11, 6000), true, 66_000],
		[`${lines(640, 100)}; ${lines(640, 100, 2)}`, false, 64_000],
		[lines(641, 100, 2), true, 0],
		['head -c 60000 /dev/zero; head -c 60000 /dev/zero >&2', false, 60_000],
	];
	for (const [body, overflows, stdoutBytes] of cases) {
		const {ended} = begin(body);
		const end = await ended;
		assert.deepEqual([end.exitCode, end.overflows, end.stdoutBytes], [0, overflows, stdoutBytes], body.slice(0, 60));
	}
});

test('the output is a pipe that can be opened by its name, as with the extension', async () => {
	const lines: string[] = [];
	const {ended} = begin('echo one >/dev/stdout; echo two | tee /dev/stderr; [ -p /dev/fd/1 ] && [ -p /dev/fd/2 ] && echo pipes', [], {onOutput: (stream, line) => lines.push(`${stream} ${line}`)});
	assert.equal((await ended).exitCode, 0);
	assert.deepEqual(lines.toSorted(), ['stderr two', 'stdout one', 'stdout pipes', 'stdout two']);
});

test('nothing of the script runs before it is let go, and its family is known then', async () => {
	const trace = join(directory, 'trace');
	const mark = join(directory, 'ran-mark');
	const {ended, family} = begin(`echo ran >>${trace}; [ ! -e /proc/self/fd/3 ]`, [], {
		ranMark: mark,
		beforeStart: handle => {
			assert.ok(isAlive(String(handle.leader)));
			assert.deepEqual([existsSync(trace), existsSync(mark)], [false, false]);
			assert.deepEqual(family.handle, handle);
			writeFileSync(trace, 'before\n');
		},
	});
	assert.equal((await ended).exitCode, 0);
	assert.equal(readFileSync(trace, 'utf8'), 'before\nran\n');
	assert.ok(existsSync(mark));
});

test('it does not run where what comes before its start fails', async () => {
	const trace = join(directory, 'trace-refused');
	const mark = join(directory, 'ran-refused');
	const {ended} = begin(`echo ran >>${trace}`, [], {ranMark: mark, beforeStart: () => {
		throw new Error('no room');
	}});
	const end = await ended;
	assert.match(end.startError?.message ?? '', /no room/);
	assert.deepEqual([end.exitCode, existsSync(trace), existsSync(mark)], [null, false, false]);
});

test('it does not run where the process that would start it is killed before it lets it go', async () => {
	const trace = join(directory, 'trace-killed');
	const path = script(`echo ran >>${trace}`);
	const program = `const {startScript} = await import(${JSON.stringify(new URL('../../source/system/scripts.js', import.meta.url).href)});
		startScript({path: ${JSON.stringify(path)}, parameters: [], directory: '/', environment: {PATH: process.env.PATH}}, {beforeStart: ({leader}) => new Promise(() => console.log(leader))});`;
	const main = start(process.execPath, ['--input-type=module', '-e', program]);
	await main.until(/^\d+\n/);
	const leader = Number(main.output().stdout);
	assert.ok(isAlive(String(leader)));
	main.kill('SIGKILL');
	await main.ended;
	// Its input closes at the moment of the death; the gate ends then.
	while (isAlive(String(leader))) await new Promise(resolve => {
		setImmediate(resolve);
	});
	assert.equal(existsSync(trace), false);
});

test('a script goes on when the process that reads its output is killed', async () => {
	const trace = join(directory, 'trace-outlived');
	const path = script(`echo begun; echo more >&2\nwhile kill -0 "$1" 2>/dev/null; do sleep 0.02; done\nfor i in 1 2 3; do echo line $i || exit 1; done\nset -e; echo more >&2; echo whole >>${trace}`);
	const program = `const {startScript} = await import(${JSON.stringify(new URL('../../source/system/scripts.js', import.meta.url).href)});
		startScript({path: ${JSON.stringify(path)}, parameters: [String(process.pid)], directory: '/', environment: {PATH: process.env.PATH}}, {onOutput: (_, line) => console.log(line)});`;
	const main = start(process.execPath, ['--input-type=module', '-e', program]);
	await main.until('begun');
	main.kill('SIGKILL');
	await once(main.child, 'exit');
	const until = performance.now() + 60_000;
	while (!existsSync(trace) && performance.now() < until) await new Promise(resolve => {
		setTimeout(resolve, 5);
	});
	assert.equal(readFileSync(trace, 'utf8'), 'whole\n');
});

test('a script that was changed after the check is not started', async () => {
	const trace = join(directory, 'trace-changed');
	const attacks: ReadonlyArray<readonly [what: string, attack: (path: string) => void]> = [
		['written to', path => writeFileSync(path, `echo other >>${trace}`)],
		['written to with the same length and times', path => {
			writeFileSync(path, `echo RAN >>${trace}`);
			utimesSync(path, 1, 1);
		}],
		['another file with the same content', path => {
			writeFileSync(`${path}.new`, readFileSync(path), {mode: 0o700});
			renameSync(`${path}.new`, path);
		}],
		['a link to another file', path => {
			renameSync(path, `${path}.old`);
			writeFileSync(`${path}.evil`, `echo evil >>${trace}`, {mode: 0o700});
			symlinkSync(`${path}.evil`, path);
		}],
		['its mode', path => chmodSync(path, 0o755)],
		['removed', path => unlinkSync(path)],
		['a change of its mode and back', path => chmodSync(path, 0o700)],
	];
	for (const [what, attack] of attacks) {
		const path = script(`echo ran >>${trace}`);
		const identity = identifyScript({path, directory: '/'});
		// In the last moment before the start.
		const {ended} = startScript({path, parameters: [], directory: '/', environment: extensionEnvironment('/'), identity}, {beforeStart: () => attack(path)});
		const end = await ended;
		assert.equal(end.changed, true, what);
		assert.match(end.startError?.message ?? '', new RegExp(path), what);
		assert.equal(existsSync(trace), false, what);
	}
	const path = script(`echo ran >>${trace}`);
	const same = startScript({path, parameters: [], directory: '/', environment: extensionEnvironment('/'), identity: identifyScript({path, directory: '/'})});
	assert.equal((await same.ended).exitCode, 0);
	assert.equal(readFileSync(trace, 'utf8'), 'ran\n');
});

test('a script where others can swap it is the one that was checked, also where it is swapped after the last look at it', {skip: whyNotRoot()}, async () => {
	const open = join(directory, 'open');
	const programs = join(directory, 'programs');
	for (const place of [open, programs]) mkdirSync(place);
	chmodSync(open, 0o777);
	const path = join(open, 'script.sh');
	writeFileSync(path, 'echo "checked $0 $*"; exit 7', {mode: 0o700});
	writeFileSync(join(open, 'evil.sh'), 'echo evil', {mode: 0o700});
	// The shell that is about to read the script: at that moment another one is put in its place.
	writeFileSync(join(programs, 'sh'), `#!/bin/sh\ncase $2 in mark*) ;; *) mv '${open}/evil.sh' '${path}' ;; esac\nexec /bin/sh "$@"\n`, {mode: 0o755});
	const lines: string[] = [];
	const environment = {...extensionEnvironment('/'), PATH: `${programs}:/usr/bin:/bin`};
	const command = {path, parameters: ['a b', 'c'], directory: '/', environment, identity: identifyScript({path, directory: '/'})};
	const {exitCode} = await startScript(command, {onOutput: (_, line) => lines.push(line)}).ended;
	assert.deepEqual([exitCode, lines, readFileSync(path, 'utf8')], [7, [`checked ${path} a b c`], 'echo evil']);
});

test('with a word for it, what only root can have changed since the check is run, and what others could have put there is not', {skip: whyNotRoot()}, async () => {
	const trace = join(directory, 'trace-root');
	const open = join(directory, 'open-by-then');
	const asItIs = /Only root can have done that, so it was run as it is now\.$/;
	const allTheSame = /What was checked was run all the same\.$/;
	/** A path, what is done in the last moment before its start, what runs then, and what is told. */
	type Case = readonly [what: string, place: () => string, change: (path: string) => void, ran: string | null, told: RegExp | null];
	const replace = (path: string, content: string, mode = 0o700, owner = 0): void => {
		writeFileSync(`${path}.new`, content);
		chmodSync(`${path}.new`, mode);
		chownSync(`${path}.new`, owner, owner);
		renameSync(`${path}.new`, path);
	};
	let number = 0;
	const own = (): string => {
		const place = join(directory, `own-${number++}`);
		mkdirSync(place, {mode: 0o755});
		return place;
	};
	const shared = (): string => {
		const place = own();
		chmodSync(place, 0o777);
		return place;
	};
	const other = `echo other >>'${trace}'`;
	const checked = `echo checked >>'${trace}'`;
	const cases: readonly Case[] = [
		['written to', own, path => writeFileSync(path, other), 'other', asItIs],
		['the same content again', own, path => replace(path, checked), 'checked', allTheSame],
		['a harmless mode', own, path => chmodSync(path, 0o755), 'checked', allTheSame],
		['a mode that lets others write', own, path => chmodSync(path, 0o722), null, null],
		['another owner', own, path => replace(path, other, 0o700, 65_534), null, null],
		['a link to what others can replace', own, path => {
			mkdirSync(open);
			chmodSync(open, 0o777);
			writeFileSync(join(open, 'x'), other, {mode: 0o700});
			unlinkSync(path);
			symlinkSync(join(open, 'x'), path);
		}, null, null],
		['the way to it opened, and root\'s file there', own, path => {
			chmodSync(join(path, '..'), 0o777);
			replace(path, other);
		}, null, null],
		['the way to it opened', own, path => chmodSync(join(path, '..'), 0o777), null, null],
		['not there any more', own, path => unlinkSync(path), null, null],
		['a directory', own, path => {
			unlinkSync(path);
			mkdirSync(path);
		}, null, null],
		['replaced where others can: not even a file of root\'s', shared, path => replace(path, other), 'checked', allTheSame],
		['taken away where others can', shared, path => unlinkSync(path), 'checked', allTheSame],
		['written to by root where others cannot', shared, path => writeFileSync(path, other), 'other', asItIs],
		['given to another user where others can replace it', shared, path => {
			writeFileSync(path, other);
			chownSync(path, 65_534, 65_534);
		}, null, null],
	];
	for (const [what, place, change, ran, told] of cases) {
		const path = join(place(), 'script.sh');
		writeFileSync(path, checked, {mode: 0o700});
		rmSync(trace, {force: true});
		const words: string[] = [];
		const identity = identifyScript({path, directory: '/'});
		const end = await startScript({path, parameters: [], directory: '/', environment: extensionEnvironment('/'), identity}, {beforeStart: () => change(path), onChanged: word => words.push(word)}).ended;
		assert.equal(existsSync(trace) ? readFileSync(trace, 'utf8').trim() : null, ran, what);
		assert.equal(end.changed ?? false, ran === null, what);
		assert.equal(words.length, told === null ? 0 : 1, what);
		if (told !== null) assert.match(words[0] ?? '', told, what);
		if (told === null) assert.match(end.startError?.message ?? '', new RegExp(path), what);
	}
});

test('one that waits to be read by its path is not used where others can replace it by now: it is opened then', {skip: whyNotRoot()}, async () => {
	const place = join(directory, 'opened-later');
	mkdirSync(place, {mode: 0o755});
	const path = join(place, 'script.sh');
	writeFileSync(path, 'echo checked', {mode: 0o700});
	const lines: string[] = [];
	const command = {path, parameters: [], directory: '/', environment: extensionEnvironment('/'), identity: identifyScript({path, directory: '/'})};
	const waiting = makeWaiting(command, undefined);
	chmodSync(place, 0o777);
	const {exitCode, changed} = await startScript(command, {waiting, beforeStart: () => {
		writeFileSync(`${path}.evil`, 'echo evil', {mode: 0o700});
		renameSync(`${path}.evil`, path);
	}, onChanged: () => {}, onOutput: (_, line) => lines.push(line)}).ended;
	await waiting.dismiss();
	assert.deepEqual([exitCode, changed, lines], [0, undefined, ['checked']]);
});

test('only a regular file has an identity, and nothing waits for a pipe', () => {
	assert.throws(() => identifyScript({path: directory, directory: '/'}), /not a regular file/);
	assert.throws(() => identifyScript({path: '/dev/zero', directory: '/'}), /not a regular file/);
});

test('a script that waits runs when it is let go, once, also where it was ended while it waited, and never where it is dismissed', async () => {
	const runs = join(directory, 'waiting-runs');
	const mark = join(directory, 'waiting-mark');
	writeFileSync(mark, 'not yet\n');
	const command = {path: script(`echo $$ >>'${runs}'`), parameters: [], directory: '/', environment: extensionEnvironment('/')};

	const first = makeWaiting(command, mark);
	const {leader} = first.family.handle;
	const started = startScript(command, {waiting: first, ranMark: mark});
	begun.push(started);
	assert.equal((await started.ended).exitCode, 0);
	assert.equal(readFileSync(runs, 'utf8'), `${leader}\n`);
	assert.equal(readFileSync(mark, 'utf8'), '');
	await first.dismiss();

	writeFileSync(mark, 'not yet\n');
	const killed = makeWaiting(command, mark);
	assert.equal(killed.waits(), true);
	const gone = once(killed.gate!.child, 'exit');
	signalTo(killed.family.handle.leader, 'SIGKILL');
	await gone;
	assert.equal(killed.waits(), false);
	const again = startScript(command, {waiting: killed, ranMark: mark});
	begun.push(again);
	assert.equal((await again.ended).exitCode, 0);
	assert.equal(readFileSync(runs, 'utf8').trim().split('\n').length, 2);
	await killed.dismiss();

	writeFileSync(mark, 'not yet\n');
	const dismissed = makeWaiting(command, mark);
	const {cgroup, leader: last} = dismissed.family.handle;
	await dismissed.dismiss();
	assert.equal(isAlive(String(last)), false);
	assert.ok(cgroup === null || !existsSync(cgroup));
	assert.equal(readFileSync(runs, 'utf8').trim().split('\n').length, 2);
	assert.equal(readFileSync(mark, 'utf8'), 'not yet\n');
});

test('what was checked is run in the place of what root has put there since, under the script\'s own name, and nothing of it lies anywhere', {skip: whyNotRoot()}, async () => {
	const place = join(directory, 'rewritten');
	mkdirSync(place, {mode: 0o755});
	const path = join(place, 'it\'s a script.sh');
	for (const rewrite of [() => writeFileSync(path, 'echo other'), () => {
		writeFileSync(`${path}.new`, 'echo other', {mode: 0o700});
		renameSync(`${path}.new`, path);
	}]) {
		writeFileSync(path, 'echo "checked $0 $*"\nread -r line || echo "no input"\nexit 7\n', {mode: 0o700});
		const {identity, content} = readScript({path, directory: '/'});
		const lines: string[] = [];
		const words: string[] = [];
		const command = {path, parameters: ['a b', 'c\'d'], directory: '/', environment: extensionEnvironment('/'), identity};
		const {exitCode, changed} = await startScript(command, {checked: content!, beforeStart: rewrite, onChanged: word => words.push(word), onOutput: (_, line) => lines.push(line)}).ended;
		assert.deepEqual([exitCode, changed, lines], [7, undefined, [`checked ${path} a b c'd`, 'no input']]);
		assert.deepEqual(words, [`${path} has another content than when it was checked. What was checked was run in its place.`]);
		assert.equal(readdirSync('/proc/self/fd').some(descriptor => linkOf(descriptor).includes('memfd:quiesce')), false);
	}
	// A pre-script, for which nobody says that it may be changed, is not run.
	const {identity, content} = readScript({path, directory: '/'});
	const {changed} = await startScript({path, parameters: [], directory: '/', environment: extensionEnvironment('/'), identity}, {checked: content!, beforeStart: () => writeFileSync(path, 'echo third')}).ended;
	assert.equal(changed, true);
});

test('more than a script ever has is not kept', () => {
	const path = join(directory, 'large.sh');
	writeFileSync(path, `exit 0\n${'#'.repeat(1024 * 1024)}`);
	assert.equal(readScript({path, directory: '/'}).content, null);
	writeFileSync(path, '');
	assert.deepEqual([...readScript({path, directory: '/'}).content ?? [1]], []);
});

function linkOf(descriptor: string): string {
	try {
		return readlinkSync(`/proc/self/fd/${descriptor}`);
	} catch {
		// The one with which the directory was read.
		return '';
	}
}
