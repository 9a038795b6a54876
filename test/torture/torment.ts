import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import type {CycleEvent} from '../../source/core/cycle-events.js';
import {gracePeriods} from '../../source/system/guard/haste.js';
import {kill, processIds, readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {pause, within} from '../../source/system/time.js';
import {bundledQuiesce} from '../support/sandbox.js';
import type {Chamber} from './chamber.js';
import type {Moment, Plan} from './plan.js';
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
const patienceMs = 25_000;

const isCalm = (): boolean => textOf(gracePeriods) === '0';
/** Somebody may have turned it on for good, or there is no such switch. */
const wasCalm = isCalm();

export async function torment(chamber: Chamber, plan: Plan): Promise<Finding> {
	const {sandbox, disks} = chamber;
	chamber.prepare(plan);
	const [program = '', ...words] = sandbox.commandLine(bundledQuiesce, ['cycle', '--json', '--hold', String(plan.holdMs / 1000), ...disks.mounts.flatMap(mount => ['--mount', mount])]);
	const child = spawn(program, words, {stdio: ['ignore', 'pipe', 'pipe'], env: {...sandbox.environment}});
	const main = pidOf(child);
	const exited = once(child, 'exit') as Promise<[number | null]>;
	const trace: string[] = [];
	let during: Finding['during'] = 'nothing was told yet';
	const reached = new Map<Moment, PromiseWithResolvers<void>>();
	const moment = (name: Moment): PromiseWithResolvers<void> => {
		const known = reached.get(name) ?? Promise.withResolvers<void>();
		reached.set(name, known);
		return known;
	};
	let rest = '';
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		const lines = (rest + chunk).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) {
			const event = JSON.parse(line) as CycleEvent;
			if (event.event === 'output') continue;
			trace.push(line);
			const at = momentOf(event);
			if (at === null) continue;
			during = at;
			moment(at).resolve();
		}
	});
	child.stdout.on('error', () => {});
	child.stderr.setEncoding('utf8').on('data', (text: string) => void trace.push(text));

	await within(Promise.race([plan.moment === 'any' ? pause(0) : moment(plan.moment).promise, exited]), patienceMs);
	await pause(plan.delayMs);
	const struckDuring = during as Finding['during'];
	const writers = struckDuring === 'frozen' ? await stallWriters(chamber) : [];
	const struckAt = performance.now();
	const foreign = await strike(chamber, plan, main, child, trace);

	const over = await within(exited, patienceMs);
	if (over === undefined) {
		trace.push(`the cycle still ran: ${states(chamber)}`);
		kill(main);
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
		trace.push(`not settled: ${chamber.journals().join(' ')}`);
		await sandbox.quiesce(['thaw']);
	}
	return {
		plan, during: struckDuring, leftFrozen, leftOver,
		// One that was itself the victim has at least been started.
		missed: began > 0 && wholePosts === 0 && !(plan.fault === 'kill script' && trace.some(line => line.includes('"phase":"post-script","state":"started"'))),
		doubled: posts > 1,
		hung: over === undefined, unsettled: !settled,
		thawedAfterMs: plan.fault.startsWith('kill ') && !plan.fault.startsWith('kill all') ? thawedAfterMs : null,
		exitCode: over?.[0] ?? null,
		trace: trace.join('\n'),
	};
}

function momentOf(event: CycleEvent): Moment | null {
	if (event.event === 'result') return 'after';
	if (event.event !== 'phase' || event.state !== 'started') return null;
	return event.phase === 'snapshot' ? 'frozen' : event.phase;
}

/** Does it. Answers the disk that somebody else froze. */
async function strike({sandbox, disks, fill}: Chamber, plan: Plan, main: number, child: ReturnType<typeof spawn>, trace: string[]): Promise<string | null> {
	const children = (parent: number): readonly {readonly pid: number; readonly command: string}[] => processIds()
		.filter(pid => readProcess(pid)?.parent === parent).map(pid => ({pid, command: textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? ''}));
	const guard = children(main).find(({command}) => command.includes('/guard.js'))?.pid;
	const thirdLine = guard === undefined ? undefined : children(guard).find(({command}) => command.includes('quiesce-third-line'))?.pid;
	const script = children(main).find(({command}) => /\/(?:pre|post)\.sh/.test(command))?.pid;
	const all = (pids: readonly (number | undefined)[], signal: NodeJS.Signals): void => {
		for (const pid of pids) {
			try {
				if (pid !== undefined && pid > 1) signalTo(pid, signal);
			} catch {
				// It has ended by itself.
			}
		}
	};
	trace.push(`strikes: ${plan.fault}; main ${main}, guard ${guard ?? 'none'}, third line ${thirdLine ?? 'none'}, script ${script ?? 'none'}`);
	const victim = disks.disks[plan.victim] ?? disks.disks[0]!;
	switch (plan.fault) {
		case 'nothing':
			break;
		case 'kill main':
			all([main], 'SIGKILL');
			break;
		case 'kill guard':
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
			child.stdout?.pause();
			break;
		case 'reader goes':
			child.stdout?.destroy();
	}
	return null;
}

/** Processes that write to the frozen filesystems, once they wait; each resolves with the time at which it came through. */
async function stallWriters({sandbox, disks}: Chamber): Promise<readonly Promise<number>[]> {
	const writers = disks.mounts.map(mount => spawn('sh', ['-c', 'echo x >"$1"', 'sh', sandbox.inside(join(mount, `writer-${process.pid}`))], {stdio: 'ignore'}));
	const done = writers.map(async writer => once(writer, 'exit').then(() => performance.now()));
	await eventually(() => writers.every(({pid, exitCode}) => exitCode !== null || readProcess(pid ?? 0)?.state === 'D'), 300);
	return done;
}

/** The processes of quiesce inside. */
function helpers(chamber: Chamber): readonly string[] {
	return chamber.strangers().filter(({command}) => /guard\.js|quiesce-third-line|cli\.js|(?:pre|post)\.sh/.test(command)).map(({pid, command}) => `${pid} ${command}`);
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
