import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {constants as systemConstants} from 'node:os';
import {join} from 'node:path';
import {exitCodes, type ExitCode} from '../core/failure.js';
import {examineSnapshot, latestSnapshot, type CommandEnd, type Observation} from './examine.js';
import {checkMachine, openLaboratory, type Laboratory} from './laboratory.js';
import {afterwards, holdSeconds, introduction, report, speechHere} from './words.js';

export type DemoOptions = {
	/** Asks nothing and opens no screens: the set-up by answers, the cycle in plain lines. */
	readonly unattended: boolean;
	/** The program and the words with which quiesce is started. */
	readonly quiesce: readonly [string, ...string[]];
	readonly write: (text: string) => void;
};

/** What the demo puts into the wizard's fields: the configuration with the ledger's scripts. */
function configuration(laboratory: Laboratory): Readonly<Record<string, unknown>> {
	return {
		pluginName: 'ScriptRunner',
		preScriptLocation: laboratory.preScript,
		postScriptLocation: laboratory.postScript,
		preScriptParams: [laboratory.control],
		postScriptParams: [laboratory.control],
		preScriptNoOfRetries: 0,
		postScriptNoOfRetries: 0,
		timeoutInSeconds: 30,
		continueBackupOnFailure: false,
		fsFreezeEnabled: true,
	};
}

/**
 * Plays the whole story in a laboratory: set-up, a live cycle with a snapshot, and a look into the snapshot. Answers the exit code: that of
 * quiesce, 5 where the snapshot is not complete, 130/143/129 where a signal ended it.
 * @throws Failure where the demo cannot run on this machine.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
	checkMachine();
	const signals = listenForSignals();
	const laboratory = await openLaboratory();
	try {
		const code = await play(laboratory, options, signals);
		return signals.received() ?? code;
	} finally {
		await laboratory.end();
		signals.close();
		options.write(afterwards(speechHere()));
	}
}

async function play(laboratory: Laboratory, options: DemoOptions, signals: Signals): Promise<number> {
	const {write} = options;
	const speech = speechHere();
	write(introduction(laboratory, options.unattended, speech));
	const settings = configuration(laboratory);
	let code: number;
	if (options.unattended) {
		code = await quiesce(laboratory, options, signals, ['setup', '--answers', '-'], JSON.stringify(settings));
		if (code === 0 && signals.received() === null) {
			write('\n');
			code = await quiesce(laboratory, options, signals, ['cycle', '--snapshot', 'image', '--mount', laboratory.disk]);
		}
	} else {
		await attended(signals, spawn('sh', ['-c', 'read -r _'], {stdio: 'inherit'}));
		if (signals.received() !== null) return 0;
		write('\n');
		const template = join(laboratory.control, 'template.json');
		writeFileSync(laboratory.inside(template), `${JSON.stringify(settings, null, 2)}\n`, {mode: 0o600});
		code = await quiesce(laboratory, options, signals, ['setup', '--template', template, '--mount', laboratory.disk, '--snapshot', 'image', '--hold', String(holdSeconds)]);
	}

	if (signals.received() !== null) return code;
	laboratory.mustLive();
	const snapshot = latestSnapshot(laboratory);
	const observations: readonly Observation[] = snapshot === null ? [] : await examineSnapshot(laboratory, snapshot, async (command, parameters) => run(laboratory, command, parameters));
	write(report(snapshot, observations, speech));
	return code === exitCodes.done && observations.some(({fine}) => !fine) ? exitCodes.failed : code;
}

/** Starts quiesce in the laboratory, on this terminal, and waits for its exit code. */
async function quiesce(laboratory: Laboratory, options: DemoOptions, signals: Signals, words: readonly string[], input?: string): Promise<number> {
	const [program, ...first] = options.quiesce;
	const [command, parameters] = laboratory.commandLine(program, [...first, ...words]);
	const child = spawn(command, parameters, {
		stdio: [input === undefined ? 'inherit' : 'pipe', 'inherit', 'inherit'],
		env: {...process.env, ...laboratory.environment},
	});
	child.stdin?.on('error', () => {});
	child.stdin?.end(input);
	return attended(signals, child);
}

/** Waits for a child; signals that arrive meanwhile are the child's. */
async function attended(signals: Signals, child: ChildProcess): Promise<number> {
	signals.passTo(child);
	const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
	signals.passTo(null);
	return code ?? 128 + (signal === null ? 0 : systemConstants.signals[signal]);
}

async function run(laboratory: Laboratory, command: string, parameters: readonly string[]): Promise<CommandEnd> {
	const [program, words] = laboratory.commandLine(command, parameters);
	const child = spawn(program, words, {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, ...laboratory.environment}});
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8').on('data', (text: string) => {
			output += text;
		});
	}
	const [exitCode] = (await once(child, 'close')) as [number | null];
	return {exitCode, output};
}

type Signals = {
	/** The exit code for the first signal that arrived; null where none did. */
	readonly received: () => ExitCode | null;
	readonly passTo: (child: ChildProcess | null) => void;
	readonly close: () => void;
};

const codes = {SIGINT: exitCodes.interrupted, SIGTERM: exitCodes.terminated, SIGHUP: exitCodes.hungUp} as const;

/** A signal ends the step that runs, in its own way; then the demo cleans up and leaves. */
function listenForSignals(): Signals {
	let first: ExitCode | null = null;
	let current: ChildProcess | null = null;
	const listeners = (Object.keys(codes) as (keyof typeof codes)[]).map(signal => {
		const listener = (): void => {
			first ??= codes[signal];
			// A ctrl-c at a terminal has reached the child already, and twice could mean something else to it.
			if (signal !== 'SIGINT' || !process.stdin.isTTY) current?.kill(signal);
		};
		process.on(signal, listener);
		return [signal, listener] as const;
	});
	return {
		received: () => first,
		passTo: child => {
			current = child;
		},
		close: () => listeners.forEach(([signal, listener]) => process.off(signal, listener)),
	};
}
