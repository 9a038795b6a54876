import {leftToDo} from './words.js';
import type {StepName} from './pages.js';

/** What stands behind `?` on the screens of a step: why it is asked, and what Azure's extension does with the answer. Paragraphs. */
export const why: Readonly<Record<StepName, readonly string[]>> = {
	machine: [
		'Azure Backup runs scripts on Linux VMs of the Resource Manager, through an extension that it installs with the first backup. The extension reads one configuration file; this wizard writes it.',
		'Nothing on the machine is changed before the review, step 11, and there only after Enter. What you enter is kept as a draft until then.',
	],
	template: [
		'A template is a configuration with everything filled in but the scripts. Microsoft publishes one; quiesce brings the same along, for machines without a network.',
		'A file can be the configuration of another VM that works.',
	],
	scripts: [
		'Before the snapshot the extension starts the pre-script, which makes an application complete on its disks and holds it; afterwards the post-script, which lets it go. Both run as root, with sh, whatever their first line says.',
		'The bundled pairs let go by themselves after a while, whatever becomes of the backup.',
		'A script must belong to root, and nobody else may read or change it, nor the directories above it: who can change it becomes root with the next backup.',
	],
	parameters: [
		'The extension starts: sh, the script, then the parameters in their order. No shell reads them in between: blanks, quotes, $ and * arrive as they are, and an empty one is an empty parameter.',
		'Do not put passwords there: every user of the machine can read the parameters of a running program.',
	],
	retries: [
		'The documentation says that a script that fails is run again this often. quiesce does that in its own cycles, a second apart.',
		'The extension does not: it starts the script once, and after a failure only counts up to this number. A script that has to try several times should do so itself.',
	],
	timeout: [
		'The time limit is for each script by itself, and covers all its retries. The extension looks at whole poll times only, so the limit is rounded up to one; its own limit of 1800 s caps it.',
		'When it is over the extension stops waiting and does not end the script, which then runs on into the snapshot. quiesce ends it, with everything that it has started.',
		'Without this setting the extension takes 10 s; the documented template has 30.',
	],
	'on-failure': [
		'With true a backup is taken also when a script fails or is missing: less than application-consistent, but there. With false the night has none, and the failure is seen.',
		'The extension does not ask where the configuration itself cannot be read or is not private: then it takes a file-system consistent backup whatever stands here. The text "false" in quotes would make it fail in a worse way: quiesce writes the plain word.',
	],
	freeze: [
		'A frozen filesystem has everything on disk and takes no new writes; programs that write wait. The extension freezes for as long as the snapshot takes, mostly a few seconds, and lets go by itself after 60.',
		'Without freezing even a backup with two working scripts can hold half-written files of everything that the scripts do not hold.',
	],
	poll: [
		'The extension starts a script, sleeps, looks whether it has ended, sleeps again. ScriptsExecutionPollTimeSeconds is how long it sleeps, from 1 to 5 s.',
		'A short time makes the window shorter in which the application is held. It costs nothing that anybody would notice.',
	],
	permissions: [
		'The configuration must be readable by root alone and not executable (600), the scripts must not be accessible to group or others (700), and all must belong to root.',
		'The extension checks this before every backup, and runs neither script where one of them is not so.',
	],
	review: [
		'Enter makes all these changes, or none where one of them fails. The configuration is written beside the present one and takes its place in one step; the present one is kept under a name with the date.',
		'The first line says what the extension would do with it at the next backup, by a model that was compared with its code.',
	],
	rehearsal: [
		'A rehearsal does what the extension does at night: the pre-script, freezing, thawing, the post-script. It takes no backup. While the filesystems are frozen, everything that writes to them waits; they are thawed at the deadline whatever happens.',
		'Where no backup of this VM is set up yet:',
		...leftToDo.map(({heading, text}) => `${heading}: ${text}`),
	],
};
