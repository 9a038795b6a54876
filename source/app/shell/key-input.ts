import {Readable} from 'node:stream';

/** A paste, an escape sequence, an escaped character, or a single character: what is one event for whoever reads keys. */
const pieces = (): RegExp => /\u001B\[200~[^]*?(?:\u001B\[201~|$)|\u001B\u001B?\[[0-?]*[ -/]*[@-~]|\u001B\u001B?O.|\u001B[^\u001B]|\r\n|\p{RI}\p{RI}|[^]\p{M}*/gsu;

/**
 * Standard input, one key at a time. Over a slow line, or from fast fingers, several keys arrive in one read; each is handed on only after the one before
 * it has been dealt with and drawn, so that a key that was meant for the next screen reaches the next screen.
 */
export class KeyInput extends Readable {
	readonly isTTY = true;
	readonly #source: NodeJS.ReadStream;
	#waiting: string[] = [];
	#pasting = '';
	#held = 0;
	#scheduled = false;
	readonly #onData = (chunk: string): void => this.#take(chunk);
	readonly #onGone = (): void => {
		this.emit('gone');
	};

	constructor(source: NodeJS.ReadStream) {
		super({encoding: 'utf8', read() {}});
		this.#source = source;
		source.setEncoding('utf8');
		source.on('data', this.#onData);
		source.on('end', this.#onGone);
		source.on('error', this.#onGone);
	}

	setRawMode(on: boolean): this {
		// A terminal that is gone cannot be set back.
		try {
			this.#source.setRawMode(on);
		} catch {}
		return this;
	}

	/** While a screen is being loaded its keys wait. Answers what lets them through again. */
	hold(): () => void {
		this.#held++;
		let over = false;
		return () => {
			if (over) return;
			over = true;
			this.#held--;
			this.#next();
		};
	}

	ref(): this {
		this.#source.ref();
		return this;
	}

	unref(): this {
		this.#source.unref();
		return this;
	}

	/** Lets go of standard input, so that the process can end. */
	close(): void {
		this.#source.off('data', this.#onData);
		this.#source.off('end', this.#onGone);
		this.#source.off('error', this.#onGone);
		this.#source.pause();
		this.#source.unref();
		this.#waiting = [];
	}

	#take(chunk: string): void {
		const text = this.#pasting + chunk;
		this.#pasting = '';
		for (const [piece] of text.matchAll(pieces())) {
			// A paste that is not complete yet waits for its end.
			if (piece.startsWith('\u001B[200~') && !piece.endsWith('\u001B[201~')) this.#pasting = piece;
			else this.#waiting.push(piece === '\r\n' ? '\r' : piece);
		}
		this.#next();
	}

	#next(): void {
		if (this.#scheduled || this.#held > 0 || this.#waiting.length === 0) return;
		this.#scheduled = true;
		this.push(this.#waiting.shift());
		// One turn for the key itself, one for what it changes, one for the effects of that.
		setImmediate(() => setImmediate(() => setImmediate(() => {
			this.#scheduled = false;
			this.#next();
		})));
	}
}
