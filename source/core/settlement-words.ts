import {isStuck, type PostSettlement, type SettledCycle, type SettledMount, type ThawResult} from './settlement.js';

/** What was found of one dead cycle, and what was done about it. The first line names it. */
export function settledCycleLines({cycle, at, restarted, mounts, scripts, postScript}: SettledCycle): readonly string[] {
	const lines = [`The cycle of ${at.slice(0, 10)} ${at.slice(11, 19)} UTC (${cycle}) had not come to its end.`];
	if (restarted) lines.push('  The machine was restarted since, so nothing of it can be frozen.');
	lines.push(...mounts.map(mount => `  ${mountLine(mount)}`));
	if (scripts.endedPre) lines.push('  Its pre-script still ran and was ended, with everything that it had started.');
	lines.push(`  ${postLine(scripts.post, postScript ?? 'the post-script')}`);
	if (ranChanged(scripts.post)) lines.push(`  ${scripts.post.detail}`);
	if (scripts.post.mayHaveRunBefore) lines.push(`  Whether it had run before${restarted ? ' the restart' : ''} is not known: it may have run twice.`);
	if (scripts.left.length > 0) lines.push(`  Not ended, because they wait for a frozen filesystem: processes ${scripts.left.join(', ')}.`);
	return lines;
}

/** What was found of one filesystem, as a sentence. */
export function mountLine({mount, state, errno}: SettledMount): string {
	switch (state) {
		case 'thawed': return `Thawed ${mount}: it was frozen.`;
		case 'was-not-frozen': return `${mount} is not frozen.`;
		case 'gone': return `${mount} is not mounted any more. Where it was unmounted while it was frozen, it is frozen still when it is mounted again: then quiesce thaw ${mount}`;
		case 'hidden': return `${mount} could not be thawed, and may be frozen still: another mount lies over it. Unmount that, and run quiesce thaw again.`;
		case 'hung': return `${mount} could not be thawed yet: the kernel does not answer, because a freeze of it is still under way. Look at what holds it up: dmesg.`;
		case 'refused': return `${mount} could not be thawed: the kernel answers ${errno ?? 'no reason'}.`;
	}
}

/** True where it was run, and has been changed since the check: its detail says so. */
function ranChanged({state, detail}: PostSettlement): boolean {
	return detail !== undefined && (state === 'succeeded' || state === 'failed' || state === 'timed-out');
}

function postLine({state, exitCode, attempts, detail}: PostSettlement, path: string): string {
	const often = attempts > 1 ? `, at attempt ${attempts}` : '';
	switch (state) {
		case 'not-owed': return 'No post-script was owed: the pre-script had not begun.';
		case 'had-ended': return 'Its post-script had run already.';
		case 'waited-for': return `${path} had been started already, and has ended now; with which exit code is not known.`;
		case 'ended-at-limit': return `${path} had been started already. It was ended at its time limit, with everything that it had started: the application may still be held.`;
		case 'succeeded': return `Ran ${path}: it succeeded${often}.`;
		case 'failed': return `Ran ${path}: it failed with exit code ${exitCode ?? 'unknown'}${often}. The application may still be held.`;
		case 'timed-out': return `Ran ${path}: it was ended at its time limit. The application may still be held.`;
		case 'changed': return `${path} was not run: ${detail ?? 'it has been changed since it was checked.'} The application may still be held. Look at it, and run it yourself with the parameters of the configuration.`;
		case 'not-started': return `${path} could not be started: ${detail ?? 'no shell'}. The application may still be held.`;
	}
}

/** True where everything is as it should be now: nothing frozen that could not be thawed, and no application that may still be held. */
export function isSettled({cycles, named}: ThawResult): boolean {
	const thawed = (mounts: readonly SettledMount[]): boolean => !mounts.some(isStuck);
	const released: readonly PostSettlement['state'][] = ['not-owed', 'had-ended', 'waited-for', 'succeeded'];
	return thawed(named) && cycles.every(({mounts, scripts}) => thawed(mounts) && released.includes(scripts.post.state));
}
