import {spawn} from 'node:child_process';
import {makeCycleLab} from '../support/cycle-lab.js';
import {bundledQuiesce, type Sandbox} from '../support/sandbox.js';
import {within} from './laboratories.js';
import type {Programs} from './programs.js';
import type {Section} from './table.js';

/** Until the screen is there, in seconds: what begins it is measured elsewhere. */
const warmUp = 3;

type Cost = {readonly bytesPerSecond: number; readonly processorMsPerMinute: number};

/** What the live screen costs while a script runs and says nothing, beside a progress bar that Ink draws ten times a second; both at the same time. */
export async function liveScreen(programs: Programs, {repeats, seconds}: {readonly repeats: number; readonly seconds: number}): Promise<Section> {
	return within(makeCycleLab({pre: `sleep ${warmUp + seconds + 30}`, post: 'exit 0', settings: {timeoutInSeconds: 600}, thawAfterSeconds: 1800}), async lab => {
		const ours: Cost[] = [];
		const peers: Cost[] = [];
		for (let run = 0; run < repeats; run++) {
			const [own, peer] = await Promise.all([
				cost(programs, lab.sandbox, seconds, [bundledQuiesce, 'cycle', ...lab.disks.mounts.flatMap(mount => ['--mount', mount])]),
				cost(programs, lab.sandbox, seconds, [process.execPath, programs.inkProgress]),
			]);
			ours.push(own);
			peers.push(peer);
		}

		const name = 'a progress bar of Ink, 10 frames a second';
		return {
			title: 'The live screen of a quiet cycle',
			rows: [
				{what: 'processor time a minute, guard included', unit: 'ms', figures: ours.map(({processorMsPerMinute}) => processorMsPerMinute), peer: {name, figures: peers.map(({processorMsPerMinute}) => processorMsPerMinute)}, goal: {below: 0.5}},
				{what: 'written to the terminal, a second', unit: 'bytes', figures: ours.map(({bytesPerSecond}) => bytesPerSecond), peer: {name, figures: peers.map(({bytesPerSecond}) => bytesPerSecond)}},
				{what: 'the same', unit: 'bytes', figures: ours.map(({bytesPerSecond}) => bytesPerSecond), goal: {most: 1000}},
			],
			remarks: [`Over ${seconds} seconds each, after ${warmUp}.`],
			skipped: [],
		};
	});
}

async function cost({stopwatch}: Programs, sandbox: Sandbox, seconds: number, command: readonly string[]): Promise<Cost> {
	const [program = '', ...words] = sandbox.commandLine(stopwatch, ['live', String(warmUp), String(seconds), ...command]);
	const child = spawn(program, words, {env: {...sandbox.environment, TERM: 'xterm-256color'}, stdio: ['ignore', 'pipe', 'inherit']});
	let answer = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		answer += text;
	});
	const code = await new Promise<number | null>(resolve => child.once('close', resolve));
	const [bytes = Number.NaN, processorMs = Number.NaN] = answer.trim().split(' ').map(Number);
	if (code !== 0) throw new Error(`${command.join(' ')} did not stay`);
	return {bytesPerSecond: bytes / seconds, processorMsPerMinute: processorMs / seconds * 60};
}
