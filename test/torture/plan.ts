import {chanceFrom} from './random.js';

/** What is done to a cycle. */
export const faults = [
	'nothing', 'kill main', 'kill guard', 'kill both', 'kill all three, then thaw', 'kill third line', 'kill script', 'stop main', 'stop guard',
	'SIGINT', 'SIGTERM', 'SIGHUP', 'no space for the state', 'frozen by somebody else', 'thawed by somebody else', 'reader stops', 'reader goes', 'terminal stops',
	'freeze hangs', 'freeze hangs, kill main', 'provider hangs', 'provider hangs, kill main', 'provider hangs, kill guard',
] as const;
export type Fault = (typeof faults)[number];

/** What has to be laid before it can be walked into: while the pre-script waits for it. */
export type Trap = 'freeze' | 'provider';

export function trapOf(fault: Fault): Trap | null {
	return fault.startsWith('freeze hangs') ? 'freeze' : fault.startsWith('provider hangs') ? 'provider' : null;
}

/** When: as soon as the cycle has told of this, and a little later. `any`: at some time after its start. */
export const moments = ['any', 'check', 'pre-script', 'freeze', 'frozen', 'thaw', 'post-script', 'after'] as const;
export type Moment = (typeof moments)[number];

/** What the scripts are like, after they have noted that they began and before they note that they end. */
export const tempers = {
	calm: ':',
	slow: 'sleep 0.2',
	talking: 'for i in 1 2 3 4 5 6 7 8 9; do echo "line $i"; echo "error $i" >&2; sleep 0.02; done',
	loud: 'head -c 50000000 /dev/zero',
	gigabyte: 'head -c 1000000000 /dev/zero',
	stubborn: 'trap "" TERM INT HUP PIPE; sleep 0.3',
	forking: 'setsid sleep 3600.5 & sleep 3600.25 & sleep 0.05',
	silent: 'exec >&- 2>&-; sleep 0.3',
	endless: 'trap "" TERM; setsid sleep 3600.75 & sleep 3600',
	failing: 'setsid sleep 3600.75 & exit 3',
	chatting: 'i=0; while [ $i -lt 3000 ]; do echo "line $i of many, which together are more than a pipe or a terminal takes that nobody reads"; i=$((i + 1)); done',
	waiting: 'i=0; while [ ! -e "$0.go" ] && [ $i -lt 500 ]; do sleep 0.02; i=$((i + 1)); done',
} as const satisfies Readonly<Record<string, string>>;
export type Temper = keyof typeof tempers;

/** One cycle to be tortured, all of it decided beforehand. */
export type Plan = {
	readonly number: number;
	readonly fault: Fault;
	readonly moment: Moment;
	readonly delayMs: number;
	readonly pre: Temper;
	readonly post: Temper;
	readonly holdMs: number;
	/** Which of the mounts somebody else freezes or thaws. */
	readonly victim: number;
};

/** The most frequent ones several times; what takes long, seldom. */
const preTempers: readonly Temper[] = [...Array<Temper>(8).fill('calm'), 'slow', 'slow', 'talking', 'talking', 'loud', 'stubborn', 'forking', 'forking', 'silent', 'failing'];
const postTempers: readonly Temper[] = [...Array<Temper>(8).fill('calm'), 'slow', 'slow', 'talking', 'talking', 'talking', 'loud', 'stubborn', 'silent'];

/** The plan of cycle `number` (from 0), by the seed: the same whichever others are run. */
export function planOf(seed: number, number: number): Plan {
	const chance = chanceFrom(Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(number + 1, 40_503));
	const rare = chance.next();
	// What matters most happens while everything is frozen.
	const moment = chance.pick<Moment>([...moments, 'frozen', 'frozen', 'freeze']);
	const fault = faults[number % faults.length]!;
	const unread = fault === 'reader stops' || fault === 'terminal stops';
	const pre = rare < 0.01 ? 'gigabyte' : rare < 0.02 ? 'endless' : chance.pick(preTempers);
	const post = rare > 0.99 ? 'gigabyte' : chance.pick(postTempers);
	return {
		number,
		fault,
		moment,
		delayMs: chance.pick([0, 0, 0, 1, 2, 5, 10, 20, 40, 80, chance.whole(0, 900)]),
		pre: trapOf(fault) === null ? unread && rare < 0.5 ? 'chatting' : pre : 'waiting',
		post: unread && rare >= 0.5 ? 'chatting' : post,
		holdMs: chance.pick(moment === 'frozen' ? [100, 200, 300, 500] : [0, 0, 50, 150]),
		victim: chance.whole(0, 1),
	};
}
