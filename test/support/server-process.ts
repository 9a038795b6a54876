import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {pidOf} from './process.js';

/** A server under way. */
export type ServerProcess = {
	readonly pid: number;
	/** Sends a signal and waits for the end; fine where it has ended already. */
	readonly end: (signal: NodeJS.Signals) => Promise<void>;
};

/** Starts a server and waits until it says that it is ready; rejects with its words where it ends first. */
export async function startServer(command: string, parameters: readonly string[], ready: RegExp): Promise<ServerProcess> {
	const child: ChildProcess = spawn(command, parameters, {stdio: ['ignore', 'pipe', 'pipe'], cwd: '/'});
	let words = '';
	await new Promise<void>((resolve, reject) => {
		const take = (text: string): void => {
			words = (words + text).slice(-20_000);
			if (ready.test(words)) resolve();
		};
		child.stdout?.setEncoding('utf8').on('data', take);
		child.stderr?.setEncoding('utf8').on('data', take);
		child.once('error', reject);
		child.once('exit', () => reject(new Error(`${command} ended: ${words}`)));
	});
	return {
		pid: pidOf(child),
		async end(signal) {
			if (child.exitCode !== null || child.signalCode !== null) return;
			const gone = once(child, 'exit');
			child.kill(signal);
			await gone;
		},
	};
}
