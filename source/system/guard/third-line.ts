import {spawn, type ChildProcess} from 'node:child_process';
import type {Writable} from 'node:stream';
import {gather} from './gathering.js';

/**
 * The third line: a small shell in a session of its own, that thaws when the guard is gone or the deadline has passed by a little, and then starts what
 * settles the scripts, where the main process is gone too. It is told what is about to be frozen and what is frozen no more, over a pipe that only the
 * guard holds. It has the guard's descriptors of the filesystems, so that it thaws those and no others, whatever is mounted, unmounted or hidden meanwhile; it
 * opens nothing itself, writes nothing, and ends with the guard.
 */
export type ThirdLine = {
	readonly pid: number | null;
	/** Before the first freeze: from now on at most so many seconds. */
	arm(seconds: number): void;
	/** The filesystems with these indexes are about to be frozen; told when it returns, as far as the pipe takes it. */
	mark(indexes: readonly number[]): void;
	/** It is not frozen by us any more, or never was. Told within a turn of the event loop. */
	clear(index: number): void;
	/** Nothing is frozen or owed any more; resolves when that is on its way. It ends then. */
	end(): Promise<void>;
};

export type ThirdLineOrder = {
	/** Descriptors of the filesystems, by index. */
	readonly filesystems: readonly number[];
	readonly environment: Readonly<Record<string, string>>;
	/** The command that settles what is owed when the guard has died, and finds nothing to do where the main process lives to its end. */
	readonly settle: readonly [program: string, ...words: string[]];
	/** Is there as long as something is owed. */
	readonly journalFile: string;
	/** The switch that the guard turns on for as long as it freezes, to be turned off where it could not (haste.ts); null: none. */
	readonly haste: string | null;
};

/*
 * The words: one number of seconds, then `+INDEX` and `-INDEX` a line, and `q` where all is well. `timeout cat` collects them until the end of the input
 * or the deadline. What is still marked is thawed, the last frozen first and none waiting for another; the filesystems are on the descriptors from 3 on.
 * After the deadline the guard may still be alive (stopped, and then it is woken, because it may owe a post-script; or stuck in the kernel), so what could not
 * be thawed is tried again when it ends.
 */
const script = `
trap '' INT TERM HUP QUIT TSTP TTIN TTOU
journal=$1
haste=$2
shift 2
remaining() {
	left=
	for word in $1; do
		case $word in
			+*) left="\${word#+} $left" ;;
			-*) others=; for one in $left; do [ "$one" = "\${word#-}" ] || others="$others $one"; done; left=$others ;;
		esac
	done
}
thaw() {
	for one in $left; do
		fsfreeze -u "/proc/self/fd/$((one + 3))" &
	done
	wait
}
words=q
if read -r seconds; then
	[ "$seconds" = q ] && exit 0
	words=$(timeout "$seconds" cat)
	late=$?
	case $words in
		*q) ;;
		*) [ -z "$haste" ] || echo 0 >"$haste" ;;
	esac
	[ "$late" -ne 124 ] || kill -CONT "$PPID"
	remaining "$words"
	thaw
	if [ "$late" -eq 124 ]; then
		words="$words $(cat)"
		remaining "$words"
		thaw
	fi
	case $words in *q) exit 0 ;; esac
fi
[ -e "$journal" ] || exit 0
echo 0 >/proc/self/oom_score_adj
exec "$@"
`;

/** Starts it. Where it cannot be started the guard goes on without it. */
export function startThirdLine({filesystems, environment, settle, journalFile, haste}: ThirdLineOrder): ThirdLine {
	const command = ['-c', script, 'quiesce-third-line', journalFile, haste ?? '', ...settle];
	const child = spawn('/bin/sh', command, {detached: true, cwd: '/', env: {...environment}, stdio: ['pipe', 'ignore', 'ignore', ...filesystems]});
	const gone = new Promise<void>(resolve => {
		child.once('exit', () => resolve());
		child.once('error', () => resolve());
	});
	const pipe = quiet(child);
	const words = gather(lines => void pipe.write(lines));
	return {
		pid: child.pid ?? null,
		arm: seconds => words.add(String(seconds)),
		mark: indexes => {
			for (const index of indexes) words.add(`+${index}`);
			words.flush();
		},
		clear: index => words.add(`-${index}`),
		end: async () => {
			words.flush();
			await Promise.race([gone, new Promise<void>(resolve => {
				pipe.end('q\n', () => resolve());
			})]);
		},
	};
}

/** Its input; what is written after its death is lost without a word. */
function quiet(child: ChildProcess): Writable {
	const pipe = child.stdin;
	if (pipe === null) throw new Error('the third line has no input');
	pipe.on('error', () => {});
	return pipe;
}
