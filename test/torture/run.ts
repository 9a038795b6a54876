import {makeChamber} from './chamber.js';
import type {Plan} from './plan.js';
import {torment, type Finding} from './torment.js';

/** Tortures all of them, some at a time, each worker in a chamber of its own. */
export async function tortureCycles(plans: readonly Plan[], workers: number, onFinding: (finding: Finding) => void = () => {}): Promise<readonly Finding[]> {
	const waiting = [...plans];
	const findings: Finding[] = [];
	await Promise.all(Array.from({length: Math.min(workers, plans.length)}, async () => {
		const chamber = await makeChamber();
		try {
			for (let plan = waiting.shift(); plan !== undefined; plan = waiting.shift()) {
				const finding = await torment(chamber, plan);
				findings.push(finding);
				onFinding(finding);
			}
		} finally {
			await chamber.end();
		}
	}));
	return findings;
}
