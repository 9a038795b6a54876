import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {suite, test} from 'node:test';
import {makeCycleLab} from '../support/cycle-lab.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoProgram, whyNoSandbox} from '../support/skip.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle(), whyNoProgram('strace'));

/** System calls that change a filesystem, whatever they are called with. */
const changing = ['creat', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2', 'mkdir', 'mkdirat', 'rmdir', 'link', 'linkat', 'symlink', 'symlinkat', 'truncate', 'ftruncate', 'fallocate', 'chmod', 'fchmod', 'fchmodat',
	'chown', 'fchown', 'lchown', 'fchownat', 'utimensat', 'fsync', 'fdatasync', 'sync', 'syncfs'];
const writing = ['write', 'writev', 'pwrite64', 'pwritev', 'sendfile', 'copy_file_range'];

/** The calls of all processes between the first freeze and the last thaw. */
function whileFrozen(trace: string): readonly string[] {
	const lines = trace.split('\n');
	const first = lines.findIndex(line => line.includes('FIFREEZE'));
	const last = lines.findLastIndex(line => line.includes('FITHAW') && !line.includes('EBADF'));
	assert.ok(first !== -1 && last > first, 'nothing was frozen');
	return lines.slice(first, last + 1).map(line => line.replace(/^\d+ +/, ''));
}

/** What would have to wait for a frozen filesystem, or may. Descriptors are written with their paths: `7</data/file>`. */
function harmful(call: string): boolean {
	const name = /^(\w+)\(/.exec(call)?.[1] ?? '';
	const path = /^\w+\(\d+<([^>]*)>/.exec(call)?.[1] ?? '';
	if (changing.includes(name)) return true;
	if (writing.includes(name)) return path.startsWith('/') && !/^\/(?:dev|proc|sys)\//.test(path);
	if (name === 'openat' || name === 'open') return /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(call) && !/"\/(?:dev|proc|sys)\//.test(call);
	return name === 'mmap' && /MAP_SHARED/.test(call) && /PROT_WRITE/.test(call) && /<\//.test(call);
}

suite('while anything is frozen', {skip}, () => {
	for (const [to, words] of [['a file on what is frozen', ['--json']], ['the same without --json', []]] as const) {
		test(`nothing is written to any filesystem, nor loaded: output to ${to}`, async context => {
			const one = await makeCycleLab({pre: 'note pre; echo held'});
			context.after(async () => one.end());
			const [mount = ''] = one.disks.mounts;
			const trace = `${one.sandbox.directory}/trace`;
			const output = `${mount}/output`;
			const end = await one.sandbox.run('sh', ['-c', 'exec >"$1"; shift; exec "$@"', 'sh', output,
				'strace', '-f', '-y', '-qq', '-s', '200', '-e', `trace=openat,open,mmap,ioctl,${[...changing, ...writing].join(',')}`, '-o', trace,
				bundledQuiesce, 'cycle', ...words, '--mount', mount, '--hold', '1'], {cwd: '/'});
			assert.equal(end.exitCode, 0, end.stderr);
			const calls = whileFrozen(readFileSync(trace, 'utf8'));
			assert.ok(calls.some(call => call.startsWith('write(')), 'the trace shows no call at all');
			assert.deepEqual(calls.filter(harmful), []);
			assert.deepEqual(calls.filter(call => /^open.*\.(?:m?js|json|node|wasm)"/.test(call)), []);
			const written = readFileSync(one.sandbox.inside(output), 'utf8');
			assert.match(written, /frozen|FROZEN/);
			assert.match(written, /"event":"result"|Application-consistent/);
		});
	}

	test('of a snapshot nothing but its copies is written', async context => {
		const one = await makeCycleLab({disks: [{name: 'data', type: 'ext4'}, {name: 'log', type: 'ext4'}]});
		context.after(async () => one.end());
		const trace = `${one.sandbox.directory}/trace`;
		const end = await one.sandbox.run('strace', ['-f', '-y', '-qq', '-e', `trace=openat,open,mmap,ioctl,${[...changing, ...writing].join(',')}`, '-o', trace, bundledQuiesce, ...one.arguments(['--snapshot', 'image'])]);
		assert.equal(end.exitCode, 0, end.stderr);
		const calls = whileFrozen(readFileSync(trace, 'utf8')).filter(harmful);
		const copies = new RegExp(`${one.sandbox.stateDirectory}/snapshots/\\.partial-[^/]*/(?:data|log)\\.img`);
		assert.deepEqual(calls.filter(call => !copies.test(call)), []);
		assert.ok(calls.length > 0, 'the trace shows no copy');
	});
});
