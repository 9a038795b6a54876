import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {suite, test, type TestContext} from 'node:test';
import {makeCycleLab, readCycle, type CycleEnd, type CycleLab, type LabOptions} from '../support/cycle-lab.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {bundledQuiesce, whyNoBundle} from '../support/sandbox.js';
import {run} from '../support/process.js';
import {stalled, stateOf} from '../system/guard-lab.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());
const skipXfs = firstReason(skip, whyNoLoopDisks('xfs'));

async function lab(context: TestContext, options: LabOptions = {}): Promise<CycleLab> {
	const made = await makeCycleLab(options);
	context.after(async () => made.end());
	return made;
}

const codes = (end: CycleEnd): readonly (number | string)[] => end.result.errors.map(({code, name}) => code ?? name);
const azureCodes = (end: CycleEnd): readonly (number | string)[] => end.result.azure.errors.map(({code, name}) => code ?? name);
const two = [{name: 'one', type: 'ext4'}, {name: 'two', type: 'ext4'}] as const;

/** Nothing stays frozen: asked of the kernel after every cycle. */
async function nothingFrozen({disks}: CycleLab): Promise<void> {
	for (const {name} of disks.disks) assert.equal(await disks.wasFrozen(name), false, `${name} was left frozen`);
}

suite('a cycle on real filesystems', {skip, concurrency: 2}, () => {
	test('runs its six phases in order and comes out application-consistent', async context => {
		const one = await lab(context);
		const end = await one.cycle();
		assert.equal(end.exitCode, 0);
		assert.deepEqual(end.phases, {check: 'succeeded', 'pre-script': 'succeeded', freeze: 'succeeded', snapshot: 'succeeded', thaw: 'succeeded', 'post-script': 'succeeded'});
		assert.deepEqual(one.notes(), ['pre', 'post']);
		assert.deepEqual(end.result.mounts, one.disks.mounts);
		assert.ok(end.result.freezeWindowMs > 0 && end.result.quiesceWindowMs >= end.result.freezeWindowMs);
		assert.deepEqual(end.result.azure, {outcome: 'application-consistent', errors: []});
		assert.ok(end.events.every(({at}) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(at)));
		await nothingFrozen(one);
	});

	for (const type of ['ext4', 'xfs'] as const) test(`a writer on ${type} stalls while frozen and goes on afterwards`, {skip: type === 'xfs' && skipXfs}, async context => {
		const one = await lab(context, {disks: [{name: 'data', type}]});
		const [mount = ''] = one.disks.mounts;
		const cycle = one.start(['--hold', '5']);
		await cycle.until('"state":"frozen"');
		const writer = one.sandbox.start('sh', ['-c', 'echo written >"$1"', 'sh', `${mount}/file`]);
		await stalled(writer.pid);
		assert.doesNotMatch(cycle.output().stdout, /"phase":"thaw"/);
		const {exitCode} = await writer.ended;
		const end = readCycle(await cycle.ended);
		assert.equal(exitCode, 0);
		assert.ok(end.result.freezeWindowMs >= 5000);
		assert.equal(readFileSync(one.sandbox.inside(`${mount}/file`), 'utf8'), 'written\n');
	});

	test('an image snapshot is complete, clean, and was frozen', async context => {
		const one = await lab(context);
		const [mount = ''] = one.disks.mounts;
		await one.sandbox.must('sh', ['-c', 'echo precious >"$1"', 'sh', `${mount}/file`]);
		const end = await one.cycle(['--snapshot', 'image', '--hold', '0.7']);
		assert.equal(end.exitCode, 0, end.stderr);
		assert.ok(end.result.freezeWindowMs >= 700, 'it stays frozen for as long as was asked');
		const {path = ''} = end.result.snapshot ?? {};
		const description = JSON.parse(readFileSync(`${path}/snapshot.json`, 'utf8')) as {outcome: string; disks: {image: string; mount: string}[]};
		assert.equal(description.outcome, 'application-consistent');
		assert.deepEqual(description.disks.map(disk => [disk.image, disk.mount]), [['data.img', mount]]);
		const image = `${path}/data.img`;
		assert.equal((await run('e2fsck', ['-fn', image])).exitCode, 0);
		assert.doesNotMatch((await run('tune2fs', ['-l', image])).stdout, /needs_recovery/);
		const content = await one.sandbox.must('sh', ['-c', 'mkdir -p "$1/copy" && mount -o loop,ro "$2" "$1/copy" && cat "$1/copy/file"; umount "$1/copy"', 'sh', one.sandbox.directory, image]);
		assert.equal(content, 'precious\n');
	});

	test('an xfs filesystem and a nested one are frozen and copied too', {skip: skipXfs}, async context => {
		const one = await lab(context, {disks: [{name: 'outer', type: 'xfs', megabytes: 400}, {name: 'inner', type: 'ext4', on: 'outer'}]});
		const end = await one.cycle(['--snapshot', 'image']);
		assert.equal(end.exitCode, 0, end.stdout);
		const frozen = end.events.flatMap(event => (event.event === 'mount' && event.state === 'frozen' ? [event.mount] : []));
		assert.deepEqual(frozen, [one.disks.disk('inner').mount, one.disks.disk('outer').mount]);
		assert.equal((await run('e2fsck', ['-fn', `${end.result.snapshot?.path}/inner.img`])).exitCode, 0);
		await nothingFrozen(one);
	});

	test('freezing switched off', async context => {
		const one = await lab(context, {settings: {fsFreezeEnabled: false}});
		const end = await one.cycle();
		assert.equal(end.exitCode, 0);
		assert.equal(end.phases.freeze, 'skipped');
		assert.equal(end.result.freezeWindowMs, 0);
	});

	test('a filesystem that somebody else has frozen: 121, and the others are thawed', async context => {
		const one = await lab(context, {disks: two});
		await one.sandbox.must('fsfreeze', ['-f', one.disks.disk('two').mount]);
		const end = await one.cycle();
		assert.equal(end.result.outcome, 'crash-consistent');
		assert.equal(end.exitCode, 4);
		assert.deepEqual(codes(end), [121]);
		assert.deepEqual(end.result.azure, {outcome: 'failed', errors: [{name: 'FailedRetryableFsFreezeFailed', code: 121}]});
		assert.deepEqual(one.notes(), ['pre', 'post']);
		assert.equal(await one.disks.wasFrozen('two'), true, 'the foreign freeze was undone');
		assert.equal(await one.disks.wasFrozen('one'), false);
	});

	test('a filesystem that cannot be opened: 123, and nothing is frozen', {skip: skipXfs}, async context => {
		const one = await lab(context, {disks: [{name: 'one', type: 'ext4'}, {name: 'gone', type: 'xfs'}]});
		const {mount} = one.disks.disk('gone');
		// Its storage is gone, as far as it knows.
		await one.sandbox.must('xfs_io', ['-x', '-c', 'shutdown', mount]);
		const end = await one.cycle();
		assert.deepEqual([end.result.outcome, end.exitCode, codes(end), azureCodes(end), end.result.azure.outcome], ['crash-consistent', 4, [123], [123], 'failed']);
		assert.deepEqual([end.phases.freeze, end.phases.snapshot, end.phases.thaw], ['failed', 'succeeded', 'skipped']);
		assert.deepEqual(end.events.flatMap(event => (event.event === 'mount' ? [[event.mount, event.state, event.detail]] : [])), [[mount, 'refused', 'EIO']]);
		assert.deepEqual(one.notes(), ['pre', 'post']);
		one.configure({continueBackupOnFailure: false});
		const failed = await one.cycle();
		assert.deepEqual([failed.result.outcome, failed.exitCode, codes(failed), failed.phases.snapshot], ['failed', 5, [123], 'skipped']);
	});

	test('a freeze that takes too long: 122, and a snapshot without it', async context => {
		const one = await lab(context, {disks: [{name: 'outer', type: 'ext4', megabytes: 64}, {name: 'inner', type: 'ext4', on: 'outer'}]});
		const [outer = '', inner = ''] = one.disks.mounts;
		// What the inner one has to write before it freezes waits for the outer one, which somebody else has frozen.
		one.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o700, content: '#!/bin/sh\nfsfreeze -f "$1" && echo dirty >"$2"\n'});
		one.configure({preScriptParams: [outer, `${inner}/file`]});
		const cycle = one.sandbox.startQuiesce(['cycle', '--json', '--mount', inner]);
		await cycle.until('"state":"hung"');
		await one.sandbox.must('fsfreeze', ['-u', outer]);
		const end = readCycle(await cycle.ended);
		assert.deepEqual([end.result.outcome, end.exitCode, codes(end), azureCodes(end)], ['crash-consistent', 4, [122, 'FreezeHung'], [122]]);
		assert.deepEqual([end.phases.freeze, end.phases.snapshot, one.notes()], ['timed-out', 'succeeded', ['post']]);
		await nothingFrozen(one);
	});

	test('the same with several disks and continueBackupOnFailure off: failed', async context => {
		const one = await lab(context, {disks: two, settings: {continueBackupOnFailure: false}});
		await one.sandbox.must('fsfreeze', ['-f', one.disks.disk('one').mount]);
		const end = await one.cycle();
		assert.equal(end.exitCode, 5);
		assert.deepEqual([end.result.outcome, codes(end), end.phases.snapshot, one.notes()], ['failed', [121], 'skipped', ['pre', 'post']]);
		await one.disks.thaw();
	});
});

/** The ten errors of the table, each by a real configuration and real scripts. */
const rows: readonly {readonly code: number; readonly options: LabOptions; readonly spoil?: (one: CycleLab) => Promise<unknown> | void; readonly notes?: readonly string[]; readonly outcome?: string}[] = [
	{code: 300, options: {pre: 'note pre; exit 3'}, notes: ['pre', 'post']},
	{code: 301, options: {post: 'note post; exit 3'}, notes: ['pre', 'post']},
	{code: 302, options: {pre: null}},
	{code: 303, options: {post: null}},
	{code: 304, options: {settings: {timeoutInSeconds: '30'}}},
	{code: 305, options: {}, spoil: one => one.sandbox.put({path: '/etc/azure/VMSnapshotScriptPluginConfig.json', content: '{"preScriptLocation": '})},
	{code: 306, options: {}, spoil: async one => one.sandbox.must('chmod', ['755', '/etc/azure/pre.sh'])},
	{code: 307, options: {}, spoil: async one => one.sandbox.must('chown', ['nobody', '/etc/azure/post.sh'])},
	{code: 308, options: {pre: 'note pre; sleep 60', settings: {timeoutInSeconds: 3, ScriptsExecutionPollTimeSeconds: 1}}, notes: ['pre', 'post']},
	{code: 309, options: {post: 'note post; sleep 60', settings: {timeoutInSeconds: 3, ScriptsExecutionPollTimeSeconds: 1}}, notes: ['pre', 'post']},
];

suite('the ten errors of the table', {skip, concurrency: 2}, () => {
	for (const {code, options, spoil, notes = []} of rows) {
		test(`${code}`, async context => {
			const one = await lab(context, {...(skipXfs === false ? {disks: [{name: 'data', type: 'ext4'}, {name: 'db', type: 'xfs'}]} : {}), ...options});
			await spoil?.(one);
			const end = await one.cycle();
			assert.deepEqual(end.result.mounts, one.disks.mounts);
			assert.deepEqual([codes(end), azureCodes(end), end.result.outcome, end.exitCode], [[code], [code], 'file-system-consistent', 4]);
			assert.deepEqual(one.notes(), notes);
			await nothingFrozen(one);
		});
	}

	test('one disk, and continueBackupOnFailure off: crash-consistent, unfrozen', async context => {
		const one = await lab(context, {pre: 'note pre; exit 3', settings: {continueBackupOnFailure: false}});
		const end = await one.cycle();
		assert.deepEqual([end.result.outcome, end.phases.freeze, end.phases.snapshot, end.result.azure.outcome, one.notes()], ['crash-consistent', 'skipped', 'succeeded', 'failed', ['pre', 'post']]);
	});

	test('several disks, and continueBackupOnFailure off: failed, without a snapshot', async context => {
		const one = await lab(context, {disks: two, pre: 'note pre; exit 3', settings: {continueBackupOnFailure: false}});
		const end = await one.cycle(['--snapshot', 'image']);
		assert.deepEqual([end.result.outcome, end.phases.snapshot, end.result.snapshot, one.notes()], ['failed', 'skipped', null, ['pre', 'post']]);
		assert.deepEqual(await listing(one), []);
	});

	test('the post-script fails, several disks, continueBackupOnFailure off: failed, and the snapshot is marked', async context => {
		const one = await lab(context, {disks: two, post: 'note post; exit 3', settings: {continueBackupOnFailure: false}});
		const end = await one.cycle(['--snapshot', 'image']);
		assert.deepEqual([end.result.outcome, end.exitCode, codes(end)], ['failed', 5, [301]]);
		assert.equal((JSON.parse(readFileSync(`${end.result.snapshot?.path}/snapshot.json`, 'utf8')) as {outcome: string}).outcome, 'failed');
	});
});

suite('scripts in a cycle', {skip, concurrency: 2}, () => {
	test('a retry really runs the script again; the extension would have given up', async context => {
		const one = await lab(context, {pre: 'note pre; [ "$(grep -c pre "$1")" -ge 2 ]'});
		one.configure({preScriptNoOfRetries: 2, preScriptParams: [`${one.sandbox.directory}/notes`]});
		const end = await one.cycle();
		assert.deepEqual([end.result.outcome, end.result.azure.outcome, azureCodes(end)], ['application-consistent', 'file-system-consistent', [300]]);
		assert.deepEqual(one.notes(), ['pre', 'pre', 'post']);
		const attempts = end.events.flatMap(event => (event.event === 'phase' && event.phase === 'pre-script' && event.state === 'started' ? [event.attempt] : []));
		assert.deepEqual(attempts, [1, 2]);
	});

	test('the time limit covers all attempts', async context => {
		const one = await lab(context, {pre: 'note pre; exit 1', settings: {preScriptNoOfRetries: 50, timeoutInSeconds: 6, ScriptsExecutionPollTimeSeconds: 1}});
		const end = await one.cycle();
		assert.deepEqual([end.result.outcome, codes(end)], ['file-system-consistent', [300]]);
		// A second lies between two attempts, and the post-script comes after them.
		assert.ok(one.notes().length >= 3 && one.notes().length <= 7, one.notes().join(' '));
	});

	test('at its limit a script ends with everything it started, other sessions included', async context => {
		const one = await lab(context, {pre: 'setsid sh -c "echo \\$\\$ >$1; exec sleep 300" & trap "" TERM; note pre; sleep 300', settings: {timeoutInSeconds: 3, ScriptsExecutionPollTimeSeconds: 1}});
		const file = `${one.sandbox.directory}/grandchild`;
		one.configure({timeoutInSeconds: 3, ScriptsExecutionPollTimeSeconds: 1, preScriptParams: [file]});
		const end = await one.cycle();
		assert.deepEqual(codes(end), [308]);
		assert.equal(stateOf(Number(readFileSync(file, 'utf8'))), null, 'the grandchild lives on');
	});

	test('what a successful pre-script left in its session lives until the post-script has run', async context => {
		const one = await lab(context, {pre: 'sleep 300 & echo $! >"$1"; note pre', post: 'kill -0 "$(cat "$1")" && note held; note post'});
		const file = `${one.sandbox.directory}/held`;
		one.configure({preScriptParams: [file], postScriptParams: [file]});
		const end = await one.cycle();
		assert.equal(end.result.outcome, 'application-consistent');
		assert.deepEqual(one.notes(), ['pre', 'held', 'post']);
		assert.equal(stateOf(Number(readFileSync(file, 'utf8'))), null);
	});

	test('parameters arrive as they stand', async context => {
		const parameters = ['', 'two words', '"quoted"', "it's", '$HOME `x`', 'grün', 'a\nb'];
		const one = await lab(context, {pre: 'for word; do printf "[%s]" "$word"; done', settings: {preScriptParams: parameters}});
		const end = await one.cycle();
		assert.equal(end.events.flatMap(event => (event.event === 'output' ? [event.line] : [])).join('\n'), parameters.map(word => `[${word}]`).join(''));
	});

	test('a loud script does not hang, and the extension would have timed out', async context => {
		const one = await lab(context, {pre: 'note pre; head -c 200000 /dev/zero | tr "\\0" x'});
		const end = await one.cycle();
		assert.deepEqual([end.result.outcome, end.result.azure.outcome, azureCodes(end)], ['application-consistent', 'file-system-consistent', [308]]);
		assert.ok(end.events.some(event => event.event === 'warning' && event.id === 'pre-script-loud'));
	});

	test('of a post-script that root rewrites while the cycle runs, what was checked is run, with a warning: the application is not left held', async context => {
		for (const rewriting of ['printf "#!/bin/sh\\necho rewritten >>$NOTES\\n" >/etc/azure/post.sh', 'cp -p /etc/azure/post.sh /etc/azure/.new; mv /etc/azure/.new /etc/azure/post.sh', 'chmod 500 /etc/azure/post.sh']) {
			const one = await lab(context, {pre: ''});
			one.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o700, content: `#!/bin/sh\nNOTES='${one.sandbox.directory}/notes'\necho pre >>"$NOTES"\n${rewriting}\n`});
			const end = await one.cycle();
			assert.deepEqual([end.exitCode, end.result.outcome, end.result.errors, end.result.azure.outcome], [0, 'application-consistent', [], 'application-consistent'], rewriting);
			assert.deepEqual(one.notes(), ['pre', 'post'], rewriting);
			const warnings = end.events.flatMap(event => (event.event === 'warning' && event.id === 'post-script-changed' ? [event.message] : []));
			assert.equal(warnings.length, 1, rewriting);
			assert.match(warnings[0] ?? '', rewriting.includes('rewritten') ? /^\/etc\/azure\/post\.sh has another content .*What was checked was run in its place\.$/ : /^\/etc\/azure\/post\.sh .*What was checked was run all the same\.$/);
			await nothingFrozen(one);
		}
	});

	test('a post-script that is gone by then: the extension would have started it, and failed', async context => {
		const one = await lab(context, {pre: 'note pre; rm /etc/azure/post.sh'});
		const end = await one.cycle();
		assert.deepEqual(codes(end), ['ScriptChanged']);
		assert.deepEqual(end.result.azure, {outcome: 'file-system-consistent', errors: [{name: 'Post-ScriptExecutionFailed', code: 301}]});
		await nothingFrozen(one);
	});

	test('a plugin host file with little time: a script has as long as the host really waits', async context => {
		const one = await lab(context, {pre: 'sleep 3.2', settings: {timeoutInSeconds: undefined, ScriptsExecutionPollTimeSeconds: 1}});
		one.sandbox.put({path: '/etc/azure/VMSnapshotPluginHost.conf', mode: 0o644, content: '[pre_post]\ntimeoutInSeconds: 3\nnumberOfPlugins: 1\npluginName0: ScriptRunner\npluginPath0: /etc/azure\npluginConfigPath0: /etc/azure/VMSnapshotScriptPluginConfig.json\n'});
		const end = await one.cycle();
		assert.deepEqual([end.exitCode, end.result.azure], [0, {outcome: 'application-consistent', errors: []}]);
		await nothingFrozen(one);
	});

	test('less than 64 kB in small pieces fills a pipe that nobody reads', async context => {
		const one = await lab(context, {pre: `i=0; while [ $i -lt 20 ]; do echo ${'y'.repeat(2100)}; i=$((i + 1)); done`});
		const end = await one.cycle();
		assert.equal(end.exitCode, 0);
		assert.deepEqual(azureCodes(end), [308]);
		assert.ok(end.events.some(event => event.event === 'warning' && event.id === 'pre-script-loud'));
		await nothingFrozen(one);
	});

	test('of a script that writes much, what it wrote last is shown', async context => {
		const one = await lab(context, {pre: 'note pre; seq 100000; echo "the disk is gone"; exit 1'});
		const end = await one.cycle();
		const lines = end.events.flatMap(event => (event.event === 'output' ? [event.line] : []));
		assert.ok(lines.length < 2000, `${lines.length} lines`);
		assert.deepEqual(lines.slice(-2), ['100000', 'the disk is gone']);
	});

	test('parameters that no program can be given: neither script runs', async context => {
		const one = await lab(context, {settings: {postScriptParams: ['a\u0000b']}});
		const end = await one.cycle();
		assert.deepEqual([codes(end), azureCodes(end), one.notes()], [[311], [311], []]);
	});
});

suite('an interrupted cycle', {skip, concurrency: 2}, () => {
	for (const [signal, exitCode] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
		test(`${signal} while frozen: thaw, post-script, result, exit ${exitCode}`, async context => {
			const one = await lab(context);
			const cycle = one.start(['--hold', '30']);
			await cycle.until('"phase":"snapshot","state":"started"');
			cycle.kill(signal);
			const end = readCycle(await cycle.ended);
			assert.deepEqual([end.exitCode, end.result.outcome, end.result.interrupted, codes(end)], [exitCode, 'failed', signal, ['Interrupted']]);
			assert.deepEqual(one.notes(), ['pre', 'post']);
			assert.ok(end.result.freezeWindowMs < 20_000);
			await nothingFrozen(one);
		});
	}

	test('while it waits for the lock: it ends at once, and nothing is run', async context => {
		const one = await lab(context);
		const first = one.start(['--hold', '30']);
		await first.until('"phase":"snapshot","state":"started"');
		const second = one.start(['--wait', '60']);
		await second.until('Waiting for it');
		second.kill('SIGTERM');
		const end = readCycle(await second.ended);
		assert.deepEqual([end.exitCode, end.result.outcome, end.result.interrupted, codes(end), end.result.snapshot], [143, 'failed', 'SIGTERM', ['Interrupted'], null]);
		assert.deepEqual(end.phases, {check: 'failed', 'pre-script': 'skipped', freeze: 'skipped', snapshot: 'skipped', thaw: 'skipped', 'post-script': 'skipped'});
		assert.deepEqual(one.notes(), ['pre']);
		assert.doesNotMatch(first.output().stdout, /"phase":"thaw"/);
		first.kill('SIGINT');
		assert.equal((await first.ended).exitCode, 130);
		assert.deepEqual(one.notes(), ['pre', 'post']);
	});

	test('during the pre-script: it is ended, and the post-script runs', async context => {
		const one = await lab(context, {pre: 'note pre; sleep 300'});
		const cycle = one.start();
		await cycle.until('"phase":"pre-script","state":"started"');
		cycle.kill('SIGINT');
		const end = readCycle(await cycle.ended);
		assert.equal(end.exitCode, 130);
		assert.equal(one.notes().at(-1), 'post');
		assert.equal(end.phases.freeze, 'skipped');
	});
});

suite('a snapshot provider that hangs', {skip, concurrency: 2}, () => {
	for (const [what, signal, freeze, errors] of [
		['at the deadline', null, true, ['SnapshotFailed']], ['after a while where nothing is frozen', null, false, ['SnapshotFailed']], ['by Ctrl-C', 'SIGINT', true, ['Interrupted']],
	] as const) {
		test(`everything is thawed and the post-script runs ${what}, while it hangs on`, async context => {
			const one = await lab(context, {disks: [{name: 'data', type: 'ext4'}, {name: 'store', type: 'ext4'}], pre: 'note pre; fsfreeze -f "$1"'});
			const {mount: store} = one.disks.disk('store');
			const {mount} = one.disks.disk('data');
			one.configure({preScriptParams: [store], fsFreezeEnabled: freeze});
			one.sandbox.put({path: '/etc/azure/vmbackup.conf', content: `[SnapshotThread]\ntimeout = ${signal !== null ? 50 : freeze ? 2 : 1}\n`});
			// Where it writes to is frozen by somebody else, once it has made itself ready: it waits in the kernel.
			await one.sandbox.must('sh', ['-c', 'mkdir -m 700 -p "$1/snapshots" && mount --bind "$2" "$1/snapshots"', 'sh', one.sandbox.stateDirectory, store]);
			const cycle = one.sandbox.startQuiesce(['cycle', '--json', '--mount', mount, '--snapshot', 'image']);
			await cycle.until('"phase":"snapshot","state":"started"');
			const writer = one.sandbox.start('sh', ['-c', 'echo x >"$1/written"', 'sh', mount]);
			if (signal !== null) cycle.kill(signal);
			await cycle.until('"event":"result"');
			assert.equal((await writer.ended).exitCode, 0);
			assert.deepEqual(one.notes(), ['pre', 'post']);
			assert.equal(await one.disks.wasFrozen('data'), false);
			assert.equal(await one.disks.wasFrozen('store'), true, 'it was thawed by somebody');
			const end = readCycle(await cycle.ended);
			await one.sandbox.must('umount', [`${one.sandbox.stateDirectory}/snapshots`]);
			assert.deepEqual([end.result.outcome, codes(end)], ['failed', errors]);
		});
	}
});

suite('a cycle that cannot begin', {skip, concurrency: 2}, () => {
	const refusals: readonly [string, readonly string[], number, RegExp][] = [
		['a directory that is no mount point', ['cycle', '--mount', '/etc'], 2, /not a mount point|may not be frozen|cannot be frozen/],
		['a directory that is not there', ['cycle', '--mount', '/no/such'], 2, /no directory \/no\/such/],
		['an unknown provider', ['cycle', '--snapshot', 'tape'], 2, /no snapshot provider "tape"/],
		['a negative hold', ['cycle', '--hold', '-1'], 2, /--hold/],
	];
	for (const [name, words, exitCode, sentence] of refusals) {
		test(name, async context => {
			const one = await lab(context);
			const end = await one.sandbox.quiesce(words);
			assert.equal(end.exitCode, exitCode, end.stderr);
			assert.match(end.stderr, sentence);
			assert.deepEqual(one.notes(), []);
		});
	}

	test('a hold that is longer than anything stays frozen', async context => {
		const one = await lab(context);
		for (const provider of ['rehearsal', 'image']) {
			const end = await one.sandbox.quiesce(one.arguments(['--hold', '3600', '--snapshot', provider]));
			assert.deepEqual([end.exitCode, one.notes()], [2, []], provider);
		}

		await nothingFrozen(one);
	});

	test('few files may be open: both scripts run, or neither, and the reason is said', async context => {
		const one = await lab(context);
		const said = new Set<string>();
		for (let limit = 26; limit <= 62; limit += 3) {
			const before = one.notes().length;
			const end = await one.sandbox.run('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, join(dirname(bundledQuiesce), 'cli.js'), ...one.arguments()]);
			const ran = one.notes().slice(before).filter(word => word !== '');
			assert.ok(ran.length === 0 || ran.join(' ') === 'pre post', `${limit}: ${ran.join(' ')}\n${end.stdout}\n${end.stderr}`);
			assert.equal(await one.disks.wasFrozen('data'), false);
			if (/might not be started when its time comes: quiesce may not open as many files as it needs/.test(end.stdout)) said.add('refused');
			if (end.exitCode === 0) said.add('ran');
		}
		assert.deepEqual([...said].toSorted(), ['ran', 'refused']);
	});

	test('a second cycle: exit 7 at once, and after --wait it runs', async context => {
		const one = await lab(context);
		const first = one.start(['--hold', '2']);
		await first.until('"phase":"snapshot","state":"started"');
		const second = await one.sandbox.quiesce(one.arguments());
		assert.equal(second.exitCode, 7, second.stdout);
		const third = await one.cycle(['--wait', '20']);
		assert.equal(third.exitCode, 0);
		assert.equal(readCycle(await first.ended).exitCode, 0);
	});

	test('a snapshot that would lie on what is frozen', async context => {
		const one = await lab(context);
		const [mount = ''] = one.disks.mounts;
		const end = await one.sandbox.quiesce(one.arguments(['--snapshot', 'image']), {env: {...one.sandbox.environment, QUIESCE_STATE_DIR: `${mount}/state`}});
		assert.deepEqual([end.exitCode, one.notes()], [2, []]);
		assert.match(end.stderr, /is to be frozen/);
	});

	test('a destination that becomes full meanwhile: failed, the post-script runs, and nothing is left of the snapshot', async context => {
		const one = await lab(context, {disks: [{name: 'data', type: 'ext4'}, {name: 'store', type: 'ext4', megabytes: 48}]});
		const {mount: store} = one.disks.disk('store');
		const {mount} = one.disks.disk('data');
		await one.sandbox.must('sh', ['-c', 'head -c 8000000 /dev/urandom >"$1/file"; sync', 'sh', mount]);
		one.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o700, content: '#!/bin/sh\ncat /dev/zero >"$1" 2>/dev/null; :\n'});
		one.configure({preScriptParams: [`${store}/filler`]});
		const end = readCycle(await one.sandbox.quiesce(['cycle', '--json', '--snapshot', 'image', '--mount', mount], {env: {...one.sandbox.environment, QUIESCE_STATE_DIR: `${store}/state`}}));
		assert.deepEqual([end.exitCode, end.result.outcome, codes(end), end.result.snapshot, one.notes()], [5, 'failed', ['SnapshotFailed'], null, ['post']]);
		assert.ok(end.events.some(event => event.event === 'phase' && event.phase === 'snapshot' && event.state === 'failed' && event.detail === `there is no space left in ${store}/state/snapshots`));
		assert.equal(await one.sandbox.must('ls', ['-A', `${store}/state/snapshots`]), '');
		assert.equal(await one.disks.wasFrozen('data'), false);
	});

	test('where the locale has no Unicode, plain text has none either', async context => {
		const one = await lab(context, {pre: 'note pre; seq 2000; exit 1'});
		const end = await one.sandbox.quiesce(one.arguments().filter(word => word !== '--json'), {env: {...one.sandbox.environment, LANG: 'C', LC_ALL: 'C'}});
		assert.equal(end.exitCode, 4);
		assert.match(end.stdout, /\n {2}-> Read the log/);
		assert.match(end.stdout, /\.\.\. 960 lines left out\n/);
		assert.match(end.stdout, /^[\n -~]*$/);
	});

	test('outside the fence nothing is frozen', async context => {
		const one = await lab(context);
		const end = await one.sandbox.quiesce(one.arguments(), {env: {...one.sandbox.environment, QUIESCE_FREEZE_ONLY: '/nowhere'}});
		assert.deepEqual([end.exitCode, one.notes()], [2, []]);
		assert.match(end.stderr, /QUIESCE_FREEZE_ONLY/);
	});
});

async function listing({sandbox}: CycleLab): Promise<readonly string[]> {
	return (await sandbox.run('ls', ['-A', `${sandbox.stateDirectory}/snapshots`])).stdout.split('\n').filter(line => line !== '');
}
