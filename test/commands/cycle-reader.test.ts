import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {pause} from '../../source/system/time.js';
import {makeCycleLab, type CycleLab} from '../support/cycle-lab.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';

/** More lines than a pipe, and whoever stands between, take unread. */
const loud = 'i=0; while [ $i -lt 900 ]; do echo "line $i, so long that all of them together fill what stands between a program and a reader who does not read, which is some sixty thousand bytes for a pipe, as much again for whoever holds its other end, and less for a terminal, that is to say far less than all of this here"; i=$((i+1)); done';

suite('a reader who stops reading', {skip: firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle(), whyNoProgram('script'))}, () => {
	let lab: CycleLab;

	before(async () => {
		lab = await makeCycleLab({pre: `note pre; ${loud}`, post: 'note post'});
	});
	after(async () => lab.end());

	/** Runs a cycle of which nobody reads what it writes; answers its exit code, as the shell around it has noted it. */
	const unread = async (wrap: (command: string) => string): Promise<{readonly code: number; readonly posts: number}> => {
		const {directory} = lab.sandbox;
		const noted = join(directory, `exit-code-${runs++}`);
		const words = [bundledQuiesce, ...lab.arguments().filter(word => word !== '--json')];
		lab.sandbox.put({path: join(directory, 'run.sh'), mode: 0o700, content: `${words.map(word => `'${word}'`).join(' ')}\necho $? >'${noted}.new'\nmv '${noted}.new' '${noted}'\n`});
		const before = lab.notes().filter(note => note === 'post').length;
		const [program = '', ...rest] = lab.sandbox.commandLine('sh', ['-c', wrap(`sh '${join(directory, 'run.sh')}'`)]);
		// Its output is a pipe that is never read.
		const child = spawn(program, rest, {stdio: ['ignore', 'pipe', 'ignore'], env: {...lab.sandbox.environment, TERM: 'dumb'}});
		const exited = once(child, 'exit');
		for (const until = performance.now() + 60_000; !existsSync(noted) && performance.now() < until; await pause(20));
		const code = existsSync(noted) ? readFileSync(noted, 'utf8').trim() : 'the cycle did not end';
		child.kill('SIGKILL');
		child.stdout.destroy();
		await exited;
		return {code: Number(code), posts: lab.notes().filter(note => note === 'post').length - before};
	};
	let runs = 0;

	test('of a pipe: quiesce comes to its end all the same', async () => {
		assert.deepEqual(await unread(command => command), {code: 0, posts: 1});
	});

	test('of a terminal: quiesce comes to its end all the same', async () => {
		// The terminal of script(1), which waits for the reader of its own output.
		assert.deepEqual(await unread(command => `script -qec "${command}" /dev/null`), {code: 0, posts: 1});
	});
});
