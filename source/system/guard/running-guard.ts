import type {ChildProcess} from 'node:child_process';
import {closeSync} from 'node:fs';
import {exitCodes, Failure} from '../../core/failure.js';
import type {FreezeReport, Guard, GuardOrder, HeldScripts, MountReport, ThawReport} from '../guard.js';
import type {Native} from '../native.js';
import {readProcess} from '../processes.js';
import {within} from '../time.js';
import type {Connection} from './connection.js';
import type {OpenTarget} from './freezer.js';
import {closeTargets} from './places.js';
import {monotonicMs, type GuardNews, type MountChange} from './protocol.js';

/** The guard that does not answer for so long is ended, and the main process thaws. */
const answerWithinMs = 1000;
/** How much longer than the guard's the main process's own deadline is. */
const graceMs = 1000;
/** How often the main process looks whether the guard lives, while anything is frozen. */
const lookEveryMs = 250;

/** The guard as the main process sees it, and what the main process does where the guard fails. */
export class RunningGuard implements Guard {
	readonly pid: number;
	readonly #order: GuardOrder;
	readonly #child: ChildProcess;
	readonly #connection: Connection;
	readonly #native: Native;
	/** Descriptors of our own, by the guard's index. */
	readonly #own: readonly OpenTarget[];
	readonly #lock: number;
	readonly #loss = new AbortController();
	/** What each filesystem is doing, as far as the guard has told. */
	readonly #states = new Map<number, MountChange>();
	#startedAt: number | undefined;
	#lastThawAt: number | undefined;
	#looking: NodeJS.Timeout | undefined;
	#onFreeze: Parameters<Guard['freeze']>[0] = () => {};
	#onThaw: NonNullable<Parameters<Guard['thaw']>[0]> = () => {};
	#thawed: ThawReport | undefined;
	#rescue: Promise<ThawReport> | undefined;
	#closed = false;
	#thawing = false;

	constructor(order: GuardOrder, child: ChildProcess, connection: Connection, native: Native, own: readonly (readonly OpenTarget[])[], lock: number) {
		this.pid = child.pid ?? -1;
		this.#order = order;
		this.#child = child;
		this.#connection = connection;
		this.#native = native;
		this.#own = own.flat();
		this.#lock = lock;
		connection.listen(news => this.#hear(news));
	}

	get lost(): AbortSignal {
		return this.#loss.signal;
	}

	async hold(scripts: HeldScripts | null): Promise<void> {
		if (!this.#connection.isOpen) return;
		const answer = this.#connection.next('held');
		this.#connection.say({say: 'hold', scripts});
		await answer;
	}

	async flush(): Promise<void> {
		const answer = this.#connection.next('flushed');
		this.#connection.say({say: 'flush'});
		await answer;
	}

	async freeze(onMount: Parameters<Guard['freeze']>[0]): Promise<FreezeReport> {
		this.#onFreeze = onMount;
		const began = monotonicMs();
		const answer = this.#connection.next('freeze-ended');
		this.#startedAt = began;
		this.#look(began);
		this.#connection.say({say: 'freeze'});
		const news = await answer;
		if (news !== null) {
			if (!news.report.frozen && !this.#holds()) this.#stopLooking();
			return news.report;
		}
		await this.#takeOver('The guard process ended while it was freezing.');
		return {frozen: false, durationMs: monotonicMs() - began, mounts: this.#own.map(({target}, index) => ({mount: target.mount, ok: this.#states.get(index) === 'thawed', durationMs: 0, errno: 'ECANCELED'}))};
	}

	async thaw(onMount?: Parameters<Guard['thaw']>[0]): Promise<ThawReport> {
		if (onMount !== undefined) this.#onThaw = onMount;
		this.#thawing = true;
		if (this.#thawed !== undefined) return this.#thawed;
		if (this.#rescue !== undefined) return this.#rescue;
		if (this.#connection.isOpen) {
			const begun = this.#connection.next('thaw-begun', 'thaw-ended');
			const ended = this.#connection.next('thaw-ended');
			this.#connection.say({say: 'thaw'});
			if (await within(begun, answerWithinMs) === undefined) return this.#takeOver('The guard process did not answer.');
			const news = await ended;
			if (news !== null) return news.report;
		}
		return this.#takeOver('The guard process ended.');
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		if (this.#holds()) await this.thaw();
		this.#stopLooking();
		if (this.#connection.isOpen) {
			this.#connection.say({say: 'close'});
			if (await within(this.#connection.ended.then(() => true), 10 * answerWithinMs) === undefined) this.#kill();
		}
		this.#child.stdin?.destroy();
		closeTargets([this.#own]);
		closeSync(this.#lock);
	}

	#hear(news: GuardNews | null): void {
		if (news === null) {
			if (!this.#closed) void this.#takeOver('The guard process ended.');
			return;
		}
		if (news.is === 'mount') {
			this.#states.set(news.index, news.state);
			if (news.state === 'thawed') this.#lastThawAt = news.atMs;
			this.#onMount(this.#own[news.index]?.target.mount ?? '', news.state, news.durationMs, news.errno);
		}
		if (news.is === 'thaw-ended') {
			this.#thawed = news.report;
			this.#stopLooking();
			if (news.report.byDeadline) this.#lose(news.cause === 'deadline' ? 'The deadline passed: everything was thawed.' : 'Everything was thawed before it was asked for.');
		}
	}

	#onMount(mount: string, state: MountChange, durationMs: number, detail?: string): void {
		switch (state) {
			case 'freezing':
			case 'frozen':
			case 'refused':
				return this.#onFreeze(mount, state, durationMs, detail);
			case 'thawing':
			case 'thawed':
				return this.#onThaw(mount, state, durationMs, detail);
			case 'hung':
				return this.#thawing ? this.#onThaw(mount, state, durationMs, detail) : this.#onFreeze(mount, state, durationMs, detail);
		}
	}

	/** True where, as far as is known, something is or may be frozen by the guard. */
	#holds(): boolean {
		return [...this.#states.values()].some(state => state === 'freezing' || state === 'frozen' || state === 'hung' || state === 'thawing');
	}

	/** While something may be frozen: is the guard there, and is the deadline over? A guard with a thread stuck in the kernel stays a zombie, and its pipe open. */
	#look(began: number): void {
		this.#looking = setInterval(() => {
			const state = readProcess(this.pid)?.state;
			if (state === 'Z' || state === undefined) void this.#takeOver('The guard process ended.');
			else if (monotonicMs() > began + this.#order.deadlineMs + graceMs) void this.#takeOver('The guard process did not thaw at the deadline.');
		}, lookEveryMs);
	}

	#stopLooking(): void {
		clearInterval(this.#looking);
	}

	#lose(why: string): void {
		if (!this.#loss.signal.aborted) this.#loss.abort(new Failure(why, {exitCode: exitCodes.failed}));
	}

	#kill(): void {
		try {
			process.kill(this.pid, 'SIGKILL');
		} catch {
			// It has ended by itself.
		}
	}

	/** Ends what is left of the guard, takes the whole lock, and thaws through descriptors of our own what the guard had, or may have, frozen. */
	async #takeOver(why: string): Promise<ThawReport> {
		this.#rescue ??= (async () => {
			this.#stopLooking();
			this.#kill();
			this.#lose(why);
			// Thaws at once what is known to be frozen, then again what was under way when the guard's last thread has left the kernel.
			const reports = new Map<number, MountReport>();
			await this.#thawOwn(reports);
			await within(this.#connection.ended.then(() => true), answerWithinMs);
			this.#native.lock(this.#lock, 0, 0);
			await this.#thawOwn(reports);
			void this.#connection.ended.then(async () => this.#thawOwn(reports));
			this.#thawed = {mounts: [...reports.values()], windowMs: this.#startedAt === undefined || this.#lastThawAt === undefined ? 0 : this.#lastThawAt - this.#startedAt, byDeadline: true};
			return this.#thawed;
		})();
		return this.#rescue;
	}

	async #thawOwn(reports: Map<number, MountReport>): Promise<void> {
		const left = this.#own.map((open, index) => ({open, index, state: this.#states.get(index)}))
			.filter(({state}) => state === 'freezing' || state === 'frozen' || state === 'hung' || state === 'thawing').toReversed();
		await Promise.all(left.map(async ({open: {target, descriptor}, index, state}) => {
			const at = monotonicMs();
			this.#onMount(target.mount, 'thawing', 0);
			const call = this.#native.thaw(descriptor).then(errno => errno ?? 'thawed');
			const outcome = await within(call, answerWithinMs) ?? 'ETIMEDOUT';
			const now = monotonicMs();
			// The third line may have been quicker, or the freeze call never came to its end.
			const over = outcome === 'thawed' || (outcome === 'EINVAL' && state !== 'freezing' && state !== 'hung');
			reports.set(index, {mount: target.mount, ok: outcome === 'thawed' || outcome === 'EINVAL', durationMs: now - at, ...(outcome === 'thawed' || outcome === 'EINVAL' ? {} : {errno: outcome})});
			if (over) this.#states.set(index, 'thawed');
			if (outcome === 'thawed' || outcome === 'EINVAL') this.#lastThawAt = now;
			this.#onMount(target.mount, outcome === 'ETIMEDOUT' ? 'hung' : 'thawed', now - at);
		}));
	}
}
