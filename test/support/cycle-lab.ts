import {readFileSync} from 'node:fs';
import {bundledQuiesce, makeSandbox, type Sandbox} from './sandbox.js';
import {makeLoopDisks, type LoopDiskOrder, type LoopDisks} from './loop-disk.js';
import type {CycleEvent, CycleResult, PhaseName} from '../../source/core/cycle-events.js';
import type {Ended, Started} from './process.js';

export type LabOptions = {
	readonly disks?: readonly LoopDiskOrder[];
	/** Added to, or put in the place of, the keys of a configuration that works. */
	readonly settings?: Readonly<Record<string, unknown>>;
	/** The texts of the scripts (after `#!/bin/sh`); null leaves one out. Default: each notes that it ran. */
	readonly pre?: string | null;
	readonly post?: string | null;
	/** When the disks are thawed whatever happens. */
	readonly thawAfterSeconds?: number;
};

/** A sandboxed VM with real disks, a configuration and two scripts, in which real cycles run. */
export type CycleLab = {
	readonly sandbox: Sandbox;
	readonly disks: LoopDisks;
	/** The command line of a cycle over all disks of the laboratory, in JSON. */
	readonly arguments: (more?: readonly string[]) => readonly string[];
	readonly cycle: (more?: readonly string[]) => Promise<CycleEnd>;
	readonly start: (more?: readonly string[]) => Started;
	readonly configure: (settings: Readonly<Record<string, unknown>>) => void;
	/** What the scripts noted with `note WORD`, in order: `pre`, `post`. */
	readonly notes: () => readonly string[];
	readonly end: () => Promise<void>;
};

/** A cycle that is over, its events read. */
export type CycleEnd = Ended & {
	readonly events: readonly CycleEvent[];
	readonly result: CycleResult;
	/** The last state of each phase that was told. */
	readonly phases: Readonly<Partial<Record<PhaseName, string>>>;
};

/** A function for the scripts of the laboratory: `note WORD` adds a line to the notes. */
const prelude = (notes: string): string => `#!/bin/sh\nnote() { echo "$1" >>'${notes}'; }\n`;

export async function makeCycleLab(options: LabOptions = {}): Promise<CycleLab> {
	const sandbox = await makeSandbox();
	const notes = `${sandbox.directory}/notes`;
	const disks = await makeLoopDisks(options.disks ?? [{name: 'data', type: 'ext4'}], {sandbox, thawAfterSeconds: options.thawAfterSeconds ?? 60});
	const script = (name: 'pre' | 'post', text: string | null): void => {
		if (text !== null) sandbox.put({path: `/etc/azure/${name}.sh`, mode: 0o700, content: `${prelude(notes)}${text}\n`});
	};
	const configure = (settings: Readonly<Record<string, unknown>>): void => sandbox.put({
		path: '/etc/azure/VMSnapshotScriptPluginConfig.json',
		mode: 0o600,
		content: JSON.stringify({
			pluginName: 'ScriptRunner', preScriptLocation: '/etc/azure/pre.sh', postScriptLocation: '/etc/azure/post.sh', preScriptParams: [], postScriptParams: [],
			preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 30, continueBackupOnFailure: true, fsFreezeEnabled: true, ...settings,
		}),
	});
	script('pre', options.pre === undefined ? 'note pre' : options.pre);
	script('post', options.post === undefined ? 'note post' : options.post);
	configure(options.settings ?? {});
	const argumentsOf = (more: readonly string[] = []): readonly string[] => ['cycle', '--json', ...disks.mounts.flatMap(mount => ['--mount', mount]), ...more];
	return {
		sandbox, disks, configure,
		arguments: argumentsOf,
		cycle: async more => readCycle(await sandbox.quiesce(argumentsOf(more))),
		start: more => sandbox.start(bundledQuiesce, argumentsOf(more)),
		notes: () => {
			try {
				return readFileSync(notes, 'utf8').trim().split('\n');
			} catch {
				return [];
			}
		},
		end: async () => {
			await disks.end();
			await sandbox.end();
		},
	};
}

/** Reads the events of a cycle's output; throws with all that it wrote where there is no result. */
export function readCycle(ended: Ended): CycleEnd {
	const events = ended.stdout.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as CycleEvent);
	const result = events.at(-1);
	if (result?.event !== 'result') throw new Error(`the cycle ended with ${ended.exitCode ?? ended.signal} and no result:\n${ended.stdout}\n${ended.stderr}`);
	const phases = Object.fromEntries(events.flatMap(event => (event.event === 'phase' ? [[event.phase, event.state]] : [])));
	return {...ended, events, result, phases};
}
