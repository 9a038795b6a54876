import {spawn, spawnSync} from 'node:child_process';
import {makeCycleLab, type CycleLab} from '../support/cycle-lab.js';
import {bundledQuiesce} from '../support/sandbox.js';
import type {Figures, Row, Section} from './figures.js';
import {signalTo} from '../support/process.js';

type Case = {readonly name: string; readonly words: readonly string[]; readonly limit: number; readonly screen?: boolean};

const cases: readonly Case[] = [
	{name: 'quiesce --version', words: ['--version'], limit: 1.5},
	{name: 'quiesce --help', words: ['--help'], limit: 1.5},
	{name: 'quiesce explain 308', words: ['explain', '308'], limit: 1.5},
	{name: 'quiesce doctor --json', words: ['doctor', '--json'], limit: 2.5},
	{name: 'first frame: wizard', words: ['setup'], limit: 4, screen: true},
	{name: 'first frame: doctor', words: ['doctor'], limit: 4, screen: true},
	{name: 'first frame: home', words: [], limit: 4, screen: true},
];

/** How long a person waits, measured beside the same Node doing nothing. */
export async function startUp({repeats}: {readonly repeats: number}): Promise<Section> {
	const lab = await makeCycleLab({thawAfterSeconds: 600});
	try {
		const timedInside = (command: string, words: readonly string[]): number => {
			const [program = '', ...rest] = lab.sandbox.commandLine(command, words);
			return timed(() => spawnSync(program, rest, {env: {...lab.sandbox.environment}}));
		};
		const measured = new Map<string, number[]>();
		const note = (name: string, value: number): void => void (measured.get(name) ?? measured.set(name, []).get(name))?.push(value);
		for (let run = 0; run < repeats; run++) {
			note('node', timedInside(process.execPath, ['-e', '0']));
			note('node on a terminal', await firstBytes(lab, [process.execPath, '-e', 'process.stdout.write("0")']));
			for (const {name, words, screen} of cases) {
				if (screen === true) note(name, await firstBytes(lab, [bundledQuiesce, ...words]));
				else note(name, timedInside(bundledQuiesce, words));
			}
		}

		const node: Figures = measured.get('node') ?? [];
		const onTerminal: Figures = measured.get('node on a terminal') ?? [];
		const rows = cases.map(({name, limit, screen}): Row => ({what: name, unit: 'ms', figures: measured.get(name) ?? [], peer: screen === true ? {name: 'node printing one character, on a terminal', figures: onTerminal} : {name: 'node -e 0', figures: node}, goal: {below: limit}}));
		return {title: 'Start', rows, skipped: []};
	} finally {
		await lab.end();
	}
}

function timed(act: () => unknown): number {
	const began = performance.now();
	act();
	return performance.now() - began;
}

/** From the start of a command on a pseudo-terminal to the first text that it shows. The command is ended then. */
export async function firstBytes({sandbox}: Pick<CycleLab, 'sandbox'>, command: readonly string[]): Promise<number> {
	const quoted = command.map(word => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
	const [program = '', ...words] = sandbox.commandLine('script', ['-qfec', `stty rows 24 cols 80; exec ${quoted}`, '/dev/null']);
	const began = performance.now();
	const child = spawn(program, words, {env: {...sandbox.environment, TERM: 'xterm-256color'}, stdio: ['pipe', 'pipe', 'ignore'], detached: true});
	let seen = '';
	return new Promise((resolve, reject) => {
		let answered = false;
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			seen += text;
			// Control sequences alone are no frame.
			if (answered || seen.replaceAll(/\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007]*\u0007|.)/g, '').trim() === '') return;
			answered = true;
			resolve(performance.now() - began);
			signalTo(-(child.pid ?? 0), 'SIGKILL');
		});
		child.once('close', () => {
			if (!answered) reject(new Error(`${quoted} showed nothing`));
		});
	});
}
