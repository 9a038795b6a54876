import assert from 'node:assert/strict';
import {after, suite, test} from 'node:test';
import {readCycle} from '../support/cycle-lab.js';
import {makeLoopDisks, type LoopDisks} from '../support/loop-disk.js';
import {makeSandbox, whyNoBundle, type Sandbox} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {layOut, observedVerdict, vectors} from '../support/vectors.js';

/** A machine on which one case after the other is run. */
type Machine = {readonly sandbox: Sandbox; readonly disks: LoopDisks};

/** As many cases run at the same time: most of them wait. */
const most = 4;
const machines: Machine[] = [];
const free: Machine[] = [];
const waiting: ((machine: Machine) => void)[] = [];

async function takeMachine(): Promise<Machine> {
	const found = free.pop();
	if (found !== undefined) return found;
	if (machines.length < most) {
		const sandbox = await makeSandbox({overlays: ['/etc', '/opt', '/var/lib']});
		const machine = {sandbox, disks: await makeLoopDisks([{name: 'data', type: 'ext4'}], {sandbox, thawAfterSeconds: 300})};
		machines.push(machine);
		return machine;
	}

	return new Promise(resolve => {
		waiting.push(resolve);
	});
}

function giveBack(machine: Machine): void {
	const next = waiting.shift();
	if (next === undefined) free.push(machine);
	else next(machine);
}

const skip = firstReason(whyNoSandbox(), whyNoBundle(), whyNoLoopDisks('ext4'));

// A snapshot that fails is Azure's own matter: no configuration makes it fail here.
suite('cycle says what the extension would have made of it, case by case', {skip, concurrency: most}, () => {
	after(async () => {
		for (const {sandbox, disks} of machines) {
			await disks.end();
			await sandbox.end();
		}
	});

	for (const vector of vectors.filter(({id}) => id !== 'snapshot-fails')) {
		test(vector.id, async () => {
			const machine = await takeMachine();
			try {
				await layOut(machine.sandbox, vector);
				const {result} = readCycle(await machine.sandbox.quiesce(['cycle', '--json', '--mount', machine.disks.disk('data').mount]));
				const azure = {outcome: result.azure.outcome, codes: result.azure.errors.map(({code}) => code)};
				// With a limit of 0 or less it is a matter of chance for the extension too whether it looks in time.
				if (/^timeout-(?:zero|negative)/.test(vector.id) && azure.codes.every(code => code === 308 || code === 309)) return;
				assert.deepEqual(azure, observedVerdict(vector));
			} finally {
				giveBack(machine);
			}
		});
	}
});
