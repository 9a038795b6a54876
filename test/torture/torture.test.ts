import assert from 'node:assert/strict';
import {availableParallelism} from 'node:os';
import {suite, test} from 'node:test';
import {whyNoBundle} from '../support/sandbox.js';
import {firstReason, whyNoLoopDisks, whyNoSandbox} from '../support/skip.js';
import {faults, planOf} from './plan.js';
import {tortureCycles} from './run.js';
import {isClean, tableOf} from './table.js';

const skip = firstReason(whyNoLoopDisks('ext4'), whyNoSandbox(), whyNoBundle());
/** A seed and a number that were looked at before: the thousand of `npm run torture -- --cycles 1000` are for a change to the guard. */
const seed = 1;
const cycles = 100;

suite('torture', {skip}, () => {
	test(`${cycles} cycles with a fault in each: nothing stays frozen, no post-script is missed or doubled, nothing is left over`, async context => {
		const findings = await tortureCycles(Array.from({length: cycles}, (_, number) => planOf(seed, number)), availableParallelism());
		for (const finding of findings) if (!isClean([finding])) context.diagnostic(`${JSON.stringify({...finding, trace: undefined})}\n${finding.trace}`);
		context.diagnostic(`\n${tableOf(findings)}`);
		assert.ok(isClean(findings));
		assert.equal(new Set(findings.map(({plan}) => plan.fault)).size, faults.length);
	});

	test('the same seed makes the same plan, another one another', () => {
		const plans = (from: number): string => JSON.stringify(Array.from({length: 50}, (_, number) => planOf(from, number)));
		assert.equal(plans(3), plans(3));
		assert.notEqual(plans(3), plans(4));
	});
});
