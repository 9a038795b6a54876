import {parseArgs} from 'node:util';
import {availableParallelism} from 'node:os';
import {planOf} from './plan.js';
import {tortureCycles} from './run.js';
import {isClean, tableOf} from './table.js';

/*
 * npm run torture -- --cycles N --seed S [--only NUMBER] [--workers N]
 * Real cycles on real filesystems, with a fault injected into each at a moment that the seed decides. Prints what went wrong as it happens, and a table.
 */
const {values} = parseArgs({options: {cycles: {type: 'string', default: '100'}, seed: {type: 'string', default: '1'}, only: {type: 'string'}, workers: {type: 'string'}}});
const seed = Number(values.seed);
const plans = values.only === undefined ? Array.from({length: Number(values.cycles)}, (_, number) => planOf(seed, number)) : [planOf(seed, Number(values.only))];
const began = performance.now();
const findings = await tortureCycles(plans, Number(values.workers ?? availableParallelism()), finding => {
	if (!isClean([finding]) || values.only !== undefined) process.stdout.write(`\n${values.only === undefined ? '✖ ' : ''}${JSON.stringify({...finding, trace: undefined})}\n${finding.trace}\n`);
});
process.stdout.write(`\n${tableOf(findings)}\n\nseed ${seed}, ${plans.length} cycles in ${Math.round((performance.now() - began) / 1000)} s. To look at one again: npm run torture -- --seed ${seed} --only NUMBER\n`);
process.exitCode = isClean(findings) ? 0 : 1;
