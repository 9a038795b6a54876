import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Application, ApplicationSettings} from '../../source/applications/index.js';
import type {ApplicationProof, VerifyResult} from '../../source/core/verification.js';
import {verifySnapshot} from '../../source/operations/verify.js';
import {readCycle, type CycleEnd} from './cycle-lab.js';
import type {LedgerWriter} from './ledger-writer.js';
import {makeLoopDisks, type LoopDiskType} from './loop-disk.js';
import {makeSandbox} from './sandbox.js';
import {placeScripts} from './scripts-lab.js';

/** How many full cycles there are for each database and filesystem: at least 3; QUIESCE_TEST_CYCLES makes it more. */
export const cycles = Math.max(3, Number(process.env['QUIESCE_TEST_CYCLES'] ?? 0) || 0);

/** A disk for a database, on a host's filesystem that can share blocks, and cycles of the bundled quiesce over it with an application's own scripts. */
export type BackupLab = {
	/** Where the database belongs. */
	readonly mount: string;
	/** To be called when the server runs: its disk must be seen in the sandbox in which quiesce runs. */
	readonly prepare: (application: Application, settings: ApplicationSettings) => Promise<void>;
	readonly cycle: () => Promise<CycleEnd>;
	readonly verify: (cycle: CycleEnd, question: string) => Promise<{readonly result: VerifyResult; readonly application: ApplicationProof; readonly answer: string}>;
	readonly end: () => Promise<void>;
};

export async function makeBackupLab(type: LoopDiskType): Promise<BackupLab> {
	const disks = await makeLoopDisks([{name: 'host', type: 'xfs', megabytes: 4000}, {name: 'data', type, megabytes: 400, on: 'host'}], {thawAfterSeconds: 590});
	const state = join(disks.disk('host').mount, 'state');
	const {mount} = disks.disk('data');
	mkdirSync(state, {mode: 0o700});
	const undo: (() => Promise<void>)[] = [async () => disks.end()];
	let cycle = async (): Promise<CycleEnd> => {
		throw new Error('not prepared');
	};
	let name = '';
	return {
		mount,
		async prepare(application, settings) {
			({name} = application);
			const scripts = placeScripts(application, settings);
			undo.push(async () => scripts.end());
			const sandbox = await makeSandbox({fence: [mount]});
			undo.push(async () => sandbox.end());
			sandbox.put({
				path: '/etc/azure/VMSnapshotScriptPluginConfig.json',
				content: JSON.stringify({
					pluginName: 'ScriptRunner', preScriptLocation: join(scripts.directory, `${scripts.name}-pre.sh`), postScriptLocation: join(scripts.directory, `${scripts.name}-post.sh`),
					preScriptParams: [], postScriptParams: [], preScriptNoOfRetries: 0, postScriptNoOfRetries: 0, timeoutInSeconds: 60, continueBackupOnFailure: false, fsFreezeEnabled: true,
				}),
			});
			cycle = async () => readCycle(await sandbox.quiesce(['cycle', '--json', '--snapshot', 'image', '--mount', mount], {env: {QUIESCE_STATE_DIR: state}}));
		},
		cycle: async () => cycle(),
		async verify(ended, question) {
			process.env['QUIESCE_STATE_DIR'] = state;
			const path = ended.result.snapshot?.path;
			assert.ok(path !== undefined, ended.stdout);
			const result = await verifySnapshot(path, {questions: {[name]: question}});
			const application = result.applications.find(found => found.name === name);
			assert.ok(application !== undefined, result.sentence);
			return {result, application, answer: application.checks.find(check => check.name === 'question')?.sentence ?? ''};
		},
		end: async () => {
			for (const step of undo.toReversed()) await step();
		},
	};
}

/**
 * One full cycle under load: application-consistent, its snapshot restores with the mark, and what the database had acknowledged when the mark was written is
 * in it without a gap. Answers a line for the report.
 * @param question A statement that answers how many numbers there are, and the highest one, with one character between them.
 */
export async function cycleUnderLoad(lab: BackupLab, ledger: LedgerWriter, question: string): Promise<string> {
	await ledger.more(200);
	ledger.longestStall();
	const ended = await lab.cycle();
	const stall = ledger.longestStall();
	assert.equal(ended.result.outcome, 'application-consistent', ended.stdout + ended.stderr);
	// The live server serves on.
	await ledger.more(50);
	const {result, application, answer} = await lab.verify(ended, question);
	assert.equal(result.result, 'restores', result.sentence);
	assert.deepEqual([application.mark.state, application.mark.expected], ['present', true], application.sentence);
	const [count = 0, highest = -1] = answer.split(/[^\d]/).map(Number);
	const acknowledged = ledger.acknowledged(Date.parse(application.mark.at ?? ''));
	assert.equal(count, highest, `there are gaps: ${answer}`);
	assert.ok(acknowledged > 0 && highest >= acknowledged, `${acknowledged} were acknowledged when the mark was written, and the copy ends with ${highest}`);
	await ledger.more(50);
	const {freezeWindowMs, quiesceWindowMs} = ended.result;
	return `acknowledged at the mark ${acknowledged}, in the copy ${highest}; longest stall ${stall.toFixed(0)} ms, frozen ${freezeWindowMs.toFixed(0)} ms, held ${quiesceWindowMs.toFixed(0)} ms, recovered in ${(application.recovery?.durationMs ?? 0).toFixed(0)} ms`;
}
