import {once} from 'node:events';
import {connect} from 'node:net';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {makeCycleLab, type CycleLab} from '../support/cycle-lab.js';
import {must} from '../support/process.js';
import {repository} from '../support/sandbox.js';
import {whyNoProgram} from '../support/skip.js';
import {pause} from '../../source/system/time.js';
import type {Figures, Row, Section} from './figures.js';

/** The kernel's grace periods make the first freeze after a pause the dear one, and that is the one that counts. */
const coldAfterMs = 700;
/** Recorded of the extension, two filesystems: frozen before the snapshot began; from the pre-script's end to the snapshot, and from its end to the post-script. */
export const extension = {frozenMs: 970, beforeSnapshotMs: 8000, afterSnapshotMs: 1000} as const;

type Way = {readonly name: string; readonly measure: (lab: CycleLab) => Promise<number>};

/** Frozen time that the snapshot does not need, on 1, 8, 64 and 200 filesystems, side by side with whoever else freezes. */
export async function freezeWindow({counts, repeats}: {readonly counts: readonly number[]; readonly repeats: number}): Promise<Section> {
	const rows: Row[] = [];
	const skipped: string[] = [];
	const oursByCount = new Map<number, Figures>();
	const compiler = whyNoProgram('gcc');
	if (compiler !== false) return {title: 'Freeze window', rows, skipped: [`everything (${compiler}: the bare calls are a C program)`]};
	const program = join(process.env['TMPDIR'] ?? '/tmp', 'quiesce-bench-freeze');
	await must('gcc', ['-O2', '-D_GNU_SOURCE', '-pthread', '-o', program, join(repository, 'test/bench/freeze.c')]);
	const agent = whyNoProgram('qemu-ga');
	if (agent !== false) skipped.push(`qemu-ga (${agent})`);
	for (const count of counts) {
		const lab = await makeCycleLab({disks: Array.from({length: count}, (_, index) => ({name: `d${index}`, type: 'ext4' as const})), pre: 'exit 0', post: 'exit 0', thawAfterSeconds: 1800});
		try {
			const ways: Way[] = [
				{name: 'quiesce', measure: async one => (await one.cycle()).result.freezeWindowMs},
				{name: 'threads', measure: async one => Number(await one.sandbox.must(program, ['threads', ...one.disks.mounts]))},
				...(count > 64 ? [] : [
					{name: 'serial', measure: async (one: CycleLab) => Number(await one.sandbox.must(program, ['serial', ...one.disks.mounts]))},
					{name: 'fsfreeze in a shell', measure: shellLoop},
					...(agent === false ? [{name: 'qemu-ga', measure: guestAgent}] : []),
				]),
			];
			const measured = await interleaved(lab, ways, count > 64 ? Math.max(5, Math.ceil(repeats / 3)) : repeats);
			const ours = measured.get('quiesce') ?? [];
			oursByCount.set(count, ours);
			for (const [name, figures] of measured) {
				if (name === 'quiesce') continue;
				const goal = name === 'threads' ? {below: 1.3} : name === 'serial' && count === 64 ? {above: 20} : undefined;
				rows.push({what: `${count} ${count === 1 ? 'filesystem' : 'filesystems'}, cold`, unit: 'ms', figures: ours, peer: {name: name === 'threads' ? 'bare calls, one thread a filesystem' : name === 'serial' ? 'bare calls, one after another' : name, figures}, ...(goal === undefined ? {} : {goal})});
			}
		} finally {
			await lab.end();
		}
	}

	const [least = 1, ...more] = oursByCount.keys();
	for (const count of more) {
		const times = count / least;
		rows.push({what: `growth: ${count} filesystems`, unit: 'ms', figures: oursByCount.get(count) ?? [], peer: {name: `${times} times the window of ${least}`, figures: (oursByCount.get(least) ?? []).map(time => time * times)}, goal: {below: 1}});
	}

	return {title: 'Freeze window', rows, skipped};
}

/** Under write load, and against the extension as it was recorded. */
export async function underLoad({repeats}: {readonly repeats: number}): Promise<Section> {
	const program = join(process.env['TMPDIR'] ?? '/tmp', 'quiesce-bench-freeze');
	const lab = await makeCycleLab({disks: [{name: 'one', type: 'ext4', megabytes: 256}, {name: 'two', type: 'ext4', megabytes: 256}], pre: 'exit 0', post: 'exit 0', thawAfterSeconds: 900});
	const stalls: number[] = [];
	try {
		const quiet = await interleaved(lab, [{name: 'quiesce', measure: async one => (await one.cycle()).result.freezeWindowMs}], repeats);
		const windows: number[] = [];
		for (let run = 0; run < repeats; run++) {
			await pause(coldAfterMs);
			windows.push((await lab.cycle()).result.quiesceWindowMs);
		}

		const writers = lab.disks.mounts.map(mount => lab.sandbox.start('node', [fileURLToPath(new URL('writer.js', import.meta.url)), mount]));
		const loaded = await interleaved(lab, [
			{name: 'quiesce', measure: async one => (await one.cycle()).result.freezeWindowMs},
			{name: 'threads', measure: async one => Number(await one.sandbox.must(program, ['threads', ...one.disks.mounts]))},
		], repeats);
		for (const writer of writers) {
			writer.kill('SIGTERM');
			const {stdout} = await writer.ended;
			stalls.push(...stdout.trim().split('\n').map(Number));
		}

		return {
			title: 'Two filesystems: load, the extension, and what a writer feels',
			skipped: [],
			rows: [
				{what: 'freeze window under write load', unit: 'ms', figures: loaded.get('quiesce') ?? [], peer: {name: 'bare calls, one thread a filesystem', figures: loaded.get('threads') ?? []}, goal: {below: 1.3}},
				{what: 'freeze window', unit: 'ms', figures: quiet.get('quiesce') ?? [], peer: {name: 'the extension, recorded', figures: [extension.frozenMs]}, goal: {above: 15}},
				{what: 'quiesce window added by the tool, post-script included', unit: 'ms', figures: windows, peer: {name: 'the extension, recorded', figures: [extension.beforeSnapshotMs + extension.afterSnapshotMs]}, goal: {above: 90}},
				{what: 'a writer\'s 4 kB write, over all cycles', unit: 'ms', figures: stalls, note: `longest ${Math.round(Math.max(...stalls))} ms`},
			],
		};
	} finally {
		await lab.end();
	}
}

async function interleaved(lab: CycleLab, ways: readonly Way[], repeats: number): Promise<ReadonlyMap<string, Figures>> {
	const measured = new Map<string, number[]>(ways.map(({name}) => [name, []]));
	for (let run = 0; run < repeats; run++) {
		for (const {name, measure} of ways) {
			await pause(coldAfterMs);
			measured.get(name)?.push(await measure(lab));
		}
	}

	return measured;
}

/** As people write it by hand: freeze one after another, thaw in reverse. */
async function shellLoop({sandbox, disks}: CycleLab): Promise<number> {
	const script = 'began=$(date +%s%N); for mount; do fsfreeze -f "$mount"; done; for mount; do fsfreeze -u "$mount"; done; echo $(( ($(date +%s%N) - began) / 1000 ))';
	return Number(await sandbox.must('sh', ['-c', script, 'sh', ...disks.mounts])) / 1000;
}

/** QEMU's guest agent, asked over a socket as a hypervisor does it. */
async function guestAgent({sandbox, disks}: CycleLab): Promise<number> {
	const path = join(sandbox.directory, 'qemu-ga');
	const agent = sandbox.start('qemu-ga', ['-m', 'unix-listen', '-p', path, '-t', sandbox.directory, '-f', join(sandbox.directory, 'qemu-ga.pid')]);
	try {
		let socket = connect(path);
		for (;;) {
			try {
				await once(socket, 'connect');
				break;
			} catch {
				await pause(20);
				socket = connect(path);
			}
		}

		const ask = async (words: object): Promise<void> => {
			const answer = once(socket, 'data');
			socket.write(`${JSON.stringify(words)}\n`);
			await answer;
		};
		await ask({execute: 'guest-ping'});
		const began = performance.now();
		await ask({execute: 'guest-fsfreeze-freeze-list', arguments: {mountpoints: disks.mounts}});
		await ask({execute: 'guest-fsfreeze-thaw'});
		const took = performance.now() - began;
		socket.destroy();
		return took;
	} finally {
		agent.kill('SIGTERM');
		await agent.ended;
	}
}
