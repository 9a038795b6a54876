import {closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import {readUnfinishedCycle} from '../../source/system/unfinished-cycles.js';
import {readProcess} from '../../source/system/processes.js';
import {textOf} from '../../source/system/pseudo-files.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {makeSandbox, type Sandbox} from '../support/sandbox.js';
import {tempers, type Plan} from './plan.js';

/** A sandbox with disks, in which one cycle after the other is tortured. */
export type Chamber = {
	readonly sandbox: Sandbox;
	readonly disks: LoopDisks;
	/** Writes the scripts and the configuration of one cycle, and forgets the last one. */
	readonly prepare: (plan: Plan) => void;
	/** What the scripts noted: `pre-begin`, `pre-end`, `post-begin`, `post-end`, in order. */
	readonly notes: () => readonly string[];
	/** Those of cycles that owe something: one that was killed before it did anything, or after everything, owes nothing. */
	readonly journals: () => readonly string[];
	/** Leaves no free byte where the state is kept. */
	readonly fill: () => void;
	readonly empty: () => void;
	/** Removes what cycles have copied. */
	readonly forgetSnapshots: () => void;
	/** Processes inside that do not belong to the chamber itself. */
	readonly strangers: () => readonly {readonly pid: number; readonly command: string}[];
	readonly end: () => Promise<void>;
};

export async function makeChamber(): Promise<Chamber> {
	const sandbox = await makeSandbox();
	const notes = join(sandbox.directory, 'notes');
	const disks = await makeLoopDisks([
		{name: 'one', type: 'ext4'}, {name: 'two', type: 'ext4'}, {name: 'outer', type: 'ext4', megabytes: 64}, {name: 'inner', type: 'ext4', on: 'outer'}, {name: 'store', type: 'ext4', megabytes: 64},
	], {sandbox, thawAfterSeconds: 7200});
	mkdirSync(sandbox.stateDirectory, {mode: 0o700});
	await sandbox.must('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'state', sandbox.stateDirectory]);
	await sandbox.must('sh', ['-c', 'mkdir -m 700 "$1" && mount --bind "$2" "$1"', 'sh', join(sandbox.stateDirectory, 'snapshots'), disks.disk('store').mount]);
	const state = sandbox.inside(sandbox.stateDirectory);
	// The extension's own deadline, shortened, so that one that is reached does not take a minute.
	sandbox.put({path: '/etc/azure/vmbackup.conf', content: '[SnapshotThread]\ntimeout = 4\n'});
	const own = new Set(sandbox.members());
	const script = (name: 'pre' | 'post', temper: Plan['pre']): string => `#!/bin/sh\necho ${name}-begin >>'${notes}'\n${tempers[temper]}\necho ${name}-end >>'${notes}'\n`;
	const filler = join(state, 'filler');
	return {
		sandbox, disks,
		prepare: plan => {
			rmSync(notes, {force: true});
			rmSync(sandbox.inside('/etc/azure/pre.sh.go'), {force: true});
			for (const name of ['pre', 'post'] as const) sandbox.put({path: `/etc/azure/${name}.sh`, mode: 0o700, content: script(name, plan[name])});
			sandbox.put({
				path: '/etc/azure/VMSnapshotScriptPluginConfig.json',
				content: JSON.stringify({
					pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
					preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: plan.pre === 'endless' ? 4 : 30, continueBackupOnFailure: true, fsFreezeEnabled: true,
				}),
			});
		},
		notes: () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []),
		journals: () => readdirSync(state).filter(name => {
			const cycle = name.endsWith('.journal') ? readUnfinishedCycle(join(state, name)) : null;
			return cycle !== null && (cycle.mayBeFrozen || cycle.postState !== 'ended');
		}),
		fill: () => {
			const file = openSync(filler, 'w');
			try {
				for (;;) writeSync(file, Buffer.alloc(4096));
			} catch {
				// Full.
			}
			closeSync(file);
		},
		empty: () => {
			if (!existsSync(filler)) return;
			const file = openSync(filler, 'r+');
			ftruncateSync(file, 0);
			closeSync(file);
			rmSync(filler);
			writeFileSync(join(state, 'history.jsonl'), '', {mode: 0o600});
		},
		forgetSnapshots: () => {
			const snapshots = join(state, 'snapshots');
			for (const name of readdirSync(snapshots)) if (name !== 'lost+found') rmSync(join(snapshots, name), {recursive: true, force: true});
		},
		strangers: () => sandbox.members().filter(pid => !own.has(pid) && !own.has(readProcess(pid)?.parent ?? 0)).flatMap(pid => {
			const command = textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? '';
			// A process that has just ended, and kernel threads, have none.
			return command === '' ? [] : [{pid, command}];
		}),
		end: async () => {
			await sandbox.must('umount', ['-l', join(sandbox.stateDirectory, 'snapshots')]);
			await disks.end();
			await sandbox.must('umount', ['-l', sandbox.stateDirectory]);
			await sandbox.end();
		},
	};
}
