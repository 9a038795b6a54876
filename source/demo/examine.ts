import {once} from 'node:events';
import {readdirSync, readFileSync, statSync, watch} from 'node:fs';
import {join} from 'node:path';
import type {Laboratory} from './laboratory.js';
import {readLedger} from './ledger.js';

/** One thing that was looked at in a snapshot, in a sentence. */
export type Observation = {readonly fine: boolean; readonly sentence: string};

/** How long the ledger may take to write its next record. Milliseconds. */
const goesOnWithinMs = 5000;

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
	const held = readFileSync(laboratory.inside(join(laboratory.control, 'held')), 'utf8').trim().split('\n').map(Number);
	try {
		const {complete, problem} = readLedger(readFileSync(laboratory.inside(join(laboratory.snapshotMount, 'ledger/records')), 'utf8'));
		observations.push(problem === null
			? {fine: true, sentence: `the ledger's records 1 to ${complete} are complete`}
			: {fine: false, sentence: `the ledger's records 1 to ${complete} are complete, but ${problem}`});
		if (problem === null) observations.push(held.includes(complete)
			? {fine: true, sentence: `the last one is record ${complete}, at which the pre-script held the ledger`}
			: {fine: false, sentence: `the last one is record ${complete}, but the pre-script held the ledger at record ${held.at(-1)}`});
	} finally {
		await run('umount', [laboratory.snapshotMount]);
	}
	observations.push(await goesOn(laboratory.inside(join(laboratory.disk, 'ledger/records')), held.at(-1) ?? 0));
	return observations;
}

/** Whether the ledger writes again: a snapshot at the price of an application that stays held would be none. */
async function goesOn(path: string, after: number): Promise<Observation> {
	const last = (): number => readLedger(readFileSync(path, 'utf8')).complete;
	const deadline = AbortSignal.timeout(goesOnWithinMs);
	const changes = watch(path);
	try {
		// What was written before somebody watched counts as well.
		for (let now = last(); ; now = last()) {
			if (now > after) return {fine: true, sentence: `the ledger itself has gone on after it, to record ${now} by now`};
			await once(changes, 'change', {signal: deadline});
		}
	} catch (error) {
		if (!deadline.aborted) throw error;
		return {fine: false, sentence: `the ledger has not gone on: in ${goesOnWithinMs / 1000} s it has written nothing after record ${after}`};
	} finally {
		changes.close();
	}
}

function listing(directory: string): readonly string[] {
	try {
		return readdirSync(directory).toSorted();
	} catch {
		return [];
	}
}
