import {spawnSync} from 'node:child_process';
import {makeCycleLab} from '../support/cycle-lab.js';
import {bundledQuiesce} from '../support/sandbox.js';
import {pause} from '../../source/system/time.js';
import {median, type Section} from './figures.js';

/** A whole rehearsal from command to exit, beside the shell doing the same by hand; and what a loud script costs. */
export async function wholeCycle({repeats, megabytes}: {readonly repeats: number; readonly megabytes: number}): Promise<Section> {
	const lab = await makeCycleLab({disks: [{name: 'one', type: 'ext4'}, {name: 'two', type: 'ext4'}], pre: 'exit 0', post: 'exit 0', thawAfterSeconds: 900});
	const timed = (command: string, words: readonly string[]): number => {
		const [program = '', ...rest] = lab.sandbox.commandLine(command, words);
		const began = performance.now();
		const {status, stderr} = spawnSync(program, rest, {env: {...lab.sandbox.environment}, encoding: 'utf8', maxBuffer: 1 << 30});
		if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
		return performance.now() - began;
	};
	/** Peak resident memory of the main process, in MB, and its time, in ms. */
	const peak = (): {readonly megabytes: number; readonly ms: number} => {
		const [program = '', ...rest] = lab.sandbox.commandLine('sh', ['-c', 'exec /usr/bin/time -f "peak %M" "$@" >/dev/null', 'sh', bundledQuiesce, ...lab.arguments()]);
		const began = performance.now();
		const {stderr} = spawnSync(program, rest, {env: {...lab.sandbox.environment}, encoding: 'utf8'});
		return {megabytes: Number(/peak (\d+)/.exec(stderr)?.[1]) / 1024, ms: performance.now() - began};
	};
	try {
		const whole: number[] = [];
		const byHand: number[] = [];
		const node: number[] = [];
		for (let run = 0; run < repeats; run++) {
			await pause(700);
			whole.push(timed(bundledQuiesce, lab.arguments()));
			await pause(700);
			byHand.push(timed('sh', ['-c', 'sh /etc/azure/pre.sh && for mount; do fsfreeze -f "$mount"; done; for mount; do fsfreeze -u "$mount"; done; sh /etc/azure/post.sh', 'sh', ...lab.disks.mounts]));
			node.push(timed(process.execPath, ['-e', '0']));
		}

		const target = byHand.map(time => time + 1.5 * median(node));
		const skipped: string[] = [];
		const rows = [{what: 'a whole rehearsal, command to exit', unit: 'ms', figures: whole, peer: {name: 'sh with fsfreeze, plus 1.5 × node -e 0', figures: target}, goal: {below: 1}}] as Section['rows'][number][];
		if (spawnSync('/usr/bin/time', ['true']).status === 0) {
			const idle = Array.from({length: 5}, peak);
			lab.sandbox.put({path: '/etc/azure/pre.sh', mode: 0o700, content: `#!/bin/sh\nhead -c ${megabytes}M /dev/zero\n`});
			const loud = Array.from({length: 5}, peak);
			const cat = Array.from({length: 5}, () => timed('sh', ['-c', `head -c ${megabytes}M /dev/zero | cat >/dev/null`]));
			const rate = (times: readonly number[]): readonly number[] => times.map(ms => megabytes / (ms / 1000));
			rows.push(
				{what: `peak memory while a script writes ${megabytes} MB`, unit: 'MB', figures: loud.map(one => one.megabytes), peer: {name: 'a quiet cycle', figures: idle.map(one => one.megabytes)}, goal: {below: 1.3}},
				{what: `time to take ${megabytes} MB from a pipe`, unit: 'ms', figures: loud.map(one => Math.max(1, one.ms - median(idle.map(({ms}) => ms)))), peer: {name: 'cat >/dev/null', figures: cat}, goal: {below: 2}, note: `${Math.round(median(rate(cat)))} MB/s with cat`},
			);
		} else {
			skipped.push('memory (no /usr/bin/time here)');
		}

		return {title: 'A whole cycle', rows, skipped};
	} finally {
		await lab.end();
	}
}
