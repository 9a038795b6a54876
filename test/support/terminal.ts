import {constants, mkdtempSync, openSync, rmSync, writeFileSync} from 'node:fs';
import {Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {must, plainEnvironment, run} from './process.js';

export type TerminalOptions = {
	/** Default 80. */
	readonly columns?: number;
	/** Default 24. */
	readonly rows?: number;
	/** Default: the tests' own environment, UTF-8, without CI. */
	readonly env?: Readonly<Record<string, string | undefined>>;
	readonly cwd?: string;
};

/**
 * A command in a real terminal (a tmux of its own). Keys are tmux's names: `Enter`, `Escape`, `Up`, `Tab`, `BSpace`, `C-c`, `Space`; anything else is typed as it stands.
 * After `Escape` wait for what it does before the next key, or a program may take the two for one (as in any terminal).
 */
export type Terminal = {
	/** Sends keys, each by itself. */
	readonly press: (...keys: readonly string[]) => Promise<void>;
	/** Types a text character by character. */
	readonly type: (text: string) => Promise<void>;
	/** Pastes a text in one piece (bracketed where the program asked for that). */
	readonly paste: (text: string) => Promise<void>;
	/** The screen as text: a line each, no trailing blanks. */
	readonly screen: () => Promise<string>;
	/** The screen with its styles as escape sequences. */
	readonly styled: () => Promise<string>;
	/** With what has scrolled away. */
	readonly history: () => Promise<string>;
	/** Waits until the screen shows this, and answers it. Rejects with the screen after `deadlineMs` (default 60 s). */
	readonly shows: (pattern: string | RegExp, deadlineMs?: number) => Promise<string>;
	/** Waits until the screen fulfils a condition. `what` names it in the error. */
	readonly until: (what: string, condition: (screen: string) => boolean, deadlineMs?: number) => Promise<string>;
	readonly resize: (columns: number, rows: number) => Promise<void>;
	/** Waits until the command has ended, and answers its exit code. The screen can still be read. */
	readonly exited: (deadlineMs?: number) => Promise<number>;
	/** The process id of the terminal's shell, whose only child is the command. */
	readonly pid: number;
	/** Ends the command, as closing the window would, and the terminal. */
	readonly end: () => Promise<void>;
};



/** Starts a command in a terminal. Needs tmux: skip with `whyNoTmux()`. */
export async function openTerminal(command: readonly string[], options: TerminalOptions = {}): Promise<Terminal> {
	const directory = mkdtempSync(join(tmpdir(), 'quiesce-terminal-'));
	const socket = join(directory, 'tmux');
	const outputFifo = join(directory, 'output');
	const exitFifo = join(directory, 'exit');
	await must('mkfifo', ['-m', '600', outputFifo, exitFifo]);
	const environment = {...plainEnvironment(), TMUX: undefined, ...options.env};
	const tmux = async (...words: readonly string[]): Promise<string> => must('tmux', ['-S', socket, ...words], {env: environment});

	// Every byte that the command writes, and its end, arrive through pipes: nothing is asked for at intervals.
	const watchers = new Set<() => void>();
	const told = (): void => {
		for (const watcher of watchers) watcher();
	};
	// A frame is written in several pieces, and the terminal shows each as it comes: only a whole one is looked at.
	let inFrame = false;
	let tail = '';
	const output = openPipe(outputFifo, data => {
		const text = tail + data;
		const [begun, ended] = [text.lastIndexOf(frameBegins), text.lastIndexOf(frameEnds)];
		if (begun !== ended) inFrame = begun > ended;
		tail = text.slice(1 - frameBegins.length);
		told();
	});
	let exitText = '';
	const exit = openPipe(exitFifo, data => {
		exitText += data;
		told();
	});

	// The shell between stays when the command ends, so that the last screen can still be read.
	const wrapper = join(directory, 'wrapper');
	writeFileSync(wrapper, `trap : INT QUIT\nread -r go\nstty echo\n"$@"\necho $? >'${exitFifo}'\nexec sleep 3600\n`);
	const columns = options.columns ?? 80;
	const rows = options.rows ?? 24;
	const configuration = join(directory, 'configuration');
	writeFileSync(configuration, 'set -g status off\nset -g escape-time 0\nset -g history-limit 5000\nset -g default-terminal "tmux-256color"\nset -ga terminal-overrides ",*:Tc"\n');
	await must('tmux', ['-u', '-S', socket, '-f', configuration, 'new-session', '-d', '-x', String(columns), '-y', String(rows),
		`stty -echo; exec sh ${[wrapper, ...command].map(quote).join(' ')}`], {env: environment, ...(options.cwd === undefined ? {} : {cwd: options.cwd})});
	await tmux('pipe-pane', '-O', `exec cat >'${outputFifo}'`);
	const pid = Number(await tmux('display-message', '-p', '#{pane_pid}'));
	// Only now that its output is heard may the command begin.
	await tmux('send-keys', 'Enter');

	const screen = async (): Promise<string> => (await tmux('capture-pane', '-p')).replace(/\n+$/, '\n');
	const wait = async <T>(what: string, look: () => Promise<T | undefined>, deadlineMs: number): Promise<T> => {
		let changed = false;
		let wake: () => void = () => {};
		const watcher = (): void => {
			changed = true;
			wake();
		};
		watchers.add(watcher);
		const end = Date.now() + deadlineMs;
		try {
			for (;;) {
				changed = false;
				const found = await look();
				if (found !== undefined) return found;
				if (!changed) {
					await new Promise<void>(resolve => {
						const timer = setTimeout(resolve, Math.max(0, end - Date.now()));
						wake = () => {
							clearTimeout(timer);
							resolve();
						};
					});
				}
				if (Date.now() >= end) {
					const last = await look();
					if (last !== undefined) return last;
					throw new Error(`not within ${deadlineMs} ms: ${what}\n--- the screen\n${await screen()}---`);
				}
			}
		} finally {
			watchers.delete(watcher);
		}
	};
	const until = async (what: string, condition: (screen: string) => boolean, deadlineMs = 60_000): Promise<string> =>
		wait(what, async () => {
			const text = await screen();
			// Who was killed in the middle of a frame does not end it any more.
			return (!inFrame || exitText !== '') && condition(text) ? text : undefined;
		}, deadlineMs);

	return {
		pid,
		press: async (...keys) => {
			for (const key of keys) await (keyName.test(key) ? tmux('send-keys', key) : tmux('send-keys', '-l', '--', key));
		},
		type: async text => {
			for (const character of text) await tmux('send-keys', '-l', '--', character);
		},
		paste: async text => {
			const file = join(directory, 'paste');
			writeFileSync(file, text);
			await tmux('load-buffer', file);
			await tmux('paste-buffer', '-p', '-r');
		},
		screen,
		styled: async () => tmux('capture-pane', '-p', '-e', '-N'),
		history: async () => tmux('capture-pane', '-p', '-S', '-'),
		shows: async (pattern, deadlineMs) => until(String(pattern), text => (typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text)), deadlineMs),
		until,
		resize: async (newColumns, newRows) => void (await tmux('resize-window', '-x', String(newColumns), '-y', String(newRows))),
		exited: async (deadlineMs = 60_000) => {
			const code = await wait('the command ends', async () => (exitText.includes('\n') ? Number(exitText) : undefined), deadlineMs);
			// What it wrote last may still be on its way to the screen.
			await tmux('display-message', '-p', '');
			return code;
		},
		end: async () => {
			await run('tmux', ['-S', socket, 'kill-server'], {env: environment});
			output.destroy();
			exit.destroy();
			rmSync(directory, {recursive: true, force: true});
		},
	};
}

/** The marks of a synchronized update (DEC private mode 2026), which Ink puts around each frame. */
const frameBegins = '\u001B[?2026h';
const frameEnds = '\u001B[?2026l';

const keyName = /^(?:(?:[CMS]-)+.+|Enter|Escape|Up|Down|Left|Right|Home|End|Tab|BTab|BSpace|Space|DC|IC|NPage|PPage|F\d+)$/;

/** Both ends in one descriptor: opening does not wait for a writer, and the last writer's end is no end of file. */
function openPipe(path: string, onData: (text: string) => void): Socket {
	const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
	const pipe = new Socket({fd: descriptor, readable: true, writable: false});
	pipe.setEncoding('utf8').on('data', (text: string) => onData(text));
	pipe.on('error', () => {});
	pipe.unref();
	return pipe;
}

function quote(word: string): string {
	return `'${word.replaceAll('\'', '\'\\\'\'')}'`;
}

