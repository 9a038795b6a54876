import type {ChildProcess} from 'node:child_process';
import {lineReader, type GuardNews, type GuardWord} from './protocol.js';

/** The two pipes to the guard. */
export class Connection {
	/** Resolves when the guard's output has ended, that is when its process, with all its threads, is gone. */
	readonly ended: Promise<void>;
	isOpen = true;
	readonly #child: ChildProcess;
	readonly #listeners = new Set<(news: GuardNews | null) => void>();

	constructor(child: ChildProcess) {
		this.#child = child;
		child.stdin?.on('error', () => {});
		child.on('error', () => this.#end());
		if (child.pid === undefined) this.isOpen = false;
		const read = lineReader<GuardNews>(news => this.#tell(news));
		child.stdout?.setEncoding('utf8').on('data', read);
		this.ended = new Promise(resolve => {
			child.stdout?.once('close', () => {
				this.#end();
				resolve();
			});
		});
	}

	say(word: GuardWord): void {
		this.#child.stdin?.write(`${JSON.stringify(word)}\n`);
	}

	/** All news, in their order; null once, at the end. */
	listen(listener: (news: GuardNews | null) => void): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	/** The next news of some kinds; null where the guard ends before. */
	async next<Kind extends GuardNews['is']>(...kinds: readonly Kind[]): Promise<Extract<GuardNews, {is: Kind}> | null> {
		if (!this.isOpen) return null;
		return new Promise(resolve => {
			const stop = this.listen(news => {
				if (news !== null && !kinds.some(kind => kind === news.is)) return;
				stop();
				resolve(news as Extract<GuardNews, {is: Kind}> | null);
			});
		});
	}

	#tell(news: GuardNews | null): void {
		for (const listener of this.#listeners) listener(news);
	}

	#end(): void {
		if (!this.isOpen) return;
		this.isOpen = false;
		this.#tell(null);
	}
}
