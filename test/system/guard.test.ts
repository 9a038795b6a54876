import assert from 'node:assert/strict';
import {appendFileSync, closeSync, existsSync, fstatSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, suite, test} from 'node:test';
import {openJournal, readBootId, type Journal} from '../../source/system/journal.js';
import {loadNative} from '../../source/system/native.js';
import {openLockFile, readLockHolder} from '../../source/system/lock.js';
import {markProcess, processIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import type {HeldScripts} from '../../source/system/guard/types.js';
import {beginGuard} from '../../source/system/guard/beginning.js';
import {lineReader, type GuardNews, type GuardWord} from '../../source/system/guard/protocol.js';
import {must, run} from '../support/process.js';
import {whyNoLoopDisks} from '../support/skip.js';
import {eventually, makeLab, stalled, stateOf, type Lab, type Main} from './guard-lab.js';

const skip = whyNoLoopDisks('ext4', 'xfs');
/** Half of the laboratory's deadline: what comes before it comes for another reason, however slow the machine is. */
const longBeforeDeadlineMs = 10_000;

suite('the guard', {skip}, () => {
	let lab: Lab;
	let a: string;
	let b: string;

	before(async () => {
		lab = await makeLab([{name: 'a', type: 'ext4'}, {name: 'b', type: 'xfs'}]);
		[a = '', b = ''] = lab.disks.mounts;
	});
	after(async () => lab.end());

	test('freezes, so that a writer stalls, and thaws, so that it goes on', async () => {
		const main = await lab.start();
		const began = performance.now();
		const report = await main.freeze();
		assert.equal(report.frozen, true);
		assert.deepEqual(report.mounts.map(({mount, ok}) => [mount, ok]), [[a, true], [b, true]]);
		const writers = [lab.write(a), lab.write(b)];
		for (const writer of writers) await stalled(writer.pid);
		assert.match(readFileSync(`/proc/${writers[0]!.pid}/wchan`, 'utf8'), /percpu_rwsem_wait|^0$/);
		const thawed = await main.thaw();
		for (const writer of writers) await writer.done;
		assert.deepEqual(thawed.mounts.map(({ok}) => ok), [true, true]);
		assert.equal(thawed.byDeadline, false);
		assert.ok(thawed.windowMs >= report.durationMs && thawed.windowMs < performance.now() - began);
		const thirdLine = main.thirdLine();
		assert.equal(readLockHolder(lab.order.lockFile)?.pid === null, false);
		main.tell('close');
		await main.until(said => said.closed === true);
		await eventually(() => stateOf(main.guard) === null && stateOf(thirdLine) === null, 'guard and third line end');
		assert.equal(readLockHolder(lab.order.lockFile), null);
		assert.ok(existsSync(lab.order.lockFile));
		assert.equal(main.said.some(said => said.lost !== undefined), false);
	});

	test('thaws when the main process is killed, runs the post-script once, and ends', async () => {
		const runs = join(lab.directory, 'runs-killed');
		const {scripts, journal} = owe(lab, `echo run >> ${runs}`);
		const main = await lab.start({}, scripts);
		journal.close();
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(a);
		await stalled(writer.pid);
		const killed = performance.now();
		main.child.kill('SIGKILL');
		assert.ok(await writer.done - killed < longBeforeDeadlineMs, 'the writer goes on, long before the deadline');
		await eventually(() => stateOf(main.guard) === null, 'the guard ends');
		assert.equal(readFileSync(runs, 'utf8'), 'run\n');
		assert.equal(existsSync(journal.path), false);
		assert.equal(readLockHolder(lab.order.lockFile), null);
	});

	test('a main process that is killed while a thread of it waits in the kernel, so that its pipes stay open, is as dead', async () => {
		const runs = join(lab.directory, 'runs-zombie');
		const {scripts, journal} = owe(lab, `echo run >> ${runs}`);
		const [wave = []] = lab.order.waves;
		const main = await lab.start({waves: [wave.filter(({mount}) => mount === a)]}, scripts);
		journal.close();
		await must('fsfreeze', ['-f', b]);
		try {
			main.tell(`write ${join(b, 'hangs')}`);
			await eventually(() => readdirSync(`/proc/${main.pid}/task`).some(task => stateOf(Number(task)) === 'D'), 'a thread of it waits');
			assert.equal((await main.freeze()).frozen, true);
			const writer = lab.write(a);
			await stalled(writer.pid);
			process.kill(main.pid, 'SIGKILL');
			await eventually(() => readProcess(main.pid)?.state === 'Z', 'it is a zombie');
			const killed = performance.now();
			assert.ok(await writer.done - killed < longBeforeDeadlineMs);
			await eventually(() => stateOf(main.guard) === null, 'the guard ends');
			assert.equal(readFileSync(runs, 'utf8'), 'run\n');
			assert.equal(readProcess(main.pid)?.state, 'Z');
		} finally {
			await must('fsfreeze', ['-u', b]);
		}
		await eventually(() => readLockHolder(lab.order.lockFile) === null, 'it is gone');
	});

	test('ends a pre-script that still runs before the post-script, and retries that one', async () => {
		const log = join(lab.directory, 'order');
		const pre = await must('sh', ['-c', 'setsid sh -c "sleep 300" >/dev/null 2>&1 & echo $!']);
		const mark = markProcess(Number(pre.trim()));
		const {scripts, journal} = owe(lab, `grep -qs '^State:.[^ZX]' /proc/${mark.pid}/status && echo alive >> ${log}; echo run >> ${log}; [ $(wc -l < ${log}) -ge 2 ]`);
		const main = await lab.start({}, {...scripts, retries: 3, pre: {cgroup: null, leader: mark.pid, leaderStart: mark.start}});
		journal.close();
		main.child.kill('SIGKILL');
		await eventually(() => stateOf(main.guard) === null, 'the guard ends');
		assert.equal(stateOf(mark.pid), null);
		assert.equal(readFileSync(log, 'utf8'), 'run\nrun\n');
	});

	test('does not run a post-script that the main process has started, and waits for its end', async () => {
		const runs = join(lab.directory, 'runs-started');
		const {scripts, journal} = owe(lab, `echo again >> ${runs}`);
		const started = await must('sh', ['-c', `setsid sh -c "sleep 0.6; echo first >> ${runs}" >/dev/null 2>&1 & echo $!`]);
		const mark = markProcess(Number(started.trim()));
		journal.append({step: 'post-starting', attempt: 1, by: 'cycle'});
		const main = await lab.start({}, {...scripts, postStarted: {cgroup: null, leader: mark.pid, leaderStart: mark.start}});
		journal.close();
		main.child.kill('SIGKILL');
		await eventually(() => stateOf(main.guard) === null, 'the guard ends');
		assert.equal(readFileSync(runs, 'utf8'), 'first\n');
		assert.equal(existsSync(journal.path), false);
	});

	test('the main process thaws when the guard is killed, and keeps the lock', async () => {
		const main = await lab.start();
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(b);
		await stalled(writer.pid);
		const killed = performance.now();
		process.kill(main.guard, 'SIGKILL');
		assert.ok(await writer.done - killed < longBeforeDeadlineMs);
		await main.until(said => said.lost !== undefined);
		const second = await lab.start();
		assert.equal(second.said[0]?.exitCode, 7);
		assert.match(second.said[0]?.failed ?? '', new RegExp(`process ${main.pid} `));
		assert.deepEqual((await main.thaw()).mounts.map(({ok}) => ok), [true, true]);
		main.tell('close');
		await main.until(said => said.closed === true);
		assert.equal(readLockHolder(lab.order.lockFile), null);
	});

	test('the third line thaws when both are killed at once', async () => {
		const main = await lab.start();
		assert.equal((await main.freeze()).frozen, true);
		const thirdLine = main.thirdLine();
		const writers = [lab.write(a), lab.write(b)];
		for (const writer of writers) await stalled(writer.pid);
		const killed = performance.now();
		process.kill(main.pid, 'SIGSTOP');
		process.kill(main.guard, 'SIGKILL');
		process.kill(main.pid, 'SIGKILL');
		for (const writer of writers) assert.ok(await writer.done - killed < longBeforeDeadlineMs);
		await eventually(() => stateOf(thirdLine) === null, 'the third line ends');
	});

	test('the third line thaws at the deadline when the guard is stopped and the main process killed, and wakes the guard, which runs the post-script', async () => {
		const runs = join(lab.directory, 'runs-guard-stopped');
		const {scripts, journal} = owe(lab, `echo run >> ${runs}`);
		const main = await lab.start({deadlineMs: 4000}, scripts);
		journal.close();
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(a);
		await stalled(writer.pid);
		process.kill(main.guard, 'SIGSTOP');
		main.child.kill('SIGKILL');
		const killed = performance.now();
		assert.ok(await writer.done - killed < 30_000, 'before the laboratory thaws');
		await eventually(() => stateOf(main.guard) === null, 'the guard ends');
		assert.equal(readFileSync(runs, 'utf8'), 'run\n');
	});

	test('a stopped main process is woken where the guard has been killed, and takes over', async () => {
		const main = await lab.start();
		const {journal} = owe(lab, 'true', main.pid);
		assert.equal((await main.freeze()).frozen, true);
		process.kill(main.pid, 'SIGSTOP');
		await eventually(() => stateOf(main.pid) === 'T', 'it is stopped');
		process.kill(main.guard, 'SIGKILL');
		await main.until(said => said.lost !== undefined);
		journal.finish('cycle');
		main.tell('close');
		await main.until(said => said.closed === true);
	});

	for (const [who, victims] of [['nobody', []], ['the main process', ['main']], ['the guard', ['guard']], ['both', ['main', 'guard']]] as const) {
		test(`a filesystem that was unmounted lazily, and another one put in its place, while it was frozen, is thawed, and the other one left alone (killed: ${who})`, async () => {
			const {device} = lab.disks.disk('a');
			const main = await lab.start();
			assert.equal((await main.freeze()).frozen, true);
			const thirdLine = main.thirdLine();
			await must('umount', ['--lazy', a]);
			const other = join(lab.directory, 'other.img');
			await must('sh', ['-c', 'truncate -s 16M "$1" && mkfs.ext4 -q -F "$1" && mount -o loop "$1" "$2" && fsfreeze -f "$2"', 'sh', other, a]);
			try {
				for (const victim of victims) process.kill(main[victim === 'main' ? 'pid' : 'guard'], 'SIGSTOP');
				for (const victim of victims) process.kill(main[victim === 'main' ? 'pid' : 'guard'], 'SIGKILL');
				if (who === 'nobody') await main.thaw();
				if (who === 'the guard') await main.until(said => said.lost !== undefined);
				if (who === 'nobody' || who === 'the guard') {
					main.tell('close');
					await main.until(said => said.closed === true);
				}
				await eventually(() => stateOf(main.guard) === null && stateOf(thirdLine) === null, 'all of them end');
			} finally {
				// Still frozen: thawing succeeds.
				await must('fsfreeze', ['-u', a]);
				await must('umount', [a]);
				await must('mount', [device, a]);
			}
			assert.notEqual((await run('fsfreeze', ['-u', a])).exitCode, 0, 'it was left frozen');
		});
	}

	test('nobody leaves the kernel hurried, whoever dies, and nobody else\'s hurry is ended', async () => {
		const gracePeriods = join(lab.directory, 'grace-periods');
		const killed = async (before: string, who: (main: Main) => readonly number[]): Promise<void> => {
			writeFileSync(gracePeriods, before);
			const main = await lab.start({gracePeriods});
			assert.equal((await main.freeze()).frozen, true);
			assert.equal(readFileSync(gracePeriods, 'utf8'), before);
			const thirdLine = main.thirdLine();
			// As it is while freeze calls are under way.
			writeFileSync(gracePeriods, '1');
			const victims = who(main);
			main.child.kill('SIGSTOP');
			for (const pid of victims) process.kill(pid, 'SIGKILL');
			main.child.kill('SIGCONT');
			if (before === '0') await eventually(() => readFileSync(gracePeriods, 'utf8').trim() === '0', 'the kernel is not hurried any more');
			await eventually(() => stateOf(main.guard) === null && stateOf(thirdLine) === null, 'guard and third line end');
			if (before === '1') assert.equal(readFileSync(gracePeriods, 'utf8'), '1');
			for (const mount of [a, b]) await lab.write(mount).done;
			main.child.kill('SIGKILL');
			await eventually(() => stateOf(main.pid) === null, 'the main process ends');
		};
		await killed('0', main => [main.guard, main.pid]);
		await killed('0', main => [main.thirdLine(), main.guard]);
		await killed('1', main => [main.guard, main.pid]);
	});

	test('nothing happens where the third line is killed', async () => {
		const main = await lab.start();
		process.kill(main.thirdLine(), 'SIGKILL');
		assert.equal((await main.freeze()).frozen, true);
		assert.deepEqual((await main.thaw()).mounts.map(({ok}) => ok), [true, true]);
		main.tell('close');
		await main.until(said => said.closed === true);
	});

	test('what is owed is settled when both are killed at once: thawed, and the post-script runs once', async () => {
		const runs = join(lab.directory, 'runs-both');
		const {scripts, journal} = owe(lab, `echo run >> ${runs}`);
		const main = await lab.start({}, scripts);
		journal.append({step: 'freezing'});
		journal.close();
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(a);
		await stalled(writer.pid);
		process.kill(main.pid, 'SIGSTOP');
		process.kill(main.guard, 'SIGKILL');
		process.kill(main.pid, 'SIGKILL');
		await writer.done;
		await eventually(() => !existsSync(journal.path), 'the journal is finished');
		assert.equal(readFileSync(runs, 'utf8'), 'run\n');
		await eventually(() => readLockHolder(lab.order.lockFile) === null, 'the lock is given up');
	});

	test('what the guard owed is left to a main process that lives', async () => {
		const runs = join(lab.directory, 'runs-main-lives');
		const {scripts, journal} = owe(lab, `echo run >> ${runs}`);
		const main = await lab.start({}, scripts);
		process.kill(main.guard, 'SIGKILL');
		await main.until(said => said.lost !== undefined);
		await eventually(() => readFileSync('/proc/locks', 'utf8').includes('->'), 'what settles waits for the main process');
		assert.equal(existsSync(runs), false);
		journal.finish('cycle');
		main.tell('close');
		await main.until(said => said.closed === true);
		await eventually(() => readLockHolder(lab.order.lockFile) === null, 'what settles has ended');
		assert.equal(existsSync(runs), false);
	});

	test('thaws at the deadline and says so', async () => {
		const main = await lab.start({deadlineMs: 400});
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(a);
		await main.until(said => said.lost !== undefined);
		await writer.done;
		const report = await main.thaw();
		assert.equal(report.byDeadline, true);
		assert.ok(report.windowMs >= 399 && report.windowMs < longBeforeDeadlineMs, String(report.windowMs));
		main.tell('close');
		await main.until(said => said.closed === true);
	});

	test('wakes a stopped main process at the deadline', async () => {
		const main = await lab.start({deadlineMs: 3000});
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(a);
		await stalled(writer.pid);
		process.kill(main.pid, 'SIGSTOP');
		await writer.done;
		await main.until(said => said.lost !== undefined);
		assert.notEqual(stateOf(main.pid), 'T');
		main.tell('close');
		await main.until(said => said.closed === true);
	});

	test('a stopped guard is woken, and thaws', async () => {
		const main = await lab.start();
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(a);
		await stalled(writer.pid);
		process.kill(main.guard, 'SIGSTOP');
		const report = await main.thaw();
		await writer.done;
		assert.deepEqual(report.mounts.map(({ok}) => ok), [true, true]);
		assert.equal(report.byDeadline, false);
		main.tell('close');
		await main.until(said => said.closed === true);
	});

	test('a guard that stays stopped is ended, and the main process thaws', async () => {
		const main = await lab.start();
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(a);
		await stalled(writer.pid);
		process.kill(main.guard, 'SIGSTOP');
		const again = setInterval(() => stateOf(main.guard) !== null && process.kill(main.guard, 'SIGSTOP'), 1);
		try {
			const report = await main.thaw();
			await writer.done;
			assert.deepEqual(report.mounts.map(({ok}) => ok), [true, true]);
			await eventually(() => stateOf(main.guard) === null, 'the guard is ended');
		} finally {
			clearInterval(again);
			main.tell('close');
		}

		await main.until(said => said.closed === true);
	});

	test('a stopped guard does not hold up the start of a script', async () => {
		const main = await lab.start({}, undefined);
		process.kill(main.guard, 'SIGSTOP');
		main.tell('hold');
		await main.until(said => said.held === true);
		assert.notEqual(stateOf(main.guard), 'T');
		main.tell('close');
		await main.until(said => said.closed === true);
	});

	test('a guard with a fault in itself thaws and ends, and leaves the scripts to the main process', async () => {
		const runs = join(lab.directory, 'runs-fault');
		const {scripts, journal} = owe(lab, `echo run >> ${runs}`);
		const fence = process.env['QUIESCE_FREEZE_ONLY'];
		process.env['QUIESCE_FREEZE_ONLY'] = lab.disks.mounts.join(':');
		const {child} = beginGuard(2);
		process.env['QUIESCE_FREEZE_ONLY'] = fence;
		const said = new Map<GuardNews['is'], GuardNews>();
		child.stdout!.setEncoding('utf8').on('data', lineReader<GuardNews>(news => said.set(news.is, news)));
		const say = (word: GuardWord): void => void child.stdin!.write(`${JSON.stringify(word)}\n`);
		say({say: 'order', order: lab.order, fence: lab.disks.mounts, main: markProcess(process.pid)});
		await eventually(() => said.has('ready'), 'it is ready');
		const lock = openLockFile(lab.order.lockFile);
		try {
			assert.equal(loadNative().lock(lock, 0, 1), null);
			say({say: 'hold', scripts});
			say({say: 'freeze'});
			await eventually(() => said.has('freeze-ended'), 'it freezes');
			child.stdin!.write('no word of ours\n');
			await eventually(() => stateOf(child.pid!) === null, 'it ends');
			for (const mount of [a, b]) await lab.write(mount).done;
			const waits = new RegExp(`-> POSIX .*:${fstatSync(lock).ino} `);
			await eventually(() => waits.test(readFileSync('/proc/locks', 'utf8')), 'what settles waits for the main process');
			assert.equal(existsSync(runs), false);
			journal.finish('cycle');
		} finally {
			closeSync(lock);
		}
		// It would take the next cycle's journal, of the same name here, for the one that it waits for.
		await eventually(() => !processIds().some(pid => textOf(`/proc/${pid}/cmdline`)?.includes(`\0settle\0${lab.order.journalFile}\0`) === true), 'what settles has ended');
		assert.equal(existsSync(runs), false);
	});

	test('a signal to the guard thaws, and it stays the guard', async () => {
		const runs = join(lab.directory, 'runs-signal');
		const {scripts, journal} = owe(lab, `echo run >> ${runs}`);
		const main = await lab.start({}, scripts);
		journal.close();
		assert.equal((await main.freeze()).frozen, true);
		const writer = lab.write(b);
		await stalled(writer.pid);
		process.kill(main.guard, 'SIGTERM');
		await writer.done;
		await main.until(said => said.lost !== undefined);
		assert.notEqual(stateOf(main.guard), null);
		main.child.kill('SIGKILL');
		await eventually(() => stateOf(main.guard) === null, 'the guard ends');
		assert.equal(readFileSync(runs, 'utf8'), 'run\n');
	});

	test('leaves alone what somebody else has frozen, and thaws what it froze itself', async () => {
		await must('fsfreeze', ['-f', b]);
		try {
			const main = await lab.start();
			const report = await main.freeze();
			assert.equal(report.frozen, false);
			assert.equal(report.mounts.find(({mount}) => mount === b)?.errno, 'EBUSY');
			await lab.write(a).done;
			assert.deepEqual((await main.thaw()).mounts.map(({mount}) => mount), [a]);
			main.tell('close');
			await main.until(said => said.closed === true);
		} finally {
			// Still frozen: thawing succeeds.
			await must('fsfreeze', ['-u', b]);
		}
	});

	test('whoever dies, what somebody else has frozen stays frozen', async () => {
		await must('fsfreeze', ['-f', b]);
		try {
			const main = await lab.start();
			await main.freeze();
			const thirdLine = main.thirdLine();
			process.kill(main.guard, 'SIGKILL');
			main.child.kill('SIGKILL');
			await eventually(() => stateOf(thirdLine) === null, 'the third line ends');
		} finally {
			await must('fsfreeze', ['-u', b]);
		}
	});

	test('refuses what the fence forbids, even where the plan says otherwise', async () => {
		const main = await lab.start({}, undefined, a);
		assert.equal(main.said[0]?.exitCode, 2);
		assert.match(main.said[0]?.failed ?? '', /QUIESCE_FREEZE_ONLY/);
		const none = await lab.start({}, undefined, '');
		assert.equal(none.said[0]?.exitCode, 2);
	});

	test('refuses a mount that is not the planned filesystem any more', async () => {
		const [wave] = lab.order.waves;
		const main = await lab.start({waves: [wave!.map(({mount, type}) => ({mount, type, device: '7:250'}))]});
		assert.match(main.said[0]?.failed ?? '', /not what it was/);
	});

	test('refuses while another process holds the lock, and takes a stale file', async () => {
		mkdirSync(join(lab.directory, 'lock'), {recursive: true});
		writeFileSync(lab.order.lockFile, 'left behind');
		const native = loadNative();
		const descriptor = openLockFile(lab.order.lockFile);
		assert.equal(native.lock(descriptor, 0, 0), null);
		const refused = await lab.start();
		assert.equal(refused.said[0]?.exitCode, 7);
		assert.match(refused.said[0]?.failed ?? '', new RegExp(`process ${process.pid} \\(`));
		const waiting = lab.start({lockWaitMs: 10_000});
		// As the extension gives it up: the file goes first, then the lock.
		await eventually(() => readFileSync('/proc/locks', 'utf8').includes('->'), 'the guard waits for the lock');
		unlinkSync(lab.order.lockFile);
		native.unlock(descriptor, 0, 0);
		const main = await waiting;
		assert.equal(main.said[0]?.ready, true);
		const holder = readLockHolder(lab.order.lockFile);
		assert.ok(holder?.pid === main.pid || holder?.pid === main.guard);
		main.tell('close');
		await main.until(said => said.closed === true);
		const late = await lab.start({lockWaitMs: 1});
		assert.equal(late.said[0]?.ready, true);
		late.tell('close');
		await late.until(said => said.closed === true);
	});

	test('a lock that is not free in time is refused then', async () => {
		const native = loadNative();
		const descriptor = openLockFile(lab.order.lockFile);
		assert.equal(native.lock(descriptor, 0, 0), null);
		const began = performance.now();
		const refused = await lab.start({lockWaitMs: 300});
		assert.equal(refused.said[0]?.exitCode, 7);
		assert.ok(performance.now() - began >= 300);
		native.unlock(descriptor, 0, 0);
	});
});

suite('the guard, with filesystems that depend on each other', {skip}, () => {
	test('freezes a nested filesystem before the one that holds its image, and thaws in reverse', async () => {
		const lab = await makeLab([{name: 'outer', type: 'xfs', megabytes: 400}, {name: 'inner', type: 'ext4', on: 'outer'}]);
		try {
			const [outer, inner] = lab.disks.mounts;
			assert.deepEqual(lab.order.waves.map(wave => wave.map(({mount}) => mount)), [[inner], [outer]]);
			const main = await lab.start();
			appendFileSync(join(inner!, 'dirty'), Buffer.alloc(1_000_000));
			assert.equal((await main.freeze()).frozen, true);
			assert.deepEqual((await main.thaw()).mounts.map(({ok}) => ok), [true, true]);
			const thaws = main.said.filter(said => said.state === 'thawed').map(said => said.mount);
			assert.deepEqual(thaws, [outer, inner]);
			main.tell('close');
			await main.until(said => said.closed === true);
		} finally {
			await lab.end();
		}
	});

	test('a freeze that hangs is told of, and the others are thawed', async () => {
		const lab = await makeLab([{name: 'outer', type: 'xfs', megabytes: 400}, {name: 'inner', type: 'ext4', on: 'outer'}, {name: 'other', type: 'ext4'}], undefined);
		try {
			const [outer = '', inner = '', other = ''] = lab.disks.mounts;
			const targets = lab.order.waves.flat().filter(({mount}) => mount !== outer);
			const gracePeriods = join(lab.directory, 'grace-periods');
			writeFileSync(gracePeriods, '0');
			const main = await lab.start({waves: [targets], hungAfterMs: 3000, gracePeriods});
			appendFileSync(join(inner, 'dirty'), Buffer.alloc(1_000_000));
			// Frozen by somebody else: what the inner one has to write cannot be written.
			await must('fsfreeze', ['-f', outer]);
			try {
				const freezing = main.freeze();
				await eventually(() => readFileSync(gracePeriods, 'utf8') === '1', 'the kernel is hurried');
				const report = await freezing;
				assert.equal(readFileSync(gracePeriods, 'utf8'), '0');
				assert.equal(report.frozen, false);
				assert.equal(report.mounts.find(({mount}) => mount === inner)?.errno, 'ETIMEDOUT');
				assert.ok(main.said.some(said => said.mount === inner && said.state === 'hung'));
				await lab.write(other).done;
			} finally {
				await must('fsfreeze', ['-u', outer]);
			}
			// Its call returns now, and it is thawed at once: a write goes through, and nothing is left to thaw.
			await main.until(said => said.mount === inner && said.state === 'frozen');
			await lab.write(inner).done;
			assert.notEqual((await run('fsfreeze', ['-u', inner])).exitCode, 0);
			main.tell('close');
			await main.until(said => said.closed === true);
		} finally {
			await lab.end();
		}
	});
});

/** A journal in which a post-script is owed, and what the guard is told of it. */
function owe(lab: Lab, script: string, main = process.pid): {readonly scripts: HeldScripts; readonly journal: Journal} {
	const path = join(lab.directory, `post-${owed++}.sh`);
	writeFileSync(path, `${script}\n`, {mode: 0o700});
	if (existsSync(lab.order.journalFile)) unlinkSync(lab.order.journalFile);
	const journal = openJournal(lab.directory, 'test');
	const post = {path, parameters: ['a b'], directory: '/', environment: {PATH: process.env['PATH'] ?? '', HOME: '/root', LANG: 'C', PWD: '/'}};
	journal.append({step: 'begun', cycle: 'test', bootId: readBootId(), main: markProcess(main)});
	journal.append({step: 'pre-starting', post, limitMs: 10_000, retries: 0});
	return {journal, scripts: {pre: null, postStarted: null, post, limitMs: 10_000, retries: 0}};
}

let owed = 0;
