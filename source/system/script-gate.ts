import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {closeSync} from 'node:fs';
import {Socket} from 'node:net';
import {resolve} from 'node:path';
import {makeFamily, type FamilyInTheMaking} from './families.js';
import {openPlaces} from './inspection.js';
import {loadNative} from './native.js';
import {openScript} from './script-identity.js';
import type {ScriptCommand} from './script-types.js';
import {within} from './time.js';

/** How long the end of one that does not start after all is waited for. */
const dismissWithinMs = 2000;

/**
 * What the first `sh` does before it becomes the second one by exec, so that the family is known, and everything that the script starts is in it,
 * before the script's first line runs. $0: its control group or nothing; $1: the file to make when the script really starts, or nothing. What lets it go on
 * comes on descriptor 3: the script and its parameters, which may be secrets and stand in no list of processes before it is their turn. Where they do not come
 * whole, because the process that started it is gone, the script has not run and never will. A script that others can put another one in the place of is
 * read from descriptor 6, as it was opened and checked, by a shell that has its path as $0 all the same.
 */
const gate = `mark=$1
go=
opened=
shift
[ -z "$0" ] || echo 0 >"$0/cgroup.procs" || exit 125
. /proc/self/fd/3
[ "$go" = yes ] || exit 125
[ -z "$mark" ] || command : >"$mark"
exec 3<&-
[ "$opened" != yes ] || exec sh -c '. /proc/self/fd/6' "$@"
exec sh "$@"`;

/** What lets it go on. `instead`: what the script is read from in its place. */
function passage({path, parameters}: ScriptCommand, opened: boolean, instead?: string): string {
	return `${instead === undefined ? '' : `exec 6<'${instead}' || exit 125\n`}${opened || instead !== undefined ? 'opened=yes\n' : ''}set -- ${[path, ...parameters].map(word => `'${word.replaceAll('\'', '\'\\\'\'')}'`).join(' ')}\ngo=yes\n`;
}

/** Half of a surrogate pair that stands for a byte which is no UTF-8, as with Python, in which the extension is written. */
const escapedByte = /(?<![\uD800-\uDBFF])([\uDC80-\uDCFF])/;

/** UTF-8, but for the bytes that are none. */
function bytesOf(text: string): Buffer {
	return Buffer.concat(text.split(escapedByte).map((part, index) => (index % 2 === 1 ? Buffer.from([part.charCodeAt(0) - 0xDC00]) : Buffer.from(part))));
}

/** How long one parameter of a process may be on Linux, its end included (MAX_ARG_STRLEN of execve). Bytes. */
const longestParameter = 131_072;

/** Throws where no program can be given such a parameter. */
function refuseUnpassable({path, parameters}: ScriptCommand): void {
	for (const word of [path, ...parameters]) {
		if (word.includes('\0')) throw new Error('a parameter has a NUL character');
		if (Buffer.byteLength(word) >= longestParameter) throw new Error('a parameter is too long');
	}
}

/** A script whose first `sh` has been started, or could not be, and waits to be let go: entering a control group alone takes the kernel some 15 ms. */
export type WaitingScript = {
	readonly family: FamilyInTheMaking;
	/** Null where it could not be started: a NUL in a parameter, more parameters than the kernel takes, no descriptors left. */
	readonly gate: BehindGate | null;
	readonly error?: Error;
	/** False once it has been let go or has ended, whoever ended it; also where others than root can replace by now what it would read by its path. */
	readonly waits: () => boolean;
	/** Where it does not start after all: ends the first `sh`, and gives up the means of control. Nothing is done for one that has been taken. */
	dismiss(): Promise<void>;
	/** From now on it belongs to whoever lets it go. */
	take(): void;
};

/** Starts what comes before a script's first line, which may never run. `ranMark`: see `ScriptOptions`. */
export function makeWaiting(command: ScriptCommand, ranMark: string | undefined, withoutControlGroup = false): WaitingScript {
	const family = makeFamily(withoutControlGroup);
	let taken = false;
	let gate: BehindGate;
	try {
		gate = spawnBehindGate(command, family.cgroup, ranMark ?? '');
	} catch (error) {
		return {family, gate: null, error: error as Error, waits: () => false, dismiss: async () => family.release(), take: () => {}};
	}
	const {child, readers, writers, letGo} = gate;
	child.on('error', () => {});
	if (child.pid !== undefined) family.begin(child.pid);
	const lives = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
	return {
		family, gate,
		waits: () => !taken && lives() && (gate.opened !== null || !isOpen(command)),
		take: () => {
			taken = true;
		},
		dismiss: async () => {
			if (taken) return;
			taken = true;
			letGo(false);
			[...readers, ...writers].forEach(descriptor => closeSync(descriptor));
			if (lives() && await within(once(child, 'exit'), dismissWithinMs) === undefined) await family.end();
			await family.release();
		},
	};
}

export type BehindGate = {
	readonly child: ChildProcess;
	/** The ends of its standard output and its standard error to read from. */
	readonly readers: readonly [number, number];
	/** The ends to write to, for whoever makes its packets end: until then each read of the others answers one write. */
	readonly writers: readonly [number, number];
	/** The script, opened, where others can put another one in its place; null where it is read by its path. */
	readonly opened: number | null;
	/** Lets the script start, or never. `instead`: a path, without quotes in it, from which is read what runs in the script's place and under its name. */
	readonly letGo: (start: boolean, instead?: string) => void;
};

/** True where others than root can put another script in the place of one that was checked. */
function isOpen(command: ScriptCommand): boolean {
	return command.identity !== undefined && openPlaces(resolve(command.directory, command.path)).length > 0;
}

/** Opens a script that others than root can replace between the check and its start. Null for any other, as for one that cannot be opened, which its check tells. */
function openWhereOthersCan(command: ScriptCommand): number | null {
	if (!isOpen(command)) return null;
	try {
		return openScript(command);
	} catch {
		return null;
	}
}

/** Starts the first `sh`. Descriptors 4 and 5 are the other ends of its own output. */
function spawnBehindGate(command: ScriptCommand, cgroup: string | null, ranMark: string): BehindGate {
	const native = loadNative();
	const open: number[] = [];
	const pipe = (packets = false): readonly [number, number] => {
		const ends = native.pipe(packets);
		open.push(...ends);
		return ends;
	};
	const closeAll = (descriptors: readonly number[]): void => descriptors.forEach(descriptor => closeSync(descriptor));
	try {
		refuseUnpassable(command);
		const opened = openWhereOthersCan(command);
		if (opened !== null) open.push(opened);
		const [wait, go] = pipe();
		const [output, outputEnd] = pipe(true);
		const [errors, errorsEnd] = pipe(true);
		const child = spawn('sh', ['-c', gate, cgroup ?? '', ranMark], {
			cwd: command.directory,
			env: {...command.environment},
			stdio: ['ignore', outputEnd, errorsEnd, wait, output, errors, ...(opened === null ? [] : [opened])],
			detached: true,
		});
		closeAll([wait]);
		return {
			child,
			readers: [output, errors],
			writers: [outputEnd, errorsEnd],
			opened,
			letGo: (start, instead) => {
				if (opened !== null) closeSync(opened);
				const pipe = new Socket({fd: go, readable: false, writable: true});
				// It was ended while it waited.
				pipe.on('error', () => {});
				pipe.end(start ? bytesOf(passage(command, opened !== null, instead)) : '');
			},
		};
	} catch (error) {
		closeAll(open);
		throw error;
	}
}
