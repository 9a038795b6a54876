import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {join} from 'node:path';
import type {CycleLab} from '../support/cycle-lab.js';
import {whyNoProgram} from '../support/skip.js';
import {pause, within} from '../../source/system/time.js';
import type {Programs} from './programs.js';

/** Whoever freezes all filesystems of a laboratory and thaws them again; answers milliseconds from the first call to the last thaw. */
export type Freezer = {readonly name: string; readonly whyNot: string | false; readonly freeze: (lab: CycleLab, programs: Programs) => Promise<number>};

export const quiesce: Freezer = {name: 'quiesce', whyNot: false, freeze: async lab => (await lab.cycle()).result.freezeWindowMs};
/** The physical limit. */
export const threads: Freezer = {name: 'bare calls, one thread a filesystem', whyNot: false, freeze: async ({sandbox, disks}, programs) => Number(await sandbox.must(programs.freeze, ['threads', ...disks.mounts]))};
/** The same with the kernel's grace periods hurried, as quiesce does it: what is left is quiesce's own. */
export const hurried: Freezer = {name: 'the same, hurried', whyNot: false, freeze: async ({sandbox, disks}, programs) => Number(await sandbox.must(programs.freeze, ['hurried', ...disks.mounts]))};
export const serial: Freezer = {name: 'bare calls, one after another', whyNot: false, freeze: async ({sandbox, disks}, programs) => Number(await sandbox.must(programs.freeze, ['serial', ...disks.mounts]))};

/** As people write it by hand: freeze one after another, thaw in reverse. */
export const shellLoop: Freezer = {
	name: 'fsfreeze in a shell loop',
	whyNot: whyNoProgram('fsfreeze'),
	freeze: async ({sandbox, disks}) => {
		const script = 'began=$(date +%s%N); for mount; do fsfreeze -f "$mount"; done; for mount; do fsfreeze -u "$mount"; done; echo $(( ($(date +%s%N) - began) / 1000 ))';
		return Number(await sandbox.must('sh', ['-c', script, 'sh', ...disks.mounts])) / 1000;
	},
};

const answersWithinMs = 30_000;

/** QEMU's guest agent, asked over a socket as a hypervisor does it. */
export const guestAgent: Freezer = {
	name: 'qemu-ga',
	whyNot: whyNoProgram('qemu-ga'),
	freeze: async ({sandbox, disks}) => {
		const path = join(sandbox.directory, 'qemu-ga');
		await sandbox.run('rm', ['-f', path, join(sandbox.directory, 'qga.state.isfrozen')]);
		const agent = sandbox.start('qemu-ga', ['-m', 'unix-listen', '-p', path, '-t', sandbox.directory, '-f', join(sandbox.directory, 'qemu-ga.pid')]);
		try {
			const socket = await connected(path);
			const ask = async (words: object): Promise<void> => {
				const answer = once(socket, 'data') as Promise<[Buffer]>;
				socket.write(`${JSON.stringify(words)}\n`);
				const [text] = await within(answer, answersWithinMs) ?? [];
				if (text === undefined || text.toString().includes('error')) throw new Error(`qemu-ga answered ${text?.toString() ?? 'nothing'} to ${JSON.stringify(words)}`);
			};
			await ask({execute: 'guest-ping'});
			const began = performance.now();
			await ask({execute: 'guest-fsfreeze-freeze-list', arguments: {mountpoints: disks.mounts}});
			await ask({execute: 'guest-fsfreeze-thaw'});
			const took = performance.now() - began;
			socket.destroy();
			return took;
		} finally {
			// It sometimes waits for itself for ever when it is asked to end.
			agent.kill('SIGKILL');
			await agent.ended;
			await disks.thaw();
		}
	},
};

async function connected(path: string): Promise<Socket> {
	for (const until = performance.now() + answersWithinMs; ;) {
		const socket = connect(path);
		try {
			await once(socket, 'connect');
			return socket;
		} catch (error) {
			if (performance.now() > until) throw error;
			await pause(20);
		}
	}
}
