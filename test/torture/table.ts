import {faults, moments} from './plan.js';
import type {Finding} from './torment.js';

export type Columns = Record<'cycles' | 'frozen' | 'missed' | 'doubled' | 'left' | 'hung' | 'longestMs', number>;

function count(findings: readonly Finding[]): Columns {
	const sum = (of: (finding: Finding) => number): number => findings.reduce((total, finding) => total + of(finding), 0);
	return {
		cycles: findings.length,
		frozen: sum(({leftFrozen}) => leftFrozen.length),
		missed: sum(({missed}) => Number(missed)),
		doubled: sum(({doubled}) => Number(doubled)),
		left: sum(({leftOver}) => leftOver.length),
		hung: sum(({hung, unsettled}) => Number(hung || unsettled)),
		longestMs: Math.max(0, ...findings.map(({thawedAfterMs}) => thawedAfterMs ?? 0)),
	};
}

const heads = ['what came of it', 'cycles', 'left frozen', 'post missed', 'post doubled', 'left over', 'hung', 'death to thaw'];
const phases = [...moments.filter(moment => moment !== 'any'), 'nothing was told yet'] as const;

/** Two tables: how often each fault struck in each phase; and what came of it, by fault, by phase, and in all. */
export function tableOf(findings: readonly Finding[]): string {
	const struck = faults.map(fault => [fault, ...phases.map(phase => String(findings.filter(({plan, during}) => plan.fault === fault && during === phase).length))]);
	const row = (name: string, some: readonly Finding[]): readonly (readonly string[])[] => {
		if (some.length === 0) return [];
		const {cycles, frozen, missed, doubled, left, hung, longestMs} = count(some);
		return [[name, ...[cycles, frozen, missed, doubled, left, hung].map(String), longestMs === 0 ? '–' : `${Math.round(longestMs)} ms`]];
	};
	const byFault = faults.flatMap(fault => row(fault, findings.filter(({plan}) => plan.fault === fault)));
	const byPhase = phases.flatMap(phase => row(`during ${phase}`, findings.filter(({during}) => during === phase)));
	return [
		layOut([['faults that struck', ...phases], ...struck]),
		layOut([heads, ...byFault, [], ...byPhase, [], ...row('all', findings)]),
	].join('\n\n');
}

function layOut(rows: readonly (readonly string[])[]): string {
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(cells => cells[column]?.length ?? 0)));
	return rows.map(cells => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join('  ')).join('\n');
}

/** True where nothing went wrong. */
export function isClean(findings: readonly Finding[]): boolean {
	const {frozen, missed, doubled, left, hung} = count(findings);
	return frozen + missed + doubled + left + hung === 0;
}
