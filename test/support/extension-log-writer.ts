/** Writes lines as the extension's logger writes them: their beginnings, its memory while filesystems are frozen, the quotations of safefreeze. */
export type LogWriterOptions = {
	/** Milliseconds since 1970 UTC. */
	readonly at: number;
	readonly task: string;
	/** `buffered`: kept in memory while frozen. `dropped`: LoggingOff. `straight`: MountsToSkip is "/". */
	readonly frozenLines: 'buffered' | 'dropped' | 'straight';
	/** Python 2 writes other beginnings (the time zone is UTC here). */
	readonly python: 2 | 3;
};

export const extensionName = 'Microsoft.Azure.RecoveryServices.VMSnapshotLinux';

export class LogWriter {
	now: number;
	readonly #lines: string[] = [];
	readonly #options: LogWriterOptions;
	#memory: string[] | null = null;

	constructor(options: LogWriterOptions) {
		this.#options = options;
		this.now = options.at;
	}

	get text(): string {
		return `${this.#lines.join('\n')}\n`;
	}

	/** Lines are kept in memory just now. */
	get isSilent(): boolean {
		return this.#memory !== null;
	}

	/** A line that goes into the file at once, whatever is frozen. */
	direct(text: string, took = 1): void {
		this.now += took;
		const {python} = this.#options;
		const line = `${python === 3 ? this.#stamp('-', true) : this.#stamp('/', false)} [${extensionName}-1.0]${text}`;
		// Python 2's logger puts the time before every line of a message.
		this.#lines.push(python === 3 ? line : line.replaceAll('\n', `\n${this.#stamp('/', false)} `));
	}

	say(text: string, took = 1, level = 'Info'): void {
		if (this.#memory === null) return this.direct(text, took);
		this.now += took;
		const {python, frozenLines} = this.#options;
		if (frozenLines !== 'dropped') this.#memory.push(python === 3 ? `${this.#stamp('/', true)}  ${level}  ${text} ` : `${this.#stamp('-', true)}  ${level}  ${text} `);
	}

	/** What safefreeze said at a time, quoted now. */
	quote(at: number, text: string): void {
		this.say(`${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} ${text}`, 0);
	}

	/** The last line did not come. */
	takeBack(): void {
		this.#lines.pop();
	}

	fallSilent(): void {
		if (this.#options.frozenLines !== 'straight') this.#memory = [];
	}

	/** `closing`: false at the end of a daemon that never came to a thaw. */
	flush(closing: boolean): void {
		if (this.#memory === null) return;
		const isDropped = this.#options.frozenLines === 'dropped';
		const kept = [...(isDropped ? [] : ['================== Logs during Freeze Start ==============']), ...this.#memory, ...(closing ? ['================== Logs during Freeze End =============='] : [])];
		this.#memory = null;
		if (kept.length > 0) this.direct(`${kept.join('\n')}\n`);
	}

	/** Repeated for every child from the freeze on. */
	childEnds(): void {
		this.say('some child process terminated', 0);
		this.say('binary child terminated', 0);
		this.say('****** 9. Binary Process completed (Signal=2 received)', 0);
	}

	report(status: string, code: number, message: string): void {
		this.direct(`Enable,${status},${code},${message},False`);
		this.direct('partition count : 2, total used size : 0, is storage space present : False, is size computation failed : False');
		this.say('file status report message:');
		this.say(this.statusText(status, code, message));
		this.say('the logs blob uri is not there, so do not upload log.');
	}

	/** The status file as it is written now. */
	statusText(status: string, code: number, message = '', more: {readonly consistency?: number; readonly snapshots?: readonly boolean[]} = {}): string {
		const {at, task} = this.#options;
		const inner = {
			version: '1.0', timestampUTC: 'TIME', status: {
				name: extensionName, operation: 'Enable', status, substatus: [], code: String(code), taskId: task,
				formattedMessage: {lang: 'en-US', message: JSON.stringify({messageStr: message, snapshotConsistency: more.consistency ?? 0, jobMessage: ''})},
				commandStartTimeUTCTicks: String(BigInt(at - 1000 + 62_135_596_800_000) * 10_000n), telemetryData: [],
				// The host's words for true and false are passed on as texts.
				snapshotInfo: more.snapshots === undefined ? null : more.snapshots.map(good => ({isSuccessful: String(good), snapshotUri: null})),
				vmHealthInfo: {vmHealthState: 0, vmHealthStatusCode: code},
			},
		};
		const text = JSON.stringify([inner]).replace('TIME', String.raw`\/Date(${this.now})\/`);
		return JSON.stringify([{version: '1.0', timestampUTC: new Date(this.now).toISOString(), status: {...inner.status, status: 'success', substatus: [{code: '0', name: text, status: 'success', formattedMessage: null}], telemetryData: null, snapshotInfo: null}}]);
	}

	/** No fraction where it is exactly zero, except in memory. */
	#stamp(separator: string, fraction: boolean): string {
		const iso = new Date(this.now).toISOString();
		return `${iso.slice(0, 10).replaceAll('-', separator)} ${iso.slice(11, 19)}${fraction && this.now % 1000 !== 0 ? `.${iso.slice(20, 23)}417` : fraction && separator === '/' ? '.000000' : ''}`;
	}
}
