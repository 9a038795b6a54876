import type {ProofCheck} from '../core/verification.js';
import type {Superblock} from '../core/superblock.js';
import {findCommand} from './shell.js';
import type {Workshop} from './workshop.js';

type CheckTool = {
	readonly name: string;
	readonly parameters: readonly string[];
	/** Lines that only tell how far it is. */
	readonly chatter: RegExp;
	readonly fine: string;
	readonly package: string;
};

const tools: Readonly<Record<Superblock['type'], readonly CheckTool[]>> = {
	ext: [{name: 'e2fsck', parameters: ['-fn'], chatter: /^(?:e2fsck |e2fsck: aborted|Pass \d|\s*$)/, fine: 'found nothing wrong', package: 'e2fsprogs'}],
	xfs: [{name: 'xfs_repair', parameters: ['-n'], chatter: /^(?:Phase \d|\s+- |No modify flag set|\s*$)/, fine: 'found nothing wrong', package: 'xfsprogs'}],
	btrfs: [
		{name: 'btrfs', parameters: ['check', '--readonly'], chatter: /^(?:\[\d|Opening |Checking |UUID: |found |total |btree space|file data|\s*referenced|cache and super|\s*$)/, fine: 'found nothing wrong', package: 'btrfs-progs'},
		{name: 'btrfs', parameters: ['check', '--readonly', '--check-data-csum'], chatter: /^(?:\[\d|Opening |Checking |UUID: |found |total |btree space|file data|\s*referenced|cache and super|\s*$)/, fine: 'all data has its checksum', package: 'btrfs-progs'},
	],
};

/** Lets the filesystem's own program look at an unmounted device, changing nothing. */
export async function checkFilesystem(type: Superblock['type'], device: string, workshop: Workshop, deadlineMs: number): Promise<readonly ProofCheck[]> {
	const checks: ProofCheck[] = [];
	for (const tool of tools[type]) {
		checks.push(await check(tool, device, workshop, deadlineMs));
		if (checks.at(-1)?.passed !== true) break;
	}

	return checks;
}

async function check(tool: CheckTool, device: string, workshop: Workshop, deadlineMs: number): Promise<ProofCheck> {
	const name = tool.parameters[0]?.startsWith('-') === true ? tool.name : [tool.name, tool.parameters[0], ...tool.parameters.slice(2)].join(' ');
	if (findCommand(tool.name) === null) {
		return {name, passed: null, sentence: `not checked: ${tool.name} is not installed here (package ${tool.package})`, durationMs: 0};
	}

	const run = await workshop.run({program: tool.name, parameters: [...tool.parameters, device], deadlineMs});
	const {durationMs} = run;
	if (run.late) return {name, passed: null, sentence: `not checked to the end: it takes longer than ${Math.round(deadlineMs / 60_000)} min`, durationMs};
	if (run.exitCode === 0) return {name, passed: true, sentence: tool.fine, durationMs};
	// Ended by somebody, or for want of memory: nothing was found out. (By a signal; more than 127 is what nsenter and timeout make of one.)
	if (run.exitCode === null || run.exitCode > 127) return {name, passed: null, sentence: 'not checked to the end: it was ended', durationMs};
	const complaint = `${run.stderr}\n${run.stdout}`.split('\n').find(line => !tool.chatter.test(line))?.trim() ?? 'it does not say what';
	return {name, passed: false, sentence: `found damage: ${complaint.replace(`${tool.name}: `, '').replaceAll(device, 'the copy').slice(0, 200)}`, durationMs};
}
