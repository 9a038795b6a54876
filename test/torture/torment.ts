import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import type {CycleEvent} from '../../source/core/cycle-events.js';
import {gracePeriods} from '../../source/system/guard/haste.js';
import {isRunning, kill, processIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {pause, within} from '../../source/system/time.js';
import {bundledQuiesce} from '../support/sandbox.js';
import type {Chamber} from './chamber.js';
import {trapOf, type Moment, type Plan, type Trap} from './plan.js';
import {pidOf, signalTo} from '../support/process.js';

/** What came of one tortured cycle. */
export type Finding = {
	readonly plan: Plan;
	/** What the cycle was at when the fault struck. */
	readonly during: Moment | 'nothing was told yet';
	/** Mounts that were frozen when all was over. */
	readonly leftFrozen: readonly string[];
	/** The pre-script began, and the post-script never did, or did not come to its end. */
	readonly missed: boolean;
	readonly doubled: boolean;
	/** Processes, other than what a successful pre-script left on purpose. */
	readonly leftOver: readonly string[];
	/** The cycle did not end by itself. */
	readonly hung: boolean;
	/** Nobody came to the end of the journal. */
	readonly unsettled: boolean;
	/** From the death of whoever died to the last write that it had held up; null where nothing waited. */
	readonly thawedAfterMs: number | null;
	readonly exitCode: number | null;
	/** All that is needed to look into it. */
	readonly trace: string;
};

/** A cycle and what it has started must be over by then. */
const patienceMs = 45_000;

const isCalm = (): boolean => textOf(gracePeriods) === '0';
/** Somebody may have turned it on for good, or there is no such switch. */
const wasCalm = isCalm();

export async function torment(chamber: Chamber, plan: Plan): Promise<Finding> {
	const {sandbox, disks} = chamber;
	const trap = trapOf(plan.fault);
	chamber.prepare(plan);
	const [program = '', ...words] = commandOf(chamber, plan);
	const child = spawn(program, words, {stdio: ['ignore', 'pipe', 'pipe'], env: {...sandbox.environment}});
	const started = pidOf(child);
	const exited = once(child, 'exit') as Promise<[number | null]>;
	const trace: string[] = [];
	let during: Finding['during'] = 'nothing was told yet';
	const reached = new Map<Moment, PromiseWithResolvers<void>>();
	const moment = (name: Moment): PromiseWithResolvers<void> => {
		const known = reached.get(name) ?? Promise.withResolvers<void>();
		reached.set(name, known);
		return known;
	};
	let helpersSeen: Helpers | undefined;
	let rest = '';
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		const lines = (rest + chunk).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) {
			// On a terminal the words for people come the same way.
			if (!line.startsWith('{')) continue;
			const event = JSON.parse(line) as CycleEvent;
			if (event.event === 'output') continue;
			trace.push(line);
			const at = momentOf(event);
			if (at === null) continue;
			during = at;
			moment(at).resolve();
			// Now, so that the blow falls at the moment that is meant.
			helpersSeen ??= seeHelpers(started, plan);
		}
	});
	child.stdout.on('error', () => {});
	child.stderr.setEncoding('utf8').on('data', (text: string) => void trace.push(text));

	if (trap !== null) {
		await within(Promise.race([moment('pre-script').promise, exited]), patienceMs);
		await layTrap(chamber, trap);
	}

	await within(Promise.race([plan.moment === 'any' ? pause(0) : moment(plan.moment).promise, exited]), patienceMs);
	if (plan.delayMs > 0) await pause(plan.delayMs);
	const struckDuring = during as Finding['during'];
	const writers = struckDuring === 'frozen' && trap !== 'freeze' ? await stallWriters(chamber, plan) : [];
	const struckAt = performance.now();
	const victims = helpersSeen?.thirdLine === undefined ? seeHelpers(started, plan) : helpersSeen;
	const foreign = await strike(chamber, plan, victims, child, trace);

	const over = await isOver(plan, chamber, exited, moment('after').promise, started);
	if (!over) trace.push(`the cycle still ran: ${states(chamber)}`);
	if (trap !== null) await liftTrap(chamber, trap);
	if (plan.fault === 'terminal stops') child.stdout.resume();
	const exit = await within(exited, patienceMs);
	if (exit === undefined) {
		trace.push(`the cycle has no end: ${states(chamber)}`);
		kill(seeHelpers(started, plan).main ?? started);
	}
	chamber.empty();
	if (plan.fault === 'kill all three, then thaw') {
		await pause(20);
		const thaw = await sandbox.quiesce(['thaw', '--json']);
		trace.push(`thaw: ${thaw.exitCode} ${thaw.stdout}${thaw.stderr}`);
	}
	const notes = chamber.notes;
	const settled = await eventually(() => chamber.journals().length === 0 && helpers(chamber).length === 0, patienceMs);
	const thawedAfterMs = writers.length === 0 ? null : Math.max(...await Promise.all(writers.map(async done => (await within(done, patienceMs) ?? Number.POSITIVE_INFINITY) - struckAt)));

	const leftFrozen: string[] = [];
	for (const {name} of disks.disks) if (await disks.wasFrozen(name) && name !== foreign) leftFrozen.push(name);
	if (trap === 'provider') chamber.forgetSnapshots();
	const onPurpose = notes().includes('pre-end') ? ['sleep 3600.5', 'sleep 3600.25'] : [];
	const leftOver: string[] = [];
	// A cycle of another worker may be freezing at this moment; a hurry that stays is nobody's any more.
	if (wasCalm && !await eventually(isCalm, patienceMs)) leftOver.push('the kernel is still hurried (rcu_expedited)');
	for (const {pid, command} of chamber.strangers()) {
		if (!onPurpose.includes(command.trim())) leftOver.push(`${pid} ${command}`);
		kill(pid);
	}
	const began = notes().filter(note => note === 'pre-begin').length;
	const posts = notes().filter(note => note === 'post-begin').length;
	const wholePosts = notes().filter(note => note === 'post-end').length;
	trace.push(`notes: ${notes().join(' ')}`);
	if (!settled) {
		trace.push(`not settled: ${chamber.journals().join(' ')} ${helpers(chamber).join(' ')}`);
		await sandbox.quiesce(['thaw']);
	}
	return {
		plan, during: struckDuring, leftFrozen, leftOver,
		// One that was itself the victim has at least been started.
		missed: began > 0 && wholePosts === 0 && !(plan.fault === 'kill script' && trace.some(line => line.includes('"phase":"post-script","state":"started"'))),
		doubled: posts > 1,
		hung: !over || exit === undefined, unsettled: !settled,
		thawedAfterMs: plan.fault.includes('kill ') && !plan.fault.startsWith('kill all') ? thawedAfterMs : null,
		exitCode: exit?.[0] ?? null,
		trace: trace.join('\n'),
	};
}

/** Waits until the cycle has come to its end, or the end of its post-script where its end cannot be seen; false where that does not happen in time. */
async function isOver(plan: Plan, chamber: Chamber, exited: Promise<unknown>, toldAll: Promise<void>, started: number): Promise<boolean> {
	const ends: Promise<boolean>[] = [exited.then(() => true)];
	// A process of which a thread waits in the kernel is there until that comes back: what it has told counts, or what comes after it has done.
	if (trapOf(plan.fault) === 'provider') {
		ends.push(plan.fault.endsWith('kill main') ? eventually(() => chamber.notes().includes('post-end') || !chamber.notes().includes('pre-begin'), patienceMs) : toldAll.then(() => true));
	}
	// Whoever keeps the terminal waits for its own reader.
	if (plan.fault === 'terminal stops') {
		let main: number | undefined;
		ends.push(eventually(() => {
			// It may only be starting now.
			main ??= seeHelpers(started, plan).main;
			return main !== undefined && !isRunning(readProcess(main));
		}, patienceMs));
	}
	return await within(Promise.race(ends), patienceMs) ?? false;
}

/** What the cycle is to freeze: the disk that hangs, and one beside it; without what the copy goes to. */
function mountsOf({disks}: Chamber, plan: Plan): readonly string[] {
	const trap = trapOf(plan.fault);
	return (trap === 'freeze' ? ['inner', 'two'] : trap === 'provider' ? ['one'] : ['one', 'two']).map(name => disks.disk(name).mount);
}

function commandOf(chamber: Chamber, plan: Plan): readonly string[] {
	const taken = trapOf(plan.fault) === 'provider' ? ['--snapshot', 'image'] : ['--hold', String(plan.holdMs / 1000)];
	const words = ['cycle', '--json', ...taken, ...mountsOf(chamber, plan).flatMap(mount => ['--mount', mount])];
	if (plan.fault !== 'terminal stops') return chamber.sandbox.commandLine(bundledQuiesce, words);
	return chamber.sandbox.commandLine('script', ['--quiet', '--flush', '--return', '--command', `exec ${[bundledQuiesce, ...words].join(' ')}`, '/dev/null']);
}

/** Somebody else freezes what a freeze or a copy depends on, and the pre-script, which has waited for it, ends. */
async function layTrap({sandbox, disks}: Chamber, trap: Trap): Promise<void> {
	if (trap === 'freeze') await sandbox.must('sh', ['-c', 'head -c 2000000 /dev/urandom >"$1/dirty"', 'sh', disks.disk('inner').mount]);
	await sandbox.must('fsfreeze', ['-f', disks.disk(trap === 'freeze' ? 'outer' : 'store').mount]);
	sandbox.put({path: '/etc/azure/pre.sh.go', content: ''});
}

async function liftTrap({sandbox, disks}: Chamber, trap: Trap): Promise<void> {
	await sandbox.must('fsfreeze', ['-u', disks.disk(trap === 'freeze' ? 'outer' : 'store').mount]);
}

function momentOf(event: CycleEvent): Moment | null {
	if (event.event === 'result') return 'after';
	if (event.event !== 'phase' || event.state !== 'started') return null;
	return event.phase === 'snapshot' ? 'frozen' : event.phase;
}

/** The processes of a cycle, as far as they are there. */
type Helpers = {readonly main?: number; readonly guard?: number; readonly thirdLine?: number};

function seeHelpers(started: number, {fault}: Plan): Helpers {
	// On a terminal it is the child of whoever keeps that.
	const main = fault === 'terminal stops' ? childrenOf(started).find(({command}) => command.includes('/cli.js'))?.pid : started;
	const guard = main === undefined ? undefined : childrenOf(main).find(({command}) => command.includes('/guard.js'))?.pid;
	const thirdLine = guard === undefined ? undefined : childrenOf(guard).find(({command}) => command.includes('quiesce-third-line'))?.pid;
	return {...(main === undefined ? {} : {main}), ...(guard === undefined ? {} : {guard}), ...(thirdLine === undefined ? {} : {thirdLine})};
}

function childrenOf(parent: number): readonly {readonly pid: number; readonly command: string}[] {
	return processIds().filter(pid => readProcess(pid)?.parent === parent).map(pid => ({pid, command: textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? ''}));
}

/** Does it. Answers the disk that somebody else froze. */
async function strike({sandbox, disks, fill}: Chamber, plan: Plan, {main, guard, thirdLine}: Helpers, child: ReturnType<typeof spawn>, trace: string[]): Promise<string | null> {
	const script = main === undefined || plan.fault !== 'kill script' ? undefined : childrenOf(main).find(({command}) => /\/(?:pre|post)\.sh/.test(command))?.pid;
	const all = (pids: readonly (number | undefined)[], signal: NodeJS.Signals): void => {
		for (const pid of pids) {
			try {
				if (pid !== undefined && pid > 1) signalTo(pid, signal);
			} catch {
				// It has ended by itself.
			}
		}
	};
	trace.push(`strikes: ${plan.fault}; main ${main ?? 'none'}, guard ${guard ?? 'none'}, third line ${thirdLine ?? 'none'}, script ${script ?? 'none'}`);
	const victim = disks.disks[plan.victim] ?? disks.disks[0]!;
	switch (plan.fault) {
		case 'nothing':
			break;
		case 'freeze hangs':
		case 'provider hangs':
			// The trap is laid.
			break;
		case 'kill main':
		case 'freeze hangs, kill main':
		case 'provider hangs, kill main':
			all([main], 'SIGKILL');
			break;
		case 'kill guard':
		case 'provider hangs, kill guard':
			all([guard], 'SIGKILL');
			break;
		case 'kill third line':
			all([thirdLine], 'SIGKILL');
			break;
		case 'kill script':
			all([script], 'SIGKILL');
			break;
		case 'kill both':
			all([main, guard], 'SIGSTOP');
			all([guard, main], 'SIGKILL');
			break;
		case 'kill all three, then thaw':
			all([thirdLine, main, guard], 'SIGSTOP');
			all([thirdLine, guard, main], 'SIGKILL');
			break;
		case 'stop main':
			all([main], 'SIGSTOP');
			// Where nothing is frozen or held yet nobody wakes it, and nobody needs to.
			void pause(8000).then(() => all([main], 'SIGCONT'));
			break;
		case 'stop guard':
			all([guard], 'SIGSTOP');
			break;
		case 'SIGINT':
		case 'SIGTERM':
		case 'SIGHUP':
			all([main], plan.fault);
			break;
		case 'no space for the state':
			fill();
			break;
		case 'frozen by somebody else':
			return (await sandbox.run('fsfreeze', ['-f', victim.mount])).exitCode === 0 ? victim.name : null;
		case 'thawed by somebody else':
			await sandbox.run('fsfreeze', ['-u', victim.mount]);
			break;
		case 'reader stops':
		case 'terminal stops':
			child.stdout?.pause();
			break;
		case 'reader goes':
			child.stdout?.destroy();
	}
	return null;
}

/** Processes that write to the frozen filesystems, once they wait; each resolves with the time at which it came through. */
async function stallWriters(chamber: Chamber, plan: Plan): Promise<readonly Promise<number>[]> {
	const {sandbox} = chamber;
	const writers = mountsOf(chamber, plan).map(mount => spawn('sh', ['-c', 'echo x >"$1"', 'sh', sandbox.inside(join(mount, `writer-${process.pid}`))], {stdio: 'ignore'}));
	const done = writers.map(async writer => once(writer, 'exit').then(() => performance.now()));
	await eventually(() => writers.every(({pid, exitCode}) => exitCode !== null || readProcess(pid ?? 0)?.state === 'D'), 300);
	return done;
}

/** The processes of quiesce inside; a script that waits for its turn, and ends with its main process, is known by its mark. */
function helpers(chamber: Chamber): readonly string[] {
	return chamber.strangers().filter(({command}) => /guard\.js|quiesce-third-line|cli\.js|(?:pre|post)\.sh|\/cycle-[\w-]+\.(?:pre|post)\b/.test(command)).map(({pid, command}) => `${pid} ${command}`);
}

function states(chamber: Chamber): string {
	return chamber.strangers().map(({pid, command}) => `${pid} ${readProcess(pid)?.state ?? '-'} ${textOf(`/proc/${pid}/wchan`) ?? ''} ${command.slice(0, 100)}`).join('; ');
}

async function eventually(holds: () => boolean, limitMs: number): Promise<boolean> {
	const until = performance.now() + limitMs;
	while (!holds()) {
		if (performance.now() > until) return false;
		await pause(15);
	}
	return true;
}
