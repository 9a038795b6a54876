import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type CycleFacts, decideOutcome, freezes, wantsLesser, takesSnapshot} from '../../../source/core/cycle/decide.js';
import type {Outcome} from '../../../source/core/outcome.js';

/** The documented table, a row a line; what a row leaves open is absent. First match counts. */
const table: ReadonlyArray<readonly [Partial<Omit<CycleFacts, 'disks'>> & {readonly several?: boolean}, Outcome]> = [
	[{interrupted: true}, 'failed'],
	[{snapshotSucceeded: false}, 'failed'],
	[{scriptsSucceeded: true, freezing: 'frozen'}, 'application-consistent'],
	[{scriptsSucceeded: true, freezing: 'off'}, 'application-consistent'],
	[{scriptsSucceeded: false, continueBackupOnFailure: true, freezing: 'frozen'}, 'file-system-consistent'],
	[{scriptsSucceeded: false, continueBackupOnFailure: true, freezing: 'off'}, 'crash-consistent'],
	[{scriptsSucceeded: false, continueBackupOnFailure: true, freezing: 'failed'}, 'crash-consistent'],
	[{scriptsSucceeded: true, continueBackupOnFailure: true, freezing: 'failed'}, 'crash-consistent'],
	[{scriptsSucceeded: true, several: false, freezing: 'failed'}, 'crash-consistent'],
	[{scriptsSucceeded: true, continueBackupOnFailure: false, several: true, freezing: 'failed'}, 'failed'],
	[{scriptsSucceeded: false, continueBackupOnFailure: false, several: false}, 'crash-consistent'],
	[{scriptsSucceeded: false, continueBackupOnFailure: false, several: true}, 'failed'],
];

test('every combination comes to what the documented table says', () => {
	const used = new Set<number>();
	const either = [true, false];
	for (const scriptsSucceeded of either) for (const continueBackupOnFailure of either) for (const fsFreezeEnabled of either) {
		for (const freezing of ['frozen', 'failed', 'off'] as const) for (const disks of [0, 1, 2, 16]) {
			for (const snapshotSucceeded of either) for (const interrupted of either) {
				const facts: CycleFacts = {scriptsSucceeded, continueBackupOnFailure, fsFreezeEnabled, freezing, disks, snapshotSucceeded, interrupted};
				const seen: Readonly<Record<string, unknown>> = {...facts, several: disks > 1};
				const row = table.findIndex(([conditions]) => Object.entries(conditions).every(([key, value]) => seen[key] === value));
				assert.notEqual(row, -1, `no row for ${JSON.stringify(facts)}`);
				used.add(row);
				assert.equal(decideOutcome(facts), table[row]![1], JSON.stringify(facts));
			}
		}
	}

	assert.equal(used.size, table.length, 'a row of the table was never met');
});

test('a failed pre-script keeps several disks from a snapshot, and a single disk from a freeze', () => {
	assert.equal(takesSnapshot({preScriptSucceeded: false, continueBackupOnFailure: false, disks: 2}), false);
	assert.equal(takesSnapshot({preScriptSucceeded: false, continueBackupOnFailure: false, disks: 1}), true);
	assert.equal(takesSnapshot({preScriptSucceeded: false, continueBackupOnFailure: true, disks: 2}), true);
	assert.equal(freezes({preScriptSucceeded: false, continueBackupOnFailure: false, fsFreezeEnabled: true}), false);
	assert.equal(freezes({preScriptSucceeded: false, continueBackupOnFailure: true, fsFreezeEnabled: true}), true);
	assert.equal(freezes({preScriptSucceeded: true, continueBackupOnFailure: true, fsFreezeEnabled: false}), false);
	assert.equal(wantsLesser({continueBackupOnFailure: false, disks: 2}), false);
	assert.equal(wantsLesser({continueBackupOnFailure: false, disks: 1}), true);
});
