import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {after, before, suite, test} from 'node:test';
import {makeCycleLab, readCycle, type CycleEnd, type CycleLab} from '../support/cycle-lab.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {whyNoBundle} from '../support/sandbox.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());
const codes = (end: CycleEnd): readonly (number | string)[] => end.result.errors.map(({code, name}) => code ?? name);
const azure = (end: CycleEnd): readonly (number | string | null)[] => [end.result.azure.outcome, ...end.result.azure.errors.map(({code}) => code)];
const two = [{name: 'one', type: 'ext4'}, {name: 'two', type: 'ext4'}] as const;

/** What happens to the scripts, and which error that is. */
const scripts = [
	{name: 'both scripts succeed', pre: '', post: '', error: null, before: false},
	{name: 'the pre-script fails', pre: 'exit 3', post: '', error: 300, before: true},
	{name: 'the post-script fails', pre: '', post: 'exit 3', error: 301, before: false},
	{name: 'the post-script is not private', pre: '', post: '', error: 307, before: true},
] as const;
const trouble = ['nothing else', 'the freeze fails', 'the snapshot fails'] as const;

type Row = {readonly script: (typeof scripts)[number]; readonly goOn: boolean; readonly freeze: boolean; readonly several: boolean; readonly trouble: (typeof trouble)[number]};

/** The table of the README, row by row: the outcome, whether there is a snapshot, and the errors in the order in which they are met. */
function expected({script, goOn, freeze, several, trouble}: Row): {readonly outcome: string; readonly snapshot: boolean; readonly errors: readonly (number | string)[]} {
	const lesser = goOn || !several;
	// A pre-script that failed where nothing less is wanted ends it; a single disk then gets its snapshot unfrozen.
	if (script.before && !lesser) return {outcome: 'failed', snapshot: false, errors: [script.error]};
	const asked = freeze && (!script.before || goOn);
	const fails = asked && trouble === 'the freeze fails';
	const errors = [...(script.before ? [script.error] : []), ...(fails ? [121] : []), ...(trouble === 'the snapshot fails' ? ['SnapshotFailed'] : []), ...(script.error !== null && !script.before ? [script.error] : [])];
	if (trouble === 'the snapshot fails') return {outcome: 'failed', snapshot: false, errors};
	if (fails && !lesser) return {outcome: 'failed', snapshot: false, errors};
	const end = (outcome: string): ReturnType<typeof expected> => ({outcome, snapshot: true, errors});
	if (script.error === null) return end(fails ? 'crash-consistent' : 'application-consistent');
	if (goOn) return end(asked && !fails ? 'file-system-consistent' : 'crash-consistent');
	return end(several ? 'failed' : 'crash-consistent');
}

for (const several of [false, true]) {
	suite(`what a cycle over ${several ? 'several disks' : 'one disk'} comes to`, {skip}, () => {
		let lab: CycleLab;
		before(async () => {
			lab = await makeCycleLab({disks: several ? two : two.slice(0, 1), thawAfterSeconds: 300});
		});
		after(async () => lab.end());

		const put = (name: string, mode: number, body: string): void => lab.sandbox.put({path: `/etc/azure/${name}.sh`, mode, content: `#!/bin/sh\necho ${name} >>'${lab.sandbox.directory}/notes'\n${body}\n`});
		const rows: readonly Row[] = scripts.flatMap(script => [true, false].flatMap(goOn => [true, false].flatMap(freeze => trouble
			.filter(one => (freeze || one !== 'the freeze fails') && (script.error !== 307 || one !== 'the snapshot fails'))
			.map(one => ({script, goOn, freeze, several, trouble: one})))));
		for (const row of rows) {
			test(`${row.script.name}, continueBackupOnFailure ${row.goOn}, fsFreezeEnabled ${row.freeze}, ${row.trouble}`, async () => {
				const image = lab.disks.disk('one').image;
				const fails = row.trouble === 'the snapshot fails';
				lab.configure({continueBackupOnFailure: row.goOn, fsFreezeEnabled: row.freeze});
				await lab.sandbox.must('rm', ['-f', `${lab.sandbox.directory}/notes`]);
				// The image is not at its place when it is to be copied.
				put('pre', 0o700, `${fails ? `mv '${image}' '${image}.away'` : ''}\n${row.script.pre}`);
				put('post', row.script.error === 307 ? 0o755 : 0o700, `${fails ? `mv '${image}.away' '${image}'` : ''}\n${row.script.post}`);
				const one = lab.disks.disk('one').mount;
				if (row.trouble === 'the freeze fails') await lab.sandbox.must('fsfreeze', ['-f', one]);
				const end = await lab.cycle(['--snapshot', 'image']);
				assert.equal(await lab.disks.wasFrozen('one'), row.trouble === 'the freeze fails', 'somebody else\'s freeze stays, and no other does');
				if (several) assert.equal(await lab.disks.wasFrozen('two'), false);
				const {outcome, snapshot, errors} = expected(row);
				assert.deepEqual({outcome: end.result.outcome, errors: codes(end)}, {outcome, errors});
				assert.equal(end.exitCode, outcome === 'application-consistent' ? 0 : outcome === 'failed' ? 5 : 4);
				assert.deepEqual(lab.notes(), row.script.error === 307 ? [] : ['pre', 'post']);
				const path = end.result.snapshot?.path;
				assert.equal(path !== undefined, snapshot);
				if (path !== undefined) assert.equal((JSON.parse(readFileSync(`${path}/snapshot.json`, 'utf8')) as {outcome: string}).outcome, outcome);
			});
		}
	});
}

suite('what Azure would have made of a cycle', {skip, concurrency: 2}, () => {
	test('it would fail where the snapshot does, whatever the scripts did', async context => {
		const lab = await makeCycleLab({pre: 'note pre; mv "$1" "$1.away"', post: 'note post; exit 3'});
		context.after(async () => lab.end());
		lab.configure({preScriptParams: [lab.disks.disk('data').image]});
		const end = await lab.cycle(['--snapshot', 'image']);
		assert.deepEqual([codes(end), azure(end)], [['SnapshotFailed', 301], ['failed', 301]]);
		assert.equal(end.result.snapshot, null);
	});

	test('it would not come as far as the freeze that failed here, where its one attempt at the pre-script fails', async context => {
		const lab = await makeCycleLab({disks: two, pre: 'note pre; [ "$(grep -c pre "$1")" -ge 2 ]', settings: {continueBackupOnFailure: false, preScriptNoOfRetries: 1}});
		context.after(async () => lab.end());
		lab.configure({continueBackupOnFailure: false, preScriptNoOfRetries: 1, preScriptParams: [`${lab.sandbox.directory}/notes`]});
		await lab.sandbox.must('fsfreeze', ['-f', lab.disks.disk('one').mount]);
		const end = await lab.cycle();
		await lab.disks.thaw();
		assert.deepEqual([codes(end), azure(end)], [[121], ['failed', 300]]);
	});

	test('an interruption says nothing about Azure', async context => {
		const lab = await makeCycleLab();
		context.after(async () => lab.end());
		const cycle = lab.start(['--hold', '30']);
		await cycle.until('"phase":"snapshot","state":"started"');
		cycle.kill('SIGINT');
		const end = readCycle(await cycle.ended);
		assert.deepEqual([codes(end), azure(end)], [['Interrupted'], ['application-consistent']]);
	});
});
