import type {ErrorEntry} from './entry.js';

/** What can go wrong in quiesce's own cycles, beyond what the extension knows. */
export const ownErrors = [
	{
		name: 'NotReady', code: null, aliases: [],
		happened: 'The cycle could not be made ready.',
		effect: 'Nothing was run and nothing was frozen.',
		remedies: ['Mend the reason that it gave, and run it again.'],
	},
	{
		name: 'ScriptChanged', code: null, aliases: [],
		happened: 'A script was changed between the check and its start.',
		effect: 'It was not run: nobody has checked what it would have done. In the place of a post-script that only root can have changed, the one that was checked is run, with a warning; once quiesce has died, the changed one.',
		remedies: ['Find out who changed it, look at it, and run the cycle again.'],
	},
	{
		name: 'SnapshotFailed', code: null, aliases: [],
		happened: 'The snapshot could not be taken, or not before the filesystems had to be thawed.',
		effect: 'The cycle failed; what there was of the snapshot has been removed. The filesystems were thawed and the post-script ran.',
		remedies: ['Look at the reason that the cycle gave: no space, mostly.', 'Try the cycle without a snapshot: quiesce cycle.'],
	},
	{
		name: 'FreezeHung', code: null, aliases: [],
		happened: 'The kernel has not answered a freeze: another program holds the filesystem, or its disk does not answer.',
		effect: 'The other filesystems were thawed, and the post-script ran. Writers on this one may wait until the kernel answers.',
		remedies: ['Look for a second backup at the same time.', 'Look at the kernel\'s messages: dmesg.', 'Where nothing of yours froze it on purpose: fsfreeze -u DIR.'],
	},
	{
		name: 'ThawFailed', code: null, aliases: [],
		happened: 'A filesystem could not be thawed: the kernel did not answer, or refused.',
		effect: 'Whatever writes to it waits. The other filesystems were thawed, and the post-script ran.',
		remedies: ['Thaw it as soon as its disk answers: quiesce thaw.', 'Look at the kernel\'s messages: dmesg.', 'Where nothing helps, restart the machine: writers on a frozen filesystem cannot be ended.'],
	},
	{
		name: 'GuardLost', code: null, aliases: [],
		happened: 'The process that freezes and thaws has died.',
		effect: 'The main process thawed everything at once; a snapshot that was not complete has been removed.',
		remedies: ['Look whether the machine ran out of memory: dmesg.', 'Run the cycle again.'],
	},
	{
		name: 'Interrupted', code: null, aliases: [],
		happened: 'The cycle was ended by Ctrl-C or by a signal.',
		effect: 'The filesystems were thawed and the post-script ran. A snapshot that was complete is kept and marked.',
		remedies: ['Run the cycle again.'],
	},
] as const satisfies readonly ErrorEntry[];
