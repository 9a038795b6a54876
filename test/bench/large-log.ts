import {spawn, spawnSync} from 'node:child_process';
import {closeSync, openSync, readFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {generateCycle} from '../support/extension-log-generator.js';
import {bundledQuiesce, makeSandbox, type Sandbox} from '../support/sandbox.js';
import type {Figures, Section} from './figures.js';
import {firstBytes} from './start-up.js';

/** How soon watching answers on a log of years, and how much memory it takes. */
export async function largeLog({repeats, megabytes}: {readonly repeats: number; readonly megabytes: number}): Promise<Section> {
	const sandbox = await makeSandbox({});
	try {
		const path = join(sandbox.directory, 'extension.log');
		writeLog(path, megabytes * 1024 * 1024);
		const measured = {node: [] as number[], terminal: [] as number[], once: [] as number[], frame: [] as number[], memory: [] as number[], plain: [] as number[]};
		for (let run = 0; run < repeats; run++) {
			measured.node.push(timed(sandbox, process.execPath, ['-e', '0']));
			measured.once.push(timed(sandbox, bundledQuiesce, ['watch', '--once', '--json', '--log', path]));
			measured.terminal.push(await firstBytes({sandbox}, [process.execPath, '-e', 'process.stdout.write("0")']));
			measured.frame.push(await firstBytes({sandbox}, [bundledQuiesce, 'watch', '--log', path]));
			measured.plain.push(await highWaterMark(process.execPath, ['-e', 'process.stdout.write("result"); setInterval(() => {}, 1000)']));
			measured.memory.push(await highWaterMark(bundledQuiesce, ['watch', '--json', '--log', path]));
		}
		const row = (what: string, unit: string, figures: Figures, peer: string, peers: Figures, below: number): Section['rows'][number] => ({what, unit, figures, peer: {name: peer, figures: peers}, goal: {below}});
		return {
			title: `Watching a log of ${megabytes} MB`,
			rows: [
				row('quiesce watch --once --json, whole answer', 'ms', measured.once, 'node -e 0', measured.node, 4),
				row('first frame: watch', 'ms', measured.frame, 'node printing one character, on a terminal', measured.terminal, 4),
				row('memory of quiesce watch --json', 'MB', measured.memory, 'node doing nothing', measured.plain, 2),
			],
			skipped: [],
		};
	} finally {
		await sandbox.end();
	}
}

function writeLog(path: string, bytes: number): void {
	const descriptor = openSync(path, 'w');
	try {
		for (let written = 0, night = 0; written < bytes; night++) {
			const {log} = generateCycle({at: Date.UTC(2016, 0, 1) + night * 3_600_000, task: `night-${night}`, sequence: night});
			const noise = `${log.slice(0, 10)} 10:00:00.123456 [Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0]print line by line :/dev/sda15 on /boot/efi type vfat (rw,relatime)\n`.repeat(300);
			written += writeSync(descriptor, log + noise);
		}
	} finally {
		closeSync(descriptor);
	}
}

function timed(sandbox: Sandbox, command: string, words: readonly string[]): number {
	const [program = '', ...rest] = sandbox.commandLine(command, words);
	const began = performance.now();
	spawnSync(program, rest, {env: {...sandbox.environment}});
	return performance.now() - began;
}

/** The most memory that a process took (VmHWM, megabytes) until it had told the result of the latest cycle. */
async function highWaterMark(command: string, words: readonly string[]): Promise<number> {
	const child = spawn(command, words, {stdio: ['ignore', 'pipe', 'ignore']});
	let seen = '';
	return new Promise(resolve => {
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			seen += text;
			if (!seen.includes('result')) return;
			const status = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
			child.kill('SIGKILL');
			resolve(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024);
		});
	});
}
