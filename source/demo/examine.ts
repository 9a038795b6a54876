import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {Laboratory} from './laboratory.js';
import {readLedger} from './ledger.js';

/** One thing that was looked at in a snapshot, in a sentence. */
export type Observation = {readonly fine: boolean; readonly sentence: string};

/** How a command in the laboratory ended. */
export type CommandEnd = {readonly exitCode: number | null; readonly output: string};

/** Runs a command in the laboratory. */
export type RunInside = (command: string, parameters: readonly string[]) => Promise<CommandEnd>;

/** The latest snapshot that a cycle has left, as a path in the laboratory; null where there is none. */
export function latestSnapshot(laboratory: Laboratory): string | null {
	const directory = join(laboratory.state, 'snapshots');
	const names = listing(laboratory.inside(directory)).filter(name => statSync(laboratory.inside(join(directory, name, 'snapshot.json')), {throwIfNoEntry: false})?.isFile());
	const latest = names.toSorted().at(-1);
	return latest === undefined ? null : join(directory, latest);
}

/**
 * Looks into a snapshot as somebody would who restores it: checks the filesystem in the image, mounts it read-only, and reads the ledger in it. The snapshot is not changed.
 */
export async function examineSnapshot(laboratory: Laboratory, snapshot: string, run: RunInside): Promise<readonly Observation[]> {
	const image = listing(laboratory.inside(snapshot)).find(name => name.endsWith('.img'));
	if (image === undefined) return [{fine: false, sentence: `There is no disk image in ${snapshot}.`}];
	const path = join(snapshot, image);
	const observations: Observation[] = [];

	const check = await run('e2fsck', ['-fn', path]);
	observations.push(check.exitCode === 0
		? {fine: true, sentence: 'its filesystem is clean (e2fsck)'}
		: {fine: false, sentence: `its filesystem is damaged (e2fsck ended with ${check.exitCode})`});

	// Read-only down to the loop device: ext4 takes that only where its journal has nothing to replay, that is, where it was frozen.
	const mounted = await run('mount', ['-t', 'ext4', '-o', 'ro,loop', path, laboratory.snapshotMount]);
	if (mounted.exitCode !== 0) return [...observations, {fine: false, sentence: `it cannot be mounted read-only: ${mounted.output.trim()}`}];
	observations.push({fine: true, sentence: 'it mounts without repair, because the filesystem was frozen when it was copied'});
	try {
		const {complete, problem} = readLedger(readFileSync(laboratory.inside(join(laboratory.snapshotMount, 'ledger/records')), 'utf8'));
		const held = readFileSync(laboratory.inside(join(laboratory.control, 'held')), 'utf8').trim().split('\n').map(Number);
		observations.push(problem === null
			? {fine: true, sentence: `the ledger's records 1 to ${complete} are complete`}
			: {fine: false, sentence: `the ledger's records 1 to ${complete} are complete, but ${problem}`});
		if (problem === null) observations.push(held.includes(complete)
			? {fine: true, sentence: `the last one is record ${complete}, at which the pre-script held the ledger`}
			: {fine: false, sentence: `the last one is record ${complete}, but the pre-script held the ledger at record ${held.at(-1)}`});
	} finally {
		await run('umount', [laboratory.snapshotMount]);
	}
	const now = readLedger(readFileSync(laboratory.inside(join(laboratory.disk, 'ledger/records')), 'utf8')).complete;
	observations.push({fine: true, sentence: `the ledger itself has gone on meanwhile, to record ${now}`});
	return observations;
}

function listing(directory: string): readonly string[] {
	try {
		return readdirSync(directory).toSorted();
	} catch {
		return [];
	}
}
