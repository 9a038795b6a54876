import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {exitCodes, Failure} from '../../core/failure.js';
import type {FreezeReport, Guard, GuardOrder, HeldScripts, MountReport, ThawReport} from './types.js';
import type {HeldLock} from '../lock.js';
import type {Native} from '../native.js';
import {isRunning, kill, readProcess, wakeIfStopped, type ProcessMark} from '../processes.js';
import {within} from '../time.js';
import type {Connection} from './connection.js';
import type {OpenTarget} from './freezer.js';
import {endHasteOf, gracePeriods} from './haste.js';
import {closeTargets} from './places.js';
import {thawApart} from './thaw-process.js';
import {mayBeFrozen, monotonicMs, type GuardNews, type MountChange} from './protocol.js';

/** The guard that does not answer for so long is ended, and the main process thaws. */
const answerWithinMs = 1000;
/** How long a process that thaws apart may take, its start included. */
const apartWithinMs = 3000;
/** Where nothing is frozen yet, a busy machine may take longer. */
const holdWithinMs = 5000;
/** How much longer than the guard's the main process's own deadline is; and how long the guard may be silent after that, while it waits for the kernel. */
const graceMs = 1000;
const silenceMs = 3000;
/** How often the main process looks whether the guard lives and runs: the kernel tells of its end only when its last thread has ended. */
const lookEveryMs = 250;

/** The guard as the main process sees it, and what the main process does where the guard fails. */
export class RunningGuard implements Guard {
	readonly pid: number;
	readonly hastens: boolean;
	readonly #order: GuardOrder;
	readonly #child: ChildProcess;
	readonly #connection: Connection;
	readonly #native: Native;
	/** Descriptors of our own, by the guard's index. */
	readonly #own: readonly OpenTarget[];
	readonly #lock: HeldLock;
	readonly #loss = new AbortController();
	/** What each filesystem is doing, as far as the guard has told. */
	readonly #states = new Map<number, MountChange>();
	readonly #mark: ProcessMark;
	#startedAt: number | undefined;
	#lastThawAt: number | undefined;
	#heardAt = 0;
	/** By index: thaws that the kernel has not answered. */
	readonly #waitedFor = new Set<number>();
	readonly #looking: NodeJS.Timeout;
	#looksStopped = 0;
	#onFreeze: Parameters<Guard['freeze']>[0] = () => {};
	#onThaw: NonNullable<Parameters<Guard['thaw']>[0]> = () => {};
	#thawed: ThawReport | undefined;
	#rescue: Promise<ThawReport> | undefined;
	#closed = false;
	#thawing = false;

	constructor(order: GuardOrder, child: ChildProcess, connection: Connection, native: Native, own: readonly (readonly OpenTarget[])[], lock: HeldLock, hastens: boolean) {
		this.pid = child.pid ?? -1;
		this.hastens = hastens;
		this.#order = order;
		this.#child = child;
		this.#connection = connection;
		this.#native = native;
		this.#own = own.flat();
		this.#lock = lock;
		this.#mark = {pid: this.pid, start: readProcess(this.pid)?.start ?? ''};
		connection.listen(news => this.#hear(news));
		this.#looking = setInterval(() => this.#look(), lookEveryMs);
		this.#looking.unref();
	}

	get lost(): AbortSignal {
		return this.#loss.signal;
	}

	async hold(scripts: HeldScripts | null): Promise<void> {
		if (!this.#connection.isOpen) return;
		const answer = this.#connection.next('held');
		this.#connection.say({say: 'hold', scripts});
		if (await within(answer, holdWithinMs) === undefined) await this.#takeOver('The guard process did not answer.');
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
		this.#connection.say({say: 'freeze'});
		const news = await answer;
		if (news !== null) return news.report;
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
		clearInterval(this.#looking);
		if (this.#connection.isOpen) {
			this.#connection.say({say: 'close'});
			if (await within(this.#connection.ended.then(() => true), 10 * answerWithinMs) === undefined) kill(this.pid);
		}
		this.#child.stdin?.destroy();
		// Stopped on its last steps, it would stay for ever.
		if (this.#child.exitCode === null && this.#child.signalCode === null && await within(once(this.#child, 'exit'), answerWithinMs) === undefined) wakeIfStopped(this.#mark);
		// It stays where the kernel has not answered a freeze call yet, to thaw what that may freeze after all; nobody waits for it.
		this.#child.unref();
		closeTargets([this.#own]);
		this.#lock.release();
	}

	#hear(news: GuardNews | null): void {
		if (news === null) {
			if (!this.#closed) void this.#takeOver('The guard process ended.');
			return;
		}
		this.#heardAt = monotonicMs();
		if (news.is === 'mount') {
			this.#states.set(news.index, news.state);
			if (news.state === 'thawed') this.#lastThawAt = news.atMs;
			this.#onMount(this.#own[news.index]?.target.mount ?? '', news.state, news.durationMs, news.errno);
		}
		if (news.is === 'thaw-ended') {
			this.#thawed = news.report;
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

	#holds(): boolean {
		return [...this.#states.values()].some(mayBeFrozen);
	}

	/** Is the guard there, does it run, and is the deadline over? A guard with a thread stuck in the kernel stays a zombie, and its pipe open. */
	#look(): void {
		if (this.#rescue !== undefined) return;
		if (!isRunning(readProcess(this.pid))) return void this.#takeOver('The guard process ended.');
		// Woken at the second look, given up a second later.
		this.#looksStopped = wakeIfStopped(this.#mark, this.#looksStopped > 0) ? this.#looksStopped + 1 : 0;
		if (this.#looksStopped > 4) return void this.#takeOver('The guard process was stopped.');
		const now = monotonicMs();
		const late = this.#startedAt !== undefined && this.#thawed === undefined && now > this.#startedAt + this.#order.deadlineMs + graceMs;
		if (late && now > this.#heardAt + silenceMs) void this.#takeOver('The guard process did not thaw at the deadline.');
	}

	#lose(why: string): void {
		if (!this.#loss.signal.aborted) this.#loss.abort(new Failure(why, {exitCode: exitCodes.failed}));
	}

	/** Ends what is left of the guard, takes the whole lock, and thaws through descriptors of our own what the guard had, or may have, frozen. */
	async #takeOver(why: string): Promise<ThawReport> {
		this.#rescue ??= (async () => {
			kill(this.pid);
			this.#lose(why);
			// Thaws at once what is known to be frozen, then again what was under way when the guard's last thread has left the kernel.
			const reports = new Map<number, MountReport>();
			// What the guard has told of as thawed, before it ended, is not looked at again.
			for (const [index, {target: {mount}}] of this.#own.entries()) if (this.#states.get(index) === 'thawed') reports.set(index, {mount, ok: true, durationMs: 0});
			await this.#thawOwn(reports);
			await within(this.#connection.ended.then(() => true), answerWithinMs);
			if (this.hastens) endHasteOf(this.#order.gracePeriods ?? gracePeriods);
			this.#native.lock(this.#lock.descriptor, 0, 0);
			await this.#thawOwn(reports);
			void this.#connection.ended.then(async () => this.#thawOwn(reports));
			this.#thawed = {mounts: [...reports.values()], windowMs: this.#startedAt === undefined || this.#lastThawAt === undefined ? 0 : this.#lastThawAt - this.#startedAt, byDeadline: true, thawedByOthers: []};
			return this.#thawed;
		})();
		return this.#rescue;
	}

	async #thawOwn(reports: Map<number, MountReport>): Promise<void> {
		const left = this.#own.map((open, index) => ({open, index, state: this.#states.get(index)})).filter(({state, index}) => mayBeFrozen(state) && !this.#waitedFor.has(index)).toReversed();
		const isFrozen = ({state}: (typeof left)[number]): boolean => state === 'frozen' || state === 'thawing';
		// A call for one that is not frozen yet may have to wait for the kernel, and this process could not end then.
		const uncertain = left.filter(one => !isFrozen(one));
		const apart = thawApart(uncertain.map(({open}) => open.descriptor), apartWithinMs);
		await Promise.all(left.map(async one => {
			const {open: {target, descriptor}, index} = one;
			const at = monotonicMs();
			this.#onMount(target.mount, 'thawing', 0);
			const errno = isFrozen(one) ? await within(this.#native.thaw(descriptor), answerWithinMs) : (await apart)[uncertain.indexOf(one)];
			const now = monotonicMs();
			const ok = errno === null || errno === 'EINVAL';
			reports.set(index, {mount: target.mount, ok, durationMs: now - at, ...(ok ? {} : {errno: errno ?? 'ETIMEDOUT'})});
			// The third line may have been quicker; or the freeze call has not come to its end yet.
			if (errno === null || (errno === 'EINVAL' && isFrozen(one))) this.#states.set(index, 'thawed');
			if (ok) this.#lastThawAt = now;
			// It is thawed as soon as the kernel answers.
			if (errno === undefined) this.#waitedFor.add(index);
			this.#onMount(target.mount, errno === undefined ? 'hung' : 'thawed', now - at);
		}));
	}
}
